"""Phrases are found where a reader sees them, in any paragraphs, and in little time and memory."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from texts import WORDS

from detector.evidence.matching import Matcher, Pattern
from detector.evidence.normalizing import normalize, normalized_lines

FOUND = [
    ("dear reader", "Dear  Reader, hello"), ("dear reader", "DEAR\u00a0READER"), ("dear reader", "dear\treader"),
    ("dear reader", "dear \u2003 reader"), ("dear reader", "(dear reader)"), ("dear reader", "dear reader"),
    ("don't", "We don\u2019t."), ("\u201cno\u201d", '"No"'), ("newsletter", "news\u00adletter"),
    ("café", "CAFE\u0301"), ("cafe\u0301", "Café"), ("straße", "STRASSE"), ("ΣΟΦΟΣ", "σοφός σοφος"), ("ﬁne", "FINE"),
    ("ガ", "カ\u3099"), ("각", "\u1100\u1161\u11a8"), ("支持", "请支持我们"), ("支持", "a支持b"), ("ai", "使用AI技术"),
    ("ข่าว", "อ่านข่าววันนี้"), ("подписка", "Подписка!"), ("© 2031", "© 2031 Quay News"), ("+++", "x+++y"), ("a.", "a.b"),
    ("2031", "in 2031."), ("a", "a"), ("a_b", "a_b"), ("_b", "a_b"), ("a\0b", "x a\0b y"), ("👍", "a👍👍b"),
    ("news", "\ud800 news \udfff"),
]  # fmt: skip
NOT_FOUND = [
    ("reader", "readers"), ("reader", "proofreader"), ("read", "unread"), ("dear reader", "dear, reader"),
    ("dear reader", "dear-reader"), ("cafe", "café"), ("caf", "café"), ("caf", "cafe\u0301"), ("31", "2031"),
    ("подпис", "подписка"), ("뉴스", "뉴스를"), ("news", "new s"), ("a", ""), ("a", "é a\u0301"), ("n", "ñ"),
]  # fmt: skip


def is_found(phrase: str, paragraph: str, opens: bool = False, closes: bool = False) -> bool:
    return bool(Matcher([Pattern(normalize(phrase), opens, closes)]).find([paragraph]))


@pytest.mark.parametrize(("phrase", "paragraph"), FOUND)
def test_what_is_found(phrase: str, paragraph: str) -> None:
    assert is_found(phrase, paragraph)


@pytest.mark.parametrize(("phrase", "paragraph"), NOT_FOUND)
def test_what_is_not_found(phrase: str, paragraph: str) -> None:
    assert not is_found(phrase, paragraph)


@pytest.mark.parametrize(
    ("paragraph", "opens", "closes"),
    [("Share", True, True), (" share ", True, True), ("share this", True, False), ("\tSHARE!", True, False),
     ("do share", False, True), ("do share\u00a0", False, True), ("a share b", False, False),
     ("share, share", True, True), ("shares share shared", False, False)],
)  # fmt: skip
def test_where_a_paragraph_begins_and_ends(paragraph: str, opens: bool, closes: bool) -> None:
    for among in ([paragraph], ["x", paragraph, "y"], [paragraph, "", "y"]):
        number = among.index(paragraph)
        patterns = [Pattern("share", True), Pattern("share", closes=True), Pattern("share")]
        found = {pattern for row, pattern in Matcher(patterns).find(among) if row == number}
        assert found == {pattern for pattern, holds in enumerate((opens, closes, True)) if holds}


def test_a_phrase_reaches_over_lines_of_one_paragraph_and_not_over_paragraphs() -> None:
    matcher = Matcher([Pattern("dear reader")])
    assert matcher.find(["Dear\nreader", "dear", "reader", "dear \r\n reader"]) == {(0, 0), (3, 0)}


def test_phrases_that_overlap_are_all_found() -> None:
    texts = ["our newsletter", "newsletter", "to our", "subscribe to our newsletter", "letter"]
    assert Matcher([Pattern(text) for text in texts]).find(["Subscribe to our newsletter"]) == {
        (0, 0), (0, 1), (0, 2), (0, 3),
    }  # fmt: skip


def test_no_phrases_and_no_paragraphs() -> None:
    assert Matcher([]).find(["a"]) == set()
    assert Matcher([Pattern("a")]).find([]) == set()


def naive(phrases: list[str], paragraphs: list[str]) -> set[tuple[int, int]]:
    """The same by looking at every place of every paragraph."""
    found = set()
    for row, paragraph in enumerate(paragraphs):
        text = normalize(paragraph)
        for number, phrase in enumerate(phrases):
            for at in range(len(text)):
                before, after = text[at - 1 : at] if at else "", text[at + len(phrase) : at + len(phrase) + 1]
                inside = (is_spaced(phrase[0]) and is_spaced(before)) or (is_spaced(phrase[-1]) and is_spaced(after))
                if text.startswith(phrase, at) and not inside:
                    found.add((row, number))
    return found


def is_spaced(character: str) -> bool:
    return character.isalnum() and not "\u0e00" <= character <= "\u9fff"


LETTERS = st.text("abB \tÉé'’-東ข\n", max_size=12)


@given(phrases=st.lists(LETTERS.map(normalize).filter(bool), max_size=6, unique=True), paragraphs=st.lists(LETTERS))
def test_as_by_looking_at_every_place(phrases: list[str], paragraphs: list[str]) -> None:
    found = Matcher([Pattern(phrase) for phrase in phrases]).find(paragraphs)
    assert found == naive(phrases, paragraphs)


@given(st.lists(st.text() | st.sampled_from(WORDS)))
@example(["\u0301a", "a\u0301", "\u1161", "\u1100"])
@example(["a\n", "\n", " \r\n b", ""])
def test_a_paragraph_is_normalized_alone_as_among_others(paragraphs: list[str]) -> None:
    together = normalized_lines(paragraphs).split(b"\n") if paragraphs else []
    assert together == [normalize(each).encode("utf-8", "surrogatepass") for each in paragraphs]


@given(st.text())
def test_a_normalized_text_stays_as_it_is_and_composition_makes_no_difference(text: str) -> None:
    assert normalize(normalize(text)) == normalize(text) or "\u0345" in unicodedata.normalize("NFD", text)


@pytest.mark.parametrize(
    "text",
    ["a" * 30_000, "\u0315\u0316" * 100_000, "a\u0301" * 50_000, " " * 300_000, "\0" * 300_000, "\ud800" * 100_000,
     "ab " * 50_000],
    ids=["nested", "marks", "composed", "spaces", "NULs", "surrogates", "repeated"],
)  # fmt: skip
def test_hostile_texts(text: str) -> None:
    """Each would take minutes, or gigabytes, if time grew with the square of its length."""
    nested = [Pattern("a" * size) for size in range(1, 17)]
    found = Matcher([*nested, Pattern("ab ab"), Pattern("á")]).find([text, "a"])
    assert (1, 0) in found
