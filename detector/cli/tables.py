"""Tables for the terminal."""

from __future__ import annotations

from collections.abc import Mapping

from rich.table import Table
from rich.text import Text

from detector.cleaner import Prediction
from detector.evaluation.evaluate import FIGURES
from detector.formats.base import Record


def decisions_table(record: Record, prediction: Prediction) -> Table:
    """The decisions on one text, one row per paragraph. Paragraphs to be removed are dim, with a cross.

    A note below tells that the guard kept the text whole.
    """
    table = Table(title=Text(record.id), title_justify="left", expand=True, caption_justify="left")
    if prediction.kept_whole:
        table.caption = "kept whole: too much of it would be removed (--max-removed)"
    for name in ("", "label", "kind", "keep", "paragraph"):
        table.add_column(name, overflow="ellipsis", no_wrap=True, ratio=1 if name == "paragraph" else None)
    for p in prediction.paragraphs:
        cells = ("" if p.keep else "✗", p.label, p.kind, f"{p.keep_score:.3f}", p.text.strip())
        table.add_row(*(Text(cell) for cell in cells), style=None if p.keep else "dim")
    return table


def figures_table(name: str, figures: Mapping[str, Mapping[str, float | None]]) -> Table:
    """The figures of `detector.evaluation.evaluate`, one row per origin of the documents.

    Those of labels other than the usual ones stand in the last columns.
    """
    table = Table(title=name, title_justify="left")
    table.add_column("")
    others = (column for row in figures.values() for column in row if column not in ("documents", *FIGURES))
    columns = [*FIGURES, *dict.fromkeys(others)]
    for column in ("documents", *columns):
        table.add_column(Text("".join(filter(str.isprintable, column))), justify="right")
    for origin, row in figures.items():
        values = [row.get(column) for column in columns]
        table.add_row(origin, f"{row['documents']:.0f}", *("" if v is None else f"{v:.4f}" for v in values))
    return table


def print_figures(figures: dict[str, dict[str, dict[str, float | None]]]) -> None:
    """Print each table of figures under its name, then a legend of the columns."""
    from rich.console import Console
    from rich.markup import escape

    from detector.evaluation.evaluate import LEGEND

    console = Console(width=140)
    for name, table in figures.items():
        console.print(figures_table(escape(name), {escape(origin): row for origin, row in table.items()}))
    for figure, meaning in LEGEND.items() if figures else ():
        console.print(f"{figure:<9}{meaning}", highlight=False, markup=False)
