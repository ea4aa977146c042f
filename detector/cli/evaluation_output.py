"""The folder that ``evaluate --output`` writes."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from detector.errors import DataError, UsageError
from detector.util.atomic import LOCK_FILE, SCRATCH_FOLDER, replacing, working_in
from detector.util.output import writing_to

if TYPE_CHECKING:
    from detector.evaluation.assessment import Assessment
    from detector.evaluation.comparison import Comparison

FIGURES, TEXT, PAGE, MISTAKES = "figures.json", "figures.txt", "index.html", "mistakes.jsonl"
_OWN = {LOCK_FILE, SCRATCH_FOLDER}  # what a run that was killed may leave behind


def check_output(folder: Path, data: Sequence[Path]) -> None:
    """Raise an error where an evaluation cannot or should not be written.

    Raises `UsageError` for a folder from which data are read, and `DataError` for what is there and is no evaluation.
    """
    target = folder.resolve()
    for path in data:
        given = path.resolve()
        if (path.is_dir() and given in (target, *target.parents)) or given.parent == target:
            raise UsageError(f"{folder}: {path} is read as data; name another folder")
    if folder.exists() and not folder.is_dir():
        raise DataError(f"{folder}: exists, and is no folder; name a new folder")
    if folder.is_dir() and any(each.name not in _OWN for each in folder.iterdir()) and not _is_evaluation(folder):
        raise DataError(f"{folder}: holds other files, and no evaluation ({FIGURES}); name a new folder")


def _is_evaluation(folder: Path) -> bool:
    from detector.evaluation.figures_json import FORMAT

    try:
        values = json.loads((folder / FIGURES).read_bytes())
    except (OSError, ValueError, RecursionError):
        return False
    return isinstance(values, dict) and values.get("format") == FORMAT


def write_evaluation(folder: Path, assessment: Assessment, comparison: Comparison | None) -> None:
    """Write the figures as JSON and text, the page and the mistakes. Other files of the folder stay.

    All files are complete before the first one replaces that of an earlier run. Raises `DataError` if another run
    writes there, or nothing can be written there, and `OutputError` if the disk is full.
    """
    from detector.cli.evaluation_tables import evaluation_text
    from detector.evaluation.figures_json import assessment_as_json, mistake_as_json
    from detector.report.evaluation_page import evaluation_page
    from detector.util.json_lines import json_line

    figures = json_line_pretty(assessment_as_json(assessment, comparison))
    contents: dict[str, Iterable[bytes]] = {
        FIGURES: [figures],
        TEXT: [evaluation_text(assessment, comparison).encode("utf-8", "backslashreplace")],
        PAGE: list(evaluation_page(assessment, comparison).pieces()),
        MISTAKES: [json_line(mistake_as_json(each)) for each in assessment.mistakes],
    }
    with working_in(folder) as scratch, writing_to(folder):
        _write(folder, scratch, contents)


def json_line_pretty(value: object) -> bytes:
    """A value as indented JSON in UTF-8; lone surrogates become escapes."""
    return (json.dumps(value, indent=1, ensure_ascii=True) + "\n").encode("ascii")


def _write(folder: Path, scratch: Path, contents: dict[str, Iterable[bytes]]) -> None:
    from contextlib import ExitStack

    with ExitStack() as stack:  # closed in the other order: the figures, by which a folder is known, are renamed first
        for name, pieces in reversed(contents.items()):
            file = stack.enter_context(replacing(folder / name, scratch))
            file.writelines(pieces)
            file.flush()
