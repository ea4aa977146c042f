"""The names of columns, as messages list them."""

from __future__ import annotations

from collections.abc import Sequence

_NAMES = 20
_WORDS = 3  # of a name; what has more is a sentence
MAX_NAME = 40  # characters of a name


def are_names(columns: Sequence[str]) -> bool:
    """Whether the fields of a first line look like names of columns, and not like text."""
    return all(len(column) <= MAX_NAME and len(column.split()) <= _WORDS for column in columns)


def shown(names: Sequence[str]) -> str:
    """The first names of a table's columns, shortened where they are long; ``none`` if there are none."""
    short = [name if len(name) <= MAX_NAME else f"{name[: MAX_NAME - 1]}…" for name in names[:_NAMES]]
    more = [f"and {len(names) - _NAMES} more"] if len(names) > _NAMES else []
    return ", ".join([*short, *more]) or "none"
