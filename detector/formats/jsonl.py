"""JSON Lines: one record per line, its text in one field. All other bytes of a line are written back unchanged."""

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
_MANY_BRACKETS = 500  # fewer cannot nest so deeply that the standard library fails to read the line


class JsonLinesFormat:
    """Each line is a JSON object. Dots in a field's name lead into nested objects: ``article.body``."""

    name = "jsonl"
    own_compressions = ()

    def require(self) -> None:
        """Nothing to check: orjson is used if it is installed, for speed, but is not needed."""

    def read(self, stream: BinaryIO, name: str, fields: Fields) -> Iterator[Record | Rejected]:
        """Read one record per line; a blank line is a record without a text.

        A record's id is its id field, if that is a string or an integer, else ``name:line``.
        """
        for number, line in enumerate(stream, 1):
            if line.isspace():
                yield Record("", None, (line, ()))
            else:
                yield _record(line, name, number, fields)

    def writer(self, stream: BinaryIO, fields: Fields) -> _JsonLinesWriter:
        """A writer of one line per record."""
        return _JsonLinesWriter(stream)


def _record(line: bytes, name: str, number: int, fields: Fields) -> Record | Rejected:
    try:
        record = _parse(line, fields)
    except ValueError as error:
        return Rejected(number, f"not JSON in UTF-8: {error}", line)
    except RecursionError:
        return Rejected(number, "JSON that is nested too deeply to be read", line)
    if not isinstance(record, dict):
        return Rejected(number, f"the line is {_json_type(record)}, not a JSON object", line)
    keys = _keys(record, fields.text)
    text = _value(record, keys)
    if not isinstance(text, str):
        found = "missing or null" if text is None else f"{_json_type(text)}, not a string"
        return Rejected(number, f'field "{fields.text}" is {found}; name the text\'s field with --text-field', line)
    given = _value(record, _keys(record, fields.id))
    return Record(str(given) if isinstance(given, str | int) else f"{name}:{number}", text, (line, keys))


def _parse(line: bytes, fields: Fields) -> object:
    if _fast_loads and line.count(b"[") + line.count(b"{") < _MANY_BRACKETS:
        # Replacing a text parses the line with the standard library, so deeply nested lines are read with it, too: one
        # that it cannot parse is rejected here. orjson refuses lone surrogates and NaN, which the standard library
        # accepts, and turns integers of more than 64 bits, which may be ids, into floats.
        with contextlib.suppress(ValueError):
            record = _fast_loads(line)
            if not isinstance(_value(record, _keys(record, fields.id)), float):
                return record
    parsed: object = json.loads(_decoded(line))
    return parsed


def _json_type(value: object) -> str:
    """JSON's name for the type of a parsed value, with its article: ``an array``."""
    if value is None or isinstance(value, bool):
        return json.dumps(value)
    names = ((dict, "an object"), (list, "an array"), (str, "a string"))
    return next((name for kind, name in names if isinstance(value, kind)), "a number")


def _decoded(line: bytes) -> str:
    return line.decode("utf-8-sig", "surrogatepass")


def _keys(record: object, field: str) -> tuple[str, ...]:
    """The keys that lead to a field: its name if the record has such a key, else its name split at the dots."""
    return (field,) if not isinstance(record, dict) or field in record else tuple(field.split("."))


def _value(record: object, keys: tuple[str, ...]) -> object:
    """The value that the keys lead to, one nested object per key; None if one of them is missing."""
    for key in keys:
        record = record.get(key) if isinstance(record, dict) else None
    return record


class _JsonLinesWriter:
    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream

    def write(self, record: Record, text: str | None) -> None:
        """Write the line; only the string literal of the text is replaced."""
        line, keys = record.raw
        self._stream.write(line if text is None or text == record.text else _with_text(line, keys, text))

    def close(self) -> None:
        """Nothing is buffered."""


def _with_text(line: bytes, keys: tuple[str, ...], text: str) -> bytes:
    """The line with another value at ``keys``. Raises `DataError` if it is nested too deeply."""
    bom = line[: len(line) - len(line.removeprefix(b"\xef\xbb\xbf"))]
    decoded = _decoded(line)
    try:
        start, stop = _span(decoded, keys, 0)
    except RecursionError as error:
        raise DataError(f"a line is nested too deeply to replace its text; remove it: {decoded[:60]}") from error
    before, after = (part.encode("utf-8", "surrogatepass") for part in (decoded[:start], decoded[stop:]))
    return bom + before + _literal(text, escaped=line.isascii()) + after


def _literal(text: str, escaped: bool) -> bytes:
    """A text as a JSON string; ``escaped`` writes ASCII only."""
    if _fast_dumps and (text.isascii() or not escaped):
        with contextlib.suppress(TypeError):  # a lone surrogate
            return _fast_dumps(text)
    try:
        return json.dumps(text, ensure_ascii=escaped).encode()
    except UnicodeEncodeError:  # a lone surrogate, which UTF-8 cannot encode: it must be escaped
        return json.dumps(text).encode()


def _span(line: str, keys: tuple[str, ...], at: int) -> tuple[int, int]:
    """The start and the end of the value at ``keys`` in the JSON object that begins at ``at``.

    Of a repeated key the last counts, as for parsers.
    """
    found = (at, at)
    at = _skip_space(line, _skip_space(line, at) + 1)
    while line[at] != "}":
        key, at = _DECODER.raw_decode(line, at)
        start = _skip_space(line, _skip_space(line, at) + 1)
        _, stop = _DECODER.raw_decode(line, start)
        if key == keys[0]:
            found = start, stop
        at = _skip_space(line, stop)
        if line[at] == ",":
            at = _skip_space(line, at + 1)
    return found if len(keys) == 1 else _span(line, keys[1:], found[0])


def _skip_space(line: str, at: int) -> int:
    """The first position from ``at`` on that is not white space."""
    match = _SPACE.match(line, at)
    return match.end() if match else at
