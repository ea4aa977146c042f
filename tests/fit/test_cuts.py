"""Cuts: consecutive paragraphs of a document, or several of them on one line."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st
from labelled import corpora, document, odd_stories, paragraph

from detector.evaluation.labelled import LabelledDocument, LabelledParagraph
from detector.fit.cuts import cut
from detector.fit.origins import AUGMENTED
from detector.text.paragraphs import split
from detector.util.languages import language_code

LENGTHS = {1, 2, 3, 5, 8}
MAX_JOINED = 4000
seeds, numbers = st.integers(0, 10_000), st.integers(0, 20)


def slices(host: LabelledDocument) -> list[tuple[LabelledParagraph, ...]]:
    """All that a cut may be made of."""
    size = len(host.paragraphs)
    lengths = {min(length, size) for length in LENGTHS}
    return [host.paragraphs[at : at + length] for length in lengths for at in range(size - length + 1)]


def joined(paragraphs: tuple[LabelledParagraph, ...], lang: str | None) -> str:
    space = "" if language_code(lang) in ("zh", "ja", "th") else " "
    return space.join(p.text for p in paragraphs)[:MAX_JOINED].rstrip()


def is_joined(new: LabelledDocument, host: LabelledDocument) -> bool:
    """Whether a document is one line of several paragraphs of reporting, with the kind of one of them."""
    (line,) = new.paragraphs
    return any(
        line.text == joined(part, host.lang) and line.label == "reporting" and line.kind in {p.kind for p in part}
        for part in slices(host)
        if all(p.label == "reporting" for p in part)
    )


@given(st.one_of(corpora(), odd_stories()), numbers, seeds)
def test_a_cut_is_consecutive_paragraphs_or_one_line_of_reporting(
    documents: list[LabelledDocument], number: int, seed: int
) -> None:
    by_id = {d.id: d for d in documents}
    made = cut(documents, number, "reporting", seed)
    assert len(made) == (number if any(d.paragraphs for d in documents) else 0)
    for turn, new in enumerate(made):
        host = by_id[new.id.split("+")[0]]
        assert new.id == f"{host.id}+cut{turn}"
        assert (new.site, new.lang, new.origin, new.gold) == (host.site, host.lang, AUGMENTED, None)
        assert new.paragraphs in slices(host) or is_joined(new, host)
        assert len(split([new.text])) == len(new.paragraphs)


SPEECH = document("speech", *(paragraph(f"Sentence {n}.", kind="body") for n in range(20)), lang="en")
MENU = document("menu", *(paragraph(f"Item {n}", "navigation", "menu") for n in range(20)), lang="en")


def test_the_same_seed_gives_the_same_cuts() -> None:
    assert cut([SPEECH, MENU], 30, "reporting", 4) == cut([SPEECH, MENU], 30, "reporting", 4)
    assert cut([SPEECH, MENU], 30, "reporting", 4) != cut([SPEECH, MENU], 30, "reporting", 5)


def test_every_length_and_every_paragraph_occurs() -> None:
    made = cut([MENU], 400, "reporting", 0)
    assert {len(new.paragraphs) for new in made} == LENGTHS
    assert {p for new in made for p in new.paragraphs} == set(MENU.paragraphs)
    assert Counter(len(new.paragraphs) for new in made).most_common(1)[0][0] == 1


def test_some_of_the_cuts_of_reporting_are_one_line_and_no_others() -> None:
    made = cut([SPEECH, MENU], 600, "reporting", 0)
    several = [new for new in made if new.id.startswith("speech") and new.paragraphs not in slices(SPEECH)]
    assert 30 < len(several) < 90  # of 300, three tenths of five eighths
    assert all(new.paragraphs in slices(MENU) for new in made if new.id.startswith("menu"))


@pytest.mark.parametrize(("lang", "text"), [("en", "東 京"), (None, "東 京"), ("ja", "東京"), ("zh-Hant", "東京"),
                                            ("Thai", "東京"), ("ko", "東 京")])  # fmt: skip
def test_there_is_a_space_between_paragraphs_where_the_language_has_spaces(lang: str | None, text: str) -> None:
    made = cut([document("a", paragraph("東"), paragraph("京"), lang=lang)], 60, "reporting", 0)
    assert {p.text for new in made for p in new.paragraphs} == {"東", "京", text}


def test_a_line_has_the_kind_of_its_longest_paragraph_and_a_limited_length() -> None:
    short, long = paragraph("Short", kind="heading"), paragraph("word " * 1500 + "end", kind="body")
    made = cut([document("a", short, long)], 60, "reporting", 0)
    texts = {p.text for new in made for p in new.paragraphs if p.text.startswith("Short word")}
    assert texts == {("Short " + long.text)[:MAX_JOINED].rstrip()}
    assert {p.kind for new in made for p in new.paragraphs if p.text in texts} == {"body"}


def test_rare_languages_are_drawn_more_often_than_they_occur_in_the_data() -> None:
    documents = [document(f"en-{n}", paragraph("Text"), lang="English") for n in range(16)]
    made = cut([*documents, document("de", paragraph("Text"), lang="de")], 500, "reporting", 0)
    assert 70 < sum(new.lang == "de" for new in made) < 130


@pytest.mark.parametrize("documents", [[], [document("a")]])
def test_nothing_to_cut(documents: list[LabelledDocument]) -> None:
    assert cut(documents, 5, "reporting", 0) == []
