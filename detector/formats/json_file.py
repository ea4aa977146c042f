"""JSON: one record, an array of records, or several of these. All other bytes of a file are written back unchanged."""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from dataclasses import replace
from json import JSONDecodeError
from typing import BinaryIO

from detector.errors import DataError
from detector.formats.base import Fields, Record, Rejected
from detector.formats.json_values import DECODER, NoTextError, Piece, RejectedPiece, pieces, skip_space

_BOM = "\ufeff"
_CHUNK = 1 << 16  # bytes read at a time, at least
_NEAR = 16  # characters; an error so near to the end of what was read may come from reading too little
_UNCLOSED = "Unterminated string"  # begins the message of the error in a string that was read in part


class JsonFormat:
    """Records are JSON objects. Dots in a field's name lead into nested objects: ``article.body``.

    An array on the way there makes a record several documents; an array of strings is one text, a line per string.
    """

    name = "json"
    own_compressions = ()

    def require(self) -> None:
        """Nothing to check: the format needs no library."""

    def read(self, stream: BinaryIO, name: str, fields: Fields) -> Iterator[Record | Rejected]:
        """Read one record after the other; no more than one is held in memory.

        A record's id is its id field, if that is a string or an integer, else ``name:number``, counted from 1. A value
        without a text is rejected, with the number of its first line. Raises `DataError` if the file is not valid JSON
        in UTF-8, or if all of its values are rejected.
        """
        number, rejected, before = 0, "", ""
        reader = _Reader(stream, name, fields)
        for part in reader.parts():
            if isinstance(part, Rejected):
                rejected = rejected or f"{name}:{part.number}: {part.reason}"
                yield part
            elif part.text is None and not part.is_null:
                before += part.before
                if len(before) > _CHUNK:
                    yield Record("", None, Piece(before), len(before))
                    before = ""
            else:
                number += 1
                piece = replace(part, before=before + part.before)
                known = f"{name}:{number}" if part.id is None else part.id
                yield Record(known, part.text, piece, len(piece.before), part.is_null, number=reader.line)
                before = ""
        yield Record("", None, Piece(before), len(before))
        if rejected and not number:
            raise DataError(rejected)

    def original(self, record: Record, text: str) -> bytes | None:
        """The JSON of the piece, if its text was written in another way than here."""
        piece: Piece = record.raw
        return piece.original(text)

    def writer(self, stream: BinaryIO, fields: Fields) -> _JsonWriter:
        """A writer of the records, with everything between them."""
        return _JsonWriter(stream)


class _JsonWriter:
    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream

    def write(self, record: Record, text: str | None) -> None:
        """Write what comes before the text, and the text as JSON."""
        piece: Piece = record.raw
        self._stream.write(piece.with_text(text).encode("utf-8", "surrogatepass"))

    def write_original(self, original: bytes, record: Record | None = None) -> None:
        """Write the JSON of a piece."""
        self._stream.write(original)

    def close(self) -> None:
        """Nothing is buffered."""


class _Reader:
    """Reads a file value by value. What was read and is not yet taken is in ``_text``, from ``_at`` on."""

    def __init__(self, stream: BinaryIO, name: str, fields: Fields) -> None:
        self._stream = stream
        self._name = name
        self._fields = fields
        self._decoder = codecs.getincrementaldecoder("utf-8")("surrogatepass")
        self._text = ""
        self._at = 0
        self._at_end = False
        self._mark = 0  # a place in the text, and its line and column, counted from 1
        self.line = 1
        self._column = 1

    def parts(self) -> Iterator[Piece | Rejected]:
        """The pieces of the file, which together have all of it but what is rejected."""
        if self._next() == _BOM:
            yield Piece(self._take(1))
        while True:
            space = self._space()
            if not self._next():
                yield Piece(space)
                return
            if self._next() == "[":
                yield Piece(space)
                yield from self._array()
            else:
                yield from self._value(space)

    def _array(self) -> Iterator[Piece | Rejected]:
        """The pieces of an array. With each value that is rejected, one comma is left out."""
        yield Piece(self._take(1) + self._space())
        space, separator, kept = "", "", False
        more = self._next() != "]"
        while more:
            for part in self._value(separator if kept else ""):
                kept = kept or isinstance(part, Piece)
                yield part
            space = self._space()
            more = self._next() == ","
            if more:
                separator = space + self._take(1) + self._space()
        if self._next() != "]":
            raise self._error(self._at, "expected a comma or ] after a value of an array")
        yield Piece(space + self._take(1))

    def _value(self, before: str) -> Iterator[Piece | Rejected]:
        """The pieces of the next value, after the JSON ``before``; if it has no text, only that it is rejected."""
        value, stop = self._parse()
        try:
            found = pieces(self._text, self._at, stop, value, self._fields, before)
        except NoTextError as error:
            found = [RejectedPiece(self._text[self._at : stop], str(error), self._at)]
        for piece in found:
            self._move_mark(max(piece.start, self._mark))
            if isinstance(piece, RejectedPiece):
                raw = piece.json.encode("utf-8", "surrogatepass")
                yield Rejected(self.line, piece.reason, raw, is_element=True)
            else:
                yield piece
        self._at = stop

    def _parse(self) -> tuple[object, int]:
        """The next value, and where it stops in the text; as much is read as it needs."""
        while True:
            try:
                value, stop = DECODER.raw_decode(self._text, self._at)
            except JSONDecodeError as error:
                in_part = error.msg.startswith(_UNCLOSED) or len(self._text) - error.pos < _NEAR
                if self._at_end or not in_part:
                    raise self._error(error.pos, error.msg) from error
            except RecursionError as error:
                raise self._error(self._at, "a value is nested too deeply") from error
            else:
                if stop < len(self._text) or self._at_end:  # else a number may go on
                    return value, stop
            self._fill(len(self._text) - self._at)

    def _space(self) -> str:
        """Take white space."""
        space = ""
        while self._next() and (stop := skip_space(self._text, self._at)) > self._at:
            space += self._take(stop - self._at)
        return space

    def _next(self) -> str:
        """The next character; empty at the end."""
        if self._at == len(self._text):
            self._fill(0)
        return self._text[self._at : self._at + 1]

    def _take(self, count: int) -> str:
        self._at += count
        return self._text[self._at - count : self._at]

    def _fill(self, size: int) -> None:
        """Read ``size`` bytes, but at least `_CHUNK`, or until the end."""
        data = self._stream.read(max(size, _CHUNK))
        self._at_end = not data
        self._move_mark(self._at)
        self._text, self._at, self._mark = self._text[self._at :], 0, 0
        try:
            self._text += self._decoder.decode(data, final=self._at_end)
        except UnicodeDecodeError as error:
            self._text += error.object[: error.start].decode("utf-8", "surrogatepass")
            raise self._error(len(self._text), "a byte that is not UTF-8") from error

    def _move_mark(self, at: int) -> None:
        """Set the mark to a place after it, so that no line is counted twice."""
        (self.line, self._column), self._mark = self._place(at), at

    def _place(self, at: int) -> tuple[int, int]:
        """The line and the column of a place in the text after the mark."""
        lines = self._text.count("\n", self._mark, at)
        column = at - self._text.rindex("\n", self._mark, at) if lines else self._column + at - self._mark
        return self.line + lines, column

    def _error(self, at: int, what: str) -> DataError:
        line, column = self._place(at)
        return DataError(
            f"{self._name}: not valid JSON: line {line}, column {column}: {what}; correct the file, get it again, "
            "or name its --format"
        )
