"""The commands ``train``, ``evaluate`` and ``info``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from detector.cli.messages import print_message
from detector.cli.options import DECISIONS, Data, ModelOption, Threshold

TRAIN_EXAMPLES = (
    "detector train labelled/ -o my-model",
    "detector train train.jsonl.gz --dev dev.jsonl.gz -o my-model",
)
EVALUATE_EXAMPLES = (
    "detector evaluate dev.jsonl.gz",
    "detector evaluate dev.jsonl.gz --model my-model --json",
)
INFO_EXAMPLES = ("detector info", "detector info my-model --json")


def train(
    data: Data,
    output: Annotated[Path, typer.Option("-o", "--output", help="The folder for the new model.", show_default=False)],
    dev: Annotated[
        list[Path] | None,
        typer.Option(help="More documents, of other sites, to evaluate the model on.", show_default=False),
    ] = None,
    folds: Annotated[int, typer.Option(min=2, help="The number of folds of sites for evaluation and calibration.")] = 5,
    seed: Annotated[int, typer.Option(min=0, help="The seed of every random choice.")] = 0,
) -> None:
    """Train a model on labelled documents, and report how good it is on sites that it was not trained on.

    Its word vectors are those of the shipped model.
    """
    from detector.fit.config import FitConfig
    from detector.fit.train import train as train_model

    trained = train_model(data, output, FitConfig(folds=folds, seed=seed), dev or [], print_message)
    _print_figures(trained.metadata["figures"])


def evaluate(
    data: Data,
    threshold: Threshold = "balanced",
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the figures as JSON.", rich_help_panel=DECISIONS)
    ] = False,
    model: ModelOption = None,
) -> None:
    """Evaluate a model on labelled documents."""
    from detector.cleaner import load
    from detector.evaluation.evaluate import evaluate as evaluate_cleaner
    from detector.evaluation.labelled import read_documents

    figures = evaluate_cleaner(load(model, threshold=threshold), list(read_documents(data))).figures
    if as_json:
        print(json.dumps(figures, indent=1))
    else:
        _print_figures({"figures": figures})


def info(
    model: Annotated[
        Path | None, typer.Argument(help="The folder of a model. Without it, the shipped model.", show_default=False)
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the metadata as JSON.")] = False,
) -> None:
    """Describe a model: its metadata and its figures."""
    from detector.inference.storage import load_model, shipped_model

    metadata = load_model(model).metadata
    if as_json:
        print(json.dumps(metadata, indent=1, ensure_ascii=False))
        return
    print(f"model {model or shipped_model()}")
    for name, value in metadata.items():
        if name not in ("figures", "confusion"):  # the figures follow as tables; the confusion is in the card
            print(f"{name}: {json.dumps(value, ensure_ascii=False)}")
    _print_figures(metadata.get("figures", {}))


def _print_figures(figures: dict[str, dict[str, dict[str, float | None]]]) -> None:
    """Print tables of figures, each under its name, and a legend of their columns."""
    from rich.console import Console

    from detector.cli.tables import figures_table
    from detector.evaluation.evaluate import LEGEND

    console = Console(width=140)
    for name, table in figures.items():
        console.print(figures_table(name, table))
    for figure, meaning in LEGEND.items() if figures else ():
        console.print(f"{figure:<9}{meaning}", highlight=False, markup=False)
