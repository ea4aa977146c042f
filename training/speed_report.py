"""Sections of the speed benchmark as Markdown tables and as JSON, where each run updates its own sections."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

from detector.errors import DataError
from detector.util.atomic import replacing
from detector.util.markdown import markdown_table
from training.result import Result, Section

_BAR, _BAR_LENGTH = "▇", 20
_DIGITS = 3  # significant digits of a value


def merge(path: Path, sections: Iterable[Section]) -> list[Section]:
    """Add sections to a JSON file, in place of those with the same names. Returns all that it then has.

    Raises `DataError` where the file was not written by this function.
    """
    merged = {section.name: section for section in read(path)} if path.exists() else {}
    merged |= {section.name: section for section in sections}
    content = json.dumps({name: section.to_dict() for name, section in merged.items()}, indent=1, ensure_ascii=False)
    with replacing(path) as file:
        file.write(f"{content}\n".encode())
    return list(merged.values())


def read(path: Path) -> list[Section]:
    """The sections of a file that `merge` wrote. Raises `DataError` for any other file."""
    try:
        stored = json.loads(path.read_text(encoding="utf-8"))
        return [Section.from_dict(name, values) for name, values in stored.items()]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise DataError(
            f"{path}: does not hold the results of an earlier run ({error!r}); choose another file"
        ) from error


def markdown(sections: Iterable[Section]) -> str:
    """Each section as a heading, its setting, a table, and the machine."""
    return "\n\n".join(
        f"### {section.name}\n\n{section.setting}\n\n{_table(section)}\n\n{section.machine}." for section in sections
    )


def _table(section: Section) -> str:
    if section.bars:
        largest = max(row.value for row in section.rows)
        cells = [(row.name, bar(row.value, largest), _number(row.value)) for row in section.rows]
        return markdown_table(("", "", section.rows[0].unit), cells)
    return markdown_table(("", "result", "runs", "bound", "met"), [_cells(row) for row in section.rows])


def _cells(row: Result) -> tuple[str, ...]:
    spread = f"{_number(min(row.runs))} to {_number(max(row.runs))}" if len(row.runs) > 1 else ""
    met = {None: "", True: "yes", False: "**no**"}[row.met]
    return row.name, f"{_number(row.value)} {row.unit}", spread, str(row.bound or ""), met


def bar(value: float, largest: float) -> str:
    """A bar whose length is proportional to ``value``; at least one character for any value above 0."""
    return _BAR * max(round(_BAR_LENGTH * value / largest), 1) if value > 0 else ""


def _number(value: float) -> str:
    """Three significant digits, and whole numbers from 100 up."""
    return f"{value:,.0f}" if abs(value) >= 10 ** (_DIGITS - 1) else f"{value:.{_DIGITS}g}"
