"""What is asked of a reader of labelled documents, and what it reports: counts, unknown labels, rejected records."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal, NamedTuple, TypeAlias

from detector.annotations.names import GUIDE, Label, known, literal
from detector.errors import DataError, UsageError

Annotators: TypeAlias = Literal["majority", "first", "each"]
Unit: TypeAlias = Literal["characters", "utf-16"]  # what offsets count

_SHOWN = 20  # unknown labels in a message


class Rejected(NamedTuple):
    """A record that cannot be read: where it is (``file:line``), why, and the record as it was found."""

    where: str
    reason: str
    raw: object


class _Unknown(NamedTuple):
    found: int
    where: str


@dataclass
class Counts:
    """What was read. ``spans`` and the rest of it are only counted in formats with spans.

    Of the spans, ``exact`` are those that cover whole paragraphs, ``crossing`` those that cover several. ``divided``
    paragraphs are those that spans cover with several labels, or in part; ``unlabelled`` paragraphs have no label.
    ``several`` documents were labelled by several people, who did not agree on ``disagreed`` paragraphs. ``left_out``
    counts what was left out on purpose, and ``rejected`` the records that could not be read.
    """

    documents: int = 0
    paragraphs: int = 0
    unlabelled: int = 0
    spans: int = 0
    exact: int = 0
    crossing: int = 0
    divided: int = 0
    several: int = 0
    disagreed: int = 0
    rejected: int = 0
    left_out: Counter[str] = field(default_factory=Counter)


@dataclass
class Reading:
    """The settings of one reading, and what it finds.

    ``mapping`` maps names of labels to names of labels; those mapped to an empty name are no labels. With
    ``any_labels``, names that are not in the label guide are labels as they are; else they are unknown. ``unlabelled``
    is the label of text that no span covers. ``annotators`` says what becomes of a text that several people labelled.
    ``offsets`` says what offsets count, if not what the format counts. ``text_field`` is the field or column of the
    text, where the format leaves that open. ``rejected`` takes the records that cannot be read; without it, the first
    one is an error.
    """

    mapping: Mapping[str, str] = field(default_factory=dict)
    any_labels: bool = False
    unlabelled: str | None = None
    annotators: Annotators = "majority"
    offsets: Unit | None = None
    text_field: str | None = None
    rejected: Callable[[Rejected], None] | None = None
    counts: Counts = field(default_factory=Counts)
    unknown: dict[str, _Unknown] = field(default_factory=dict)

    def label(self, name: str, where: str, kind: str | None = None) -> Label | None:
        """The label that a name in a file stands for; None for one that is mapped to no label.

        ``kind`` is for formats that hold it by itself. Then, ``name`` is the label alone. Unknown names are collected
        in `unknown`, and are an error in the end.
        """
        both = f"{name}/{kind}" if kind else name
        target = self.mapping.get(both, self.mapping.get(name))
        if target is not None:
            return (known(target) or literal(target)) if target else None
        found = known(both)
        if found or self.any_labels:
            return found or (Label(name, kind) if kind else literal(name))
        count, first = self.unknown.get(both, _Unknown(0, where))
        self.unknown[both] = _Unknown(count + 1, first)
        return None

    def own_label(self, label: str, where: str, kind: str | None) -> Label | None:
        """As `label`, in a format with a field for each: with ``any_labels``, unmapped ones are taken as they are."""
        if self.any_labels and f"{label}/{kind}" not in self.mapping and label not in self.mapping:
            return Label(label, kind)
        return self.label(label, where, kind)

    def leave_out(self, reason: str, number: int = 1) -> None:
        """Count something that is left out on purpose: ``rejected by the annotator``."""
        self.counts.left_out[reason] += number

    @contextlib.contextmanager
    def record(self, where: str, raw: object) -> Iterator[None]:
        """Reject the record if the block raises `DataError`: hand it to `rejected`, or raise the error without that."""
        try:
            yield
        except DataError as error:
            if self.rejected is None:
                raise
            self.counts.rejected += 1
            self.rejected(Rejected(where, str(error), raw))

    def check(self) -> None:
        """Raise `DataError` if unknown labels were found."""
        if not self.unknown:
            return
        listed = sorted(self.unknown.items(), key=lambda item: (-item[1].found, item[0]))
        shown = ", ".join(f'"{name[:40]}" ({each.found}, first at {each.where})' for name, each in listed[:_SHOWN])
        more = f", and {len(listed) - _SHOWN} more" if len(listed) > _SHOWN else ""
        raise DataError(
            f"unknown labels: {shown}{more}; the labels are {', '.join(GUIDE)} and their kinds; map others with "
            f"--map '{listed[0][0][:40]}=appeal', or take them as they are with --any-labels"
        )


def parse_map(given: str) -> tuple[str, str]:
    """A name, which may be empty, and what it is mapped to, from ``name=target``; an empty target is for no label."""
    name, separator, target = given.rpartition("=")
    if not separator:
        raise UsageError(f"--map {given}: not of the form name=label, such as spam=appeal; name= is for no label")
    return name, "" if target == "-" else target
