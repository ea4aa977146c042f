"""Figures for readers as Markdown tables, and kept as JSON, a part beside the other."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

from detector.errors import DataError
from detector.util.atomic import replacing
from detector.util.markdown import markdown_table
from training.measured import Part, Row

_BAR, _BAR_LENGTH = "▇", 20
_DIGITS = 3  # that a figure is told with


def keep(path: Path, parts: Iterable[Part]) -> list[Part]:
    """Put parts into a JSON file, where they take the place of those of their names, and give all that it holds.

    Raises `DataError` where the file is none of ours.
    """
    held = {part.name: part for part in read(path)} if path.exists() else {}
    held |= {part.name: part for part in parts}
    content = json.dumps({name: part.packed() for name, part in held.items()}, indent=1, ensure_ascii=False)
    with replacing(path) as file:
        file.write(f"{content}\n".encode())
    return list(held.values())


def read(path: Path) -> list[Part]:
    """The parts of a file that `keep` wrote. Raises `DataError` for any other."""
    try:
        return [Part.unpacked(name, part) for name, part in json.loads(path.read_text(encoding="utf-8")).items()]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise DataError(f"{path}: not the figures of an earlier run ({error!r}); give another file") from error


def markdown(parts: Iterable[Part]) -> str:
    """Parts as headings, what they were measured on, and tables."""
    return "\n\n".join(f"### {part.name}\n\n{part.setting}\n\n{_table(part)}\n\n{part.where}." for part in parts)


def _table(part: Part) -> str:
    if part.bars:
        longest = max(row.value for row in part.rows)
        cells = [(row.what, bar(row.value, longest), _number(row.value)) for row in part.rows]
        return markdown_table(("", "", part.rows[0].unit), cells)
    return markdown_table(("", "measured", "runs", "must", "met"), [_cells(row) for row in part.rows])


def _cells(row: Row) -> tuple[str, ...]:
    spread = f"{_number(min(row.runs))} to {_number(max(row.runs))}" if len(row.runs) > 1 else ""
    met = {None: "", True: "yes", False: "**no**"}[row.met]
    return row.what, f"{_number(row.value)} {row.unit}", spread, str(row.must or ""), met


def bar(value: float, longest: float) -> str:
    """A bar as long as ``value`` is of ``longest``; what is not nothing has one."""
    return _BAR * max(round(_BAR_LENGTH * value / longest), 1) if value > 0 else ""


def _number(value: float) -> str:
    """Three digits, whole numbers from 100 on."""
    return f"{value:,.0f}" if abs(value) >= 10 ** (_DIGITS - 1) else f"{value:.{_DIGITS}g}"
