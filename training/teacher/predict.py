"""A teacher's probabilities for the student: ``python -m training.teacher.predict DATA... --fit FOLDER -o FILE``.

Each fit scores the sites of the folds that it left out, so that no page is scored by a teacher that has seen it. Its
weights become int8, and its correction is scaled and calibrated on these sites, as those of the accurate model are.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from detector.encoder.model import Encoder, check_effort
from detector.evaluation.labelled import LabelledDocument
from detector.fit.origins import PAGE, is_extracted
from detector.inference.calibration import calibrate
from detector.inference.model import Model
from detector.inference.storage import load_model
from detector.util.arrays import Floats
from training.soft_labels import soft_labels
from training.teacher.examples import training_documents
from training.teacher.held_out import HeldOut, best_share, held_out, read_again, scaled, scaling
from training.teacher.ship import encoder_in, parameters
from training.train import SHIPPED


def soft_labels_of(encoder: Encoder, data: HeldOut, effort: float, share: float, factor: float) -> Floats:
    """The probabilities of the kinds, ``(paragraphs, kinds)``, with a share of the correction, calibrated by a factor.

    What an effort from 0 to 1 does not read keeps the probabilities of the small model.
    """
    again = encoder.doubtful(data.small, effort)
    read = read_again(encoder, data, effort).kinds[again]
    soft = data.small.kinds.copy()
    corrected = scaled(data.small.kinds[again], read, share)
    soft[again] = calibrate(corrected, encoder.kind_labels, scaling(factor, data.small.labels.shape[1]))[1]
    return soft


def read_by(
    encoder: Encoder, left_out: Collection[int], documents: Sequence[LabelledDocument], scores: Floats, small: Model,
    effort: float,
) -> Floats:  # fmt: skip
    """What an encoder says of real sites, ``(paragraphs, kinds)``; zeros are what it has not read.

    ``scores`` are the small model's probabilities, out of fold. Of the folds that it did not leave out, it reads whole
    pages alone: the texts of extractors have the same lines. What was invented is certain, and needs no teacher.
    """
    first = held_out(documents, scores, min(left_out), small, _is_real)
    trusted = best_share(first, read_again(encoder, first, effort).kinds, small.kind_labels)
    kinds = np.zeros_like(scores)
    for number in range(SHIPPED.folds):
        data = held_out(documents, scores, number, small, _is_real if number in left_out else _is_page)
        kinds[data.rows] = soft_labels_of(encoder, data, effort, *trusted)
    return kinds


def _is_page(document: LabelledDocument) -> bool:
    return document.origin == PAGE


def _is_real(document: LabelledDocument) -> bool:
    return _is_page(document) or is_extracted(document.origin)


def main(
    data: Annotated[list[Path], typer.Argument(help="The labelled documents of the fits.")],
    held_out_file: Annotated[Path, typer.Option("--held-out", help="The file that training.train has written.")],
    fit: Annotated[list[Path], typer.Option(help="The folder of a fit; several times for several fits.")],
    output: Annotated[Path, typer.Option("-o", "--output", help="The file (.npz) of soft labels.")],
    effort: Annotated[float, typer.Option(help="How much is read, from 0 to 1.")] = 0.99,
) -> None:
    """Write soft labels for training.train --teacher."""
    check_effort(effort)
    documents, small = training_documents(data), load_model()
    with np.load(held_out_file) as saved:
        scores = saved["kinds"]

    teachers = {}
    for folder in fit:
        arrays, state = parameters(folder)
        left_out = tuple(state["config"]["left_out"])
        print(f"{folder}: left out the folds {left_out}", flush=True)
        teachers[left_out] = read_by(encoder_in(folder, arrays, small), left_out, documents, scores, small, effort)
    soft_labels(documents, teachers, SHIPPED.folds).write(output)


if __name__ == "__main__":
    typer.run(main)
