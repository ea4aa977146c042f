"""What the tests of formats share: reading bytes as a format, and writing them again with other texts."""

from __future__ import annotations

import importlib.util
import io
from collections.abc import Callable

import pytest

from detector.formats.base import Fields, Record, Rejected
from detector.formats.registry import load_format

Change = Callable[[str], str | None]
DEFAULT = Fields()


def shorter(text: str) -> str:
    """Like cleaning: the text without a part of it."""
    return text[: len(text) // 2]


def same(text: str) -> str:
    return text


def records(name: str, data: bytes, fields: Fields = DEFAULT) -> list[Record | Rejected]:
    return list(load_format(name).read(io.BytesIO(data), "file", fields))


def texts(name: str, data: bytes, fields: Fields = DEFAULT) -> list[str | None]:
    found = (text_of(r) for r in records(name, data, fields) if isinstance(r, Record))
    return [text for text in found if text is not None]


def text_of(record: Record) -> str | None:
    return record.text if record.text is None or isinstance(record.text, str) else "".join(record.text)


def rewritten(name: str, data: bytes, change: Change = same, fields: Fields = DEFAULT) -> bytes:
    out = io.BytesIO()
    writer = load_format(name).writer(out, fields)
    for record in records(name, data, fields):
        if isinstance(record, Record):
            text = text_of(record)
            writer.write(record, None if text is None else change(text))
    writer.close()
    return out.getvalue()


def needs(module: str, *values: object) -> object:
    """A case of a test that is skipped where a library is not installed."""
    missing = importlib.util.find_spec(module) is None
    return pytest.param(*values, marks=pytest.mark.skipif(missing, reason=f"{module} is not installed"))
