"""The ways to read and write JSON, which have the same results: compiled code and the standard library."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from detector.formats import json_strings, jsonl

IS_COMPILED = jsonl._read_line is not None
VARIANTS = ["standard", *["compiled"] * IS_COMPILED]


@contextmanager
def variant(name: str) -> Iterator[None]:
    """Read and write JSON in one of the `VARIANTS`."""
    with pytest.MonkeyPatch.context() as patch:
        if name != "compiled":
            patch.setattr(jsonl, "_read_line", None)
            patch.setattr(jsonl, "_write_line", None)
            patch.setattr(json_strings, "_write_string", None)
        yield
