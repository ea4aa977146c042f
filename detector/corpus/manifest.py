"""What earlier runs have done to a corpus, so that the next does only what is missing or changed."""

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
    """How a file looked: its size in bytes, and when it was changed."""

    size: int
    mtime_ns: int

    @classmethod
    def of(cls, path: Path | None) -> Stamp | None:
        """The stamp of a file; None where there is none."""
        try:
            found = path.stat() if path else None
        except OSError:
            return None
        return cls(found.st_size, found.st_mtime_ns) if found else None


class Manifest:
    """The results that are up to date: of the same source, made with the same settings, still as they were written."""

    def __init__(self, path: Path, settings: str) -> None:
        self._settings = settings
        self._done = {record["file"]: record for record in read_json_lines(path) if "file" in record}

    def done(self, task: Task) -> Summary | None:
        """The counts of a task whose result is up to date, else None."""
        record = self._done.get(task.label)
        if record is None or record != self._record(task, Stamp.of(task.source), record["counts"]):
            return None
        return Summary.unpacked(record["counts"])

    def add(self, stream: BinaryIO, task: Task, source: Stamp | None, summary: Summary) -> None:
        """Write down that a task is done; ``source`` is how its input looked before."""
        stream.write(json_line(self._record(task, source, summary.packed())))
        stream.flush()

    def _record(self, task: Task, source: Stamp | None, counts: dict[str, Any]) -> dict[str, Any]:
        written = Stamp.of(task.target)
        return {
            "file": task.label,
            "source": [source.size, source.mtime_ns] if source else None,
            "written": [written.size, written.mtime_ns] if written else None,
            "format": task.type.format_name,
            "settings": self._settings,
            "counts": counts,
        }


def settings_of(run: Run, removed: Path | None) -> dict[str, Any]:
    """Everything that a result depends on besides its source, as plain values."""
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
    """A short text that differs for other settings."""
    return hashlib.sha256(json.dumps(settings, sort_keys=True).encode()).hexdigest()[:16]
