"""What a run did, counted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from detector.cleaner import Prediction


@dataclass
class Count:
    """Paragraphs and their characters."""

    paragraphs: int = 0
    characters: int = 0

    def add(self, other: Count) -> None:
        """Count the other's as well."""
        self.paragraphs += other.paragraphs
        self.characters += other.characters


@dataclass
class Summary:
    """Counts of a run. ``kept`` and ``removed`` are by label and kind; ``failed`` are files, with the reason.

    ``bytes`` are those of the input files as they are stored.
    """

    documents: int = 0
    rejected: int = 0
    bytes: int = 0
    failed: list[str] = field(default_factory=list)
    kept: dict[tuple[str, str], Count] = field(default_factory=dict)
    removed: dict[tuple[str, str], Count] = field(default_factory=dict)

    def add(self, predictions: Sequence[Prediction]) -> None:
        """Count documents."""
        self.documents += len(predictions)
        if not predictions:
            return
        together = replace(
            predictions[0],
            **{  # type: ignore[arg-type]  # the names are those of arrays
                name: np.concatenate([getattr(p, name) for p in predictions])
                for name in ("starts", "ends", "label_scores", "kind_scores", "keep")
            },
        )
        kind, names = together.kind_indices, together.kinds
        characters = together.ends - together.starts
        for counts, rows in ((self.kept, together.keep), (self.removed, ~together.keep)):
            paragraphs = np.bincount(kind[rows], minlength=len(names))
            lengths = np.bincount(kind[rows], characters[rows], minlength=len(names))
            for number in np.flatnonzero(paragraphs).tolist():
                key = together.labels[together.kind_labels[number]], names[number]
                counts.setdefault(key, Count()).add(Count(int(paragraphs[number]), int(lengths[number])))

    def merge(self, other: Summary) -> None:
        """Count what the other has counted as well."""
        self.documents += other.documents
        self.rejected += other.rejected
        self.bytes += other.bytes
        self.failed += other.failed
        for mine, theirs in ((self.kept, other.kept), (self.removed, other.removed)):
            for key, count in theirs.items():
                mine.setdefault(key, Count()).add(count)

    @property
    def ok(self) -> bool:
        """Whether everything could be read and written."""
        return not self.failed and not self.rejected

    @property
    def characters(self) -> int:
        """Characters of all paragraphs."""
        return _total(self.kept).characters + _total(self.removed).characters

    @property
    def removed_characters(self) -> int:
        """Characters of the removed paragraphs."""
        return _total(self.removed).characters

    def lines(self) -> list[str]:
        """The counts for a person."""
        out = [f"{self.documents:,} document{'' if self.documents == 1 else 's'}"]
        for name, counts in (("kept", self.kept), ("removed", self.removed)):
            total = _total(counts)
            labels = ", ".join(f"{label} {c.paragraphs:,}" for label, c in by_label(counts).items())
            line = f"{name:<8}{total.paragraphs:>9,} paragraphs {total.characters:>13,} characters"
            out.append(f"{line}  ({labels})" if labels else line)
        if self.rejected:
            out.append(f"rejected{self.rejected:>9,} records")
        if self.failed:
            out.append(f"failed  {len(self.failed):>9,} files")
        return out

    def report(self) -> dict[str, Any]:
        """The counts as plain values: totals, by label and by kind."""
        return {
            "documents": self.documents,
            "kept": _report(self.kept),
            "removed": _report(self.removed),
            "rejected": self.rejected,
            "failed": self.failed,
        }

    def packed(self) -> dict[str, Any]:
        """The counts as plain values, from which `unpacked` makes them again."""
        return {
            "documents": self.documents, "rejected": self.rejected, "bytes": self.bytes,
            "kept": _packed(self.kept), "removed": _packed(self.removed),
        }  # fmt: skip

    @classmethod
    def unpacked(cls, packed: Mapping[str, Any]) -> Summary:
        """The summary of plain values that `packed` gave."""
        return cls(
            packed["documents"], packed["rejected"], packed["bytes"], [],
            *({(label, kind): Count(*counts) for label, kind, *counts in packed[name]} for name in ("kept", "removed")),
        )  # fmt: skip


def _packed(counts: Mapping[tuple[str, str], Count]) -> list[list[str | int]]:
    return [[*key, count.paragraphs, count.characters] for key, count in counts.items()]


def _total(counts: Mapping[tuple[str, str], Count]) -> Count:
    total = Count()
    for count in counts.values():
        total.add(count)
    return total


def by_label(counts: Mapping[tuple[str, str], Count], labels: Sequence[str] = ()) -> dict[str, Count]:
    """The counts summed over kinds; ``labels`` are listed even where they have none."""
    summed = {label: Count() for label in labels}
    for (label, _), count in sorted(counts.items()):
        summed.setdefault(label, Count()).add(count)
    return summed


def _report(counts: Mapping[tuple[str, str], Count]) -> dict[str, Any]:
    def plain(items: Mapping[str, Count]) -> dict[str, dict[str, int]]:
        return {name: {"paragraphs": c.paragraphs, "characters": c.characters} for name, c in items.items()}

    kinds = {f"{label}/{kind}": count for (label, kind), count in sorted(counts.items())}
    return plain({"": _total(counts)})[""] | {"labels": plain(by_label(counts)), "kinds": plain(kinds)}
