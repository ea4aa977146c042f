"""Evaluate a model again and rewrite its card: ``python -m training.card DEV [--model models/default]``.

For use after a change of the figures, without training. DEV are labelled documents of sites that the model was not
trained on.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from detector.evaluation.labelled import read_documents
from detector.fit.train import update_dev_figures
from detector.inference.shipped import digests_of, shipped_model


def main(
    dev: Annotated[list[Path], typer.Argument(help="Labelled documents to evaluate on.")],
    model: Annotated[Path | None, typer.Option(help="The model's folder; default: the shipped model.")] = None,
) -> None:
    """Update the figures in a model's metadata and its card. The model itself does not change."""
    folder = model or shipped_model()
    update_dev_figures(folder, list(read_documents(dev)))
    print(f"Where this is the shipped model, write into detector/inference/shipped.py:\n{digests_of(folder)}")


if __name__ == "__main__":
    typer.run(main)
