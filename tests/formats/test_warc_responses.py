"""WARC: HTML responses become conversions to plain text, and all other records are left out."""

from __future__ import annotations

import gzip
import io
import re
import zlib
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rewriting import needs, records, rewritten, shorter, texts
from web_pages import ADDRESS, CRAWL, PAGE, TEXT, chunked, crawl, record, response, web_page

from detector.errors import DataError
from detector.formats import http_response, warc_pages
from detector.formats.base import Fields, Record, Rejected
from detector.formats.http_response import read_body, read_response_header

pytest.importorskip("resiliparse", reason="HTML needs the extra html")

GZIP = gzip.compress(PAGE, mtime=0)
LATIN = web_page(["Grüße vom Hafen"], "utf-8").encode("latin-1")
COMPRESSED = pytest.mark.parametrize("compressed", [False, True], ids=["plain", "gzip"])


def brotli(data: bytes) -> bytes:
    return pytest.importorskip("brotli").compress(data)


def zstandard(data: bytes) -> bytes:
    return pytest.importorskip("zstandard").compress(data)


def raw_deflate(data: bytes) -> bytes:
    compressor = zlib.compressobj(wbits=-15)
    return compressor.compress(data) + compressor.flush()


@COMPRESSED
def test_pages_become_conversions_and_the_rest_is_left_out(compressed: bool) -> None:
    found = records("warc-html", crawl(*CRAWL, compressed=compressed))
    assert [each.text for each in found if isinstance(each, Record) and each.is_page] == [TEXT, TEXT]
    assert [isinstance(each, Record) and each.is_left_out for each in found] == [
        False, True, False, True, True, True, False,
    ]  # fmt: skip


@COMPRESSED
def test_what_is_written_is_warc_with_true_lengths_and_digests(compressed: bool) -> None:
    warc = pytest.importorskip("fastwarc.warc")
    data = crawl(*CRAWL, compressed=compressed)
    out = rewritten("warc-html", data, shorter)
    assert out.startswith(b"\x1f\x8b" if compressed else b"WARC/1.1\r\n")
    found = [
        (each.record_type, each.headers.get("WARC-Refers-To"), each.headers.get("WARC-Target-URI"), each.reader.read())
        for each in warc.ArchiveIterator(io.BytesIO(out), parse_http=False)
    ]
    ids = [f"<urn:uuid:00000000-0000-4000-8000-{number:012}>" for number in (3, 7)]
    half = shorter(TEXT).encode()
    conversions = [(warc.conversion, id_, ADDRESS, half) for id_ in ids]
    assert found == [(warc.warcinfo, None, ADDRESS, b"software: invented\r\n"), *conversions]
    checked = warc.ArchiveIterator(io.BytesIO(out), parse_http=False, func_filter=warc.has_valid_block_digest)
    assert sum(1 for each in checked if each.record_type == warc.conversion) == 2


@COMPRESSED
def test_what_is_written_is_read_as_conversions(compressed: bool) -> None:
    data = crawl(*CRAWL, compressed=compressed)
    assert texts("warc", rewritten("warc-html", data)) == [TEXT, TEXT]
    assert rewritten("warc", rewritten("warc-html", data), shorter) == rewritten("warc-html", data, shorter)


def test_the_same_page_has_the_same_id_each_time() -> None:
    out = rewritten("warc-html", crawl(*CRAWL))
    ids = re.findall(rb"WARC-Record-ID: (\S+)", out)
    assert len(set(ids)) == len(ids) == 3
    assert rewritten("warc-html", crawl(*CRAWL)) == out
    assert ids[1:] == re.findall(rb"WARC-Record-ID: (\S+)", rewritten("warc-html", crawl(*CRAWL[2:])))


def test_a_record_without_an_id_gets_one_and_refers_to_none() -> None:
    bare = re.sub(rb"WARC-Record-ID: .*\r\n", b"", record("response", response()))
    out = rewritten("warc-html", crawl(bare, bare))
    assert len(set(re.findall(rb"WARC-Record-ID: (<urn:uuid:\S+>)", out))) == 2
    assert b"Refers-To" not in out


def test_pages_are_named_by_their_record_or_another_header() -> None:
    def ids(fields: Fields) -> list[str]:
        found = records("warc-html", crawl(CRAWL[2]), fields)
        return [each.id for each in found if isinstance(each, Record)]

    assert ids(Fields()) == ["<urn:uuid:00000000-0000-4000-8000-000000000003>"]
    assert ids(Fields(id="WARC-Target-URI")) == [ADDRESS]


# HTTP


def sent(name: str, body: bytes) -> bytes:
    return response(body, f"Content-Encoding: {name}")


BODIES: dict[str, Callable[[], bytes]] = {
    "plain": response,
    "no charset": lambda: response(kind="text/html"),
    "xhtml": lambda: response(kind="application/xhtml+xml"),
    "lower case, LF": lambda: b"HTTP/2 200 \ncontent-type:TEXT/HTML\n\n" + PAGE,
    "folded": lambda: b"HTTP/1.1 200 OK\r\nContent-Type: text/html;\r\n charset=utf-8\r\n\r\n" + PAGE,
    "gzip": lambda: sent("gzip", GZIP),
    "x-gzip": lambda: sent("X-Gzip", GZIP),
    "gzip in two members": lambda: sent("gzip", gzip.compress(PAGE[:99]) + gzip.compress(PAGE[99:])),
    "deflate": lambda: sent("deflate", zlib.compress(PAGE)),
    "raw deflate": lambda: sent("deflate", raw_deflate(PAGE)),
    "identity": lambda: sent("identity", PAGE),
    "gzip, and a line end": lambda: sent("gzip", GZIP + b"\r\n"),
    "gzip, and more": lambda: sent("gzip", gzip.compress(PAGE[:99]) + gzip.compress(PAGE[99:]) + b"<!-- sent late -->"),
    "gzip for the transfer": lambda: response(chunked(GZIP), "Transfer-Encoding: gzip, chunked"),
    "an odd transfer": lambda: response(PAGE, "Transfer-Encoding: binary"),
    "decoded already": lambda: sent("gzip", PAGE),
    "deflate, decoded already": lambda: sent("deflate", PAGE),
    "br, decoded already": lambda: brotli(b"") and sent("br", b"\n" + PAGE),
    "no semicolon": lambda: response(kind="text/html charset=utf-8"),
    "two types": lambda: response(kind="text/html, text/html"),
    "chunked": lambda: response(chunked(PAGE), "Transfer-Encoding: chunked"),
    "one chunk": lambda: response(chunked(PAGE, 1 << 20), "Transfer-Encoding: chunked"),
    "joined already": lambda: response(PAGE, "Transfer-Encoding: chunked"),
    "chunked gzip": lambda: response(chunked(GZIP), "Transfer-Encoding: chunked", "Content-Encoding: gzip"),
    "twice": lambda: response(zlib.compress(GZIP), "Content-Encoding: gzip", "Content-Encoding: deflate"),
    "br": lambda: sent("br", brotli(PAGE)),
    "zstd": lambda: sent("zstd", zstandard(PAGE)),
}


@pytest.mark.parametrize("case", BODIES)
def test_bodies_are_decoded(case: str) -> None:
    assert texts("warc-html", record("response", BODIES[case]())) == [TEXT]


@pytest.mark.parametrize("name", ["gzip", "deflate", "br", "zstd"])
def test_an_empty_body_is_an_empty_page(name: str) -> None:
    (found,) = records("warc-html", record("response", sent(name, b"")))
    assert isinstance(found, Record)
    assert (found.text, found.is_page) == ("", True)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"%PDF-1.7\n1 0 obj", "its type is HTML, but it looks like PDF"),
        (b"\x89PNG\r\n\x1a\n", "looks like a PNG image"),
        (gzip.compress(PAGE), "looks like gzip"),
        (bytes(range(256)), "looks like binary data"),
    ],
)
def test_what_is_no_page_is_rejected(body: bytes, message: str) -> None:
    for bad in (record("response", response(body)), record("resource", body, 1, "text/html")):
        (found,) = records("warc-html", bad)
        assert isinstance(found, Rejected)
        assert message in found.reason


def test_a_page_with_a_few_control_characters_is_read() -> None:
    assert texts("warc-html", record("response", response(PAGE.replace(b"The", b"\0The")))) == [TEXT]
    wide = "<p>Grüße".encode("utf-16-le")
    assert texts("warc-html", record("response", response(wide, kind="text/html; charset=utf-16"))) == ["Grüße\n"]


def test_the_charset_of_a_resource_is_used() -> None:
    latin = "<p>Grüße vom Hafen".encode("cp1250")
    assert texts("warc-html", record("resource", latin, 1, "text/html;charset=windows-1250")) == ["Grüße vom Hafen\n"]
    russian = "<p>Мост".encode("koi8-r")
    assert texts("warc-html", record("resource", russian, 1, "text/html; charset=koi8-r")) == ["Мост\n"]


def test_the_charset_of_the_header_is_used() -> None:
    for kind in ("text/html; charset=iso-8859-1", 'text/html;charset="ISO-8859-1"', "text/html; x=y; Charset = latin1"):
        assert texts("warc-html", record("response", response(LATIN, kind=kind))) == ["Grüße vom Hafen\n"]


def test_a_type_that_the_server_does_not_tell_is_that_of_the_crawler() -> None:
    block = response(kind="")
    assert texts("warc-html", record("response", block)) == []
    assert texts("warc-html", record("response", block, 1, "", "WARC-Identified-Payload-Type: text/html")) == [TEXT]


BROKEN: dict[str, tuple[Callable[[], bytes], str]] = {
    "gzip, cut": (lambda: sent("gzip", GZIP[:-20]), "its Content-Encoding is gzip, but it is damaged or cut"),
    "gzip, damaged": (lambda: sent("gzip", GZIP[:30] + b"xxxx" + GZIP[34:]), "gzip, but it is damaged"),
    "gzip in deflate, cut": (lambda: sent("deflate", zlib.compress(PAGE)[:-20]), "deflate, but it is damaged or cut"),
    "deflate, damaged": (lambda: sent("deflate", b"\xff\xff" * 20), "deflate, but it is damaged"),
    "br, cut": (lambda: sent("br", brotli(PAGE)[:-20]), "br, but it is damaged or cut"),
    "br, damaged": (lambda: sent("br", b"\xff" * 40), "br, but it is damaged or cut"),
    "zstd, cut": (lambda: sent("zstd", zstandard(PAGE)[:-20]), "zstd, but it is damaged or cut"),
    "unknown": (lambda: sent("x-odd", PAGE), "its Content-Encoding is odd, which is unknown"),
    "chunked, cut": (
        lambda: response(chunked(PAGE)[:250], "Transfer-Encoding: chunked"), "its chunks end too early, or are damaged",
    ),
    "chunked, cut in the first": (lambda: response(b"5\r\n", "Transfer-Encoding: chunked"), "its chunks end too early"),
    "no header": (lambda: PAGE, "it does not begin with the header of an HTTP response"),
    "a header without an end": (lambda: b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n", "does not begin with the h"),
}  # fmt: skip


@COMPRESSED
@pytest.mark.parametrize("case", BROKEN)
def test_pages_that_cannot_be_decoded_are_rejected(case: str, compressed: bool) -> None:
    make, message = BROKEN[case]
    bad = record("response", make(), 8)
    found = records("warc-html", crawl(CRAWL[2], bad, CRAWL[2], compressed=compressed))
    (rejected,) = (each for each in found if isinstance(each, Rejected))
    assert [type(each) for each in found] == [Record, Rejected, Record]
    assert message in rejected.reason
    assert re.match(r"record 2 at byte \d+: ", rejected.reason)
    assert rejected.is_element
    assert rejected.raw == (gzip.compress(bad, mtime=0) if compressed else bad)


@pytest.mark.parametrize(
    "block",
    [
        sent("gzip", gzip.compress(PAGE * 200)[:-20]),
        response(chunked(PAGE * 9)[:-400], "Transfer-Encoding: chunked"),
        response(PAGE * 3 + PAGE[:200]),
    ],
)
def test_of_a_page_that_the_crawler_has_cut_the_beginning_is_read(block: bytes) -> None:
    (text,) = texts("warc-html", record("response", block, 1, "", "WARC-Truncated: length"))
    assert str(text).startswith(TEXT)


@pytest.mark.parametrize("pack", [gzip.compress, zlib.compress, needs("brotli", brotli), needs("zstandard", zstandard)])
def test_what_expands_too_far_is_rejected(pack: Callable[[bytes], bytes], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_response, "MAX_PAGE", 1 << 20)
    names = {gzip.compress: "gzip", zlib.compress: "deflate", brotli: "br", zstandard: "zstd"}
    (found,) = records("warc-html", record("response", sent(names[pack], pack(b" " * (2 << 20)))))
    assert isinstance(found, Rejected)
    assert "it is larger than 1 MB, so it is no web page" in found.reason


@COMPRESSED
def test_a_page_that_is_too_long_is_rejected_and_anything_else_left_out(
    compressed: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(warc_pages._Pages, "max_block", 1000)
    film = record("response", response(b"\0" * 5000, kind="video/mp4"), 9)
    found = records("warc-html", crawl(record("response", response(PAGE * 9)), film, CRAWL[2], compressed=compressed))
    assert [type(each) for each in found] == [Rejected, Record, Record]
    assert isinstance(found[0], Rejected)
    assert "texts of up to 1000 bytes are read" in found[0].reason
    assert isinstance(found[1], Record)
    assert found[1].is_left_out


def test_a_page_that_is_longer_than_what_is_searched_for_the_next_record_is_rejected(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(warc_pages._Pages, "max_block", 1000)
    monkeypatch.setattr("detector.formats.warc._MAX_JUNK", 2000)
    long = record("response", response(PAGE + b" " * 500_000), 8)
    found = records("warc-html", crawl(CRAWL[2], long, CRAWL[2]))
    assert [type(each) for each in found] == [Record, Rejected, Record]
    assert isinstance(found[1], Rejected)
    assert "texts of up to 1000 bytes are read" in found[1].reason
    assert found[1].raw == long[: long.index(b"HTTP/1.1")]
    wrong = long.replace(b"Content-Length: 500", b"Content-Length: 400")
    assert wrong != long
    with pytest.raises(DataError, match="record 2 at byte"):
        records("warc-html", crawl(CRAWL[2], wrong, CRAWL[2]))


def test_a_long_record_that_is_no_page_counts_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("detector.formats.warc._MAX_BLOCK", 100)
    film = record("response", response(b"\0" * 5000, kind="video/mp4"), 9)
    found = records("warc-html", crawl(film, CRAWL[2]))
    assert sum(each.is_left_out for each in found if isinstance(each, Record)) == 1
    assert rewritten("warc-html", crawl(film, CRAWL[2])) == rewritten("warc-html", crawl(CRAWL[2]))


def test_a_file_that_is_no_warc_is_an_error() -> None:
    with pytest.raises(DataError, match="not WARC"):
        records("warc-html", PAGE)
    with pytest.raises(DataError, match="truncated"):
        records("warc-html", crawl(*CRAWL)[:-9])


def test_a_field_that_comes_many_times_is_joined_in_linear_time() -> None:
    header = read_response_header(b"HTTP/1.1 200 OK\r\n" + b"a: b\n" * 500_000 + b"A:c\r\n\r\n")
    assert header is not None
    assert header.fields["a"] == "b, " * 500_000 + "c"


@given(st.binary(max_size=40), st.data())
def test_any_damage_to_a_response_is_no_crash(damage: bytes, data: st.DataObject) -> None:
    blocks = [BODIES[name]() for name in ("plain", "gzip", "chunked", "deflate", "chunked gzip", "br")]
    block = data.draw(st.sampled_from(blocks))
    at = data.draw(st.integers(0, len(block)))
    (found,) = records("warc-html", record("response", block[:at] + damage + block[at + len(damage) :]))
    assert isinstance(found, Record | Rejected)


@given(st.integers(1, 400), st.binary(max_size=1000))
def test_chunks_are_joined(size: int, body: bytes) -> None:
    block = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunked(body, size)
    header = read_response_header(block)
    assert header is not None
    assert read_body(header, block, is_cut=False) == body
