"""JSON Lines: one record per line, its text in one field. All other bytes of a line are written back unchanged."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import BinaryIO, NamedTuple

from detector.errors import DataError
from detector.formats.base import Fields, Record, Rejected
from detector.formats.blank_lines import with_blank_lines
from detector.formats.json_strings import literal
from detector.formats.json_values import (
    DECODER,
    Keys,
    NoTextError,
    Piece,
    id_of,
    json_type,
    keys_of,
    pieces,
    span,
    value_at,
)

_read_line: Callable[[bytes, bytes, bytes], tuple[str | None, str | None, int, int] | None] | None
_write_line: Callable[[bytes, int, int, str], bytes | None] | None
try:
    from detector.backend.core import read_json_line, write_json_line

    _read_line, _write_line = read_json_line, write_json_line
except ImportError:
    _read_line = _write_line = None

_BOM = b"\xef\xbb\xbf"


class JsonLinesFormat:
    """Each line is a JSON object. Dots in a field's name lead into nested objects: ``article.body``.

    An array on the way there makes a line several records; an array of strings is one text, a line per string.
    """

    name = "jsonl"
    own_compressions = ()

    def require(self) -> None:
        """Nothing to check: compiled code is used if it is there, for speed, but is not needed."""

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
        restored = raw.with_text(text).with_text(str(record.text))
        return None if restored.line == raw.line else raw.line

    def writer(self, stream: BinaryIO, fields: Fields) -> _JsonLinesWriter:
        """A writer of one line per record."""
        return _JsonLinesWriter(stream)


class _Line(NamedTuple):
    """The ``raw`` of a record that is a whole line.

    The string of its text is from the byte ``start`` to ``stop``; where that is not known, the ``keys`` lead to it.
    """

    line: bytes
    keys: Keys = ()
    start: int = 0
    stop: int = 0

    def with_text(self, text: str) -> _Line:
        """The line with another text. Raises `DataError` if it is nested too deeply."""
        if not self.stop:
            return _Line(_with_text(self.line, self.keys, text), self.keys)
        changed = _write_line(self.line, self.start, self.stop, text) if _write_line else None
        if changed is None:  # half of a surrogate pair
            string = literal(text, self.line.decode()).encode()
            changed = self.line[: self.start] + string + self.line[self.stop :]
        return _Line(changed, (), self.start, self.stop + len(changed) - len(self.line))


def _parts(stream: BinaryIO, name: str, fields: Fields) -> Iterator[Record | Rejected | bytes]:
    compiled = _compiled_reader(name, fields)
    for number, line in enumerate(stream, 1):
        if compiled and (record := compiled(line, number)) is not None:
            yield record
        elif line.isspace():
            yield line
        else:
            yield from _records(line, name, number, fields)


def _compiled_reader(name: str, fields: Fields) -> Callable[[bytes, int], Record | None] | None:
    """A function that reads a line as `_records` does, with its number; its result is None for lines that it leaves."""
    read = _read_line
    if read is None:
        return None
    try:
        text_name, id_name = fields.text.encode(), fields.id.encode()
    except UnicodeEncodeError:  # half of a surrogate pair
        return None

    def record(line: bytes, number: int) -> Record | None:
        found = read(line, text_name, id_name)
        if found is None:
            return None
        text, known, start, stop = found
        if known is None:
            known = f"{name}:{number}"
        if text is None:
            return Record(known, None, _Line(line), len(line), is_null=True, number=number, source=line)
        raw, weight = _Line(line, (), start, stop), max(len(line) - len(text), 0)
        return Record(known, text, raw, weight, number=number, source=line)

    return record


def _records(line: bytes, name: str, number: int, fields: Fields) -> Iterator[Record | Rejected]:
    try:
        record: object = DECODER.decode(_decoded(line))
        if not isinstance(record, dict):
            yield Rejected(number, f"the line is {json_type(record)}, not a JSON object", line)
            return
        keys = keys_of(record, fields.text)
        text = value_at(record, keys)
        known = id_of(value_at(record, keys_of(record, fields.id)))
        known = f"{name}:{number}" if known is None else known
        if isinstance(text, str):
            weight = max(len(line) - len(text), 0)
            yield Record(known, text, _Line(line, keys), weight, number=number, source=line)
        elif text is None and fields.text in record:
            yield Record(known, None, _Line(line), len(line), is_null=True, number=number, source=line)
        else:
            yield from _pieces(line, record, name, number, fields)
    except NoTextError as error:
        yield Rejected(number, str(error), line)
    except ValueError as error:
        yield Rejected(number, f"not JSON in UTF-8: {error}", line)
    except RecursionError:
        yield Rejected(number, "JSON that is nested too deeply to be read", line)


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
            weight = len(piece.before)
            yield Record(known, piece.text, piece, weight, piece.is_null, number=number, source=line)
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
            self._stream.write((raw if text is None or text == record.text else raw.with_text(text)).line)

    def write_original(self, original: bytes, record: Record | None = None) -> None:
        """Write a line."""
        self._stream.write(original)

    def close(self) -> None:
        """Nothing is buffered."""


def _with_text(line: bytes, keys: Keys, text: str) -> bytes:
    bom = _BOM if line.startswith(_BOM) else b""
    decoded = _decoded(line)
    try:
        start, stop = span(decoded, keys, 0)
    except RecursionError as error:
        raise DataError(f"a line is nested too deeply to replace its text; remove it: {decoded[:40]}") from error
    new = decoded[:start] + literal(text, decoded) + decoded[stop:]
    return bom + new.encode("utf-8", "surrogatepass")
