"""Whether two backends return the same."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from typing import Any

import numpy as np


def assert_same(one: Any, other: Any, name: str = "") -> None:
    """Require equal types, shapes and bits (except the sign of zero), in fields and items too."""
    assert type(one) is type(other), name
    if is_dataclass(one):
        for field in fields(one):
            assert_same(getattr(one, field.name), getattr(other, field.name), f"{name}.{field.name}")
    elif isinstance(one, tuple):
        assert len(one) == len(other), name
        for number, pair in enumerate(zip(one, other, strict=True)):
            assert_same(*pair, f"{name}[{number}]")
    else:
        assert other.dtype == one.dtype, name
        np.testing.assert_array_equal(other, one, err_msg=name, strict=True)
