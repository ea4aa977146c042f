"""Plain text and Markdown: each file is one text. Bytes that cannot be decoded are written back unchanged."""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

from detector.errors import DataError
from detector.formats.base import Fields, Record, Rejected

_CHUNK = 1 << 18  # bytes


class _Encoding(NamedTuple):
    """The ``raw`` of a record: the encoding of its text, the handler of errors, and the byte-order mark before it."""

    name: str
    errors: str = "surrogatepass"
    mark: bytes = b""


UTF8 = _Encoding("utf-8", "surrogateescape")
# UTF-32 comes first: its mark begins with that of UTF-16. A mark of UTF-8 is part of the text.
_MARKED = (
    _Encoding("utf-32-le", mark=codecs.BOM_UTF32_LE), _Encoding("utf-32-be", mark=codecs.BOM_UTF32_BE),
    _Encoding("utf-16-le", mark=codecs.BOM_UTF16_LE), _Encoding("utf-16-be", mark=codecs.BOM_UTF16_BE),
)  # fmt: skip


class TextFormat:
    """The whole file is one record, whose id is the file's name and whose text is an iterator of chunks.

    The text is read as UTF-8, or as UTF-16 or UTF-32 where it begins with the byte-order mark of one of these. It is
    written in the same encoding.
    """

    name = "text"
    own_compressions = ()

    def require(self) -> None:
        """Nothing to check: the format needs no library."""

    def read(self, stream: BinaryIO, name: str, fields: Fields) -> Iterator[Record | Rejected]:
        """Read the file as one record. Its chunks must be read before the next record is asked for.

        Reading them raises `DataError` for bytes that are not in the encoding that the byte-order mark names.
        """
        first = stream.read(_CHUNK)
        encoding = next((each for each in _MARKED if first.startswith(each.mark)), UTF8)
        yield Record(name, _decoded(first[len(encoding.mark) :], stream, name, encoding), encoding)

    def original(self, record: Record, text: str) -> bytes | None:
        """None: text is restored exactly."""
        return None

    def writer(self, stream: BinaryIO, fields: Fields) -> _TextWriter:
        """A writer that writes texts one after the other, with nothing between them."""
        return _TextWriter(stream)


def _decoded(first: bytes, stream: BinaryIO, name: str, encoding: _Encoding) -> Iterator[str]:
    decoder = codecs.getincrementaldecoder(encoding.name)(encoding.errors)
    chunk = first
    try:
        while chunk:
            yield decoder.decode(chunk)
            chunk = stream.read(_CHUNK)
        yield decoder.decode(b"", final=True)
    except UnicodeDecodeError as error:
        raise DataError(
            f"{name}: damaged: it begins with the byte-order mark of {encoding.name.upper()}, but {error.reason} "
            "follows; get the file again, or convert it to UTF-8"
        ) from error


class _TextWriter:
    """Writes the byte-order mark with the first text."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._begun = False

    def write(self, record: Record, text: str | None) -> None:
        """Write a piece of the text of a record."""
        encoding: _Encoding = record.raw
        if not self._begun:
            self._stream.write(encoding.mark)
        self._begun = True
        self._stream.write((text or "").encode(encoding.name, encoding.errors))

    def write_original(self, original: bytes, record: Record | None = None) -> None:
        """Raises `DataError`: no part of such a file is ever rejected."""
        raise DataError("no record of plain text is rejected: the file of rejected records belongs to another result")

    def close(self) -> None:
        """Nothing is buffered."""
