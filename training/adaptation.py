"""Measures what adapting a model to a site brings there, and what it changes elsewhere.

    python -m training.adaptation DEV

For each of the 20 sites with the most text, the distinct lines of its pages are divided into two halves. Some lines of
the first half are labelled for `detector.fit.adapt.adapt`; all else on the pages is context, without labels. Figures
are over the lines of the second half. No line is on both sides, also not in another extractor's text of the page: lines
are the same that have the same words in the same order.
"""

from __future__ import annotations

import argparse
import sys
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from detector.evaluation.labelled import LabelledDocument, LabelledParagraph, read_documents
from detector.fit.adapt import AdaptConfig, adapt, adapt_unchecked
from detector.inference.model import Model
from detector.inference.storage import load_model
from training.adaptation_figures import Pair, Site, Trial, joined, site_of, table

SITES = 20
_BLOCK = 10  # consecutive paragraphs that go to one half, in the harder split
TEXT, APPEALS = "text", "appeals"
LINES, BLOCKS = "lines", "blocks"
EVERY = 1 << 30  # labels: all of the half


@dataclass(frozen=True)
class Setting:
    """One row of the tables.

    The ``sites`` are those with most text or most appeals; a site is divided by random ``lines``, or by ``blocks`` of
    consecutive paragraphs.
    """

    sites: str = TEXT
    labels: int = 30
    split: str = LINES

    def __str__(self) -> str:
        number = "all" if self.labels == EVERY else str(self.labels)
        return f"most {self.sites}, {number} labels of a half, halves of {self.split}"


SETTINGS = (
    Setting(), Setting(labels=10), Setting(labels=100), Setting(split=BLOCKS), Setting(sites=APPEALS),
    Setting(labels=EVERY),
)  # fmt: skip


def main() -> None:
    """Measure the settings and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("dev", type=Path)
    parser.add_argument("--seeds", type=int, default=3, help="random halves of each site")
    parser.add_argument("--settings", type=int, nargs="*", default=range(len(SETTINGS)), help="by number, from 0")
    parser.add_argument(
        "--strength",
        type=float,
        help="take this one, without the folds that choose one and raise the thresholds: 9 times faster",
    )
    arguments = parser.parse_args()
    documents, model = list(read_documents([arguments.dev])), load_model()
    sites = sites_of(model, documents)
    for setting in (SETTINGS[number] for number in arguments.settings):
        trials = measure(model, sites, setting, arguments.strength, arguments.seeds)
        print(f"{setting}\n\n{table(trials)}\n", flush=True)


def sites_of(model: Model, documents: Iterable[LabelledDocument]) -> list[Site]:
    """The sites of the documents, with the scores of the model."""
    by_site: dict[str, list[LabelledDocument]] = defaultdict(list)
    for document in documents:
        by_site[document.site].append(document)
    return [site_of(name, model, group) for name, group in sorted(by_site.items())]


def measure(model: Model, sites: Sequence[Site], setting: Setting, strength: float | None, seeds: int) -> list[Trial]:
    """Adapt to each of the sites of a setting, with every seed."""
    chosen = sorted(sites, key=lambda site: (-(site.characters if setting.sites == TEXT else site.appeals), site.name))[
        :SITES
    ]
    trials = []
    for site in chosen:
        others = joined([each.paragraphs for each in sites if each is not site])
        for seed in range(seeds):
            random = np.random.default_rng(seed)
            first = halves(site, setting.split, random)
            labels = np.sort(random.permutation(site.labelled(first))[: setting.labels])
            moved, better = adapted(model, labelled(site, labels), strength)
            both = Pair(site.paragraphs, site.by(moved))
            page, extracted = (both.pick(site.rest(first, is_page)) for is_page in (True, False))
            there = None
            if not seed:  # the others take longer than the site
                there = Pair(others, joined([each.by(moved) for each in sites if each is not site]))
            trials.append(Trial(site.name, seed, site.counts(labels), better, page, extracted, there))
            print(trials[-1], file=sys.stderr, flush=True)
    return trials


def adapted(model: Model, documents: Sequence[LabelledDocument], strength: float | None) -> tuple[Model, bool | None]:
    """An adapted model, and whether it is better on the held-out labels of its folds, where there are any."""
    if strength is not None:
        return adapt_unchecked(model, documents, AdaptConfig(strengths=(strength,), min_labels=1)), None
    made = adapt(model, documents, AdaptConfig(min_labels=1))
    return made.model, made.better


def halves(site: Site, split: str, random: np.random.Generator) -> NDArray[np.int64]:
    """The distinct lines of one half, as numbers: random ones, or those of random blocks of paragraphs of the pages."""
    lines = site.lines[site.page]
    if split == LINES:
        distinct = np.unique(lines)
        return random.permutation(distinct)[: len(distinct) // 2]
    blocks = -(-len(lines) // _BLOCK)
    taken = random.permutation(blocks) < blocks // 2
    return np.unique(lines[np.repeat(taken, _BLOCK)[: len(lines)]])


def labelled(site: Site, labels: NDArray[np.int64]) -> list[LabelledDocument]:
    """The pages of a site with some of their labels, by row, and no others."""
    given, first, out = set(labels.tolist()), 0, []
    for document in site.documents[: site.pages]:
        paragraphs = tuple(
            paragraph if first + number in given else LabelledParagraph(paragraph.text, None)
            for number, paragraph in enumerate(document.paragraphs)
        )
        first += len(paragraphs)
        out.append(replace(document, paragraphs=paragraphs))
    return out


if __name__ == "__main__":
    main()
