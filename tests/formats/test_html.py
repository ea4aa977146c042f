"""HTML: the text of a page is the record, and the result is plain text."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rewriting import records, rewritten, shorter, texts
from web_pages import LINES, PAGE, TEXT, web_page

from detector import extractors
from detector.errors import DataError
from detector.formats import pages
from detector.formats.base import DEFAULT_FIELDS, Record
from detector.formats.content import check_content
from detector.formats.pages import PageReader
from detector.formats.registry import FORMATS, FileType, file_type, load_format, result_format, result_path

pytest.importorskip("resiliparse", reason="HTML needs the extra html")


@pytest.mark.parametrize(
    ("name", "format_name", "wanted"),
    [
        ("a/page.html", None, "a/page.txt"),
        ("page.HTM", None, "page.txt"),
        ("page.xhtml.gz", None, "page.txt.gz"),
        ("page.tar.html", None, "page.tar.txt"),
        ("page.mhtml", None, "page.txt"),
        ("page.mht.xz", None, "page.txt.xz"),
        ("page", "html", "page.txt"),
        ("page.php", "html", "page.php.txt"),
        ("news.2031", "html", "news.2031.txt"),
        ("page.txt", "html", "page.txt"),
        ("page.md.gz", "html", "page.md.gz"),
        ("crawl.warc.gz", "warc-html", "crawl.wet.gz"),
        ("crawl.wet", "warc-html", "crawl.wet"),
        ("crawl", "warc-html", "crawl.wet"),
        ("crawl.warc.gz", None, "crawl.warc.gz"),
        ("page.txt", None, "page.txt"),
    ],
)
def test_results_are_named_by_what_they_are(name: str, format_name: str | None, wanted: str) -> None:
    type_ = file_type(Path(name), format_name)
    assert result_path(Path(name), type_.format_name) == Path(wanted)


def test_the_result_of_html_has_another_format() -> None:
    others = {name: result_format(name) for name in FORMATS if result_format(name) != name}
    assert others == {"html": "text", "mhtml": "text", "warc-html": "warc"}


@pytest.mark.parametrize(
    ("name", "wanted"),
    [("a.html", "html"), ("a.mht", "mhtml"), ("a.warc.gz", "warc-html"), ("a.php", "html"), ("a.jsonl", "html")],
)
def test_with_an_extractor_everything_is_html(name: str, wanted: str) -> None:
    assert file_type(Path(name), None, "trafilatura").format_name == wanted


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "windows-1252", "cp1252"])
def test_a_page_is_read_in_its_encoding(encoding: str) -> None:
    assert texts("html", web_page(charset=encoding).encode(encoding)) == [TEXT]


def test_the_text_is_written_and_not_the_page() -> None:
    assert rewritten("html", PAGE) == TEXT.encode()
    assert rewritten("html", PAGE, shorter) == shorter(TEXT).encode()


@given(st.lists(st.text("aé 雨\u00a0<&\n"), max_size=8), st.sampled_from(["utf-8", "utf-16", "gb18030"]))
def test_any_page_is_read_and_written(lines: list[str], encoding: str) -> None:
    data = web_page(lines, encoding).encode(encoding)
    (text,) = texts("html", data)
    assert rewritten("html", data) == (text or "").encode()


@given(st.binary(max_size=300))
def test_any_bytes_are_read_and_written(data: bytes) -> None:
    (text,) = texts("html", data)
    assert text == "" or str(text).endswith("\n")
    assert rewritten("html", data) == str(text).encode()


@pytest.mark.parametrize(
    ("page", "is_page"), [(b"<html><script>go()</script>", True), (b"<p> </p>", True), (b"", False), (b" \n", False)]
)
def test_a_page_without_text_is_empty(page: bytes, is_page: bool) -> None:
    (found,) = records("html", page)
    assert isinstance(found, Record)
    assert (found.text, found.is_page) == ("", is_page)


def test_lone_surrogates_are_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(extractors, "extract", lambda page, name: "Rain\ud800 fell")
    assert PageReader("trafilatura").text(b"<p>x") == "Rain\ufffd fell\n"


def test_a_page_that_is_too_large_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages, "MAX_PAGE", len(PAGE) - 1)
    with pytest.raises(DataError, match=r"^file: larger than 0 MB, so it is no web page"):
        records("html", PAGE)
    monkeypatch.setattr(pages, "MAX_PAGE", len(PAGE))
    assert texts("html", PAGE) == [TEXT]


@pytest.mark.parametrize(
    ("data", "advice"),
    [
        (b'{"text": "Rain fell."}\n', "JSON"),
        (b"%PDF-1.7\n", "PDF"),
        (b"\x1f\x8b\x08\0", r"name it with the extension \.gz"),
        (b"PK\x03\x04", "ZIP"),
        (b"WARC/1.0\r\n", "warc-html for its pages"),
    ],
)
def test_what_is_no_html_is_refused(data: bytes, advice: str) -> None:
    with pytest.raises(DataError, match=rf"^a\.html: taken for html, .*{advice}.*force it with --format html"):
        check_content(data, FileType("html"), "a.html")


@pytest.mark.parametrize(
    "data",
    [PAGE, b"<?xml version='1.0'?><html>", web_page().encode("utf-16"), b"<p>Rain", b"Rain\n", b"", b"<!-- a --><div>"],
)
def test_html_is_recognised_as_what_it_is_taken_for(data: bytes) -> None:
    check_content(data[:4096], FileType("html"), "a.html")


# With an extractor


def read_with(extractor: str, page: bytes) -> list[Record]:
    found = load_format("html", extractor).read(io.BytesIO(page), "file", DEFAULT_FIELDS)
    return [each for each in found if isinstance(each, Record)]


def test_an_extractor_gives_the_text(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(extractors, "extract", lambda page, name: f"{name} {len(page)}")
    assert [record.text for record in read_with("justext", PAGE)] == [f"justext {len(PAGE)}\n"]


@pytest.mark.parametrize("error", [ValueError("no\n article"), RecursionError(), AssertionError("x" * 999)])
def test_an_error_of_an_extractor_is_one_of_the_page(error: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(page: bytes, name: str) -> str:
        raise error

    monkeypatch.setattr(extractors, "extract", fail)
    with pytest.raises(DataError, match=rf"^file: justext cannot read the page: {type(error).__name__}") as raised:
        read_with("justext", PAGE)
    assert len(str(raised.value)) < 300
    assert "\n" not in str(raised.value)


def test_memory_that_runs_out_is_no_error_of_the_page(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(page: bytes, name: str) -> str:
        raise MemoryError

    monkeypatch.setattr(extractors, "extract", fail)
    with pytest.raises(MemoryError):
        read_with("justext", PAGE)


def test_the_reader_of_a_page_is_named_with_its_version() -> None:
    assert FileType("text").reader == ""
    assert FileType("html").reader.startswith("resiliparse ")
    assert FileType("html", "", "justext").reader.startswith("justext")


def test_lines_of_a_page_are_paragraphs() -> None:
    assert texts("html", b"<h1>Rain</h1>text<ul><li>a<li>b</ul>") == ["Rain\ntext\na\nb\n"]
    assert texts("html", PAGE) == ["\n".join(LINES) + "\n"]
