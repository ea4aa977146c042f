"""Long texts are cut between paragraphs, and judged as if they had not been, paragraph by paragraph."""

from __future__ import annotations

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from texts import texts

from detector import cleaner as cleaner_module
from detector.cleaner import Cleaner
from detector.inference.model import Model
from detector.text import sections as sections_module
from detector.text.paragraphs import ParagraphBreak, split
from detector.text.sections import EXCERPT_CHARACTERS, SECTION_CHARACTERS, Section, sections

_LINE_END = re.compile(r"\r\n|\r|\n")

paragraph_breaks = st.sampled_from(["line", "blank"])
sizes = st.integers(1, 40)
long_texts = st.lists(texts, max_size=4).map("".join)


def spans(text: str, paragraph_break: ParagraphBreak) -> list[tuple[int, int]]:
    batch = split([text], paragraph_break)
    return list(zip(batch.char_start.tolist(), batch.char_end.tolist(), strict=True))


def spans_of(section: Section, paragraph_break: ParagraphBreak) -> list[tuple[int, int]]:
    if section.paragraph:
        return [section.paragraph]
    return [(first + section.start, last + section.start) for first, last in spans(section.text, paragraph_break)]


@given(text=long_texts, paragraph_break=paragraph_breaks, size=sizes)
@example(text="aaaa\r\nbbbb\r\ncccc\r\n", paragraph_break="blank", size=8)  # a CRLF alone is not a blank line
@example(text="aaaa\r\nbbbb", paragraph_break="line", size=5)  # cut between \r and \n
@example(text=" " * 50, paragraph_break="line", size=8)
@example(text="\n" * 50, paragraph_break="blank", size=8)
@example(text="a\n\n\nb" * 9, paragraph_break="blank", size=3)
@example(text="one\r\ntwo\r\n \r\nthree\r\n\r\n\r\nfour", paragraph_break="blank", size=6)
def test_sections_hold_the_paragraphs_of_the_text(text: str, paragraph_break: ParagraphBreak, size: int) -> None:
    found = list(sections(text, paragraph_break, size))
    assert [span for section in found for span in spans_of(section, paragraph_break)] == spans(text, paragraph_break)


@given(text=long_texts, paragraph_break=paragraph_breaks, size=sizes)
def test_sections_are_stretches_of_the_text_in_order(text: str, paragraph_break: ParagraphBreak, size: int) -> None:
    at = 0
    found = list(sections(text, paragraph_break, size))
    assert found
    for section in found:
        assert section.start >= at
        if section.paragraph:
            first, last = section.paragraph
            assert section.start <= first < last
            assert paragraph_break == "blank" or last - section.start >= size
            assert text[first:last].strip().startswith(section.text.strip()[:1])
            at = last
        else:
            assert text.startswith(section.text, section.start)
            assert not text[at : section.start].strip()
            assert len(section.text) <= size + 1
            at = section.start + len(section.text)
    assert not text[at:].strip()


@given(text=long_texts, paragraph_break=paragraph_breaks)
def test_a_short_text_is_one_section(text: str, paragraph_break: ParagraphBreak) -> None:
    assert list(sections(text, paragraph_break)) == [Section(0, text)]
    assert list(sections(text, paragraph_break, max(len(text), 1))) == [Section(0, text)]


def test_only_the_beginning_of_a_long_paragraph_is_judged() -> None:
    text = "before\n" + "\t" + "x" * (SECTION_CHARACTERS + 10) + " \r\nafter"
    first, second, last = sections(text, "line")
    assert first == Section(0, "before\n")
    assert second.paragraph == (7, len(text) - 7)
    assert second.text == "x" * EXCERPT_CHARACTERS
    assert last.text == "after"


CUT_CASES = [
    ("aa\nbb\ncc", "line", 5, ["aa\n", "bb\ncc"]),
    ("aa\nbb\ncc", "line", 6, ["aa\nbb\n", "cc"]),
    ("aa\rbb\rcc", "line", 6, ["aa\rbb\r", "cc"]),
    ("aa\r\nbb\r\ncc", "line", 7, ["aa\r\nbb\r\n", "cc"]),  # one more than the size, for the CRLF
    ("aa\nbb\n\ncc\ndd", "blank", 8, ["aa\nbb\n\n", "cc\ndd"]),
    ("aa\r\nbb\r\n\r\ncc", "blank", 11, ["aa\r\nbb\r\n\r\n", "cc"]),
    ("aa\nbb\n \t\ncc", "blank", 9, ["aa\nbb\n \t\n", "cc"]),
]


@pytest.mark.parametrize(("text", "paragraph_break", "size", "expected"), CUT_CASES)
def test_cuts(text: str, paragraph_break: ParagraphBreak, size: int, expected: list[str]) -> None:
    assert [section.text for section in sections(text, paragraph_break, size)] == expected


@pytest.fixture
def small_sections(monkeypatch: pytest.MonkeyPatch) -> int:
    size = 60

    def small(text: str, paragraph_break: ParagraphBreak) -> object:
        return sections_module.sections(text, paragraph_break, size)

    monkeypatch.setattr(cleaner_module, "SECTION_CHARACTERS", size)
    monkeypatch.setattr(cleaner_module, "sections", small)
    return size


LONG_CASES = [
    "The council met on Tuesday.\r\n" * 20,
    "wörter " * 40 + "\n" + "Kurz.\n" * 12,
    "\n" * 200,
    " " * 200,
    "東京の店。" * 50,
    "One line.\n\nTwo lines\r\nof one paragraph.\r\n\r\n" * 9,
    "\ufeffStart\r" + "x" * 300 + "\r\r\n\u2028\n" + "End 😀 \ud800",
]


@pytest.mark.parametrize("paragraph_break", ["line", "blank"])
@pytest.mark.parametrize("text", LONG_CASES)
@pytest.mark.usefixtures("small_sections")
def test_a_text_in_sections_keeps_its_paragraphs_and_is_restored(
    text: str, paragraph_break: ParagraphBreak, tiny_model: Model
) -> None:
    prediction = Cleaner(tiny_model, paragraphs=paragraph_break).predict(text)
    assert prediction.source == text
    assert [(p.start, p.end) for p in prediction.paragraphs] == spans(text, paragraph_break)
    assert [p.text for p in prediction.paragraphs] == [text[a:b] for a, b in spans(text, paragraph_break)]
    assert Cleaner(tiny_model, 0.0, paragraphs=paragraph_break).clean(text).text == text


@pytest.mark.usefixtures("small_sections")
def test_a_long_text_keeps_its_place_among_short_ones(tiny_model: Model) -> None:
    cleaner = Cleaner(tiny_model)
    given_texts = ["Short one.", "Long one.\n" * 30, "", "Another.", "x" * 100, "Last."]
    found = list(cleaner.predict_many(given_texts))
    assert [prediction.source for prediction in found] == given_texts
    for text, prediction in zip(given_texts, found, strict=True):
        assert prediction.paragraphs == cleaner.predict(text).paragraphs


def test_a_blank_text_longer_than_a_section(tiny_model: Model) -> None:
    text = " " * (SECTION_CHARACTERS + 1)
    cleaned = Cleaner(tiny_model).clean(text)
    assert (cleaned.text, cleaned.paragraphs) == (text, ())


def test_a_line_longer_than_a_section(tiny_model: Model) -> None:
    text = "Heading\n" + "word " * (SECTION_CHARACTERS // 4) + "\nEnd"
    prediction = Cleaner(tiny_model).predict(text)
    assert [(p.start, p.end) for p in prediction.paragraphs] == spans(text, "line")
    assert _LINE_END.split(text) == [p.text for p in prediction.paragraphs]
