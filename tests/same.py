"""Whether two paths give the same."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from typing import Any

import numpy as np


def assert_same(numpy: Any, compiled: Any, name: str = "") -> None:
    """Equal in type, shape and every bit (but for the sign of zero), and so are the fields."""
    if is_dataclass(numpy):
        for field in fields(numpy):
            assert_same(getattr(numpy, field.name), getattr(compiled, field.name), f"{name}.{field.name}")
        return
    assert compiled.dtype == numpy.dtype, name
    np.testing.assert_array_equal(compiled, numpy, err_msg=name, strict=True)
