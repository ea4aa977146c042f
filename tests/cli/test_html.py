"""HTML as input of the command: what comes out, where, and with which exit code."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest
from command import Command, read_sidecar, tree
from web_pages import ADDRESS, CRAWL, MHTML, PAGE, crawl, record, response, web_page

from detector.cleaner import Cleaner
from detector.html.page import page_text
from detector.inference.model import Model
from detector.util.libraries import missing_library

pytest.importorskip("resiliparse", reason="HTML needs the extra html")
EMPTY = b"<html><script>go()</script>"
REPORTS = ("_manifest.jsonl", "_summary.json", "_rejected.jsonl", ".detector-lock")


@pytest.fixture
def page(text: str) -> bytes:
    """A page from whose text something is removed."""
    return web_page(text.splitlines()).encode()


@pytest.fixture
def clean(tiny_model: Model, page: bytes) -> bytes:
    """What is left of the text of `page`."""
    result = Cleaner(tiny_model).clean(page_text(page))
    assert result.removed
    return result.text.encode()


def test_a_page_is_cleaned_to_text(command: Command, page: bytes, clean: bytes) -> None:
    Path("page.html").write_bytes(page)
    assert command("clean", "page.html").out == clean
    assert command("clean", "-", "--format", "html", stdin=page).out == clean
    for output in ("clean.txt", "clean.txt.gz", "clean"):
        assert command("clean", "page.html", "-o", output).code == 0
        written = Path(output).read_bytes()
        assert (gzip.decompress(written) if output.endswith(".gz") else written) == clean


def test_a_compressed_page_and_an_archive_are_cleaned(command: Command, page: bytes, clean: bytes) -> None:
    Path("page.HTM.gz").write_bytes(gzip.compress(page))
    Path("page.mht").write_bytes(MHTML.replace(b"quoted-printable", b"binary").replace(PAGE, page))
    Path("saved.mhtml").write_bytes(MHTML)
    assert command("clean", "page.HTM.gz").out == clean
    assert command("clean", "saved.mhtml", "-t", "0").out == page_text(PAGE).encode()


def test_the_text_of_a_page_is_shown(command: Command, page: bytes) -> None:
    Path("page.html").write_bytes(page)
    called = command("clean", "page.html", "--html-text", "--threshold", "strict")
    assert called.code == 0
    assert called.out == page_text(page).encode()


def test_what_is_restored_is_the_text_of_a_page(command: Command, page: bytes) -> None:
    Path("page.html").write_bytes(page)
    command("clean", "page.html", "-o", "clean.txt", "--removed", "removed.jsonl")
    assert command("restore", "clean.txt", "removed.jsonl", "-o", "back.txt", model=False).code == 0
    assert Path("back.txt").read_bytes() == page_text(page).encode()


def test_a_folder_of_pages_is_cleaned_resumed_and_restored(command: Command, page: bytes, clean: bytes) -> None:
    Path("site/deep").mkdir(parents=True)
    Path("site/a.html").write_bytes(page)
    Path("site/deep/b.htm.gz").write_bytes(gzip.compress(page))
    Path("site/c.mhtml").write_bytes(MHTML)
    Path("site/d.txt").write_bytes(page_text(page).encode())
    for summary in ("4 documents\n", "skipped         4 files, already up to date\n"):
        called = command("clean", "site", "-o", "out", "--removed", "removed.jsonl", "--jobs", "2")
        assert called.code == 0, called.err
        assert summary in called.err
    assert tree(Path("out"), without=REPORTS).keys() == {"a.txt", "deep/b.txt.gz", "c.txt", "d.txt"}
    assert Path("out/a.txt").read_bytes() == Path("out/d.txt").read_bytes() == clean
    assert {line["file"] for line in read_sidecar(Path("removed.jsonl"))} >= {"a.txt", "deep/b.txt.gz", "d.txt"}
    assert command("restore", "out", "removed.jsonl", "-o", "back", model=False).code == 0
    command("clean", "site", "-o", "texts", "--html-text")
    texts, back = tree(Path("texts"), without=REPORTS), tree(Path("back"))
    assert {name: data for name, data in back.items() if not name.endswith(".gz")} == {
        name: data for name, data in texts.items() if not name.endswith(".gz")
    }
    assert gzip.decompress(back["deep/b.txt.gz"]) == page_text(page).encode()


def test_decisions_are_on_the_text_of_a_page(command: Command, page: bytes) -> None:
    Path("page.html").write_bytes(page)
    found = json.loads(command("predict", "page.html").out)
    text = page_text(page)
    assert found["id"] == "page.html"
    assert [text[each["start"] : each["end"]].strip() for each in found["paragraphs"]] == text.splitlines()
    assert b"page.html" in command("predict", "page.html", "--table").out


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            "clean page.html -o x.html",
            "x.html: has the extension of html, but the input is html and the output is text",
        ),
        ("clean page.html -o x.jsonl", "x.jsonl: has the extension of jsonl"),
        ("clean page.html --in-place", "page.html: is HTML, and cannot be replaced in place by its text"),
        ("clean ./page.html page.txt --in-place", "page.html: is HTML, and cannot be replaced in place by its text"),
        ("clean only --in-place", "only/page.html: is HTML, and cannot be replaced in place by its text"),
        ("clean page.html page.txt -o o", "page.txt and page.html would both be written to o/page.txt"),
        ("clean page.html --html-text --removed r.jsonl", "--html-text removes nothing"),
        ("clean page.txt --html-text", "--html-text is for HTML, and none of the inputs is HTML"),
        ("clean crawl.warc --format warc-html -o x.txt", "x.txt: has the extension of text"),
    ],
)
def test_calls_that_make_no_sense_are_refused(command: Command, call: str, message: str) -> None:
    Path("only").mkdir()
    for name in ("page.html", "page.txt", "only/page.html"):
        Path(name).write_bytes(PAGE)
    Path("crawl.warc").write_bytes(crawl(*CRAWL))
    before = tree(Path())
    called = command(*call.split())
    assert (called.code, called.out) == (2, b"")
    assert message in called.err
    assert called.err.count("\n") == 1
    assert tree(Path()) == before


def test_pages_in_a_folder_are_passed_over_in_place(command: Command) -> None:
    Path("c").mkdir()
    Path("c/page.html").write_bytes(PAGE)
    Path("c/a.txt").write_bytes(b"Rain fell.\n")
    called = command("clean", "c", "--in-place")
    assert called.code == 0
    assert "passed over: c/page.html: is HTML" in called.err
    assert Path("c/page.html").read_bytes() == PAGE


def test_html_in_a_text_file_is_refused_with_advice(command: Command) -> None:
    Path("page.txt").write_bytes(PAGE)
    called = command("clean", "page.txt")
    assert called.code == 1
    assert "it looks like HTML; give --format html to read its text" in called.err
    assert command("clean", "page.txt", "--format", "html", "--html-text").out == page_text(PAGE).encode()


def test_a_page_without_text_is_told(command: Command) -> None:
    Path("site").mkdir()
    Path("site/a.html").write_bytes(EMPTY)
    Path("site/b.html").write_bytes(PAGE)
    for call in (("clean", "site/a.html"), ("clean", "site", "-o", "out"), ("predict", "site", "-o", "d.jsonl")):
        called = command(*call)
        assert called.code == 3
        assert "site/a.html: 1 document came out empty\n" in called.err
    assert Path("out/a.txt").read_bytes() == b""


def test_a_damaged_archive_fails_and_the_run_goes_on(command: Command) -> None:
    Path("site").mkdir()
    Path("site/a.mhtml").write_bytes(MHTML[:-50])
    Path("site/b.mhtml").write_bytes(MHTML)
    called = command("clean", "site", "-o", "out", "--jobs", "2")
    assert called.code == 1
    assert "failed: site/a.mhtml: truncated" in called.err
    assert tree(Path("out"), without=REPORTS).keys() == {"b.txt"}


@pytest.mark.parametrize("call", ["clean page.html", "clean page.mhtml -o x", "clean site -o o", "predict page.html"])
def test_without_the_extra_that_is_said(command: Command, call: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(markup: bytes) -> str:
        raise missing_library("resiliparse", "reading HTML", "html")

    Path("site").mkdir()
    for name in ("page.html", "page.mhtml", "site/a.html", "site/b.txt"):
        Path(name).write_bytes(PAGE)
    monkeypatch.setattr("detector.html.page.page_text", missing)
    called = command(*call.split())
    assert (called.code, called.out) == (2, b"")
    assert "pip install 'boilerplate-detector[html]'" in called.err


# WARC


def test_the_pages_of_a_crawl_are_cleaned(command: Command, page: bytes, clean: bytes) -> None:
    pages = [record("response", response(page), 3), record("response", response(EMPTY), 4)]
    Path("crawl.warc.gz").write_bytes(crawl(CRAWL[0], *pages, CRAWL[3], compressed=True))
    called = command("clean", "crawl.warc.gz", "--format", "warc-html", "-o", "out/", "--removed", "removed.jsonl")
    assert called.code == 0
    assert "crawl.warc.gz: 1 document came out empty\n" in called.err
    assert "left out        1 record\n" in called.err
    written = gzip.decompress(Path("out/crawl.wet.gz").read_bytes())
    assert b"\r\n\r\n" + clean + b"\r\n\r\n" in written
    command("clean", "crawl.warc.gz", "--format", "warc-html", "-o", "texts.wet.gz", "--html-text")
    assert command("restore", "out/crawl.wet.gz", "removed.jsonl", "-o", "back.wet.gz", model=False).code == 0
    assert Path("back.wet.gz").read_bytes() == Path("texts.wet.gz").read_bytes()
    assert command("clean", "texts.wet.gz", "-o", "again.wet.gz").code == 0
    assert gzip.decompress(Path("again.wet.gz").read_bytes()) == written


def test_rejected_pages_are_kept_aside_and_not_restored(command: Command, page: bytes) -> None:
    Path("crawls").mkdir()
    bad = record("response", response(b"\x1f\x8b\x08xx", "Content-Encoding: gzip"), 9)
    Path("crawls/a.warc").write_bytes(crawl(bad, record("response", response(page), 3)))
    called = command("clean", "crawls", "--format", "warc-html", "-o", "out", "--removed", "removed.jsonl")
    assert called.code == 1
    assert "crawls/a.warc:1: rejected: record 1 at byte 0: its Content-Encoding is gzip" in called.err
    (rejected,) = read_sidecar(Path("out/_rejected.jsonl"))
    assert (rejected["file"], rejected["position"], str(rejected["raw"])[:8]) == ("a.wet", None, "WARC/1.1")
    command("clean", "crawls", "--format", "warc-html", "-o", "texts", "--html-text")
    assert command("restore", "out", "removed.jsonl", "-o", "back", model=False).code == 0
    assert Path("back/a.wet").read_bytes() == Path("texts/a.wet").read_bytes()


def test_a_crawl_without_conversions_hints_at_its_pages(command: Command) -> None:
    Path("crawl.warc").write_bytes(crawl(*CRAWL))
    called = command("clean", "crawl.warc", "-o", "out.warc")
    assert called.code == 3
    assert "no document found in it; it has no plain text conversions: --format warc-html reads its HTML" in called.err
    assert Path("out.warc").read_bytes() == crawl(*CRAWL)
    Path("texts.wet").write_bytes(record("conversion", b"Rain.\n", 1, "text/plain"))
    called = command("clean", "texts.wet", "--format", "warc-html", "-o", "out.wet")
    assert called.code == 3
    assert "it has no HTML pages: --format warc reads its plain text conversions" in called.err


def test_decisions_on_a_crawl_name_the_pages(command: Command) -> None:
    Path("crawl.warc").write_bytes(crawl(*CRAWL))
    called = command("predict", "crawl.warc", "--format", "warc-html", "--id-field", "WARC-Target-URI")
    assert [json.loads(line)["id"] for line in called.out.splitlines()] == [ADDRESS, ADDRESS]
