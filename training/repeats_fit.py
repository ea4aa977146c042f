"""Fits the amount of evidence of counts: ``python -m training.repeats_fit DATA...``.

The share of a site's documents that a paragraph is in has a beta distribution for reporting, and another for what is
none; their parameters are fitted to the whole pages of sites with several. With so many documents out of so many, the
ratio of the two beta-binomial probabilities is evidence against reporting. It counts twice, because the networks
discount what the linear model says of a single paragraph. `detector.evidence.repeats.amounts` is a simple form of that.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import betaln

from detector.evaluation.labelled import read_documents
from detector.evidence.paragraph_keys import NO_KEY
from detector.evidence.repeats import MOST
from detector.util.arrays import log2
from training.repeats_rows import LABELS, Rates, labelled_rows, own_counts, sites_with_pages

WEIGHT = 2.0  # of the ratio; the best of 0.5, 1, 1.5, 2 and 3 on dev
# Of simulated sites: what was fitted by label (rows) and length (columns: short, middle, long). Where two pages say
# nothing of the form of the distribution (reporting of middle length, long reporting, long navigation), only its mean
# was taken, and a form with a heavy tail.
RATES = Rates(
    alpha=np.array([[0.052, 0.035, 0.020], [0.341, 0.238, 0.222], [0.328, 0.137, 0.150]]),
    beta=np.array([[0.262, 1.000, 1.400], [0.458, 0.405, 0.429], [0.251, 0.446, 0.450]]),
)

Parameters = tuple[float, float]  # alpha and beta


def fit_share(documents: NDArray[np.int64], of: NDArray[np.int64], weights: NDArray[np.float64]) -> Parameters:
    """The beta distribution of the share of documents with a paragraph, given that it is in one of them."""

    def loss(logarithms: NDArray[np.float64]) -> float:
        alpha, beta = np.exp(logarithms)
        return -float(weights @ (betaln(documents - 1 + alpha, of - documents + beta) - betaln(alpha, beta)))

    found = minimize(loss, np.log([0.2, 0.5]), method="Nelder-Mead", bounds=[(-6, 4)] * 2)
    alpha, beta = np.exp(found.x)
    return float(alpha), float(beta)


def log_ratio(
    documents: NDArray[np.int64], of: NDArray[np.int64], other: Parameters, own: Parameters
) -> NDArray[np.float64]:
    """The logarithm of the ratio of the probabilities of counts: for what is no reporting, over for reporting."""
    parts = [betaln(a + documents - 1, b + of - documents) - betaln(a, b) for a, b in (other, own)]
    ratio: NDArray[np.float64] = parts[0] - parts[1]
    return ratio


def simple_form(other: Parameters, own: Parameters) -> NDArray[np.float64]:
    """The numbers of `detector.evidence.repeats.amounts`, by least squares on a grid of counts."""
    grid = [
        (count, of)
        for of in (2, 3, 5, 7, 10, 15, 20, 30, 50, 100, 200, 500, 1000, 3000, 10_000)
        for count in np.unique(np.rint(np.geomspace(2, of, 12)).astype(int)).tolist()
    ]
    documents, of = np.array(grid).T
    wanted = WEIGHT * log_ratio(documents, of, other, own)
    weights = np.where(wanted > MOST + 1, 0.05, 1)
    columns = np.stack([np.ones(len(of)), log2(of) - log2(documents - 1), log2(of) - log2(of - documents)], axis=1)
    found: NDArray[np.float64] = np.linalg.lstsq(
        columns * weights[:, None], np.minimum(wanted, MOST + 3) * weights, rcond=None
    )[0]
    return found


def main(
    data: Annotated[list[Path], typer.Argument(help="Labelled documents; whole pages of sites with several.")],
) -> None:
    """Print the parameters of the shares by label, and the simple form."""
    pages = [d for d in sites_with_pages(read_documents(data), 2) if d.origin == "page"]
    rows = labelled_rows(pages)
    counts = own_counts(rows)
    by_label: dict[str, Parameters] = {}
    for number, label in enumerate(LABELS):
        own = (rows.label == number) & (rows.keys != NO_KEY) & (counts.of > 1) & (rows.read | (number == 0))
        weights = np.where(number == 0, rows.words[own], 1).astype(np.float64)  # reporting is lost by words
        sites = np.bincount(rows.group[own], weights)
        weights /= np.sqrt(np.maximum(sites[rows.group[own]], 1))
        by_label[label] = fit_share(counts.documents[own], counts.of[own], weights)
        print(f"{label}: paragraphs {own.sum():,}, repeating {(counts.documents[own] > 1).mean():.3f}, alpha and beta "
              f"{by_label[label][0]:.3f}, {by_label[label][1]:.3f}")  # fmt: skip
    print("simple form:", simple_form(by_label["appeal"], by_label["reporting"]).round(2).tolist())


if __name__ == "__main__":
    typer.run(main)
