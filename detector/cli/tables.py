"""Tables for the terminal."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import IO, Any

from rich.console import Console, RenderableType
from rich.table import Table
from rich.text import Text

from detector.cleaner import Prediction
from detector.cli.messages import escaped
from detector.evaluation.evaluate import FIGURES, LEGEND
from detector.formats.base import Record

WIDTH = 140  # columns of what is printed; a table takes more where it needs more
_ENDLESS = 100_000  # columns of a console on which each width is possible


def decisions_table(record: Record, prediction: Prediction) -> Table:
    """The decisions on one text, one row per paragraph. Paragraphs to be removed are dim, with a cross.

    A note below tells that the guard kept the text whole.
    """
    table = Table(title=Text(escaped(record.id)), title_justify="left", expand=True, caption_justify="left")
    if prediction.kept_whole:
        table.caption = "kept whole: too much of it would be removed (--max-removed)"
    for name in ("", "label", "kind", "keep", "paragraph"):
        table.add_column(name, overflow="ellipsis", no_wrap=True, ratio=1 if name == "paragraph" else None)
    for p in prediction.paragraphs:
        cells = ("" if p.keep else "✗", p.label, p.kind, f"{p.keep_score:.3f}", escaped(" ".join(p.text.split())))
        table.add_row(*(Text(cell) for cell in cells), style=None if p.keep else "dim")
    return table


def figures_table(name: str, figures: Mapping[str, Mapping[str, float | None]]) -> Table:
    """The figures of `detector.evaluation.evaluate`, one row per origin of the documents.

    Those of labels other than the usual ones stand in the last columns. A figure that no row has gets no column.
    """
    table = Table(title=name, title_justify="left")
    table.add_column("")
    there = {name for row in figures.values() for name, value in row.items() if value is not None}
    others = dict.fromkeys(name for row in figures.values() for name in row if name not in ("documents", *FIGURES))
    columns = [name for name in (*FIGURES, *others) if name in there]
    for column in ("documents", *columns):
        table.add_column(Text("".join(filter(str.isprintable, column))), justify="right")
    for origin, row in figures.items():
        values = [row.get(column) for column in columns]
        table.add_row(origin, f"{row['documents']:.0f}", *("" if v is None else f"{v:.4f}" for v in values))
    return table


def print_figures(figures: dict[str, dict[str, dict[str, float | None]]]) -> None:
    """Print each table of figures under its name, then a legend of their columns."""
    from rich.markup import escape

    print_whole(
        figures_table(escape(name), {escape(origin): row for origin, row in table.items()})
        for name, table in figures.items()
    )
    if figures:
        print_whole([legend(row for table in figures.values() for row in table.values())])


def legend(rows: Iterable[Mapping[str, float | None]]) -> Text:
    """What those figures mean that one of the rows has, one line each."""
    there = {name for row in rows for name, value in row.items() if value is not None}
    return Text("\n".join(f"{figure:<9}{meaning}" for figure, meaning in LEGEND.items() if figure in there))


def print_whole(parts: Iterable[RenderableType], width: int = WIDTH, file: IO[str] | None = None) -> None:
    """Print texts and tables at a width, or write them to a file as plain text.

    A table that needs more columns has them: no number is ever cut.
    """
    plain: dict[str, Any] = {"color_system": None, "force_terminal": False} if file else {}
    console = Console(file=file, width=_ENDLESS, **plain)
    for part in parts:
        needed = console.measure(part).maximum if isinstance(part, Table) else 0
        console.print(part, width=max(width, needed))
