"""Tables in Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Sequence


def markdown_table(header: Sequence[object], rows: Iterable[Sequence[object]]) -> str:
    """A table with one line per row; ``|`` in a cell is escaped."""
    lines = [[str(cell).replace("|", "\\|") for cell in cells] for cells in (header, ("---",) * len(header), *rows)]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)
