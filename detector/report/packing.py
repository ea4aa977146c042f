"""Compressed JSON and arrays, which a page unpacks with ``DecompressionStream("deflate")``."""

from __future__ import annotations

import json
import zlib
from typing import Any

_LEVEL = 6


def packed(value: Any) -> bytes:  # noqa: ANN401 - whatever JSON can hold
    """A value as JSON, compressed. It is ASCII, so that lone surrogates survive."""
    return compressed(json.dumps(value, separators=(",", ":")).encode("ascii"))


def compressed(data: bytes) -> bytes:
    """Bytes in the format zlib."""
    return zlib.compress(data, _LEVEL)
