"""Train the shipped model: ``python -m training.train DATA... [--dev DEV] -o models/default``.

The same code as ``detector train``, with the config of the shipped model; figures on ``--dev``, which is never trained
on, go into the model's metadata and its card. ``--words`` makes the word vectors anew: see `training.vectors`.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from detector.fit.config import BALANCED, FitConfig
from detector.fit.fit import Fitted
from detector.fit.train import train
from detector.inference.model import REPORTING
from training.vectors import word_vectors

SHIPPED = FitConfig()
_LETTER = 3  # donation paragraphs that make a letter


@dataclass(frozen=True, slots=True)
class Letters:
    """The donation letters of the seed documents, each judged by a fit that had not seen its site."""

    letters: int
    wholly_removed: int  # every paragraph of the letter, and no reporting lost
    paragraphs: int
    paragraphs_removed: int


def letters(fitted: Fitted) -> Letters:
    """Count what goes of the seed documents' letters at the balanced threshold."""
    number = whole = paragraphs = removed = first = 0
    for document in fitted.documents:
        scores = fitted.held_out[first : first + len(document.paragraphs), 0]
        keep = (scores >= fitted.model.thresholds[BALANCED]).tolist()
        first += len(keep)
        letter = [kept for p, kept in zip(document.paragraphs, keep, strict=True) if p.kind == "donation"]
        if document.origin != "seed" or len(letter) < _LETTER:
            continue
        lost = any(p.label == REPORTING and not kept for p, kept in zip(document.paragraphs, keep, strict=True))
        number += 1
        whole += not any(letter) and not lost
        paragraphs += len(letter)
        removed += len(letter) - sum(letter)
    return Letters(number, whole, paragraphs, removed)


def main(
    data: Annotated[list[Path], typer.Argument(help="Labelled documents, or folders of them.")],
    output: Annotated[Path, typer.Option("-o", "--output", help="The model's folder.")],
    dev: Annotated[Path | None, typer.Option(help="Labelled documents of other sites to measure on.")] = None,
    words: Annotated[
        Path | None, typer.Option(help="Word vectors to make the model's from; without, those of the shipped model.")
    ] = None,
) -> None:
    """Train the shipped model."""
    vectors = word_vectors(words) if words else None
    trained = train(data, output, SHIPPED, [dev] if dev else [], lambda line: print(line, flush=True), vectors)
    print(letters(trained.fitted))


if __name__ == "__main__":
    typer.run(main)
