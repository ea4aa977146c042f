"""Arrays that do not fit, made of those that do."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np

Change: TypeAlias = Callable[[Any], Any]
REFUSED = (ValueError, TypeError, OverflowError)  # what the binding raises


def read_only(array: Any) -> Any:
    copy = array.copy()
    copy.flags.writeable = False
    return copy


def at(place: Any, value: Any) -> Change:
    """Replace a number of an array."""

    def changed(array: Any) -> Any:
        copy = array.copy()
        copy[place] = value
        return copy

    return changed


WRONG: dict[str, Change] = {
    "shorter": lambda array: array[:-1].copy(),
    "longer": lambda array: np.concatenate([array, array[:1]]),
    "empty": lambda array: array[:0].copy(),
    "other numbers": lambda array: array.astype(np.float32 if array.dtype == np.float64 else np.float64),
    "more dimensions": lambda array: array[None],
    "not one after the other": lambda array: np.repeat(array, 2, axis=0)[::2],
    "a list": lambda array: array.tolist(),
    "none": lambda _: None,
}
