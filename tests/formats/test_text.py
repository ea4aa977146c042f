"""Plain text comes in chunks, in UTF-8 or in the encoding of its byte-order mark, and is written back exactly."""

from __future__ import annotations

import codecs
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rewriting import rewritten, texts

from detector.errors import DataError
from detector.formats import text as text_module

MARKS = {"utf-16-le": codecs.BOM_UTF16_LE, "utf-16-be": codecs.BOM_UTF16_BE, "utf-32-le": codecs.BOM_UTF32_LE,
         "utf-32-be": codecs.BOM_UTF32_BE}  # fmt: skip


class Trickle(io.BytesIO):
    """A stream of which a read returns three bytes at most."""

    def read(self, size: int | None = -1, /) -> bytes:
        return super().read(min(3, len(self.getbuffer()) if size is None or size < 0 else size))


@given(st.binary(max_size=200).filter(lambda data: not data.startswith(tuple(MARKS.values()))))
def test_any_bytes_are_preserved_whatever_the_chunks(data: bytes) -> None:
    assert rewritten("text", data) == data
    (record,) = text_module.TextFormat().read(Trickle(data), "f", text_module.Fields())
    assert "".join(record.text) == data.decode("utf-8", "surrogateescape")  # type: ignore[union-attr, arg-type]


@given(st.text(), st.sampled_from(sorted(MARKS)))
def test_marked_encodings_are_read_and_written_back(text: str, encoding: str) -> None:
    data = MARKS[encoding] + text.encode(encoding)
    assert texts("text", data) == [text]
    assert rewritten("text", data) == data
    assert rewritten("text", data, lambda text: text[:1]) == MARKS[encoding] + text[:1].encode(encoding)


@pytest.mark.parametrize("data", [codecs.BOM_UTF16_LE + b"a", codecs.BOM_UTF32_BE + b"\xff" * 4])
def test_what_is_not_in_the_marked_encoding_is_refused(data: bytes) -> None:
    with pytest.raises(DataError, match=r"^file: damaged: it begins with the byte-order mark of UTF-"):
        texts("text", data)
