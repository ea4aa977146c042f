"""The command ``extract``: another library extracts, and its output is cleaned."""

from __future__ import annotations

import gzip
import json
import sys
from pathlib import Path

import pytest
from command import Command, read_sidecar, tree
from web_pages import CRAWL, MHTML, PAGE, TEXT, crawl, web_page

from detector import extractors
from detector.cleaner import Cleaner
from detector.cli.options import ExtractorName
from detector.errors import UsageError
from detector.extractors import EXTRACTORS, extract
from detector.inference.model import Model

pytest.importorskip("resiliparse", reason="HTML needs the extra html")
REPORTS = ("_manifest.jsonl", "_summary.json", "_rejected.jsonl", ".detector-lock")


@pytest.fixture
def text(text: str) -> str:
    """The text, with a line end."""
    return text.rstrip("\n") + "\n"


@pytest.fixture
def extractor(text: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """The name of an extractor that returns `text`, and cannot read pages with ``bad`` in them."""

    def extracted(page: bytes | str) -> str:
        if "bad" in (page if isinstance(page, str) else page.decode("utf-8", "replace")):
            raise ValueError("a page that I cannot read")
        return text

    one = EXTRACTORS["justext"]._replace(module="json", extract=extracted)
    monkeypatch.setattr(extractors, "EXTRACTORS", {**EXTRACTORS, "justext": one})
    return "justext"


@pytest.fixture
def cleaned(tiny_model: Model, text: str) -> bytes:
    """What is left of `text`."""
    return Cleaner(tiny_model).clean(text).text.encode()


def test_the_choices_are_the_extractors() -> None:
    assert [choice.value for choice in ExtractorName] == list(EXTRACTORS)


def test_what_an_extractor_returns_is_cleaned(command: Command, extractor: str, text: str, cleaned: bytes) -> None:
    Path("page.html").write_bytes(PAGE)
    called = command("extract", "page.html", "--with", extractor, "--extracted", "text.txt")
    assert (called.code, called.out) == (0, cleaned)
    assert Path("text.txt").read_bytes() == text.encode()
    assert command("extract", "-", "--with", extractor, stdin=PAGE).out == cleaned
    assert command("extract", "--with", extractor, stdin=PAGE).out == cleaned
    command(
        "extract", "page.html", "--with", extractor, "-o", "x.txt", "--removed", "r.jsonl", "--extracted", "y.txt.gz"
    )
    assert gzip.decompress(Path("y.txt.gz").read_bytes()) == text.encode()
    command("restore", "x.txt", "r.jsonl", "-o", "back.txt", model=False)
    assert Path("back.txt").read_bytes() == text.encode()


def test_a_file_of_any_name_is_html(command: Command, extractor: str, cleaned: bytes) -> None:
    Path("page.php").write_bytes(PAGE)
    Path("page.mhtml").write_bytes(MHTML)
    Path("page.html.gz").write_bytes(gzip.compress(PAGE))
    for name in ("page.php", "page.mhtml", "page.html.gz"):
        assert command("extract", name, "--with", extractor).out == cleaned
    command("extract", "page.php", "--with", extractor, "-o", "out/")
    assert Path("out/page.php.txt").read_bytes() == cleaned


def site(folder: Path) -> None:
    (folder / "deep").mkdir(parents=True)
    (folder / "a.html").write_bytes(PAGE)
    (folder / "b.html").write_bytes(web_page(["a bad page"]).encode())
    (folder / "deep/c.htm.gz").write_bytes(gzip.compress(PAGE))
    (folder / "crawl.warc.gz").write_bytes(crawl(*CRAWL, compressed=True))
    (folder / "notes.txt").write_bytes(b"Rain fell.\n")


def test_a_folder_of_pages_is_extracted(command: Command, extractor: str, text: str, cleaned: bytes) -> None:
    site(Path("site"))
    options = ("--with", extractor, "-o", "out", "--extracted", "texts")
    called = command("extract", "site", *options)
    assert called.code == 1
    assert "passed over: 1 file with no extension of web pages: .txt 1; name them to read them as HTML\n" in called.err
    assert "failed: site/b.html: justext cannot read the page: ValueError: a page that I cannot read\n" in called.err
    assert Path("out/a.txt").read_bytes() == gzip.decompress(Path("out/deep/c.txt.gz").read_bytes()) == cleaned
    wanted = {"a.txt", "deep/c.txt.gz", "crawl.wet.gz"}
    assert tree(Path("out"), without=REPORTS).keys() == tree(Path("texts")).keys() == wanted
    assert Path("texts/a.txt").read_bytes() == text.encode()
    assert gzip.decompress(Path("texts/crawl.wet.gz").read_bytes()).count(text.encode()) == 2


def test_results_are_made_again_if_anything_is_missing_or_another_extractor_is_asked(
    command: Command, extractor: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("site").mkdir()
    for name in "abc":
        Path(f"site/{name}.html").write_bytes(PAGE)

    def up_to_date(*options: str) -> int:
        assert command("extract", "site", "-o", "out", *options).code == 0
        return int(json.loads(Path("out/_summary.json").read_bytes())["done_before"])

    assert up_to_date("--with", extractor) == 0
    assert up_to_date("--with", extractor) == 3
    assert up_to_date("--with", extractor, "--extracted", "texts") == 0
    assert up_to_date("--with", extractor, "--extracted", "texts") == 3
    Path("texts/b.txt").unlink()
    assert up_to_date("--with", extractor, "--extracted", "texts") == 2
    monkeypatch.setattr(
        extractors, "EXTRACTORS", {**extractors.EXTRACTORS, "boilerpy3": extractors.EXTRACTORS["justext"]}
    )
    assert up_to_date("--with", "boilerpy3", "--extracted", "texts") == 0


def test_an_extractor_that_finds_nothing_is_told(
    command: Command, extractor: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    nothing = EXTRACTORS["justext"]._replace(module="json", extract=lambda page: "\n")
    monkeypatch.setattr(extractors, "EXTRACTORS", {"justext": nothing})
    Path("page.html").write_bytes(PAGE)
    called = command("extract", "page.html", "--with", extractor, "-o", "out.txt")
    assert called.code == 3
    assert "page.html: 1 document came out empty\n" in called.err


def test_pages_of_a_crawl_that_cannot_be_read_are_rejected(command: Command, extractor: str) -> None:
    bad = CRAWL[2].replace(b"Aldermoor", b"badderlie")
    Path("crawl.warc").write_bytes(crawl(bad, CRAWL[2]))
    called = command("extract", "crawl.warc", "--with", extractor, "-o", "out.wet", "--rejected", "r.jsonl")
    assert called.code == 1
    (line,) = read_sidecar(Path("r.jsonl"))
    assert "justext cannot read the page: ValueError" in str(line["reason"])
    assert Path("out.wet").read_bytes().count(b"WARC-Type: conversion") == 1


@pytest.mark.parametrize(
    ("call", "message"),
    [
        ("extract page.php --extracted page.php", "page.php: is an input"),
        ("extract page.html -o a.txt --extracted a.txt", "page.html and page.html would both be written to a.txt"),
        ("extract page.html --extracted a.html", "--extracted a.html: has the extension of html, but is text"),
        ("extract page.warc.gz --extracted a.wet", "a.wet: warc is written with the compression of the input"),
        ("extract page.html --extracted s3://a/b", "--extracted s3://a/b: is a URL"),
        ("extract page.html -o a.jsonl", "a.jsonl: has the extension of jsonl"),
        ("extract c -o o --extracted o", "would both be written to o/a.txt"),
        ("extract c -o o --extracted page.html", "--extracted page.html: not a folder; 1 inputs need one"),
        ("extract c", "1 inputs need --output FOLDER"),
        ("extract texts -o o", "texts: no files to read: 1 file with no extension of web pages"),
        ("extract page.html --with newspaper", "'newspaper' is not one of 'trafilatura'"),
        ("extract page.html --format text", "'text' is not one of 'html', 'mhtml', 'warc-html'"),
    ],
)
def test_calls_that_make_no_sense_are_refused(command: Command, extractor: str, call: str, message: str) -> None:
    for name in ("page.html", "page.php", "page.warc.gz", "c/a.html", "texts/a.txt"):
        Path(name).parent.mkdir(exist_ok=True)
        Path(name).write_bytes(PAGE)
    before = tree(Path())
    called = command(*call.split(), *([] if "--with" in call else ["--with", extractor]))
    assert (called.code, called.out) == (2, b"")
    assert message in called.err
    assert tree(Path()) == before


def test_what_is_no_html_is_refused(command: Command, extractor: str) -> None:
    Path("a.jsonl").write_bytes(b'{"text": "Rain fell."}\n')
    called = command("extract", "a.jsonl", "--with", extractor)
    assert called.code == 1
    assert "a.jsonl: taken for html, but it looks like JSON" in called.err


def test_a_missing_extractor_is_said(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    gone = EXTRACTORS["boilerpy3"]._replace(module="no_such_library")
    here = EXTRACTORS["justext"]._replace(module="json")
    monkeypatch.setattr(extractors, "EXTRACTORS", {"boilerpy3": gone, "justext": here})
    Path("page.html").write_bytes(PAGE)
    called = command("extract", "page.html", "--with", "boilerpy3")
    assert called.code == 2
    assert "boilerpy3 is not installed; install it with: pip install boilerpy3; installed: justext" in called.err
    with pytest.raises(UsageError, match="pip install boilerpy3"):
        extract(PAGE, "boilerpy3")
    with pytest.raises(UsageError, match="extractor 'readable': choose one of boilerpy3, justext"):
        extract(PAGE, "readable")


def test_a_compression_of_the_result_that_is_not_installed_is_said(
    command: Command, extractor: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "zstandard", None)
    Path("page.html").write_bytes(PAGE)
    called = command("extract", "page.html", "--with", extractor, "-o", "a.txt.zst")
    assert (called.code, "boilerplate-detector[zstd]" in called.err) == (2, True)


def test_the_extractors_are_listed(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    gone = EXTRACTORS["boilerpy3"]._replace(module="no_such_library")
    monkeypatch.setattr(extractors, "EXTRACTORS", {**EXTRACTORS, "boilerpy3": gone})
    called = command("extract", "--list", model=False)
    assert called.code == 0
    listed = dict(line.split(None, 1) for line in called.out.decode().splitlines())
    assert listed.keys() == EXTRACTORS.keys()
    assert listed["boilerpy3"] == "not installed: pip install boilerpy3"
    assert listed["resiliparse"] == extractors.version("resiliparse")


@pytest.mark.parametrize("page", [b"", b" \n", "", "\n"])
def test_of_an_empty_page_there_is_nothing(page: bytes | str) -> None:
    assert [extract(page, name) for name in EXTRACTORS if extractors.is_installed(name)].count("") > 0


def test_the_real_library_is_called(command: Command) -> None:
    pytest.importorskip("trafilatura", reason="the extractor of this test")
    Path("page.html").write_bytes(web_page([f"{line} {TEXT}" for line in TEXT.splitlines()] * 3).encode())
    called = command("extract", "page.html", "-t", "0", "--extracted", "text.txt")
    assert called.code == 0
    assert (
        called.out
        == Path("text.txt").read_bytes()
        == f"{extract(Path('page.html').read_bytes(), 'trafilatura')}\n".encode()
    )
