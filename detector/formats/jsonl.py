"""JSON Lines: a record a line, its text in one field; every other field stays as it is."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import BinaryIO

from detector.formats.base import Fields, Record, Rejected


class JsonLinesFormat:
    """A line is a JSON object. Blank lines are passed over."""

    name = "jsonl"
    endings = (".jsonl", ".ndjson")

    def read(self, stream: BinaryIO, name: str, fields: Fields) -> Iterator[Record | Rejected]:
        """Give the text of each line's object."""
        for number, line in enumerate(stream, 1):
            if line.strip():
                yield _record(line, f"{name}:{number}", fields)

    def writer(self, stream: BinaryIO, fields: Fields) -> _JsonLinesWriter:
        """A writer of a line a record."""
        return _JsonLinesWriter(stream, fields)


def _record(line: bytes, place: str, fields: Fields) -> Record | Rejected:
    try:
        record = json.loads(line)
    except ValueError as error:
        return Rejected(place, f"not JSON in UTF-8: {error}", line)
    except RecursionError:
        return Rejected(place, "nested too deeply to be read", line)
    if not isinstance(record, dict):
        return Rejected(place, f"a {type(record).__name__}, not an object", line)
    text = record.get(fields.text)
    if not isinstance(text, str):
        found = "missing" if fields.text not in record else f"{type(text).__name__}, not a text"
        return Rejected(place, f'field "{fields.text}" is {found}; choose it with --text-field', line)
    name = record.get(fields.id)
    return Record(str(name) if isinstance(name, str | int) else place, text, (line, record))


class _JsonLinesWriter:
    def __init__(self, stream: BinaryIO, fields: Fields) -> None:
        self._stream = stream
        self._fields = fields

    def write(self, record: Record, text: str | None) -> None:
        """Write the line, as it was where the text is the same."""
        line, fields = record.raw
        if text is not None and text != record.text:
            line = _encode({**fields, self._fields.text: text})
        self._stream.write(line if line.endswith(b"\n") else line + b"\n")

    def close(self) -> None:
        """Nothing is held back."""


def _encode(record: dict[str, object]) -> bytes:
    try:
        return json.dumps(record, ensure_ascii=False).encode()
    except UnicodeEncodeError:  # a lone surrogate, which only an escape can carry
        return json.dumps(record).encode()
