"""The split is lossless, and agrees with the simplest possible splitter."""

from __future__ import annotations

import re

import pytest
from hypothesis import example, given
from texts import text_lists, texts

from detector.text.paragraphs import ParagraphBreak, split

Span = tuple[int, int]
_LINE_END = re.compile(r"\r\n|\r|\n")


def lines_of(text: str) -> list[Span]:
    ends = [*_LINE_END.finditer(text)]
    starts = [0, *(end.end() for end in ends)]
    return list(zip(starts, [*(end.start() for end in ends), len(text)], strict=True))


def oracle(text: str, paragraph_break: ParagraphBreak) -> list[Span]:
    found: list[Span] = []
    fresh = True
    for start, end in lines_of(text):
        if not text[start:end].strip():
            fresh = True
            continue
        if paragraph_break == "line" or fresh:
            found.append((start, end))
        else:
            found[-1] = (found[-1][0], end)
        fresh = False
    return found


def spans(text: str, paragraph_break: ParagraphBreak = "line") -> list[Span]:
    batch = split([text], paragraph_break)
    return list(zip(batch.char_start.tolist(), batch.char_end.tolist(), strict=True))


@pytest.mark.parametrize("paragraph_break", ["line", "blank"])
@given(given_texts=text_lists)
@example(given_texts=["a\r", "\nb"])
@example(given_texts=["", "\r", "a", "", "b\n", "\ufeff", "\n"])
def test_split_agrees_with_the_oracle(paragraph_break: ParagraphBreak, given_texts: list[str]) -> None:
    batch = split(given_texts, paragraph_break)
    assert batch.documents == len(given_texts)
    for number, text in enumerate(given_texts):
        rows = slice(batch.bounds[number], batch.bounds[number + 1])
        got = list(zip(batch.char_start[rows].tolist(), batch.char_end[rows].tolist(), strict=True))
        assert got == oracle(text, paragraph_break)
        assert set(batch.document[rows].tolist()) <= {number}


@given(text=texts)
def test_paragraphs_are_what_re_split_and_strip_return(text: str) -> None:
    assert [text[a:b] for a, b in spans(text)] == [line for line in _LINE_END.split(text) if line.strip()]


@pytest.mark.parametrize("paragraph_break", ["line", "blank"])
@given(text=texts)
def test_joining_the_pieces_restores_the_text(paragraph_break: ParagraphBreak, text: str) -> None:
    at, joined = 0, ""
    for start, end in spans(text, paragraph_break):
        between = text[at:start]
        assert not between.strip()
        joined += between + text[start:end]
        at = end
    assert not text[at:].strip()
    assert joined + text[at:] == text


@given(given_texts=text_lists)
def test_bytes_and_characters_are_the_same_stretch(given_texts: list[str]) -> None:
    batch = split(given_texts)
    for row in range(len(batch)):
        text = given_texts[batch.document[row]]
        size = len(text[batch.char_start[row] : batch.char_end[row]].encode("utf-8", "surrogatepass"))
        assert batch.end[row] - batch.start[row] == size


@given(given_texts=text_lists, other=texts)
def test_a_text_is_split_the_same_in_every_batch(given_texts: list[str], other: str) -> None:
    for text in given_texts:
        batch = split([other, text, other])
        rows = slice(batch.bounds[1], batch.bounds[2])
        got = list(zip(batch.char_start[rows].tolist(), batch.char_end[rows].tolist(), strict=True))
        assert got == spans(text)


LINE_CASES = [
    ("", []),
    ("\n \r\n\t\r", []),
    ("one", ["one"]),
    ("one\ntwo\n", ["one", "two"]),
    ("one\r\ntwo\rthree", ["one", "two", "three"]),
    ("\ufeffone\ntwo", ["\ufeffone", "two"]),
    ("page one\fpage two\u2028same line\x85too", ["page one\fpage two\u2028same line\x85too"]),
    ("  indented \n\n\n x ", ["  indented ", " x "]),
    ("a\x00b\n\x00", ["a\x00b", "\x00"]),
    ("\u3000\n\u200b\n\u2003", ["\u200b"]),  # a zero-width space is not whitespace in Python, nor here
    ("ä\n東京\n\ud800x\n😀", ["ä", "東京", "\ud800x", "😀"]),
]


@pytest.mark.parametrize(("text", "paragraphs"), LINE_CASES)
def test_lines(text: str, paragraphs: list[str]) -> None:
    assert [text[a:b] for a, b in spans(text)] == paragraphs


BLANK_CASES = [
    ("one\ntwo\n\nthree", ["one\ntwo", "three"]),
    ("one\r\ntwo\r\n\r\nthree\r\n", ["one\r\ntwo", "three"]),
    ("one\rtwo\r\rthree", ["one\rtwo", "three"]),
    ("one\n \t\u3000\ntwo", ["one", "two"]),
    ("\n\none\n\n\n\ntwo\n\n", ["one", "two"]),
    ("  a\n b ", ["  a\n b "]),
    ("", []),
]


@pytest.mark.parametrize(("text", "paragraphs"), BLANK_CASES)
def test_runs_of_lines(text: str, paragraphs: list[str]) -> None:
    assert [text[a:b] for a, b in spans(text, "blank")] == paragraphs


def test_no_texts_at_all() -> None:
    batch = split([])
    assert (batch.documents, len(batch)) == (0, 0)


def test_long_lines_of_wide_characters() -> None:
    text = "語" * 100_000 + "\n" + "é" * 50_000 + "\r\n" + "z" * 10
    assert spans(text) == [(0, 100_000), (100_001, 150_001), (150_003, 150_013)]
