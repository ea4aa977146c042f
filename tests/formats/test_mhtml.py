"""MHTML: the page of an archive is read, and nothing else."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rewriting import records, rewritten, shorter, texts
from web_pages import ADDRESS, MHTML, PAGE, TEXT, mhtml, part, web_page

from detector.errors import DataError
from detector.formats.base import Record
from detector.formats.content import check_content
from detector.formats.registry import FileType

pytest.importorskip("resiliparse", reason="HTML needs the extra html")

LATIN = web_page(["Grüße vom Hafen"], "latin-1").encode("latin-1")
OTHER = part(web_page(["An advertisement"]).encode(), "text/html", "Content-Location: https://adverts.example/frame")
HERE = part(PAGE, "text/html", f"Content-Location: {ADDRESS}", "Content-ID: <page@harbour>")
NESTED = b"".join(b"Content-Type: multipart/related; boundary=b%d\r\n\r\n--b%d\r\n" % (n, n) for n in range(2000))


@pytest.mark.parametrize(
    ("data", "wanted"),
    [
        (MHTML, TEXT),
        (MHTML.replace(b"\r\n", b"\n"), TEXT),
        (mhtml(OTHER, HERE), TEXT),
        (mhtml(OTHER, HERE, start="<page@harbour>"), TEXT),
        (mhtml(OTHER, HERE).replace(b"/ferry", "/fähre".encode()), TEXT),
        (mhtml(OTHER, HERE, start="<x>").replace(b'start="<x>"', b"start*=utf-8''%3Cpage%40harbour%3E"), TEXT),
        (mhtml(OTHER), "An advertisement\n"),
        (mhtml(part(base64.encodebytes(PAGE), encoding="base64")), TEXT),
        (mhtml(part(base64.encodebytes(PAGE).rstrip(b"=\n"), encoding="BASE64")), TEXT),
        (mhtml(part(PAGE, encoding="binary")), TEXT),
        (mhtml(part(PAGE, encoding="8bit")), TEXT),
        (mhtml(part(LATIN, 'text/html; charset="iso-8859-1"')), "Grüße vom Hafen\n"),
        (mhtml(part(LATIN, "text/html; charset=odd")), "Grüße vom Hafen\n"),
        (mhtml(part(PAGE, "application/xhtml+xml")), TEXT),
        (b"MIME-Version: 1.0\r\n" + part(PAGE), TEXT),
    ],
)
def test_the_page_of_an_archive_is_read(data: bytes, wanted: str) -> None:
    assert texts("mhtml", data) == [wanted]


def test_the_text_is_written() -> None:
    assert rewritten("mhtml", MHTML, shorter) == shorter(TEXT).encode()
    (record,) = records("mhtml", MHTML)
    assert isinstance(record, Record)
    assert (record.id, record.is_page) == ("file", True)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "not MHTML: its header has no Content-Type"),
        (PAGE, "not MHTML"),
        (NESTED, "damaged: its parts are nested too deep"),
        (mhtml(HERE, end=False), "truncated: the boundary after its last part is missing"),
        (MHTML[: len(MHTML) // 2], "truncated"),
        (MHTML.replace(b"\r\n------Boundary--x\r\n", b"\r\n"), "damaged: the boundary before its first part"),
        (MHTML.replace(b'\tboundary="----Boundary--x"', b"\ta=b"), "damaged: the boundary before its first part"),
        (mhtml(part(b"iVBORw0KGgo=", "image/png", encoding="base64")), r"no part of it is HTML .*image/png"),
        (mhtml(part(b"PGh0b", encoding="base64")), r"part 1 \(text/html\): damaged: what follows is not base64"),
        (mhtml(part(b"x", encoding="x-odd")), "part 1 .*Content-Transfer-Encoding is x-odd, which is unknown"),
        (b"Content-Type: text/plain\r\n\r\nRain", "no part of it is HTML"),
    ],
)
def test_damaged_archives_are_errors(data: bytes, message: str) -> None:
    with pytest.raises(DataError, match=f"^file: {message}"):
        records("mhtml", data)


@given(st.integers(0, len(MHTML)))
def test_a_cut_archive_is_an_error(at: int) -> None:
    if at < len(MHTML) - 4:  # up to within the last boundary
        with pytest.raises(DataError):
            records("mhtml", MHTML[:at])
    else:
        assert texts("mhtml", MHTML[:at]) == [TEXT]


@given(st.binary(max_size=200), st.integers(0, len(MHTML)))
def test_any_damage_is_an_error_or_read(data: bytes, at: int) -> None:
    try:
        found = records("mhtml", MHTML[:at] + data + MHTML[at:])
    except DataError:
        return
    assert len(found) == 1


def test_what_is_no_archive_is_refused() -> None:
    with pytest.raises(DataError, match="looks like HTML; give --format html"):
        check_content(PAGE, FileType("mhtml"), "a.mhtml")
    check_content(MHTML[:4096], FileType("mhtml"), "a.mhtml")
