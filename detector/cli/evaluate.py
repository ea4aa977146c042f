"""The command ``evaluate``."""

import json
from typing import Annotated

from detector.cli.labels_options import FromFormat, LabelledData, Map, reading_options
from detector.cli.options import OUTPUT, ModelOption, Threshold
from detector.cli.parameters import Option
from detector.cli.tables import print_figures

EXAMPLES = {
    "evaluate": (
        "detector evaluate dev.jsonl.gz",
        "detector evaluate dev.jsonl.gz --model my-model --json",
        "detector evaluate export.json --map spam=appeal",
    ),
}


def evaluate(
    data: LabelledData,
    threshold: Threshold = "balanced",
    as_json: Annotated[bool, Option("--json", help="Print the figures as JSON.", panel=OUTPUT)] = False,
    model: ModelOption = None,
    from_format: FromFormat = None,
    mapping: Map = None,
) -> int:
    """Evaluate a model on labelled documents, and print its figures for each origin of the documents."""
    from detector.cleaner import load
    from detector.evaluation.evaluate import evaluate as evaluate_cleaner
    from detector.labelled import read

    documents = list(read(data, **reading_options(from_format, mapping, any_labels=True)))
    figures = evaluate_cleaner(load(model, threshold=threshold), documents).figures
    if as_json:
        print(json.dumps(figures, indent=1))
    else:
        print_figures({"figures": figures})
    return 0
