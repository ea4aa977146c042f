"""A teacher's probabilities for the student: ``python -m training.teacher.predict DATA... --fit FOLDER -o FILE``.

Each fit scores the sites of the folds that it left out, so that no page is scored by a teacher that has seen it. Its
weights become int8, and its correction is scaled and calibrated on these sites, as those of the accurate model are.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from detector.encoder.model import Encoder, check_effort
from detector.inference.calibration import calibrate
from detector.inference.storage import load_model
from detector.util.arrays import Floats
from training.teacher.examples import training_documents
from training.teacher.ship import HeldOut, best_share, encoder_in, held_out, parameters, read_again, scaled, scaling


def soft_labels(encoder: Encoder, data: HeldOut, effort: float) -> Floats:
    """The probabilities of the kinds, ``(paragraphs, kinds)``, with a share of the correction, calibrated.

    What an effort from 0 to 1 does not read keeps the probabilities of the small model.
    """
    again = encoder.doubtful(data.small, effort)
    read = read_again(encoder, data, effort).kinds
    share, factor = best_share(data, read, encoder.kind_labels)
    soft = data.small.kinds.copy()
    corrected = scaled(data.small.kinds[again], read[again], share)
    soft[again] = calibrate(corrected, encoder.kind_labels, scaling(factor, data.small.labels.shape[1]))[1]
    return soft


def main(
    data: Annotated[list[Path], typer.Argument(help="The labelled documents of the fits.")],
    held_out_file: Annotated[Path, typer.Option("--held-out", help="The file that training.train has written.")],
    fit: Annotated[list[Path], typer.Option(help="The folder of a fit; several times for several fits.")],
    output: Annotated[Path, typer.Option("-o", "--output", help="The file (.npz) of probabilities.")],
    effort: Annotated[float, typer.Option(help="How much is read, from 0 to 1.")] = 1.0,
) -> None:
    """Write the probabilities of the kinds, one row per paragraph, for training.train --teacher."""
    check_effort(effort)
    documents, small = training_documents(data), load_model()
    with np.load(held_out_file) as saved:
        scores = saved["kinds"]
    kinds = np.zeros_like(scores, dtype=np.float16)
    for folder in fit:
        arrays, state = parameters(folder)
        encoder = encoder_in(folder, arrays, small)
        for number in state["config"]["left_out"]:
            unseen = held_out(documents, scores, number, small)
            kinds[unseen.rows] = soft_labels(encoder, unseen, effort)
            print(f"{folder}, fold {number}: {len(unseen.documents):,} documents", flush=True)
    np.savez_compressed(output, kinds=kinds)


if __name__ == "__main__":
    typer.run(main)
