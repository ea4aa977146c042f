"""The manifest of a corpus: the results of earlier runs, so that the next run skips those that are up to date."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import detector
from detector.corpus.one_file import Run
from detector.corpus.plan import Task
from detector.corpus.summary import Summary
from detector.policy import resolve_threshold
from detector.util.json_lines import json_line, read_json_lines


@dataclass(frozen=True, slots=True)
class Stamp:
    """The size (bytes) and the modification time (nanoseconds) of a file, by which a change is noticed."""

    size: int
    mtime_ns: int

    @classmethod
    def of(cls, path: Path | None) -> Stamp | None:
        """The stamp of a file; None for no path, and for a file that does not exist or cannot be accessed."""
        try:
            found = path.stat() if path else None
        except OSError:
            return None
        return cls(found.st_size, found.st_mtime_ns) if found else None


class Manifest:
    """The results that are recorded in a manifest file.

    A result is up to date if its source has not changed, the settings are the same (by their `digest`), and the result
    is still the file that was written.
    """

    def __init__(self, path: Path, settings: str) -> None:
        self._settings = settings
        self._records = {record["file"]: record for record in read_json_lines(path) if "file" in record}

    def up_to_date(self, task: Task) -> Summary | None:
        """The counts of a task whose result is up to date; None if it has to be made."""
        record = self._records.get(task.file)
        if record is None or record != self._record(task, Stamp.of(task.source), record["counts"]):
            return None
        return Summary.from_json(record["counts"])

    def add(self, stream: BinaryIO, task: Task, source: Stamp | None, summary: Summary) -> None:
        """Write to ``stream`` that the result of a task is finished.

        ``source`` is the stamp of its input from before it was read, so that a change meanwhile is noticed by the next
        run.
        """
        stream.write(json_line(self._record(task, source, summary.to_json())))
        stream.flush()

    def _record(self, task: Task, source: Stamp | None, counts: dict[str, Any]) -> dict[str, Any]:
        written = Stamp.of(task.target)
        return {
            "file": task.file,
            "source": [source.size, source.mtime_ns] if source else None,
            "written": [written.size, written.mtime_ns] if written else None,
            "format": task.type.format_name,
            "settings": self._settings,
            "counts": counts,
        }


def settings_of(run: Run, removed: Path | None) -> dict[str, Any]:
    """Everything that a result depends on besides its source, as JSON values."""
    cleaner = run.cleaner
    return {
        "detector": detector.__version__,
        "model": cleaner.model.metadata.get("sha256"),
        "threshold": resolve_threshold(cleaner.threshold, cleaner.model),
        "keep": list(cleaner.policy.keep),
        "drop": list(cleaner.policy.drop),
        "paragraphs": cleaner.paragraphs,
        "text_field": run.fields.text,
        "id_field": run.fields.id,
        "removed": str(removed.resolve()) if removed else None,
    }


def digest(settings: dict[str, Any]) -> str:
    """A short hash of settings: 16 hexadecimal digits."""
    return hashlib.sha256(json.dumps(settings, sort_keys=True).encode()).hexdigest()[:16]
