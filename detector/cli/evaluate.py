"""The command ``evaluate``."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from detector.cli import runs
from detector.cli.labels_options import (
    AnnotatorsOption,
    FromFormat,
    LabelledData,
    LabelsTextField,
    Map,
    Offsets,
    VoteName,
    reading_options,
)
from detector.cli.messages import print_message
from detector.cli.options import DECISIONS, OUTPUT, RUN, EffortOption, ModelOption, Threshold
from detector.cli.parameters import Option
from detector.encoder.names import ACCURATE, DEFAULT

if TYPE_CHECKING:
    from detector.cleaner import Cleaner
    from detector.evaluation.assessment import Assessment, ModelFacts, Settings
    from detector.evaluation.comparison import Comparison
    from detector.evaluation.evaluate import Figures
    from detector.evaluation.labelled import LabelledDocument

EXAMPLES = {
    "evaluate": (
        "detector evaluate dev.jsonl.gz",
        "detector evaluate dev.jsonl.gz -o eval/",
        "detector evaluate dev.jsonl.gz --model my-model --compare default",
        "detector evaluate export.json --map spam=appeal --json",
    ),
}


def evaluate(
    data: LabelledData,
    output: Annotated[
        Path | None,
        Option(
            "-o",
            "--output",
            help="A folder for all figures as JSON and text, a page with plots, and the worst mistakes.",
            show_default=False,
            panel=OUTPUT,
        ),
    ] = None,
    as_json: Annotated[bool, Option("--json", help="Print the figures as JSON.", panel=OUTPUT)] = False,
    mistakes: Annotated[int, Option(min=0, help="How many of the worst mistakes --output lists.", panel=OUTPUT)] = 100,
    min_documents: Annotated[
        int,
        Option(min=1, help="For --output, pool languages, lengths and sites with fewer documents.", panel=OUTPUT),
    ] = 5,
    threshold: Threshold = "balanced",
    model: ModelOption = None,
    effort: EffortOption = None,
    compare: Annotated[
        str | None,
        Option(
            "--compare",
            metavar="<path>",
            help="Compare with another model on the same documents: its folder, default for the model that comes with "
            "the package, or accurate for the accurate one.",
            show_default=False,
            panel=DECISIONS,
        ),
    ] = None,
    from_format: FromFormat = None,
    mapping: Map = None,
    annotators: AnnotatorsOption = VoteName.MAJORITY,
    offsets: Offsets = None,
    text_field: LabelsTextField = None,
    resamples: Annotated[
        int, Option(min=100, help="Bootstrap samples of sites, for intervals and comparisons.", panel=RUN)
    ] = 2000,
    seed: Annotated[int, Option(min=0, help="The seed of the bootstrap.", panel=RUN)] = 0,
) -> int:
    """Evaluate a model on labelled documents, and print its figures for each origin of the documents.

    With --output, also by language, length and site, with intervals, plots and the worst mistakes; with --compare, say
    which differences between two models are beyond chance.
    """
    runs.check_model(model, effort, others=(compare,))
    from detector.labelled import read

    if output:
        _prepare(output, data)
    options = reading_options(
        from_format, mapping, any_labels=True, annotators=annotators, offsets=offsets, text_field=text_field
    )
    cleaner = _load(model, threshold, effort)
    other = _load(compare, threshold, effort) if compare is not None else None
    documents = list(read(data, **options))
    from detector.evaluation.assessment import Settings
    from detector.evaluation.bootstrap import Resampling

    settings = Settings(Resampling(resamples=resamples, seed=seed), mistakes, min_documents)
    return _assess(cleaner, other, _names(model, compare, cleaner, other), documents, settings, output, as_json)


def _load(model: str | None, threshold: str, effort: float | None) -> "Cleaner":
    """The cleaner with a model; the effort is for the accurate one."""
    from detector.loading import load

    return load(model, threshold=threshold, effort=effort if model == ACCURATE else None)


def _names(model: str | None, compare: str | None, cleaner: "Cleaner", other: "Cleaner | None") -> tuple[str, str]:
    """What both models are called: by their folders, and where these have the same name, also by what they are in.

    Nothing else tells of the machine: pages are sent to others. The accurate model is called by its effort, too.
    """
    folders = [folder.resolve() if folder else None for folder in (runs.folder_of(model), runs.folder_of(compare))]
    names = [folder.name if folder else DEFAULT for folder in folders]
    if names[0] == names[1] and folders[0] != folders[1]:
        names = [f"{folder.parent.name}/{folder.name}" if folder else DEFAULT for folder in folders]
    efforts = [f"{ACCURATE}, effort {each.effort:g}" if each and each.encoder else None for each in (cleaner, other)]
    return efforts[0] or names[0], efforts[1] or names[1]


def _prepare(output: Path, data: list[Path]) -> None:
    """Raise an error for what would only fail in the end."""
    from detector.cli.evaluation_output import check_output
    from detector.report.evaluation_plots import require_plots

    require_plots()
    check_output(output, data)


def _assess(
    cleaner: "Cleaner", other: "Cleaner | None", names: tuple[str, str], documents: list["LabelledDocument"],
    settings: "Settings", output: Path | None, as_json: bool,
) -> int:  # fmt: skip
    """Assess and compare, write what is wanted to ``output``, and print the figures. ``names`` are those of models."""
    from detector.evaluation.assessment import assess, counts_of, facts_of, figures_by_origin, measure_all
    from detector.evaluation.comparison import compare
    from detector.evaluation.notes import label_notes

    given = measure_all(cleaner, documents)
    figures, counts = figures_by_origin(given), counts_of(given)
    facts, comparison = facts_of(cleaner, names[0]), None
    notes = {names[0]: list(label_notes(facts, counts, list(figures.values())))}
    if other:
        theirs = measure_all(other, documents)
        comparison = compare(given, theirs, (facts, facts_of(other, names[1])), settings.resampling)
        rows = list(comparison.figures.values())
        notes[names[1]] = list(label_notes(comparison.other, counts_of(theirs), rows))
    assessment = assess(cleaner, names[0], given, settings) if output else None
    if output and assessment:
        from detector.cli.evaluation_output import PAGE, write_evaluation

        write_evaluation(output, assessment, comparison)
        print_message(f"detector: wrote {output / PAGE}, and figures.json, figures.txt and mistakes.jsonl beside it")
    _print_notes(notes)
    if as_json:
        print(json.dumps(_as_json(facts, figures, settings, assessment, comparison), indent=1))
    else:
        _print(figures, names, settings, comparison)
    return 0


def _as_json(
    facts: "ModelFacts", figures: dict[str, "Figures"], settings: "Settings", assessment: "Assessment | None",
    comparison: "Comparison | None",
) -> dict[str, Any]:  # fmt: skip
    """What figures.json holds; without an output folder the figures, and for a comparison more."""
    from detector.evaluation.figures_json import assessment_as_json, comparison_as_json, model_as_json

    if assessment:
        return assessment_as_json(assessment, comparison)
    if comparison is None:
        return dict(figures)
    compared = comparison_as_json(comparison, settings.resampling)
    return {"model": model_as_json(facts), "figures": figures, "comparison": compared}


def _print_notes(notes: dict[str, list[str]]) -> None:
    """Print the notes on the figures of each model, by its name, which is told where a note is not on all of them."""
    for note in dict.fromkeys(note for found in notes.values() for note in found):
        models = [name for name, found in notes.items() if note in found]
        print_message(f"detector: {note}" if len(models) == len(notes) else f"detector: {models[0]}: {note}")


def _print(
    figures: dict[str, "Figures"], names: tuple[str, str], settings: "Settings", comparison: "Comparison | None"
) -> None:
    from detector.cli.tables import print_figures, print_whole
    from detector.util.output import writing_to

    if comparison is None:
        print_figures({"figures": figures})
        return
    from detector.cli.evaluation_tables import comparison_view

    print_figures({names[0]: figures, names[1]: comparison.figures})
    with writing_to("standard output"):
        print_whole(comparison_view(names[0], comparison, settings.resampling))
