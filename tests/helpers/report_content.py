"""Reads what a report holds, as its page does."""

from __future__ import annotations

import base64
import json
import re
import zlib
from typing import Any

import numpy as np

_BLOCK = r'<script type="[a-z/-]+" id="%s">(.*?)</script>'
_TYPES = {"Float32Array": "<f4", "Uint32Array": "<u4", "Uint16Array": "<u2", "Uint8Array": "u1"}


def block(page: str, name: str) -> str:
    """The content of a block of data."""
    found = re.search(_BLOCK % name, page, re.DOTALL)
    assert found, name
    return found[1]


def settings(page: str) -> dict[str, Any]:
    """The settings of a report."""
    value: dict[str, Any] = json.loads(block(page, "settings"))
    return value


def unpacked(page: str, name: str) -> list[bytes]:
    """The pieces of a block, without their compression."""
    return [zlib.decompress(base64.b64decode(line)) for line in block(page, name).split("\n") if line]


def arrays(page: str) -> dict[str, Any]:
    """The arrays of a report by their names."""
    pieces = zip(settings(page)["arrays"], unpacked(page, "numbers"), strict=True)
    return {name: np.frombuffer(data, _TYPES[type_]) for (name, type_), data in pieces}


def texts(page: str) -> list[list[str]]:
    """The texts of the paragraphs of each document."""
    return [document for chunk in unpacked(page, "texts") for document in json.loads(chunk)]
