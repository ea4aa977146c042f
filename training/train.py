"""Train the shipped model: ``python -m training.train DATA... [--dev DEV] -o models/default``.

The same code as ``detector train``, with the recipe of the shipped model; figures on ``--dev``, which is never trained
on, go into the model's metadata and its card.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from detector.fit import Recipe
from detector.train import train

SHIPPED = Recipe(looks=2)


def main(
    data: Annotated[list[Path], typer.Argument(help="Labelled documents, or folders of them.")],
    output: Annotated[Path, typer.Option("-o", "--output", help="The model's folder.")],
    dev: Annotated[Path | None, typer.Option(help="Labelled documents of other sites to measure on.")] = None,
) -> None:
    """Train the shipped model."""
    train(data, output, SHIPPED, dev=[dev] if dev else [], progress=lambda line: print(line, flush=True))


if __name__ == "__main__":
    typer.run(main)
