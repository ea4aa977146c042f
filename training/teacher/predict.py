"""A teacher's probabilities for the student: ``python -m training.teacher.predict DATA... --fit FOLDER -o FILE``.

Each fit scores the sites of the folds that it left out, so that no page is scored by a teacher that has seen it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import numpy as np
import torch
import typer

from training.teacher.__main__ import STATE, load_examples, network, training_documents
from training.teacher.fit import TeacherConfig, predicted


def main(
    data: Annotated[list[Path], typer.Argument(help="The labelled documents of the fits.")],
    held_out: Annotated[Path, typer.Option(help="The file that training.train --held-out has written.")],
    fit: Annotated[list[Path], typer.Option(help="The folder of a fit; several times for several fits.")],
    output: Annotated[Path, typer.Option("-o", "--output", help="The file (.npz) of probabilities.")],
) -> None:
    """Write the probabilities of the kinds, one row per paragraph, for training.train --teacher."""
    documents = training_documents(data)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    kinds = None
    for folder in fit:
        state = torch.load(folder / STATE, weights_only=True, map_location="cpu")
        examples = load_examples(documents, held_out, folder)
        if kinds is None:
            kinds = np.zeros((examples.bounds[-1], len(examples.kinds)), dtype=np.float16)
        model = network(examples, folder, TeacherConfig(layers=state["config"]["layers"]))
        model.load_state_dict(state["model"])
        chosen = np.flatnonzero(np.isin(examples.fold, state["config"]["left_out"]) & (np.diff(examples.bounds) > 0))
        for number, probabilities in predicted(model.to(device), examples, chosen, device).items():
            kinds[examples.bounds[number] : examples.bounds[number + 1]] = probabilities
        print(f"{folder}: {len(chosen):,} documents", flush=True)
    if kinds is not None:
        np.savez_compressed(output, kinds=kinds)


if __name__ == "__main__":
    typer.run(main)
