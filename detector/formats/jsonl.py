"""JSON Lines: a record a line, its text in one field; every other byte of the line stays as it is."""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Callable, Iterator
from json import JSONDecoder
from typing import BinaryIO

from detector.errors import DataError
from detector.formats.base import Fields, Record, Rejected

_fast_loads: Callable[[bytes], object] | None
_fast_dumps: Callable[[str], bytes] | None
try:
    from orjson import dumps, loads

    _fast_loads, _fast_dumps = loads, dumps
except ImportError:
    _fast_loads = _fast_dumps = None

_SPACE = re.compile(r"[ \t\n\r]*")
_DECODER = JSONDecoder()
_DEEP = 500  # brackets that a line must have to be nested too deeply for the standard library


class JsonLinesFormat:
    """A line is a JSON object. A field of a nested object is named with dots: ``article.body``."""

    name = "jsonl"
    unpacks = ()

    def require(self) -> None:
        """Nothing is needed; orjson, where it is installed, reads faster."""

    def read(self, stream: BinaryIO, name: str, fields: Fields) -> Iterator[Record | Rejected]:
        """Give the text of each line's object; blank lines are handed on."""
        for number, line in enumerate(stream, 1):
            if line.isspace():
                yield Record("", None, (line, ()))
            else:
                yield _record(line, name, number, fields)

    def writer(self, stream: BinaryIO, fields: Fields) -> _JsonLinesWriter:
        """A writer of a line a record."""
        return _JsonLinesWriter(stream)


def _record(line: bytes, name: str, number: int, fields: Fields) -> Record | Rejected:
    try:
        record = _parse(line, fields)
    except ValueError as error:
        return Rejected(number, f"not JSON in UTF-8: {error}", line)
    except RecursionError:
        return Rejected(number, "nested too deeply to be read", line)
    if not isinstance(record, dict):
        return Rejected(number, f"a {type(record).__name__}, not an object", line)
    keys = _keys(record, fields.text)
    text = _value(record, keys)
    if not isinstance(text, str):
        found = "missing" if text is None else f"a {type(text).__name__}, not a text"
        return Rejected(number, f'field "{fields.text}" is {found}; choose it with --text-field', line)
    given = _value(record, _keys(record, fields.id))
    return Record(str(given) if isinstance(given, str | int) else f"{name}:{number}", text, (line, keys))


def _parse(line: bytes, fields: Fields) -> object:
    if _fast_loads and line.count(b"[") + line.count(b"{") < _DEEP:
        # Deep nesting is for the standard library alone, which has to go through it again if the text changes;
        # orjson refuses lone surrogates and NaN, which the standard library takes, and rounds a whole number of more
        # than 64 bits, which may be an id
        with contextlib.suppress(ValueError):
            record = _fast_loads(line)
            if not isinstance(_value(record, _keys(record, fields.id)), float):
                return record
    parsed: object = json.loads(_decoded(line))
    return parsed


def _decoded(line: bytes) -> str:
    return line.decode("utf-8-sig", "surrogatepass")


def _keys(record: object, field: str) -> tuple[str, ...]:
    """The way to a field: its own name where the record has that, else its name split at the dots."""
    return (field,) if not isinstance(record, dict) or field in record else tuple(field.split("."))


def _value(record: object, keys: tuple[str, ...]) -> object:
    """The value at the end of a way of keys; None where it leads nowhere."""
    for key in keys:
        record = record.get(key) if isinstance(record, dict) else None
    return record


class _JsonLinesWriter:
    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream

    def write(self, record: Record, text: str | None) -> None:
        """Write the line, with nothing but the text's literal changed."""
        line, keys = record.raw
        self._stream.write(line if text is None or text == record.text else _with_text(line, keys, text))

    def close(self) -> None:
        """Nothing is held back."""


def _with_text(line: bytes, keys: tuple[str, ...], text: str) -> bytes:
    bom = line[: len(line) - len(line.removeprefix(b"\xef\xbb\xbf"))]
    decoded = _decoded(line)
    try:
        start, stop = _span(decoded, keys, 0)
    except RecursionError as error:
        raise DataError(f"a line is nested too deeply to be changed: {decoded[:60]}") from error
    before, after = (part.encode("utf-8", "surrogatepass") for part in (decoded[:start], decoded[stop:]))
    return bom + before + _literal(text, escaped=line.isascii()) + after


def _literal(text: str, escaped: bool) -> bytes:
    if _fast_dumps and (text.isascii() or not escaped):
        with contextlib.suppress(TypeError):  # a lone surrogate
            return _fast_dumps(text)
    try:
        return json.dumps(text, ensure_ascii=escaped).encode()
    except UnicodeEncodeError:  # only an escape can carry a lone surrogate
        return json.dumps(text).encode()


def _span(line: str, keys: tuple[str, ...], at: int) -> tuple[int, int]:
    """Where a field's value stands in a line that is JSON; of a name that comes twice the last, as parsers take it."""
    found = (at, at)
    at = _skip(line, _skip(line, at) + 1)
    while line[at] != "}":
        key, at = _DECODER.raw_decode(line, at)
        start = _skip(line, _skip(line, at) + 1)
        _, stop = _DECODER.raw_decode(line, start)
        if key == keys[0]:
            found = start, stop
        at = _skip(line, stop)
        if line[at] == ",":
            at = _skip(line, at + 1)
    return found if len(keys) == 1 else _span(line, keys[1:], found[0])


def _skip(line: str, at: int) -> int:
    match = _SPACE.match(line, at)
    return match.end() if match else at
