"""The commands ``train``, ``evaluate`` and ``info``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from detector.cli.messages import print_message
from detector.cli.options import OUTPUT, Data, ModelOption, Threshold

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
        typer.Option(
            help="Labelled documents of other sites, to evaluate the model on as well; can be repeated.",
            show_default=False,
        ),
    ] = None,
    folds: Annotated[
        int, typer.Option(min=2, help="Folds of the cross-validation by site, for evaluation and calibration.")
    ] = 5,
    seed: Annotated[int, typer.Option(min=0, help="The seed of all random choices.")] = 0,
) -> None:
    """Train a model on labelled documents, and evaluate it on sites that it was not trained on.

    The word vectors are taken from the model that comes with the package.
    """
    from detector.fit.config import FitConfig
    from detector.fit.train import train as train_model

    trained = train_model(data, output, FitConfig(folds=folds, seed=seed), dev or [], print_message)
    _print_figures(trained.metadata["figures"])


def evaluate(
    data: Data,
    threshold: Threshold = "balanced",
    as_json: Annotated[bool, typer.Option("--json", help="Print the figures as JSON.", rich_help_panel=OUTPUT)] = False,
    model: ModelOption = None,
) -> None:
    """Evaluate a model on labelled documents, and print its figures for each origin of the documents."""
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
        Path | None,
        typer.Argument(
            metavar="MODEL",
            help="The folder of a model (default: the model that comes with the package).",
            show_default=False,
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the metadata as JSON.")] = False,
) -> None:
    """Describe a model: its labels, kinds, thresholds, other metadata, and evaluation figures."""
    from detector.inference.storage import load_model, shipped_model

    metadata = load_model(model).metadata
    if as_json:
        print(json.dumps(metadata, indent=1, ensure_ascii=False))
        return
    print(f"model {model or shipped_model()}")
    for name, value in metadata.items():
        if name not in ("figures", "confusion"):  # tables of figures follow; the model card shows the confusions
            print(f"{name}: {json.dumps(value, ensure_ascii=False)}")
    _print_figures(metadata.get("figures", {}))


def _print_figures(figures: dict[str, dict[str, dict[str, float | None]]]) -> None:
    """Print each table of figures under its name, then a legend of the columns."""
    from rich.console import Console

    from detector.cli.tables import figures_table
    from detector.evaluation.evaluate import LEGEND

    console = Console(width=140)
    for name, table in figures.items():
        console.print(figures_table(name, table))
    for figure, meaning in LEGEND.items() if figures else ():
        console.print(f"{figure:<9}{meaning}", highlight=False, markup=False)
