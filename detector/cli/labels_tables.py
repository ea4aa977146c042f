"""What ``labels check`` and ``labels split`` print."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from rich.table import Table
from rich.text import Text

from detector.evaluation.label_checks import CHECKS, Finding, Report
from detector.evaluation.labelled import LabelledDocument

_COUNTED = {
    "label": ("label", "paragraphs"),
    "kind": ("label/kind", "paragraphs"),
    "lang": ("language", "documents"),
    "site": ("site", "documents"),
}
_NAMES = {"label": "labels", "kind": "kinds", "lang": "languages", "site": "sites"}  # in JSON


@dataclass
class Part:
    """What went into a part of a split: documents, paragraphs by label, and the names of units."""

    documents: int = 0
    labels: Counter[str] = field(default_factory=Counter)
    units: set[str] = field(default_factory=set)

    def add(self, document: LabelledDocument, unit: str) -> None:
        """Count a document."""
        self.documents += 1
        self.labels.update(each.label or "(none)" for each in document.paragraphs)
        self.units.add(unit)


def count_tables(report: Report, top: int | None) -> Iterator[Table]:
    """The paragraphs by label and kind, and the documents by language and site: of these, the ``top`` largest."""
    for name, (first, unit) in _COUNTED.items():
        counts = report.counts[name]
        table = Table(title=f"{_NAMES[name]}: {len(counts):,}", title_justify="left")
        table.add_column(first, overflow="fold")
        table.add_column(unit, justify="right")
        table.add_column("share", justify="right")
        shown = counts.most_common(top if unit == "documents" else None)
        for value, count in shown:
            table.add_row(Text(printable(value)), f"{count:,}", f"{count / counts.total():.1%}")
        if len(counts) > len(shown):
            rest = counts.total() - sum(count for _, count in shown)
            table.add_row(f"… and {len(counts) - len(shown):,} more", f"{rest:,}", f"{rest / counts.total():.1%}")
        yield table


def finding_lines(report: Report) -> Iterator[str]:
    """What was found, check by check: each finding with its text, and the places below it."""
    for check, meaning in CHECKS.items():
        count = report.found[check]
        if not count:
            continue
        listed = report.findings[check]
        yield ""
        yield f"{check}: {count:,} ({meaning})" + (f", the first {len(listed)}" if len(listed) < count else "")
        for finding in listed:
            yield f"  {printable(finding.what)}" + (f": {printable(finding.text)}" if finding.text else "")
            yield from (f"    {printable(str(place))}" for place in finding.places)


def report_as_json(report: Report) -> dict[str, Any]:
    """A report as JSON values."""
    return {
        "documents": report.documents,
        "paragraphs": report.paragraphs,
        **{_NAMES[name]: dict(report.counts[name].most_common()) for name in _COUNTED},
        "found": {check: report.found[check] for check in CHECKS},
        "findings": [_as_json(finding) for check in CHECKS for finding in report.findings[check]],
    }


def _as_json(finding: Finding) -> dict[str, Any]:
    places = [{"where": each.where, "id": each.document, "paragraph": each.paragraph} for each in finding.places]
    return {"check": finding.check, "what": finding.what, "text": finding.text, "places": places}


def parts_table(parts: Mapping[str, Part], by: str) -> Table:
    """The parts of a split, one row each, and their shares."""
    documents = sum(part.documents for part in parts.values())
    totals = sum((part.labels for part in parts.values()), Counter[str]())
    table = Table()
    table.add_column("part")
    for name in (f"{by}s" if by != "lang" else "languages", "documents", "share", "paragraphs", "share", *totals):
        table.add_column(Text(printable(name)), justify="right")
    for name, part in parts.items():
        cells = [f"{len(part.units):,}", f"{part.documents:,}", f"{part.documents / max(documents, 1):.1%}"]
        cells += [f"{part.labels.total():,}", f"{part.labels.total() / max(totals.total(), 1):.1%}"]
        table.add_row(name, *cells, *(f"{part.labels[label] / totals[label]:.1%}" for label in totals))
    return table


def parts_as_json(parts: Mapping[str, Part]) -> dict[str, Any]:
    """The parts of a split as JSON values."""
    return {
        name: {
            "documents": part.documents, "paragraphs": part.labels.total(), "units": len(part.units),
            "labels": dict(part.labels.most_common()),
        }
        for name, part in parts.items()
    }  # fmt: skip


def printable(text: str) -> str:
    """A text on one line, without what a terminal would take for a command."""
    joined = " ".join(text.split())
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in joined)
