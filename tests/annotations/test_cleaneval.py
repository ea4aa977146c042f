"""CleanEval's marked-up text, and its alignment to the pages."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from annotated import BARE, FERRY, labelled_documents
from hypothesis import given
from tiny import ROOT

import detector.labelled
from detector.annotations.cleaneval import CLEANEVAL, Block, align, marked_up, parse
from detector.annotations.registry import recognised
from detector.annotations.source import Source
from detector.errors import DataError
from detector.evaluation.labelled import LabelledDocument, read_documents

MARKED = """URL: http://www.courier.example/news/7.html

<h>Ferry sails   again

 <p>The ferry sailed again on Monday, after it had lain in the harbour for a
week &amp; a day.
<l> First, the engine was mended.
<l>Then, it was painted.
"""
PAGE = """Home | News | Contact
FERRY SAILS AGAIN
Share
The ferry sailed again on Monday, after
it had lain in the harbour for a week & a day.
* First, the engine was mended.
* Then, it was painted.
Subscribe to our newsletter, and the ferry will sail for you
(c) Courier
"""
LABELS = [
    ("navigation", None), ("reporting", "heading"), ("navigation", None), ("reporting", "body"), ("reporting", "body"),
    ("reporting", "body"), ("reporting", "body"), ("navigation", None), ("navigation", None),
]  # fmt: skip


def write(folder: Path, files: dict[str, str | bytes]) -> Path:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    return folder


def read(path: Path, **settings: Any) -> list[LabelledDocument]:
    return list(detector.labelled.read(path, **settings))


def labels(document: LabelledDocument) -> list[tuple[str | None, str | None]]:
    return [(each.label, each.kind) for each in document.paragraphs]


def test_a_marked_up_text() -> None:
    marked = parse(MARKED)
    assert marked.url == "http://www.courier.example/news/7.html"
    assert [each.tag for each in marked.blocks] == ["h", "p", "l", "l"]
    assert marked.blocks[0].text == "Ferry sails again"
    assert marked.blocks[1].text.endswith("for a week & a day.")
    assert parse("Before.\n<P>After.\n<p>\n").blocks == (Block("p", "Before."), Block("p", "After."))


@pytest.mark.parametrize(
    ("gold", "page"),
    [
        ("GoldStandard/7.txt", "input/7.txt"),
        ("en_cleaned/7-cleaned.txt", "en_original/7.txt"),
        ("gold/7.txt", "text/7.txt"),
    ],
)
def test_a_page_and_its_marked_up_text(gold: str, page: str, tmp_path: Path) -> None:
    write(tmp_path / "x", {gold: MARKED, page: PAGE.replace("\n", "\r\n")})
    for path in (tmp_path / "x", tmp_path / "x" / gold):
        assert recognised(Source(path)) is CLEANEVAL
        (found,) = read(path)
        assert (found.id, found.site) == ("7", "www.courier.example")
        assert [each.text for each in found.paragraphs] == PAGE.splitlines()
        assert labels(found) == LABELS
        assert found.gold == "\n".join(each.text for each in parse(MARKED).blocks)


def test_a_page_in_html(tmp_path: Path) -> None:
    pytest.importorskip("resiliparse")
    html = "<html><body><nav>Home</nav>" + "".join(f"<p>{line}</p>" for line in PAGE.splitlines()) + "</body></html>"
    write(tmp_path, {"a.b_7-cleaned.txt": MARKED, "a.b_7.html": html})
    (found,) = read(tmp_path / "a.b_7-cleaned.txt")
    assert found.id == "a.b_7"
    assert [each.text for each in found.paragraphs if each.kind == "heading"] == ["FERRY SAILS AGAIN"]


def test_labels_can_be_mapped(tmp_path: Path) -> None:
    write(tmp_path, {"GoldStandard/7.txt": MARKED, "input/7.txt": PAGE})
    (found,) = read(tmp_path, mapping={"l": "caption"}, unlabelled="advert")
    assert labels(found)[0] == ("navigation", "advert")
    assert labels(found)[5] == ("reporting", "caption")
    (found,) = read(tmp_path, mapping={"h": ""})
    assert labels(found)[1] == (None, None)


def test_without_its_page_the_article_is_the_document(tmp_path: Path) -> None:
    counts = detector.labelled.Counts()
    (found,) = read(write(tmp_path, {"7.txt": MARKED}) / "7.txt", counts=counts)
    assert labels(found) == [("reporting", "heading"), *[("reporting", "body")] * 3]
    assert sum(counts.left_out.values()) == 1


def test_words_that_the_page_does_not_have_are_counted(tmp_path: Path) -> None:
    counts = detector.labelled.Counts()
    write(tmp_path, {"GoldStandard/7.txt": MARKED + "<p>This sentence is nowhere else.\n", "input/7.txt": PAGE})
    assert labels(*read(tmp_path, counts=counts)) == LABELS
    assert counts.left_out == {"words of marked-up texts (14.29%) that their pages do not have": 5}


def test_another_page(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "GoldStandard/7.txt": MARKED,
            "input/7.txt": "Quite another page.\nThe end\n",
            "GoldStandard/8.txt": MARKED,
            "input/8.txt": PAGE,
        },
    )
    with pytest.raises(DataError, match=r"7\.txt: only 3% of its words are in .*input/7\.txt"):
        read(tmp_path)
    rejected: list[detector.labelled.Rejected] = []
    assert [each.id for each in read(tmp_path, rejected=rejected.append)] == ["8"]
    assert len(rejected) == 1


def test_a_page_of_too_many_words(tmp_path: Path) -> None:
    write(tmp_path, {"GoldStandard/7.txt": MARKED, "input/7.txt": PAGE + "word " * 50_001})
    with pytest.raises(DataError, match=r"7\.txt: 50,0\d\d words, more than the 50,000 that can be aligned; leave"):
        read(tmp_path)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("URL: x\n\n<p>\n", r"7\.txt: no marked-up block"),
        (b"<p>R\xe9n\n", r"7\.txt: not UTF-8"),
    ],
)
def test_bad_files(content: str | bytes, words: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=words):
        read(write(tmp_path, {"7.txt": content}) / "7.txt")


@pytest.mark.parametrize("content", ["Rain.\n", "<p>Rain.</p>\n", "<html><p>x", "", "URL: x\nRain <p>\n"])
def test_what_is_no_marked_up_text(content: str, tmp_path: Path) -> None:
    assert not CLEANEVAL.recognises(Source(write(tmp_path, {"a.txt": content}) / "a.txt"))
    assert not CLEANEVAL.recognises(Source(tmp_path))


def test_scripts_without_spaces_are_aligned_by_character() -> None:
    aligned = align(["首页 新闻", "轮渡星期一恢复了航行。", "订阅我们的通讯"], [Block("p", "轮渡星期一恢复 了航行。")])
    assert aligned.tags == (None, "p", None)
    assert aligned.missing == 0


def test_whole_pages_are_aligned_as_they_were_labelled() -> None:
    """Of real mark-up, nothing is known but the article; here, what is known of invented pages comes back."""
    right = total = 0
    for document in read_documents([ROOT / "seeds" / "pages.jsonl"]):
        aligned = align([each.text for each in document.paragraphs], parse(marked_up(document)).blocks)
        total += len(document.paragraphs)
        right += sum(
            (tag is not None) == (each.label == "reporting")
            for tag, each in zip(aligned.tags, document.paragraphs, strict=True)
        )
        assert aligned.missing == 0
    assert right / total > 0.99


def as_held(document: LabelledDocument) -> LabelledDocument:
    """A document as CleanEval's format holds it."""
    kept = {True: {"label": "reporting"}, False: {"label": "navigation"}}
    paragraphs = tuple(
        replace(
            each, **kept[each.label == "reporting"], by=None,
            kind=None if each.label != "reporting" else "heading" if each.kind == "heading" else "body",
        )
        for each in document.paragraphs
    )  # fmt: skip
    gold = "\n".join(" ".join(each.text.split()) for each in document.paragraphs if each.label == "reporting")
    return replace(document, origin=None, lang=None, gold=gold, paragraphs=paragraphs)


def test_what_is_written_is_read(tmp_path: Path) -> None:
    documents = [replace(BARE, id="a/b 100%", site="a/b 100%"), FERRY]
    detector.labelled.write(documents, tmp_path / "x", "cleaneval")
    assert read(tmp_path / "x") == [as_held(each) for each in documents]


@given(labelled_documents())
def test_texts_come_back(documents: list[LabelledDocument]) -> None:
    """All texts do; of a document without reporting, there is no marked-up text that could be read."""
    documents = [
        each
        for each in documents
        if any(p.label == "reporting" and any(map(str.isalnum, p.text)) for p in each.paragraphs)
    ]
    with tempfile.TemporaryDirectory() as folder:
        detector.labelled.write(
            [BARE, *documents] if "bare" not in {d.id for d in documents} else documents,
            Path(folder) / "x",
            "cleaneval",
        )
        found = {each.id: each for each in read(Path(folder) / "x")}
    for document in documents:
        assert [each.text for each in found[document.id].paragraphs] == [each.text for each in document.paragraphs]


def test_two_documents_with_one_id(tmp_path: Path) -> None:
    with pytest.raises(DataError, match='document "bare": another one has this id'):
        detector.labelled.write([BARE, BARE], tmp_path / "x", "cleaneval")
    assert list(tmp_path.iterdir()) == []
