"""Long texts are cut between paragraphs, whatever chunks they come in, and no character is lost."""

from __future__ import annotations

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from texts import texts

from detector.text.paragraphs import ParagraphBreak, split
from detector.text.sections import Limits, Section, count_lines, is_short, sections

paragraph_breaks = st.sampled_from(["line", "blank"])
limits = st.builds(Limits, st.integers(8, 40), st.integers(1, 8), st.integers(1, 9), st.integers(1, 3))
long_texts = st.lists(texts, max_size=4).map("".join)
SMALL = Limits(8, 8, 4, 2)


def spans(text: str, paragraph_break: ParagraphBreak) -> list[tuple[int, int]]:
    batch = split([text], paragraph_break)
    return list(zip(batch.char_start.tolist(), batch.char_end.tolist(), strict=True))


def spans_of(found: list[Section], paragraph_break: ParagraphBreak) -> list[tuple[int, int]]:
    """The paragraphs of sections as spans of the text; the parts of an unread one are joined."""
    out: list[tuple[int, int]] = []
    for section in found:
        if section.continued:
            out[-1] = out[-1][0], section.start + section.end
        elif section.unread:
            out.append((section.start, section.start + section.end))
        else:
            out += [(section.start + a, section.start + b) for a, b in spans(section.text, paragraph_break)]
    return out


@given(text=long_texts, paragraph_break=paragraph_breaks, limits=limits)
@example(text="aaaa\r\nbbbb\r\ncccc\r\n", paragraph_break="blank", limits=SMALL)  # a CRLF alone is not a blank line
@example(text="aaaa\r\nbbbb", paragraph_break="line", limits=SMALL)
@example(text="\nThe ferry to Hollow Quay", paragraph_break="blank", limits=SMALL)  # blank lines before a long one
@example(text="one\r\ntwo\r\n \r\nthree\r\n\r\n\r\nfour", paragraph_break="blank", limits=SMALL)
def test_sections_hold_the_paragraphs_of_the_text(text: str, paragraph_break: ParagraphBreak, limits: Limits) -> None:
    found = spans_of(list(sections(text, paragraph_break, limits)), paragraph_break)
    if max(map(len, re.findall(r"\s+", text)), default=0) < limits.characters:  # longer white space is unread
        assert found == spans(text, paragraph_break)
    elif paragraph_break == "line":
        assert [span for span in found if text[slice(*span)].strip()] == spans(text, paragraph_break)


@given(text=long_texts, paragraph_break=paragraph_breaks, limits=limits, size=st.integers(1, 7))
@example(text=" " * 50 + "\n" * 50 + "x", paragraph_break="line", limits=SMALL, size=1)
@example(text="\r\n\r\n\n\n", paragraph_break="line", limits=SMALL, size=1)
def test_sections_are_the_whole_text_and_do_not_depend_on_its_chunks(
    text: str, paragraph_break: ParagraphBreak, limits: Limits, size: int
) -> None:
    found = list(sections(text, paragraph_break, limits))
    assert "".join(section.text for section in found) == text
    assert found == list(sections([text[at : at + size] for at in range(0, len(text), size)], paragraph_break, limits))
    for section in found:
        assert text.startswith(section.text, section.start)
        assert text[: section.start].endswith(section.before)
        assert text.startswith(section.after, section.start + len(section.text))
        assert len(section.text) <= limits.characters + limits.context_characters + 1  # one more for a CRLF
        assert max(len(section.before), len(section.after)) <= limits.context_characters


@given(text=long_texts, paragraph_break=paragraph_breaks)
def test_a_short_text_is_one_section(text: str, paragraph_break: ParagraphBreak) -> None:
    assert list(sections(text, paragraph_break)) == [Section(0, text)]


CUT_CASES = [
    ("aa\nbb\ncc", "line", 5, ["aa\n", "bb\ncc"]),
    ("aa\nbb\ncc", "line", 6, ["aa\nbb\n", "cc"]),
    ("aa\rbb\rcc", "line", 6, ["aa\rbb\r", "cc"]),
    ("aa\r\nbb\r\ncc", "line", 7, ["aa\r\nbb\r\n", "cc"]),  # one more than the limit, for the CRLF
    ("aa\n\n\n\nbb", "line", 4, ["aa\n\n\n\n", "bb"]),  # blank lines belong to the section before
    ("aa\n  ", "line", 3, ["aa\n  "]),
    ("aa\nbb\n\ncc\ndd", "blank", 8, ["aa\nbb\n\n", "cc\ndd"]),
    ("aa\r\nbb\r\n\r\ncc", "blank", 11, ["aa\r\nbb\r\n\r\n", "cc"]),
    ("aa\nbb\n \t\ncc", "blank", 9, ["aa\nbb\n \t\n", "cc"]),
    ("a" * 12 + "\nbb", "line", 5, ["aaaaa", "aaaaa", "aa\n", "bb"]),
]


@pytest.mark.parametrize(("text", "paragraph_break", "characters", "expected"), CUT_CASES)
def test_cuts(text: str, paragraph_break: ParagraphBreak, characters: int, expected: list[str]) -> None:
    found = sections(text, paragraph_break, Limits(characters, 100, 8, 100))
    assert [section.text for section in found] == expected


def test_many_lines_make_a_section_as_many_characters_do() -> None:
    found = list(sections("a\n" * 10, "line", Limits(100, 4, 100, 2)))
    assert [section.text for section in found] == ["a\n" * 4, "a\n" * 4, "a\n" * 2]
    assert [(section.before, section.after) for section in found] == [
        ("", "a\n" * 2), ("a\n" * 2, "a\n" * 2), ("a\n" * 2, ""),
    ]  # fmt: skip


def test_the_context_consists_of_whole_lines() -> None:
    first, second = sections("one\ntwo\nthree\nfour", "line", Limits(10, 100, 6, 100))
    assert (first.text, first.after) == ("one\ntwo\n", "three\n")
    assert (second.before, second.text) == ("two\n", "three\nfour")


def test_a_paragraph_longer_than_a_section_is_unread() -> None:
    before, first, second, last = sections("aa\n" + "x" * 12 + "\nbb", "line", SMALL)
    assert (before.text, before.unread) == ("aa\n", False)
    assert (first.text, first.unread, first.end, first.continued) == ("x" * 8, True, 8, False)
    assert (second.text, second.unread, second.end, second.continued) == ("x" * 4 + "\n", True, 4, True)
    assert (last.text, last.before, last.unread) == ("bb", "", False)


SHORT_CASES = [("x" * 8, True), ("x" * 9, False), ("\n" * 3, True), ("a\nb\nc\nd", True), ("a\rb\rc\rd\r", False)]


@pytest.mark.parametrize(("text", "expected"), SHORT_CASES)
def test_short_texts(text: str, expected: bool) -> None:
    assert is_short(text, count_lines(text), Limits(8, 3, 4, 2)) is expected
