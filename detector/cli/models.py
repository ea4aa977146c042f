"""The commands ``train`` and ``info``."""

import json
import sys
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from detector.cli import runs
from detector.cli.labels_options import FromFormat, LabelledData, Map, reading_options
from detector.cli.messages import print_message
from detector.cli.parameters import Argument, Option
from detector.encoder.names import ACCURATE, LIBRARIES, named_model
from detector.errors import UsageError

if TYPE_CHECKING:
    from detector.evaluation.labelled import LabelledDocument

EXAMPLES = {
    "train": (
        "detector train labelled/ -o my-model",
        "detector train train.jsonl.gz --dev dev.jsonl.gz -o my-model",
    ),
    "info": ("detector info", "detector info accurate", "detector info my-model --json"),
}


def train(
    data: LabelledData,
    output: Annotated[Path, Option("-o", "--output", help="The folder for the new model.", show_default=False)],
    dev: Annotated[
        list[Path] | None,
        Option(
            help="Labelled documents of other sites, to evaluate the model on as well; can be repeated.",
            show_default=False,
        ),
    ] = None,
    folds: Annotated[
        int, Option(min=2, help="Folds of the cross-validation by site, for evaluation and calibration.")
    ] = 5,
    seed: Annotated[int, Option(min=0, help="The seed of all random choices.")] = 0,
    from_format: FromFormat = None,
    mapping: Map = None,
) -> int:
    """Train a model on labelled documents, and evaluate it on sites that it was not trained on.

    The word vectors are taken from the model that comes with the package.
    """
    from detector.cli.tables import print_figures
    from detector.fit.config import FitConfig
    from detector.fit.train import train as train_model

    runs.check_output_name(output)
    reader = partial(_read, **reading_options(from_format, mapping, any_labels=True))
    trained = train_model(data, output, FitConfig(folds=folds, seed=seed), dev or [], print_message, read=reader)
    print_figures(trained.metadata["figures"])
    return 0


def _read(paths: Sequence[Path], **settings: Any) -> Iterator["LabelledDocument"]:  # noqa: ANN401
    """Read labelled documents. Raises `DataError` also for names that a model cannot have, with file and line."""
    from detector.annotations.located import read_located
    from detector.fit.data import check_names

    for document, where, _ in read_located(paths, **settings):
        check_names(document, where)
        yield document


def info(
    model: Annotated[
        str | None,
        Argument(
            metavar="MODEL",
            help="The folder of a model, accurate for the accurate model, or default for the model that comes with the "
            "package (the default).",
        ),
    ] = None,
    as_json: Annotated[bool, Option("--json", help="Print the metadata as JSON.")] = False,
) -> int:
    """Describe a model: its labels, kinds, thresholds, other metadata and figures; and what computes scores here."""
    if model == "":
        raise UsageError("MODEL: an empty path; name the folder of a model")
    from detector.cli.tables import print_figures

    model = None if named_model(model) is None else model
    metadata = _metadata(model)
    if as_json:
        print(_printable_json(metadata, indent=1))
        return 0
    print(f"model {_where(model)}")
    print(f"scores are computed by: {_computed_by(model)}")
    figures = metadata.get("figures", {})
    tables = _are_figures(figures)
    for name, value in metadata.items():
        if name != "confusion" and not (tables and name == "figures"):  # the model card shows the confusions
            shown = _without_texts(value) if name == "adapted" else value
            print(f"{name if name.isprintable() else _printable_json(name)}: {_printable_json(shown)}")
    if tables:
        print_figures(figures)
    return 0


def _metadata(model: str | None) -> dict[str, Any]:
    """The metadata of a model. Raises the errors of `detector.load`."""
    from detector.inference.storage import load_model

    if model != ACCURATE:
        return dict(load_model(model).metadata)
    from detector.encoder.shipped import facts

    return facts(load_model())


def _where(model: str | None) -> str:
    """The folder of a model, with its name if it is the accurate one."""
    if model != ACCURATE:
        from detector.inference.storage import shipped_model

        return str(model or shipped_model())
    from detector.encoder.shipped import shipped_folder

    return f"{ACCURATE}: {shipped_folder()}"


def _computed_by(model: str | None) -> str:
    """What computes scores here; of the accurate model, with the libraries that it needs and their versions."""
    from detector.backend.choice import backend

    if model != ACCURATE:
        return backend().name
    return ", ".join([backend().name, *map(_version, LIBRARIES)])


def _version(library: str) -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return f"{library} {version(library)}"
    except PackageNotFoundError:
        return f"{library} (not installed: pip install 'boilerplate-detector[{ACCURATE}]')"


def _without_texts(adaptations: object) -> object:
    """What the metadata say of adaptations, without the digests of their texts, which are many."""
    if not isinstance(adaptations, list):
        return adaptations
    return [
        {name: value for name, value in each.items() if name != "texts"} if isinstance(each, dict) else each
        for each in adaptations
    ]


def _printable_json(value: object, indent: int | None = None) -> str:
    """A value as JSON, with escapes for all characters beyond ASCII where some cannot be printed."""
    text = json.dumps(value, indent=indent, ensure_ascii=False)
    try:
        text.encode(sys.stdout.encoding or "utf-8")
        printable = text.replace("\n", "").isprintable()
    except UnicodeEncodeError:
        printable = False
    return text if printable else json.dumps(value, indent=indent)


def _are_figures(value: object) -> bool:
    """Whether metadata hold tables of figures: name, origin, figure, number. Those of another program may not."""
    rows = [row for table in _values(value) for row in _values(table)]
    return (
        isinstance(value, dict)
        and all(isinstance(table, dict) for table in value.values())
        and all(isinstance(row, dict) and _is_number(row.get("documents")) for row in rows)
        and all(number is None or _is_number(number) for row in rows for number in row.values())
    )


def _values(value: object) -> list[Any]:
    return list(value.values()) if isinstance(value, dict) else []


def _is_number(value: object) -> bool:
    return isinstance(value, float) or (isinstance(value, int) and abs(value) < 1 << 53)
