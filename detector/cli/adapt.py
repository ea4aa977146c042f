"""The command ``adapt``."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from detector.cli import runs
from detector.cli.labels_options import (
    AnnotatorsOption,
    FromFormat,
    LabelsTextField,
    Map,
    Offsets,
    Unlabelled,
    VoteName,
    reading_options,
)
from detector.cli.messages import print_message
from detector.cli.options import OUTPUT
from detector.cli.parameters import Argument, Option
from detector.encoder.names import ACCURATE, DEFAULT, named_model
from detector.errors import UsageError

if TYPE_CHECKING:
    from detector.fit.adapt import Adapted
    from detector.inference.model import Model

EXAMPLES = {
    "adapt": (
        "detector adapt default labels.jsonl -o my-model",
        "detector adapt my-model more-labels.jsonl export.json -o my-model-2",
    ),
}


def adapt(
    model: Annotated[
        str,
        Argument(metavar="MODEL", help=f"The folder of a model; {DEFAULT} is the one that comes with the package."),
    ],
    output: Annotated[Path, Option("-o", "--output", help="The folder for the new model.", show_default=False)],
    labels: Annotated[
        list[Path] | None,
        Argument(
            metavar="LABELS",
            help="Files or folders of labelled documents in any format, such as those of 'detector label'. Paragraphs "
            "without a label are context.",
        ),
    ] = None,
    seed: Annotated[int, Option(min=0, help="The seed of all random choices.")] = 0,
    force: Annotated[
        bool, Option("--force", help="Write the new model also where it is no better on held-out paragraphs.")
    ] = False,
    as_json: Annotated[bool, Option("--json", help="Print the figures as JSON.", panel=OUTPUT)] = False,
    from_format: FromFormat = None,
    mapping: Map = None,
    unlabelled: Unlabelled = None,
    annotators: AnnotatorsOption = VoteName.MAJORITY,
    offsets: Offsets = None,
    text_field: LabelsTextField = None,
) -> int:
    """Move a model towards one publisher by a few dozen labelled paragraphs of it.

    Prints figures on held-out paragraphs before and after. Where the new model is no better, it is not written, and the
    exit code is 1.
    """
    from detector.fit.adapt import AdaptConfig, save_adapted
    from detector.fit.adapt import adapt as adapt_model
    from detector.fit.train import check_output
    from detector.inference.storage import load_model
    from detector.labelled import read

    if model == ACCURATE:
        raise UsageError(
            f"{ACCURATE}: the accurate model cannot be adapted; adapt the default model (detector adapt {DEFAULT} …), "
            f"or write ./{ACCURATE} for a folder of yours"
        )
    if not model:
        raise UsageError(f"MODEL: an empty path; name the folder of a model, or '{DEFAULT}'")
    if not labels or Path(model).is_file():
        raise UsageError(
            f"{model}: MODEL comes first, a folder or '{DEFAULT}' for the model that comes with the package; then come "
            f"the files of labels, as in: detector adapt {DEFAULT} labels.jsonl -o my-model"
        )
    runs.check_output_name(output)
    check_output(output)
    source = load_model(named_model(model))
    options = reading_options(from_format, mapping, True, unlabelled, annotators, offsets, text_field)
    adapted = adapt_model(source, list(read(labels, **options)), AdaptConfig(seed=seed), print_message)
    written = adapted.better or force
    if written:
        save_adapted(adapted, output)
    _print(source, adapted, output, written, as_json)
    return 0 if written else 1


def _print(source: "Model", adapted: "Adapted", output: Path, written: bool, as_json: bool) -> None:
    from detector.fit.adapt_thresholds import described_thresholds

    before, after = dict(source.thresholds), dict(adapted.model.thresholds)
    if as_json:
        values = {
            "before": adapted.before, "after": adapted.after, "fell": adapted.fell, "better": adapted.better,
            "learnt": adapted.learnt, "notes": adapted.notes, "thresholds": {"before": before, "after": after},
            "written": str(output) if written else None,
        }  # fmt: skip
        print(json.dumps(values, indent=1, ensure_ascii=False))
        return
    _print_table(adapted)
    thresholds = [described_thresholds(before, after)] if written else []
    for sentence in (*_verdict(adapted, output, written), *thresholds, *adapted.notes):
        print(sentence)


def _verdict(adapted: "Adapted", output: Path, written: bool) -> list[str]:
    """What came of it, in sentences; each figure that became worse is named."""
    from detector.fit.adapt_figures import described

    sentences = [f"The new model is better on {_measured_on(adapted)}."]
    if not adapted.better:
        sentences = [f"The new model is not better on {_measured_on(adapted)}, or not beyond chance."]
    if adapted.fell:
        worse = ", ".join(described(name, adapted.before, adapted.after) for name in adapted.fell)
        sentences.append(f"Worse than before: {worse}.")
    if written:
        return [*sentences, f"It is in {output}."]
    return [*sentences, "It is not written: label more paragraphs, or take it all the same with --force."]


def _measured_on(adapted: "Adapted") -> str:
    """What the figures are measured on. Where not all of it is held out, a note says so."""
    return "labelled paragraphs" if adapted.learnt else "held-out paragraphs"


def _print_table(adapted: "Adapted") -> None:
    from rich.console import Console
    from rich.table import Table

    from detector.fit.adapt_figures import FIGURES, LOSS, MEANINGS

    before, after = adapted.before, adapted.after
    table = Table(title=_measured_on(adapted), title_justify="left")
    for column in ("", "before", "after"):
        table.add_column(column, justify="right" if column else "left")
    for name in (*FIGURES, LOSS):
        table.add_row(name, *("" if value is None else f"{value:.4f}" for value in (before[name], after[name])))
    Console(width=140).print(table)
    for name in (*FIGURES, LOSS):
        print(f"{name:<9}{MEANINGS[name]}")
