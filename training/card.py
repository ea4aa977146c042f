"""Measure a model anew and write its card: ``python -m training.card DEV [--model models/default]``.

For a model that stays as it is while what is measured has changed. DEV are labelled documents of sites that it was not
trained on.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from detector.evaluation.labelled import read_documents
from detector.fit.train import measured, write_card
from detector.inference.storage import shipped_model


def main(
    dev: Annotated[list[Path], typer.Argument(help="Labelled documents to measure on.")],
    model: Annotated[Path | None, typer.Option(help="The model's folder; without it, the shipped model.")] = None,
) -> None:
    """Put new figures into a model's metadata and its card; the model itself stays as it is."""
    folder = model or shipped_model()
    measured(folder, list(read_documents(dev)))
    write_card(folder)


if __name__ == "__main__":
    typer.run(main)
