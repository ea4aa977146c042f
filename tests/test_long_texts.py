"""Texts and paragraphs of any length: decided in sections and parts, and kept where they are not read."""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace

import numpy as np
import pytest

from detector import cleaner as cleaner_module
from detector.backend.reference import NUMPY_BACKEND
from detector.cleaner import Cleaner
from detector.inference.model import Model
from detector.inference.scores import Scores
from detector.results import join_sections
from detector.text import sections as sections_module
from detector.text.paragraphs import ParagraphBreak, split
from detector.text.reading import PART_BYTES
from detector.text.sections import LIMITS, Limits, Section

SMALL = Limits(60, 8, 20, 2)

LONG_CASES = [
    "The council met on Tuesday.\r\n" * 20,
    "wörter " * 40 + "\n" + "Kurz.\n" * 12,
    "東京の店。" * 50,
    "One line.\n\nTwo lines\r\nof one paragraph.\r\n\r\n" * 9,
    "\ufeffStart\r" + "x" * 300 + "\r\r\n\u2028\n" + "End 😀 \ud800",
]


def spans(text: str, paragraph_break: ParagraphBreak) -> list[tuple[int, int]]:
    batch = split([text], paragraph_break)
    return list(zip(batch.char_start.tolist(), batch.char_end.tolist(), strict=True))


@pytest.fixture
def small_sections(monkeypatch: pytest.MonkeyPatch) -> None:
    def small(text: str, paragraph_break: ParagraphBreak) -> Iterator[Section]:
        return sections_module.sections(text, paragraph_break, SMALL)

    monkeypatch.setattr(cleaner_module, "sections", small)
    monkeypatch.setattr(cleaner_module, "is_short", lambda text, lines: sections_module.is_short(text, lines, SMALL))


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


@pytest.mark.parametrize("text", [*LONG_CASES, "\n" * 200, " " * 200, "One.\n" + " \n" * 90 + "Two."])
@pytest.mark.parametrize("threshold", [0.5, 1.0])
@pytest.mark.usefixtures("small_sections")
def test_sections_one_by_one_are_the_whole(text: str, threshold: float, tiny_model: Model) -> None:
    cleaner = Cleaner(tiny_model, threshold)
    chunks = (text[at : at + 7] for at in range(0, len(text), 7))
    found = list(cleaner.predict_sections(chunks))
    assert "".join(section.prediction.source for section in found) == text
    assert "".join(section.prediction.clean_text() for section in found) == cleaner.clean(text).text
    assert join_sections(text, found) == cleaner.predict(text)


@pytest.mark.usefixtures("small_sections")
def test_a_long_text_keeps_its_place_among_short_ones(tiny_model: Model) -> None:
    cleaner = Cleaner(tiny_model)
    given_texts = ["Short one.", "Long one.\n" * 30, "", "Another.", "x" * 100, "Last."]
    found = list(cleaner.predict_many(given_texts))
    assert [prediction.source for prediction in found] == given_texts
    for text, prediction in zip(given_texts, found, strict=True):
        assert prediction.paragraphs == cleaner.predict(text).paragraphs


def test_a_section_is_read_with_its_context(tiny_model: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[str] = []
    original = Cleaner.predict_batch

    def recorded(cleaner: Cleaner, texts: list[str]) -> object:
        read.extend(texts)
        return original(cleaner, texts)

    monkeypatch.setattr(Cleaner, "predict_batch", recorded)
    section = Section(100, "Two.\nThree.\n", before="One.\n", after="Four.")
    prediction = Cleaner(tiny_model)._predict_section(section)
    assert read == ["One.\nTwo.\nThree.\nFour."]
    assert prediction.source == "Two.\nThree.\n"
    assert [p.text for p in prediction.paragraphs] == ["Two.", "Three."]
    assert len(prediction.label_scores) == len(prediction.keep) == 2


@pytest.mark.parametrize("blank", [" ", "\n", " \n"])
def test_a_blank_text_longer_than_a_section_is_kept(blank: str, tiny_model: Model) -> None:
    text = blank * (LIMITS.characters + 1)
    assert Cleaner(tiny_model, 1.0).clean(text).text == text


def test_a_line_longer_than_a_section_is_kept_unread(tiny_model: Model) -> None:
    line = "Subscribe now! " * (LIMITS.characters // 10)
    text = f"Subscribe now!\n{line}\nSubscribe now!"
    result = Cleaner(tiny_model, 1.0, max_removed=1).clean(text)
    assert [(p.start, p.end) for p in result.paragraphs] == spans(text, "line")
    assert [p.keep for p in result.paragraphs] == [False, True, False]
    assert result.text == line + "\n"
    unread = result.paragraphs[1]
    assert (unread.label, unread.keep_score, unread.scores["reporting"]) == ("reporting", 1.0, 1.0)


# Long paragraphs


@pytest.mark.parametrize(("scores", "keep"), [([0.1] * 4, False), ([0.1, 0.1, 0.1, 0.9], True), ([0.9] * 4, True)])
def test_a_long_paragraph_is_removed_where_all_of_its_parts_would_be(
    scores: list[float], keep: bool, tiny_model: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    def predicted(model: Model, batch: object, evidence_logits: object) -> Scores:
        reporting = np.array([0.2, *scores, 0.3], dtype=np.float32)
        labels = np.stack([reporting, 1 - reporting, 0 * reporting], axis=1)
        kinds = np.zeros((len(labels), len(model.kinds)), dtype=np.float32)
        return Scores(labels, kinds, np.ones(1, dtype=np.float32))

    backend = SimpleNamespace(split_lines=NUMPY_BACKEND.split_lines, predict=predicted)
    monkeypatch.setattr(cleaner_module, "choose_backend", lambda: backend)
    text = "Before.\n" + "x" * (3 * PART_BYTES) + "\nAfter."
    found = Cleaner(tiny_model, 0.5, max_removed=1).predict(text).paragraphs
    assert [p.keep for p in found] == [False, keep, False]
    assert [round(p.keep_score, 3) for p in found] == [0.2, max(scores), 0.3]
    assert [(p.start, p.end) for p in found] == spans(text, "line")


def test_all_of_a_long_paragraph_is_read(tiny_model: Model) -> None:
    appeal = "Subscribe to our newsletter and support our journalism today. " * (PART_BYTES // 30)
    story = "The council voted on Tuesday to reopen the bridge, which had been closed since the flood. " * 300
    cleaner = Cleaner(tiny_model)
    alone, with_story = (cleaner.predict(text).keep_scores[0] for text in (appeal, appeal + story))
    assert with_story > alone


# Documents of tiny paragraphs


def test_a_document_of_tiny_paragraphs_is_kept_unread(tiny_model: Model) -> None:
    cleaner = Cleaner(tiny_model, 1.0, max_removed=1)
    numbers = "\n".join(map(str, range(10_000)))
    texts = ["One sentence.", numbers, "", numbers, "Another sentence."]
    results = list(cleaner.clean_many(texts))
    assert [result.text for result in results] == ["", numbers, "", numbers, ""]
    assert len(results[1].paragraphs) == 10_000
    assert {p.keep_score for p in results[1].paragraphs} == {1.0}
    assert results[0] == cleaner.clean(texts[0])
