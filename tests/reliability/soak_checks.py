"""What must hold after a round of the soak test, whatever happened in it. Each check returns what it found broken."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from soak_inputs import Input, ids_of

_BESIDE = {"_summary.json", "_manifest.jsonl", "_rejected.jsonl"}


@dataclass
class Documents:
    """Where the documents went: each is in a result, in a file that failed or vanished, or was rejected."""

    given: int = 0
    out: int = 0
    rejected: int = 0
    in_failed_files: int = 0
    in_vanished_files: int = 0

    def add(self, other: Documents) -> None:
        """Add the counts of another round."""
        for name, value in vars(other).items():
            setattr(self, name, getattr(self, name) + value)

    @property
    def lost(self) -> int:
        """How many are nowhere."""
        return self.given - self.out - self.rejected - self.in_failed_files - self.in_vanished_files


def check_round(folder: Path, out: Path, inputs: Sequence[Input]) -> tuple[Documents, list[str]]:
    """Account for every document of a round, and check that results, rejects and the summary agree with the inputs."""
    summary = json.loads((out / "_summary.json").read_bytes())
    rejected = Counter(str(line["file"]) for line in _lines(out / "_rejected.jsonl"))
    counts, broken = Documents(), list(_leftovers(out, inputs))
    for one in inputs:
        given, result = one.documents + one.bad, out / one.name
        counts.given += given
        if one.fate == "cut":
            counts.in_failed_files += given
            if result.exists() or not any(one.name in line for line in summary["failed"]):
                broken.append(f"{one.name}: cut short, but not reported as failed")
        elif one.fate == "vanishes" and not result.exists():
            counts.in_vanished_files += given
        else:
            broken += _check_result(one, result, rejected[one.name], counts)
    present = sum(one.documents for one in inputs if one.fate != "cut" and (folder / one.name).exists())
    cut = [one.name for one in inputs if one.fate == "cut"]
    broken += [f"failed: {line}" for line in summary["failed"] if not any(name in line for name in cut)]
    if summary["documents"] != present:
        broken.append(f"_summary.json: {summary['documents']} documents, {present} were cleaned")
    if counts.lost:
        broken.append(f"{counts.lost} documents are neither in a result nor reported")
    return counts, broken


def _check_result(one: Input, result: Path, rejected: int, counts: Documents) -> Iterator[str]:
    """Check that a result has all records, in order, and that the bad ones were rejected."""
    found = ids_of(result) if result.exists() else ()
    counts.out += len(found) if one.ids else result.exists()
    counts.rejected += rejected
    if found != one.ids or not result.exists():
        yield f"{one.name}: {len(found)} of {len(one.ids)} records, or in another order"
    if rejected != one.bad:
        yield f"{one.name}: {rejected} records rejected, {one.bad} were bad"


def check_sample(sample: Sequence[Input], disturbed: Path, undisturbed: Path) -> list[str]:
    """Compare results and removed text of some files in the folders of two runs."""
    broken = []
    names = {one.name for one in sample}
    first, second = (_removed(folder / "removed.jsonl", names) for folder in (disturbed, undisturbed))
    for one in sample:
        if (disturbed / "out" / one.name).read_bytes() != (undisturbed / "out" / one.name).read_bytes():
            broken.append(f"{one.name}: the result differs from that of an undisturbed run")
        if first.get(one.name) != second.get(one.name):
            broken.append(f"{one.name}: the removed text differs from that of an undisturbed run")
    return broken


def _leftovers(out: Path, inputs: Sequence[Input]) -> Iterator[str]:
    """Files in the output folder that are neither results nor the run's own."""
    expected = {one.name for one in inputs} | _BESIDE
    for path in out.rglob("*"):
        name = path.relative_to(out).as_posix()
        if path.is_file() and name not in expected and not name.endswith("lock"):
            yield f"{name}: left in the output folder"


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    with open(path, "rb") as file:
        for line in file:
            yield json.loads(line)


def _removed(path: Path, names: set[str]) -> dict[str, list[bytes]]:
    """The lines of removed text of the named files, in order."""
    found: dict[str, list[bytes]] = {}
    starts = {name: json.dumps({"file": name}, ensure_ascii=False)[:-1].encode() for name in names}
    with open(path, "rb") as file:
        for line in file:
            for name, start in starts.items():
                if line.startswith(start):
                    found.setdefault(name, []).append(line)
    return found
