"""The names of columns, as messages list them."""

from __future__ import annotations

from collections.abc import Sequence

_NAMES = 20
MAX_NAME = 40  # characters of a name


def shown(names: Sequence[str]) -> str:
    """The first names of a table's columns, shortened where they are long; ``none`` if there are none."""
    short = [name if len(name) <= MAX_NAME else f"{name[: MAX_NAME - 1]}…" for name in names[:_NAMES]]
    more = [f"and {len(names) - _NAMES} more"] if len(names) > _NAMES else []
    return ", ".join([*short, *more]) or "none"
