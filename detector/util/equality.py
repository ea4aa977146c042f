"""Equality of values that hold arrays, which ``==`` does not answer with one truth value."""

from __future__ import annotations

from dataclasses import fields, is_dataclass

import numpy as np


def equal(one: object, other: object) -> bool:
    """Whether two values are equal, field by field for dataclasses and element by element for arrays and tuples."""
    if one is other:
        return True
    if type(one) is not type(other):
        return False
    if isinstance(one, np.ndarray) and isinstance(other, np.ndarray):
        return one.dtype == other.dtype and np.array_equal(one, other)
    if isinstance(one, tuple) and isinstance(other, tuple):
        return len(one) == len(other) and all(map(equal, one, other))
    if is_dataclass(one):
        return all(equal(getattr(one, field.name), getattr(other, field.name)) for field in fields(one))
    return one == other
