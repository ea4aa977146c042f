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
from detector.corpus.sidecar import keep_lines, lines_by_file
from detector.corpus.sidecar_lines import removed_count
from detector.corpus.stamps import Stamp
from detector.corpus.summary import Summary
from detector.errors import UsageError
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
    """The results that are recorded in a manifest file. The last entry of a file counts.

    A result is up to date if its source has not changed, the settings are the same (by their `digest`), the result is
    still the file that was written, and the sidecars still have all lines for it. So an entry that reached the disk
    before its result, in a power cut, does no harm. The result of an entry that this version did not write, or that was
    changed since by hand, is not up to date.
    """

    def __init__(self, path: Path, settings: dict[str, Any]) -> None:
        self.path = path
        self._settings = digest(settings)
        self._fields = {name: settings[name] for name in ("text_field", "id_field")}
        self._sidecar = digest({"removed": settings["removed"]}) if settings["removed"] else None
        self._records = _latest(path)

    def keep_results(self, plan: Plan) -> None:
        """Delete the entries that are replaced or damaged, and those without a result in the folder of a plan.

        The entry of a result that is out of date, or whose input is gone, stays as long as its result: what was
        removed from it can still be restored.
        """
        keep_lines(
            self.path,
            lambda record: record == self._records.get(record["file"]) and _has_result(plan, record["file"]),
        )

    def delete_replaced(self) -> None:
        """Delete the entries in the file that later ones of the same file have replaced."""
        latest = _latest(self.path)
        keep_lines(self.path, lambda record: record == latest.get(record["file"]))

    def has_entry(self, file: str) -> bool:
        """Whether a file has an entry."""
        return file in self._records

    def may_have_written(self, lines: Counter[str]) -> bool:
        """Whether a sidecar with so many lines for each file, of removed text, can be that of these results.

        It can if an entry counts some of the lines, if a run with the same settings wrote an entry, if the sidecar of
        an entry or of an earlier one was this one, or if the first run was killed before it wrote one.
        """
        records = self._records.values()
        return self.path.exists() and (
            not records
            or any(record.get("settings") == self._settings for record in records)
            or any(self._sidecar and record.get("sidecar") == self._sidecar for record in records)
            or any(0 < removed_count(record) <= lines[record["file"]] for record in records)
        )

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
        if source is None or source.version is None:  # whether it has changed cannot be known
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
            **self._fields,
            "sidecar": self._sidecar or self._records.get(task.file, {}).get("sidecar"),
            "lines": asdict(lines),
            "counts": counts,
        }


def _latest(path: Path) -> dict[str, dict[str, Any]]:
    """The last entry of each file."""
    return {record["file"]: record for record in read_json_lines(path) if isinstance(record.get("file"), str)}


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

    The lines of a result that is out of date are still its own: it stays if it cannot be made again. Raises
    `UsageError` if the sidecar for removed text has lines of another run.
    """
    removed_lines, rejected_lines = lines_by_file(removed), lines_by_file(rejected)
    _check_own(plan, manifest, removed, removed_lines)
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


def _check_own(plan: Plan, manifest: Manifest, removed: Path | None, lines: Counter[str]) -> None:
    """Raise `UsageError` if a sidecar for removed text has lines of other results than those in the folder of a plan.

    Lines of two folders would replace each other: they name files by their paths below the folder.
    """
    known = {task.file for task in plan.tasks}
    others = [file for file in lines if file not in known and not manifest.has_entry(file)]
    if not lines or (manifest.may_have_written(lines) and all(_has_result(plan, file) for file in others)):
        return
    folder = manifest.path.parent
    reason = f"not of the results in {folder}" if manifest.path.exists() else f"{folder} has no results"
    raise UsageError(
        f"--removed {removed}: has lines already, but {reason}: they belong to another run, or to one that was "
        "stopped; name another file, or delete this one"
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
