"""Tables of an evaluation for the terminal, and for its text file."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from detector.cli.labels_tables import printable
from detector.cli.tables import figures_table, legend, print_whole
from detector.evaluation.assessment import Assessment, Part
from detector.evaluation.bootstrap import Interval, Resampling
from detector.evaluation.comparison import Comparison, Difference
from detector.evaluation.groups import Group as FigureGroup
from detector.evaluation.labels_and_kinds import Matrix
from detector.evaluation.notes import comparison_notes, notes
from detector.util.counted import counted

_WIDTH = 150  # columns of the text file
_SITES = 50  # rows of the table of sites


def evaluation_text(assessment: Assessment, comparison: Comparison | None) -> str:
    """All tables as plain text."""
    file = io.StringIO()
    print_whole(evaluation_tables(assessment, comparison), _WIDTH, file)
    lines = (line.rstrip() for line in file.getvalue().splitlines())
    return "\n".join(lines) + "\n"


def evaluation_tables(assessment: Assessment, comparison: Comparison | None) -> Iterator[RenderableType]:
    """All tables, the figures first."""
    counts, model = assessment.counts, assessment.model
    yield Text(
        f"model {printable(model.name)}, threshold {model.threshold:.4f}; "
        f"{counted(counts.documents, 'document')} of {counted(counts.sites, 'site')}"
    )
    yield from map(Text, notes(assessment))
    table = {printable(group.name): group.figures for group in assessment.origins}
    yield figures_table("figures", {name.replace("[", r"\["): row for name, row in table.items()})
    yield legend(table.values())
    yield from _interval_tables(assessment)
    if comparison:
        yield from comparison_view(assessment.model.name, comparison, assessment.settings.resampling)
    yield groups_table("languages", assessment.languages)
    yield groups_table("lengths", assessment.lengths)
    yield groups_table("sites, most words of reporting lost first", assessment.sites, _SITES)
    for part in assessment.parts:
        yield from _part_tables(part)


def comparison_view(first: str, comparison: Comparison, sampling: Resampling) -> Iterator[RenderableType]:
    """Both models side by side, and what can be said about their differences."""
    table = Table(title=Text("comparison"), title_justify="left")
    for name in ("part", "figure"):
        table.add_column(name)
    for name in (
        printable(first),
        printable(comparison.other.name),
        "difference",
        f"{sampling.confidence:.0%} interval",
    ):
        table.add_column(Text(name), justify="right", overflow="fold")
    for name in ("p", "corrected", "beyond chance"):
        table.add_column(name, justify="right")
    for each in comparison.differences:
        table.add_row(*map(Text, _difference(each)), style="bold" if each.beyond_chance else None)
    yield table
    yield Text(_explained(comparison, sampling))


def _difference(each: Difference) -> list[str]:
    interval = f"{each.interval.low:+.4f} to {each.interval.high:+.4f}" if each.interval else ""
    tested = each.p is not None and each.p_holm is not None
    return [
        printable(each.part), printable(each.figure), f"{each.first:.4f}", f"{each.other:.4f}",
        f"{each.difference:+.4f}", interval, *([f"{each.p:.4f}", f"{each.p_holm:.4f}"] if tested else ["", ""]),
        ("yes" if each.beyond_chance else "no") if tested else "",
    ]  # fmt: skip


def _explained(comparison: Comparison, sampling: Resampling) -> str:
    tested = sum(each.p is not None for each in comparison.differences)
    found = sum(each.beyond_chance for each in comparison.differences)
    told = [
        f"{found} of {tested} differences are beyond chance: paired bootstrap, {sampling.resamples:,} samples of "
        f"sites; p is corrected for {tested} comparisons (Holm), level {comparison.level:.2f}.",
        "A difference that is not beyond chance may still be real: these documents do not show it.",
    ]
    return "\n".join([*(told if tested else []), *comparison_notes(comparison, sampling.resamples)])


def groups_table(title: str, groups: Sequence[FigureGroup], most: int | None = None) -> Table:
    """The figures of groups of documents, one row each; at most so many rows, and those that are pooled."""
    names = dict.fromkeys(name for group in groups for name, value in group.figures.items() if value is not None)
    columns = [name for name in names if name not in ("documents", "before", "after")]
    table = Table(title=Text(title), title_justify="left")
    table.add_column("", overflow="fold")
    for column in ("documents", "sites", *columns):
        table.add_column(Text(printable(column)), justify="right")
    shown = [group for number, group in enumerate(groups) if most is None or number < most or group.pooled]
    for group in shown:
        name = counted(group.pooled, "other") if group.pooled else printable(group.name)
        values = (group.figures.get(column) for column in columns)
        table.add_row(Text(name), f"{group.documents:,}", f"{group.sites:,}", *map(_value, values))
    if len(groups) > len(shown):
        table.caption = f"{len(groups) - len(shown):,} more are in figures.json"
    return table


def _value(value: float | None) -> str:
    return "" if value is None else f"{value:.4f}"


def _with_interval(value: float | None, interval: Interval | None) -> str:
    return f"{_value(value)} ({interval.low:.4f} to {interval.high:.4f})" if interval else _value(value)


def _interval_tables(assessment: Assessment) -> Iterator[Table]:
    """The figures of the parts with their intervals, one row per figure."""
    sampling = assessment.settings.resampling
    parts = {part.name for part in assessment.parts}
    groups = [group for group in assessment.origins if group.name in parts]
    title = f"{sampling.confidence:.0%} intervals from {sampling.resamples:,} bootstrap samples of sites"
    table = Table(title=title, title_justify="left")
    table.add_column("")
    for group in groups:
        table.add_column(Text(printable(group.name)), justify="right")
    for name in dict.fromkeys(name for group in groups for name in group.figures if name != "documents"):
        cells = [_with_interval(group.figures.get(name), group.intervals.get(name)) for group in groups]
        if any(cells):
            table.add_row(Text(printable(name)), *cells)
    yield table


def _part_tables(part: Part) -> Iterator[Table]:
    name = printable(part.name)
    marks = Table(title=Text(f"{name}: thresholds, with the guard"), title_justify="left")
    for column in ("", "value", "lost", *part.marks[0].removed):
        marks.add_column(Text(printable(column)), justify="right" if column else "left")
    for mark in part.marks:
        marks.add_row(Text(mark.name), f"{mark.threshold:.4f}", _value(mark.lost), *map(_value, mark.removed.values()))
    yield marks
    errors = Table(title=Text(f"{name}: expected calibration error"), title_justify="left")
    for column in ("label", "error"):
        errors.add_column(column)
    for each in part.calibration:
        errors.add_row(Text(printable(each.label)), _with_interval(each.error, each.interval))
    yield errors
    yield _matrix(f"{name}: true label by predicted label", part.labels)
    yield _kinds(part, name)
    if part.kinds:
        yield _matrix(f"{name}: true kind by predicted kind", part.kinds)


def _kinds(part: Part, name: str) -> Table:
    table = Table(title=Text(f"{name}: what becomes of each kind"), title_justify="left")
    labels = part.labels.columns
    for column in ("label", "kind"):
        table.add_column(column)
    for column in ("paragraphs", "removed", *(f"taken for {label}" for label in labels)):
        table.add_column(Text(printable(column)), justify="right")
    for each in part.by_kind:
        cells = [printable(each.label), printable(each.kind or ""), f"{each.paragraphs:,}"]
        cells += [_with_interval(each.removed, each.interval), *(f"{each.predicted[label]:,}" for label in labels)]
        table.add_row(*map(Text, cells))
    return table


def _matrix(title: str, matrix: Matrix) -> Table:
    table = Table(title=Text(title), title_justify="left")
    table.add_column("true")
    for column in matrix.columns:
        table.add_column(Text(printable(column)), justify="right")
    for name, counts in zip(matrix.rows, matrix.counts, strict=True):
        table.add_row(Text(printable(name)), *(f"{count:,}" for count in counts))
    return table
