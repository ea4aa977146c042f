"""A teacher's probabilities for the student: ``python -m training.teacher.predict DATA... --fit FOLDER -o FILE``.

Each fit scores the sites of the folds that it left out, so that no page is scored by a teacher that has seen it. Its
weights become int8, and its correction is scaled and calibrated on these sites, as those of the accurate model are.
Held-out figures of a student are too good where its teacher has seen the labels that it is held out from: with
teachers that left out the other sites alone, the log loss of extracted texts fell by 18 % on the training data, and by
5 % on dev. So the student of each fold has a teacher that has not seen this fold.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from detector.encoder.model import Encoder, check_effort
from detector.errors import DataError
from detector.evaluation.labelled import LabelledDocument
from detector.fit.origins import PAGE, SEED
from detector.inference.calibration import calibrate
from detector.inference.model import Model
from detector.inference.storage import load_model
from detector.util.arrays import Floats
from training.teacher.examples import training_documents
from training.teacher.held_out import HeldOut, best_share, held_out, read_again, scaled, scaling
from training.teacher.ship import encoder_in, parameters
from training.train import SHIPPED


def soft_labels(encoder: Encoder, data: HeldOut, effort: float, share: float, factor: float) -> Floats:
    """The probabilities of the kinds, ``(paragraphs, kinds)``, with a share of the correction, calibrated by a factor.

    What an effort from 0 to 1 does not read keeps the probabilities of the small model.
    """
    again = encoder.doubtful(data.small, effort)
    read = read_again(encoder, data, effort).kinds[again]
    soft = data.small.kinds.copy()
    corrected = scaled(data.small.kinds[again], read, share)
    soft[again] = calibrate(corrected, encoder.kind_labels, scaling(factor, data.small.labels.shape[1]))[1]
    return soft


def shared_by_lines(documents: Sequence[LabelledDocument], kinds: Floats) -> Floats:
    """Half of the probabilities are the mean over all paragraphs of the site with the same text.

    A page and the texts that extractors made of it have the same lines, in other surroundings. Paragraphs that were not
    read (zeros), those of augmented documents among them, have the mean alone.
    """
    number: dict[tuple[str, str], int] = {}
    keys = [number.setdefault((d.site, p.text), len(number)) for d in documents for p in d.paragraphs]
    line = np.array(keys, dtype=np.int64)
    read = (kinds > 0).sum(axis=1) > 0
    counts = np.maximum(np.bincount(line[read], minlength=len(number)), 1)
    sums = np.stack([np.bincount(line[read], column[read], len(number)) for column in kinds.T], axis=1)
    means = (sums / counts[:, None])[line]
    shared: Floats = np.where(read[:, None], (kinds + means) / 2, means).astype(np.float16)
    return shared


def teachers_of(
    fits: Iterable[tuple[Encoder, Collection[int]]], documents: Sequence[LabelledDocument], scores: Floats,
    small: Model, effort: float,
) -> Floats:  # fmt: skip
    """What `detector.fit.fit.fit` takes as teachers, ``(folds + 1, paragraphs, kinds)``.

    ``fits`` are encoders with the folds that each left out, ``scores`` the small model's probabilities, out of fold. A
    fold's student learns from the encoder that left out this fold: of the other sites, that one reads the whole pages
    and the seed documents. The last student learns from what each encoder says of the sites that it left out. Raises
    `DataError` if a fold was left out by none.
    """
    folds = range(SHIPPED.folds)
    teachers = np.zeros((len(folds) + 1, *scores.shape), dtype=np.float16)
    last = np.zeros_like(scores)
    missing = set(folds)
    for encoder, left_out in fits:
        kinds = np.zeros_like(scores)
        first = held_out(documents, scores, min(left_out), small)
        trusted = best_share(first, read_again(encoder, first, effort).kinds, small.kind_labels)
        for number in folds:
            origins = None if number in left_out else (PAGE, SEED)
            data = held_out(documents, scores, number, small, origins)
            kinds[data.rows] = soft_labels(encoder, data, effort, *trusted)
            if number in left_out:
                last[data.rows] = kinds[data.rows]
        teachers[list(left_out)] = shared_by_lines(documents, kinds)
        missing -= set(left_out)
    if missing:
        raise DataError(f"no fit left out the folds {sorted(missing)}: give one that did (--fit)")
    teachers[-1] = shared_by_lines(documents, last)
    return teachers


def main(
    data: Annotated[list[Path], typer.Argument(help="The labelled documents of the fits.")],
    held_out_file: Annotated[Path, typer.Option("--held-out", help="The file that training.train has written.")],
    fit: Annotated[list[Path], typer.Option(help="The folder of a fit; several times for several fits.")],
    output: Annotated[Path, typer.Option("-o", "--output", help="The file (.npz) of probabilities.")],
    effort: Annotated[float, typer.Option(help="How much is read, from 0 to 1.")] = 0.99,
) -> None:
    """Write the probabilities of the kinds, one row per paragraph, for training.train --teacher."""
    check_effort(effort)
    documents, small = training_documents(data), load_model()
    with np.load(held_out_file) as saved:
        scores = saved["kinds"]

    def encoders() -> Iterator[tuple[Encoder, Collection[int]]]:
        for folder in fit:
            arrays, state = parameters(folder)
            print(f"{folder}: folds {state['config']['left_out']}", flush=True)
            yield encoder_in(folder, arrays, small), state["config"]["left_out"]

    np.savez_compressed(output, kinds=teachers_of(encoders(), documents, scores, small, effort))


if __name__ == "__main__":
    typer.run(main)
