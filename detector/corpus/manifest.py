"""The manifest of a corpus: the results of earlier runs, so that the next run skips those that are up to date."""

from __future__ import annotations

import hashlib
import json
import os
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, astuple, dataclass
from pathlib import Path
from typing import Any, BinaryIO

import detector
from detector.corpus.one_file import Run
from detector.corpus.plan import Plan, Task
from detector.corpus.sidecar import lines_by_file
from detector.corpus.stamps import Stamp
from detector.corpus.summary import Summary
from detector.policy import resolve_threshold
from detector.util.json_lines import json_line, read_json_lines
from detector.util.urls import Place, Url


@dataclass(frozen=True, slots=True)
class LineCounts:
    """How many lines the sidecars have for one file."""

    removed: int = 0
    rejected: int = 0


@dataclass(frozen=True, slots=True)
class Entry:
    """A result that is up to date: its counts, and how many lines of the sidecars are its own, the last ones."""

    summary: Summary
    lines: LineCounts


class Manifest:
    """The results that are recorded in a manifest file.

    A result is up to date if its source has not changed, the settings are the same (by their `digest`), the result is
    still the file that was written, and the sidecars still have all lines for it. So an entry that reached the disk
    before its result, in a power cut, does no harm. An entry that this version did not write, or that was changed since
    by hand, is ignored.
    """

    def __init__(self, path: Path, settings: str) -> None:
        self.path = path
        self._settings = settings
        self._records = {
            record["file"]: record for record in read_json_lines(path) if isinstance(record.get("file"), str)
        }

    def up_to_date(self, task: Task, present: LineCounts) -> Entry | None:
        """The entry of a task whose result is up to date; None if it has to be made.

        ``present`` is what the sidecars have for its file. They may have lines of results that it has replaced, too.
        """
        record = self._records.get(task.file, {})
        try:
            entry = Entry(Summary.from_json(record["counts"]), LineCounts(**record["lines"]))
        except (AttributeError, KeyError, TypeError, ValueError):  # no entry, one of another version, or a damaged one
            return None
        if not _is_sound(entry):
            return None
        if entry.lines.removed > present.removed or entry.lines.rejected > present.rejected:
            return None
        source, written = Stamp.of(task.source), Stamp.of(task.target)
        if source is not None and source.version is None:  # whether it has changed cannot be known
            return None
        same = record == self._record(task, source, written, record["counts"], entry.lines)
        return entry if same else None

    def add(
        self,
        stream: BinaryIO,
        task: Task,
        source: Stamp | None,
        written: Stamp | None,
        summary: Summary,
        lines: LineCounts,
    ) -> None:
        """Write to ``stream`` that the result of a task is finished, with so many lines in the sidecars.

        ``source`` is the stamp of its input from before it was read, so that a change meanwhile is noticed by the next
        run, ``written`` that of its result.
        """
        stream.write(json_line(self._record(task, source, written, summary.to_json(), lines)))
        stream.flush()

    def _record(
        self, task: Task, source: Stamp | None, written: Stamp | None, counts: dict[str, Any], lines: LineCounts
    ) -> dict[str, Any]:
        return {
            "file": task.file,
            "source": list(source) if source else None,
            "written": list(written) if written else None,
            "format": task.type.format_name,
            **_of_pages(task),
            "settings": self._settings,
            "lines": asdict(lines),
            "counts": counts,
        }


def _of_pages(task: Task) -> dict[str, Any]:
    """What a result depends on, or is beside it, if its source is HTML."""
    if not task.type.reader:
        return {}
    values: dict[str, Any] = {"reader": task.type.reader}
    if task.extracted:
        values["extracted"] = [os.path.realpath(task.extracted), *(Stamp.of(task.extracted) or ())]
    return values


def _is_sound(entry: Entry) -> bool:
    """Whether the values of an entry have the types that they were written with."""
    counts = entry.summary.to_json()
    rows = counts.pop("kept") + counts.pop("removed")
    names = [name for row in rows for name in row[:2]]
    numbers = [*counts.values(), *astuple(entry.lines), *(number for row in rows for number in row[2:])]
    return all(isinstance(name, str) for name in names) and all(type(number) is int for number in numbers)


@dataclass(frozen=True, slots=True)
class Earlier:
    """What earlier runs left for the tasks of a run: the entries of results that are up to date, by their files.

    ``removed`` and ``rejected`` tell how many lines of the two sidecars, by their files, belong to no result any more.
    """

    entries: dict[str, Entry]
    removed: Counter[str]
    rejected: Counter[str]


def earlier_results(plan: Plan, manifest: Manifest, removed: Path | None, rejected: Path, force: bool) -> Earlier:
    """Find the results of earlier runs, and their lines in the sidecars. With ``force``, none is up to date.

    The lines of a result that is out of date are still its own: it stays if it cannot be made again.
    """
    removed_lines, rejected_lines = lines_by_file(removed), lines_by_file(rejected)
    entries: dict[str, Entry] = {}
    for task in () if force else plan.tasks:
        present = LineCounts(removed_lines[task.file], rejected_lines[task.file])
        if (entry := manifest.up_to_date(task, present)) is not None:
            entries[task.file] = entry
    planned = {task.file for task in plan.tasks}

    def surplus(lines: Counter[str], own: Callable[[Entry], int]) -> Counter[str]:
        gone = {file for file in lines if file not in planned and not _has_result(plan, file)}
        return Counter({
            file: number - own(entries[file]) if file in entries else number * (file in gone)
            for file, number in lines.items()
        })  # fmt: skip

    return Earlier(
        entries,
        surplus(removed_lines, lambda entry: entry.lines.removed),
        surplus(rejected_lines, lambda entry: entry.lines.rejected),
    )


def _has_result(plan: Plan, file: str) -> bool:
    if plan.present is not None:
        return file in plan.present
    return os.path.exists(_local_result(plan, file))  # noqa: PTH110


def _local_result(plan: Plan, file: str) -> Path:
    return (plan.folder if isinstance(plan.folder, Path) else Path()) / file


def settings_of(run: Run, removed: Place | None) -> dict[str, Any]:
    """Everything that a result depends on besides its source, as JSON values."""
    cleaner = run.cleaner
    return {
        "detector": detector.__version__,
        "model": cleaner.model.metadata.get("sha256"),
        **({"encoder": cleaner.encoder.digest, "effort": float(cleaner.effort)} if cleaner.encoder else {}),
        "threshold": resolve_threshold(cleaner.threshold, cleaner.model),
        "keep": list(cleaner.policy.keep),
        "drop": list(cleaner.policy.drop),
        "paragraphs": cleaner.paragraphs,
        "max_removed": float(cleaner.max_removed),
        **({"evidence": [each.digest for each in cleaner.evidence]} if cleaner.evidence else {}),
        "text_field": run.fields.text,
        "id_field": run.fields.id,
        "removed": str(removed) if isinstance(removed, Url) else os.path.realpath(removed) if removed else None,
    }


def digest(settings: dict[str, Any]) -> str:
    """A short hash of settings: 16 hexadecimal digits."""
    return hashlib.sha256(json.dumps(settings, sort_keys=True).encode()).hexdigest()[:16]
