"""How far explanations of what the encoder read again can be trusted, and what they cost.

    python -m training.explanations_encoder ../shared/data/dev.jsonl.gz --documents 40

What a paragraph's words add to a score depends on the order in which the words of a window are shown. Explanations take
the mean over two orders, from the first paragraph to the last and back (`detector.explanation.read_again`). It is
compared with the mean over many random orders, each together with its reverse: for the words of the paragraph itself,
and for those before and after it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Annotated

import numpy as np
import typer

from detector.util.threads import use_one_thread

use_one_thread()

from detector.cleaner import Cleaner
from detector.encoder.names import ACCURATE
from detector.evaluation.labelled import read_documents
from detector.explanation.document import Document
from detector.explanation.read_again import ReadAgain, ReadWindow
from detector.explanation.trace import Doubles
from detector.inference.predict import predict
from detector.loading import load
from detector.text.paragraphs import split
from detector.text.reading import divide_long, is_read
from training.result import processor_seconds_of


def read_again(cleaner: Cleaner, text: str) -> ReadAgain | None:
    """What the encoder did to a text; None for one that is not read, or has no paragraphs, or one in parts."""
    model, batch = cleaner.model, split([text])
    if cleaner.encoder is None or not len(batch) or not is_read(batch).all() or divide_long(batch):
        return None
    document, kept = Document(model, text, batch), [label == 0 for label in model.kind_labels]
    first = predict(model, batch)
    return ReadAgain(cleaner.encoder, cleaner.effort, document, first, kept, np.arange(len(batch)))


def added_in_order(again: ReadAgain, window: ReadWindow, order: Sequence[int]) -> Doubles:
    """What the words of each paragraph of a window add where they are shown in an order, as `ReadAgain.added_in`."""
    elsewhere = len(order) - 1  # the player that is what was read elsewhere in the document
    shown = [set(order[:number]) for number in range(len(order) + 1)]
    values = [again.log_odds(window, each - {elsewhere}, elsewhere in each) for each in shown]
    added = np.zeros((len(window.own), len(order)))
    added[:, list(order)] = np.diff(values, axis=0).T
    return added


def over_orders(again: ReadAgain, window: ReadWindow, pairs: int, random: Random) -> Doubles:
    """The mean of `added_in_order` over random orders and their reverses."""
    players = len(window.rows) + 1
    total = np.zeros((len(window.own), players))
    for _ in range(pairs):
        order = random.sample(range(players), players)
        total += added_in_order(again, window, order) + added_in_order(again, window, order[::-1])
    return total / (2 * pairs)


def sides(window: ReadWindow, added: Doubles) -> Iterator[tuple[float, float, float]]:
    """What the words of each decided paragraph add to its own score, and those before and after it."""
    for row, at in zip(added, window.own.tolist(), strict=True):
        yield float(row[at]), float(row[:at].sum()), float(row[at + 1 : -1].sum())


def main(
    data: Annotated[list[Path], typer.Argument(help="Labelled documents.")],
    documents: Annotated[int, typer.Option(help="Documents, drawn at random.")] = 40,
    pairs: Annotated[int, typer.Option(help="Random orders to compare with, each with its reverse.")] = 10,
    effort: Annotated[float | None, typer.Option(help="From 0 to 1 (default: that of the model).")] = None,
) -> None:
    """Measure the explanations of the accurate model."""
    cleaner, random = load(ACCURATE, max_removed=1, effort=effort), Random(0)
    texts = ["\n".join(p.text for p in document.paragraphs) for path in data for document in read_documents([path])]
    small = replace(cleaner, encoder=None, effort=0.0)
    found: list[tuple[float, ...]] = []
    seconds, read, errors = [0.0, 0.0], 0, []
    for text in random.sample(texts, min(documents, len(texts))):
        if not (again := read_again(cleaner, text)):
            continue
        for at, given in enumerate((small, cleaner)):
            prediction = given.predict(text)
            seconds[at] += processor_seconds_of(lambda prediction=prediction: prediction.why)  # type: ignore[misc]
        errors += [abs(sum(reason.log_odds for reason in why.reasons) - why.log_odds) for why in prediction.why]
        for window in again.windows:
            read += len(window.own)
            two, many = again.added_in(window), over_orders(again, window, pairs, random)
            found += [(*one, *other) for one, other in zip(sides(window, two), sides(window, many), strict=True)]
    two, many = np.split(np.array(found), 2, axis=1)
    typer.echo(f"{len(errors):,} paragraphs, {read:,} of them read again; reasons sum to within {max(errors):.1e}")
    typer.echo(f"ms per paragraph without the encoder: {1000 * seconds[0] / len(errors):.1f}")
    typer.echo(f"ms more per paragraph that is read again: {1000 * (seconds[1] - seconds[0]) / read:.1f}")
    for name, sizes in (("size", np.abs(many)), ("two orders differ from many by", np.abs(two - many))):
        shown = zip(("itself", "before", "after"), sizes.mean(axis=0), strict=True)
        typer.echo(f"{name}, mean: {', '.join(f'{side} {value:.2f}' for side, value in shown)}")


if __name__ == "__main__":
    typer.run(main)
