"""JSON Lines: one record per line, its text in one field. All other bytes of a line are written back unchanged."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import BinaryIO

from detector.errors import DataError
from detector.formats.base import Fields, Record, Rejected
from detector.formats.blank_lines import with_blank_lines
from detector.formats.json_values import (
    DECODER,
    Keys,
    NoTextError,
    Piece,
    id_of,
    json_type,
    keys_of,
    literal,
    pieces,
    span,
    value_at,
)

_fast_loads: Callable[[bytes], object] | None
try:
    from orjson import loads

    _fast_loads = loads
except ImportError:
    _fast_loads = None

_BOM = b"\xef\xbb\xbf"
_MANY_BRACKETS = 500  # fewer cannot nest so deeply that the standard library fails to read the line


class JsonLinesFormat:
    """Each line is a JSON object. Dots in a field's name lead into nested objects: ``article.body``.

    An array on the way there makes a line several records; an array of strings is one text, a line per string.
    """

    name = "jsonl"
    own_compressions = ()

    def require(self) -> None:
        """Nothing to check: orjson is used if it is installed, for speed, but is not needed."""

    def read(self, stream: BinaryIO, name: str, fields: Fields) -> Iterator[Record | Rejected]:
        """Read one record per line; a run of blank lines is a record without a text.

        A record's id is its id field, if that is a string or an integer, else ``name:line``. A text that is null stays
        null.
        """
        return with_blank_lines(_parts(stream, name, fields), lambda blank: Record("", None, _Line(blank), len(blank)))

    def original(self, record: Record, text: str) -> bytes | None:
        """The line, or the piece of it, if the text was written in another way than here."""
        raw: _Line | Piece = record.raw
        if isinstance(raw, Piece):
            return raw.original(text)
        if text == record.text:
            return None
        restored = _with_text(_Line(_with_text(raw, text), raw.keys), str(record.text))
        return None if restored == raw.line else raw.line

    def writer(self, stream: BinaryIO, fields: Fields) -> _JsonLinesWriter:
        """A writer of one line per record."""
        return _JsonLinesWriter(stream)


@dataclass(frozen=True, slots=True)
class _Line:
    """The ``raw`` of a record that is a whole line, and the keys of its text."""

    line: bytes
    keys: Keys = ()


def _parts(stream: BinaryIO, name: str, fields: Fields) -> Iterator[Record | Rejected | bytes]:
    for number, line in enumerate(stream, 1):
        if line.isspace():
            yield line
        elif (record := _plain_record(line, name, number, fields)) is not None:
            yield record
        else:
            yield from _records(line, name, number, fields)


def _plain_record(line: bytes, name: str, number: int, fields: Fields) -> Record | None:
    """The record of a line with its text and id in fields of their own, for speed; None for any other line."""
    if not _fast_loads or line.count(b"[") + line.count(b"{") >= _MANY_BRACKETS:
        return None
    try:
        record = _fast_loads(line)
    except ValueError:
        return None
    if not isinstance(record, dict) or fields.text not in record:
        return None
    text, given = record[fields.text], record.get(fields.id)
    if isinstance(given, float) or (given is None and "." in fields.id):
        return None
    known = given if isinstance(given, str) else id_of(given) or f"{name}:{number}"
    if isinstance(text, str):
        return Record(known, text, _Line(line, (fields.text,)), max(len(line) - len(text), 0))
    return Record(known, None, _Line(line), len(line), is_null=True) if text is None else None


def _records(line: bytes, name: str, number: int, fields: Fields) -> Iterator[Record | Rejected]:
    try:
        record = _parse(line, fields)
        if not isinstance(record, dict):
            yield Rejected(number, f"the line is {json_type(record)}, not a JSON object", line)
            return
        keys = keys_of(record, fields.text)
        text = value_at(record, keys)
        if isinstance(text, str):
            known = id_of(value_at(record, keys_of(record, fields.id)))
            weight = max(len(line) - len(text), 0)
            yield Record(f"{name}:{number}" if known is None else known, text, _Line(line, keys), weight)
        else:
            yield from _pieces(line, record, name, number, fields)
    except NoTextError as error:
        yield Rejected(number, str(error), line)
    except ValueError as error:
        yield Rejected(number, f"not JSON in UTF-8: {error}", line)
    except RecursionError:
        yield Rejected(number, "JSON that is nested too deeply to be read", line)


def _parse(line: bytes, fields: Fields) -> object:
    if _fast_loads and line.count(b"[") + line.count(b"{") < _MANY_BRACKETS:
        # Replacing a text parses the line with the standard library, so deeply nested lines are read with it, too: one
        # that it cannot parse is rejected here. orjson refuses lone surrogates and NaN, which the standard library
        # accepts, and turns integers of more than 64 bits, which may be ids, into floats.
        with contextlib.suppress(ValueError):
            record = _fast_loads(line)
            if not isinstance(value_at(record, keys_of(record, fields.id)), float):
                return record
    parsed: object = DECODER.decode(_decoded(line))
    return parsed


def _decoded(line: bytes) -> str:
    return line.removeprefix(_BOM).decode("utf-8", "surrogatepass")


def _pieces(line: bytes, record: object, name: str, number: int, fields: Fields) -> Iterator[Record | Rejected]:
    """The texts of a line whose text is null, an array, or in the elements of an array."""
    source = _decoded(line)
    start = source.index("{")
    before = ("\ufeff" if line.startswith(_BOM) else "") + source[:start]
    for piece in pieces(source, start, len(source), record, fields, before):
        if isinstance(piece, Piece):
            known = f"{name}:{number}" if piece.id is None else piece.id
            yield Record(known, piece.text, piece, len(piece.before), piece.is_null)
        else:
            yield Rejected(number, piece.reason, piece.json.encode("utf-8", "surrogatepass"), is_element=True)


class _JsonLinesWriter:
    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream

    def write(self, record: Record, text: str | None) -> None:
        """Write the line; only the string literal of the text is replaced."""
        raw: _Line | Piece = record.raw
        if isinstance(raw, Piece):
            self._stream.write(raw.with_text(text).encode("utf-8", "surrogatepass"))
        else:
            self._stream.write(raw.line if text is None or text == record.text else _with_text(raw, text))

    def write_original(self, original: bytes, record: Record | None = None) -> None:
        """Write a line."""
        self._stream.write(original)

    def close(self) -> None:
        """Nothing is buffered."""


def _with_text(raw: _Line, text: str) -> bytes:
    """The line with another text. Raises `DataError` if it is nested too deeply."""
    bom = _BOM if raw.line.startswith(_BOM) else b""
    decoded = _decoded(raw.line)
    try:
        start, stop = span(decoded, raw.keys, 0)
    except RecursionError as error:
        raise DataError(f"a line is nested too deeply to replace its text; remove it: {decoded[:40]}") from error
    new = decoded[:start] + literal(text, decoded) + decoded[stop:]
    return bom + new.encode("utf-8", "surrogatepass")
