"""How far explanations can be trusted: whether they sum to the score, and what deleting the strongest reasons does.

    python -m training.explanations ../shared/data/dev.jsonl.gz ../shared/data/dev_world.jsonl.gz

Reasons are deleted in two ways (`training.explanations_deleted`). Set to the average: the inputs that a reason stands
for become those of an average paragraph, and the networks are run again. Deleted from the text: the words and the
paragraphs that are named are deleted, and the text is cleaned again. The three reasons are those that say most for the
score. For comparison, three of the others are deleted that speak for the score, drawn at random.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Annotated

import numpy as np
import typer

from detector.util.threads import use_one_thread

use_one_thread()

from detector.cleaner import Cleaner
from detector.evaluation.labelled import read_documents
from detector.loading import load
from training.explanations_deleted import Deletable, Explained
from training.result import processor_seconds_of

TOP = 3
CLOSE = 1e-4


@dataclass
class Deletions:
    """What deletions did to log-odds: before and after, for paragraphs that are kept and that are removed."""

    found: dict[bool, list[tuple[float, float]]] = field(default_factory=lambda: {True: [], False: []})

    def add(self, keep: bool, before: float, after: float | None) -> None:
        """Count a deletion; None where nothing was left of the paragraph."""
        if after is not None:
            self.found[keep].append((before, after))

    def shares(self) -> str:
        """The share of the paragraphs whose log-odds flip, or become at most half as large."""
        parts = []
        for keep, name in ((True, "kept"), (False, "removed")):
            values = self.found[keep]
            hits = [before * after <= 0 or abs(after) <= abs(before) / 2 for before, after in values]
            parts.append(f"{name} {np.mean(hits) if hits else float('nan'):.3f} of {len(hits):,}")
        return ", ".join(parts)


def sums(cleaner: Cleaner, texts: Iterable[str]) -> None:
    """Print how far the reasons are from the score: as they are given, and before the rest is given to them."""
    errors, rests, number, milliseconds = [], [], 0, []
    for text in texts:
        prediction = cleaner.predict(text)
        seconds = processor_seconds_of(lambda prediction=prediction: prediction.why)  # type: ignore[misc]
        milliseconds.append(1000 * seconds)
        errors += [abs(sum(reason.log_odds for reason in why.reasons) - why.log_odds) for why in prediction.why]
        rests += Explained(cleaner, text).rests()
        number += 1
    typer.echo(f"{number:,} documents, {len(errors):,} paragraphs")
    typer.echo(f"the sums differ from the scores by at most {max(errors):.1e}")
    typer.echo(f"what is given to the reasons in proportion, because contributions leave it: {_quantiles(rests)}")
    typer.echo(f"ms of processor time per document: {_quantiles(milliseconds)}")
    typer.echo(f"ms per paragraph: {sum(milliseconds) / len(errors):.2f}")


def _quantiles(values: list[float]) -> str:
    named = zip(("median", "90 %", "99 %", "all"), np.quantile(np.abs(values), [0.5, 0.9, 0.99, 1]), strict=True)
    return ", ".join(f"{name} {value:.2g}" for name, value in named)


def deletions(cleaner: Cleaner, texts: Iterable[str], each: int, random: Random) -> None:
    """Print what deleting reasons does, for at most ``each`` paragraphs of a document that are kept, and removed."""
    by_sum, by_inputs, by_text, others = (Deletions() for _ in range(4))
    for text in texts:
        explained = Explained(cleaner, text)
        for row, keep in _sampled(explained, each, random):
            before = explained.log_odds(row)
            for_it = [reason for reason in explained.reasons(row) if reason.added * before > 0]
            top = for_it[:TOP]
            by_sum.add(keep, before, before - sum(reason.added for reason in top))
            by_inputs.add(keep, before, explained.set_to_average(row, top))
            others.add(
                keep, before, explained.set_to_average(row, random.sample(for_it[TOP:], min(TOP, len(for_it[TOP:]))))
            )
            by_text.add(keep, before, explained.deleted(row, _in_text(for_it)[:TOP]))
    typer.echo(f"the top {TOP} reasons taken from the sum: {by_sum.shares()}")
    typer.echo(f"set to the average: {by_inputs.shares()}")
    typer.echo(f"{TOP} of the others set to the average: {others.shares()}")
    typer.echo(f"the top {TOP} of words and neighbours deleted from the text: {by_text.shares()}")


def _in_text(reasons: list[Deletable]) -> list[Deletable]:
    return [reason for reason in reasons if reason.is_text]


def _sampled(explained: Explained, each: int, random: Random) -> Iterator[tuple[int, bool]]:
    for keep in (True, False):
        rows = explained.rows(keep)
        for row in random.sample(rows, min(each, len(rows))):
            yield row, keep


def main(
    data: Annotated[list[Path], typer.Argument(help="Labelled documents.")],
    documents: Annotated[int, typer.Option(help="Documents whose sums are compared.")] = 1000,
    deleted: Annotated[int, typer.Option(help="Documents of which reasons are deleted.")] = 200,
    each: Annotated[int, typer.Option(help="Paragraphs of a document, of those kept and of those removed.")] = 5,
) -> None:
    """Measure the explanations of the shipped model."""
    cleaner, random = load(max_removed=1), Random(0)
    texts = ["\n".join(p.text for p in document.paragraphs) for path in data for document in read_documents([path])]
    random.shuffle(texts)
    measures: list[Callable[[], None]] = [
        lambda: sums(cleaner, texts[:documents]),
        lambda: deletions(cleaner, texts[-deleted:] if deleted else [], each, random),
    ]
    for measure in measures:
        measure()


if __name__ == "__main__":
    typer.run(main)
