"""The summary of a run: counts of documents, paragraphs and characters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from detector.results import Prediction

# In a manifest
_NUMBERS = ("documents", "rejected", "bytes", "nulls", "emptied", "kept_whole", "wrapped", "to_check", "left_out")


@dataclass
class Count:
    """A number of paragraphs, and of the characters in them."""

    paragraphs: int = 0
    characters: int = 0

    def add(self, other: Count) -> None:
        """Add another count to this one."""
        self.paragraphs += other.paragraphs
        self.characters += other.characters


@dataclass
class Summary:
    """The counts of a run, or of one file.

    ``kept`` and ``removed`` count paragraphs by label and kind. ``rejected`` is the number of records that could not be
    read, ``nulls`` that of records whose text is null. ``emptied`` counts documents of which nothing but white space
    was kept, pages without a text among them, ``kept_whole`` those that the guard kept whole, or a section of them,
    ``wrapped`` those that look hard-wrapped although their paragraphs end with the line, and ``to_check`` inputs that
    came out empty or held no document. ``left_out`` counts the records of archives of pages that are no pages.
    ``bytes`` is the size of the input files on disk. ``failed`` has one line for each file that failed, with the
    reason; ``passed_over`` one for each that was not read, likewise. ``up_to_date`` files were not read again; the
    counts include those of the run that read them.
    """

    documents: int = 0
    rejected: int = 0
    bytes: int = 0
    failed: list[str] = field(default_factory=list)
    kept: dict[tuple[str, str], Count] = field(default_factory=dict)
    removed: dict[tuple[str, str], Count] = field(default_factory=dict)
    up_to_date: int = 0
    nulls: int = 0
    emptied: int = 0
    kept_whole: int = 0
    wrapped: int = 0
    to_check: int = 0
    passed_over: list[str] = field(default_factory=list)
    left_out: int = 0

    def add(self, predictions: Sequence[Prediction], continued: bool = False) -> None:
        """Add the paragraphs of predictions. A ``continued`` paragraph was counted before, but not its characters."""
        if not predictions:
            return
        together = replace(
            predictions[0],
            **{  # type: ignore[arg-type]  # all of these fields are arrays
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
                counts.setdefault(key, Count()).add(
                    Count(0 if continued else int(paragraphs[number]), int(lengths[number]))
                )

    def merge(self, other: Summary) -> None:
        """Add the counts of another summary to this one."""
        self.documents += other.documents
        self.rejected += other.rejected
        self.bytes += other.bytes
        self.failed += other.failed
        self.nulls += other.nulls
        self.emptied += other.emptied
        self.kept_whole += other.kept_whole
        self.wrapped += other.wrapped
        self.to_check += other.to_check
        self.left_out += other.left_out
        self.passed_over += other.passed_over
        for mine, theirs in ((self.kept, other.kept), (self.removed, other.removed)):
            for key, count in theirs.items():
                mine.setdefault(key, Count()).add(count)

    @property
    def ok(self) -> bool:
        """Whether all files and records could be read and written."""
        return not self.failed and not self.rejected

    @property
    def characters(self) -> int:
        """The number of characters in all paragraphs."""
        return _total(self.kept).characters + _total(self.removed).characters

    @property
    def removed_characters(self) -> int:
        """The number of characters in the removed paragraphs."""
        return _total(self.removed).characters

    def lines(self) -> list[str]:
        """The counts as lines to print."""
        out = [_counted(self.documents, "document").rstrip()]
        for name, counts in (("kept", self.kept), ("removed", self.removed)):
            total = _total(counts)
            labels = ", ".join(f"{label} {c.paragraphs:,}" for label, c in by_label(counts).items())
            line = (
                f"{name:<8}{_counted(total.paragraphs, 'paragraph', 9)} {_counted(total.characters, 'character', 13)}"
            )
            out.append(f"{line}  ({labels})" if labels else line.rstrip())
        others = (
            ("null    ", self.nulls, "record", 9), ("emptied ", self.emptied, "document", 9),
            ("kept whole", self.kept_whole, "document", 7), ("left out", self.left_out, "record", 9),
            ("rejected", self.rejected, "record", 9), ("failed  ", len(self.failed), "file", 9),
        )  # fmt: skip
        out += [f"{name}{_counted(number, noun, width)}".rstrip() for name, number, noun, width in others if number]
        if self.up_to_date:
            out.append(f"skipped {_counted(self.up_to_date, 'file', 9).rstrip()}, already up to date")
        return out

    def report(self) -> dict[str, Any]:
        """The counts as JSON values, for a report: in total, by label, and by kind."""
        return {
            "documents": self.documents,
            "kept": _report(self.kept),
            "removed": _report(self.removed),
            "rejected": self.rejected,
            "nulls": self.nulls,
            "emptied": self.emptied,
            "kept_whole": self.kept_whole,
            "wrapped": self.wrapped,
            "to_check": self.to_check,
            "left_out": self.left_out,
            "failed": self.failed,
            "passed_over": self.passed_over,
        }

    def to_json(self) -> dict[str, Any]:
        """The counts as JSON values, without ``failed`` and ``passed_over``; `from_json` is the inverse."""
        return {
            **{name: getattr(self, name) for name in _NUMBERS},
            "kept": _rows(self.kept),
            "removed": _rows(self.removed),
        }

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Summary:
        """The summary of which `to_json` returned these values."""
        kept, removed = (
            {(label, kind): Count(*counts) for label, kind, *counts in values[name]} for name in ("kept", "removed")
        )
        return cls(**{name: values[name] for name in _NUMBERS}, kept=kept, removed=removed)


def _rows(counts: Mapping[tuple[str, str], Count]) -> list[list[str | int]]:
    """Counts as rows of label, kind, paragraphs and characters."""
    return [[*key, count.paragraphs, count.characters] for key, count in counts.items()]


def _total(counts: Mapping[tuple[str, str], Count]) -> Count:
    total = Count()
    for count in counts.values():
        total.add(count)
    return total


def by_label(counts: Mapping[tuple[str, str], Count], labels: Sequence[str] = ()) -> dict[str, Count]:
    """Sum counts over the kinds of each label. ``labels`` are in the result even if nothing is counted for them."""
    summed = {label: Count() for label in labels}
    for (label, _), count in sorted(counts.items()):
        summed.setdefault(label, Count()).add(count)
    return summed


def _report(counts: Mapping[tuple[str, str], Count]) -> dict[str, Any]:
    """The total of counts, and their sums by label and by kind, as JSON values."""

    def plain(items: Mapping[str, Count]) -> dict[str, dict[str, int]]:
        return {name: {"paragraphs": c.paragraphs, "characters": c.characters} for name, c in items.items()}

    kinds = {f"{label}/{kind}": count for (label, kind), count in sorted(counts.items())}
    return plain({"": _total(counts)})[""] | {"labels": plain(by_label(counts)), "kinds": plain(kinds)}


def _counted(number: int, noun: str, width: int = 0) -> str:
    """A number with its noun, as wide in the singular as in the plural."""
    return f"{number:>{width},} {noun}{' ' if number == 1 else 's'}"
