"""Soft labels for a student: ``python -m training.teacher.predict DATA... --held-out FILE --fit FOLDER... -o FILE``.

Each fit reads the real sites of the folds that it left out, and whole pages of the others. Its weights become int8, and
a share of its correction and a temperature are chosen on the first fold that it left out. `training.soft_labels` says
which student learns from which fit.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from numpy.typing import NDArray

from detector.encoder.model import Encoder
from detector.evaluation.labelled import LabelledDocument
from detector.fit.origins import PAGE, is_extracted
from detector.inference.calibration import calibrate
from detector.inference.model import Model
from detector.inference.storage import load_model
from detector.util.arrays import Floats
from training.soft_labels import check_folds, soft_labels
from training.teacher.examples import out_of_fold_scores, training_documents
from training.teacher.held_out import best_share, held_out, read_again, scaled, scaling
from training.teacher.ship import encoder_in, parameters
from training.train import SHIPPED


def read_by(
    encoder: Encoder, left_out: Collection[int], documents: Sequence[LabelledDocument], scores: Floats, small: Model,
    doubt: float,
) -> Floats:  # fmt: skip
    """What an encoder says of real sites, ``(paragraphs, kinds)``; zeros in documents that it does not read.

    ``scores`` are the small model's probabilities, out of fold, of the same shape. Those of paragraphs with less doubt
    than ``doubt``, 1 less the probability of the most probable label, stay as they are. Of the folds that it did not
    leave out, the encoder reads whole pages alone: the texts of extractors have the same lines. What was invented is
    certain, and needs no teacher.
    """
    reader = replace(encoder, doubts=np.array([[0.0, 1.0], [1.0, doubt]]))
    kinds, trusted = np.zeros_like(scores), None
    for number in sorted(range(SHIPPED.folds), key=lambda fold: (fold not in left_out, fold)):
        data = held_out(documents, scores, number, small, _is_real if number in left_out else _is_page)
        again = reader.doubtful(data.small, 1.0)
        kinds[data.rows] = data.small.kinds
        if again.any():
            read = read_again(reader, data).kinds
            trusted = trusted or best_share(data, read, small.kind_labels, again)
            kinds[data.rows] = soft(data.small.kinds, read, again, small.kind_labels, *trusted)
    return kinds


def soft(
    small: Floats, read: Floats, again: NDArray[np.bool_], kind_labels: tuple[int, ...], share: float, factor: float
) -> Floats:
    """Probabilities, ``(paragraphs, kinds)``, with a share of the correction, calibrated by a factor.

    Those of paragraphs that were not read ``again`` are the ``small`` model's.
    """
    found = small.copy()
    calibration = scaling(factor, max(kind_labels) + 1)
    found[again] = calibrate(scaled(small[again], read[again], share), kind_labels, calibration)[1]
    return found


def _is_page(document: LabelledDocument) -> bool:
    return document.origin == PAGE


def _is_real(document: LabelledDocument) -> bool:
    return _is_page(document) or is_extracted(document.origin)


def main(
    data: Annotated[list[Path], typer.Argument(help="The labelled documents of the fits.")],
    held_out_file: Annotated[Path, typer.Option("--held-out", help="The file that training.train has written.")],
    fit: Annotated[list[Path], typer.Option(help="The folder of a fit; several times for several fits.")],
    output: Annotated[Path, typer.Option("-o", "--output", help="The file (.npz) of soft labels.")],
    doubt: Annotated[float, typer.Option(help="The least doubt of a paragraph that is read, from 0 to 1.")] = 0.01,
) -> None:
    """Write soft labels for training.train --teacher."""
    states = {folder: parameters(folder) for folder in fit}
    folds_of = {folder: tuple(state["config"]["left_out"]) for folder, (_, state) in states.items()}
    check_folds(list(folds_of.values()), SHIPPED.folds)
    documents, small = training_documents(data), load_model()
    scores = out_of_fold_scores(held_out_file)
    teachers = {}
    for folder, (arrays, _) in states.items():
        print(f"{folder}: left out the folds {folds_of[folder]}", flush=True)
        encoder = encoder_in(folder, arrays, small)
        teachers[folds_of[folder]] = read_by(encoder, folds_of[folder], documents, scores, small, doubt)
    soft_labels(documents, teachers, SHIPPED.folds).write(output)


if __name__ == "__main__":
    typer.run(main)
