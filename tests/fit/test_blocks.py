"""Blocks of publishers' letters inserted whole into other stories of one fold and language; the story is unchanged."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detector.evaluation.labelled import LabelledDocument, LabelledParagraph
from detector.fit.blocks import PORTABLE_KINDS, insert_blocks
from detector.fit.origins import AUGMENTED
from detector.util.languages import language_code

P = LabelledParagraph


def story(
    number: int, site: str, *extra: LabelledParagraph, origin: str | None = "seed", lang: str | None = "en"
) -> LabelledDocument:
    body = tuple(P(f"Line {n} of story {number}.", "reporting", "body", "read") for n in range(2 + number % 4))
    return LabelledDocument(f"story-{number}", site, origin, lang, f"gold {number}", (*body, *extra))


def letter(number: int, kind: str = "donation") -> tuple[LabelledParagraph, ...]:
    return (
        P(f"Reader letter {number} begins.", "appeal", kind, "read"),
        P(f"Give, says letter {number}.", "appeal", kind, "read"),
        P("Close", "navigation", "menu", "read"),
    )


SITES = [f"site-{number}.example" for number in range(8)]
FOLDS = {site: number % 2 for number, site in enumerate(SITES)}
NAMES = {"en": ("en", "English", "en-GB"), "de": ("de", "german", "de_AT"), None: (None,)}  # of each language
Place = tuple[str | None, int]  # the language and the fold of a document


def place(document: LabelledDocument) -> Place:
    return language_code(document.lang), FOLDS[document.site]


def documents_of(languages: tuple[str | None, ...]) -> list[LabelledDocument]:
    """Stories on each site, every third one with a letter of its own."""
    kinds = sorted(PORTABLE_KINDS)
    documents = []
    for number in range(24 * len(languages)):
        language = languages[number // 24]
        block = letter(number, kinds[number % 5]) if number % 3 == 0 else ()
        name = NAMES[language][number % len(NAMES[language])]
        documents.append(story(number, SITES[number % 8], *block, lang=name))
    return documents


DOCUMENTS = documents_of(("en",))


@pytest.mark.parametrize("languages", [("en",), ("en", "de"), ("de", None), ("en", "de", None)])
@given(number=st.integers(0, 30), seed=st.integers(0, 10_000))
def test_an_augmented_document_is_a_story_with_one_block_of_its_fold_and_language(
    languages: tuple[str | None, ...], number: int, seed: int
) -> None:
    documents = documents_of(languages)
    by_id = {document.id: document for document in documents}
    blocks = {d.paragraphs[-3:]: d for d in documents if d.paragraphs[-1].kind == "menu"}
    augmented = insert_blocks(documents, FOLDS, number, "reporting", seed)
    assert number / 3 - 3 <= len(augmented) <= number
    for document in augmented:
        host = by_id[document.id.rsplit("+", 1)[0]]
        assert (document.site, document.lang, document.origin, document.gold) == (
            host.site, host.lang, AUGMENTED, None,
        )  # fmt: skip
        size = len(document.paragraphs) - len(host.paragraphs)
        cuts = [
            document.paragraphs[at : at + size]
            for at in range(len(host.paragraphs) + 1)
            if document.paragraphs[:at] + document.paragraphs[at + size :] == host.paragraphs
        ]
        (block,) = {blocks[cut].id: blocks[cut] for cut in cuts if cut in blocks}.values()
        assert place(block) == place(host)
        assert block.site != host.site


def test_the_same_seed_gives_the_same_documents() -> None:
    assert insert_blocks(DOCUMENTS, FOLDS, 20, "reporting", 4) == insert_blocks(DOCUMENTS, FOLDS, 20, "reporting", 4)
    assert insert_blocks(DOCUMENTS, FOLDS, 20, "reporting", 4) != insert_blocks(DOCUMENTS, FOLDS, 20, "reporting", 5)


def test_rare_kinds_are_drawn_far_more_often_than_they_occur_in_the_data() -> None:
    documents = [story(n, SITES[n % 8], *letter(n, "app" if n == 0 else "donation")) for n in range(20)]
    augmented = insert_blocks(documents, dict.fromkeys(SITES, 0), 200, "reporting", 0)
    with_app = sum(any(p.kind == "app" for p in d.paragraphs) for d in augmented)
    assert 40 < with_app < 100  # of the blocks themselves, one in twenty


def drawn_kinds(*kinds: str, number: int = 2000) -> dict[str | None, float]:
    """The share of each kind of block in new documents, where there is one block of each of these kinds."""
    stories = [story(n, SITES[0]) for n in range(4)]
    blocks = [LabelledDocument(kind, SITES[2], None, "en", None, letter(n, kind)) for n, kind in enumerate(kinds)]
    made = insert_blocks([*stories, *blocks], FOLDS, number, "reporting", 0)
    assert len(made) == number
    drawn = Counter(next(p.kind for p in d.paragraphs if p.kind in PORTABLE_KINDS) for d in made)
    return {kind: drawn[kind] / number for kind in kinds}


def test_donation_letters_are_drawn_more_often_than_other_kinds() -> None:
    share = drawn_kinds("app", "donation", "newsletter")
    assert share == pytest.approx({"app": 0.2, "donation": 0.6, "newsletter": 0.2}, abs=0.04)


def test_without_donation_letters_all_kinds_are_drawn_equally_often() -> None:
    share = drawn_kinds("app", "newsletter", "social", "subscription")
    assert share == pytest.approx(dict.fromkeys(share, 0.25), abs=0.04)


def in_languages(*numbers: tuple[str | None, int]) -> list[LabelledDocument]:
    """So many stories of each language in one fold, and a letter on a site without a story."""
    documents = []
    for lang, number in numbers:
        documents += [story(len(documents) + n, SITES[2 * (n % 3)], lang=lang) for n in range(number)]
        documents.append(LabelledDocument(f"letter-{lang}", SITES[6], None, lang, None, letter(len(documents))))
    return documents


def test_rare_languages_are_drawn_more_often_than_they_occur_in_the_data() -> None:
    made = insert_blocks(in_languages(("en", 16), ("de", 1)), FOLDS, 500, "reporting", 0)
    assert len(made) == 500
    assert 70 < sum(new.lang == "de" for new in made) < 130  # one in five; of the stories, one in seventeen


def test_a_language_without_blocks_is_not_drawn() -> None:
    documents = [d for d in in_languages(("en", 4), ("de", 4), (None, 4)) if d.id != "letter-de"]
    made = insert_blocks(documents, FOLDS, 100, "reporting", 0)
    assert Counter(new.lang for new in made).keys() == {"en", None}
    assert len(made) == 100


@pytest.mark.parametrize(("reporting", "others", "fits"), [(0, 3, False), (1, 3, False), (2, 0, True), (2, 48, True),
                                                           (2, 49, False), (50, 0, True), (51, 0, False)])  # fmt: skip
def test_a_story_has_two_paragraphs_of_reporting_and_fifty_of_all(reporting: int, others: int, fits: bool) -> None:
    body = [P(f"Line {n}.", "reporting") for n in range(reporting)]
    menu = [P(f"Menu {n}", "navigation", "menu") for n in range(others)]
    one = LabelledDocument("story", SITES[0], "justext", "en", None, (*body, *menu))
    block = LabelledDocument("letter", SITES[2], None, "en", None, letter(1))
    assert len(insert_blocks([one, block], FOLDS, 5, "reporting", 0)) == 5 * fits


def test_a_block_stands_after_the_story_before_it_or_inside_it() -> None:
    made = insert_blocks(
        [story(3, SITES[0]), replace(story(2, SITES[2]), paragraphs=letter(1))], FOLDS, 1000, "reporting", 0
    )
    at = Counter(new.paragraphs.index(letter(1)[0]) for new in made)
    assert set(at) == set(range(6))
    assert at[0] / 1000 == pytest.approx(0.1, abs=0.03)
    assert at[5] / 1000 == pytest.approx(0.7 + 0.2 / 5, abs=0.05)


def letter_on(site: str, lang: str | None = "en") -> LabelledDocument:
    return LabelledDocument("letter", site, None, lang, None, letter(1))


LONG = [P(f"Give {n}", "appeal", "donation") for n in range(15)]
NOTHING_TO_AUGMENT = {
    "no documents": [],
    "no blocks": [story(n, SITES[n]) for n in range(4)],
    "no stories": [letter_on(SITES[0])],
    "pages only": [*(story(n, SITES[0], origin="page") for n in range(3)), letter_on(SITES[2])],
    "blocks of other folds": [story(0, SITES[0]), letter_on(SITES[1])],
    "blocks of another language": [story(0, SITES[0]), letter_on(SITES[2], "de")],
    "blocks of an unknown language": [story(0, SITES[0]), letter_on(SITES[2], None)],
    "a story of an unknown language": [story(0, SITES[0], lang=None), letter_on(SITES[2])],
    "blocks of the same site": [story(0, SITES[0]), letter_on(SITES[0])],
    "a block too long": [story(0, SITES[0]), replace(letter_on(SITES[2]), paragraphs=tuple(LONG))],
}


@pytest.mark.parametrize("name", NOTHING_TO_AUGMENT)
def test_nothing_to_augment(name: str) -> None:
    assert insert_blocks(NOTHING_TO_AUGMENT[name], FOLDS, 5, "reporting", 0) == []


def test_a_block_of_fourteen_paragraphs_of_another_site_is_enough() -> None:
    """What `NOTHING_TO_AUGMENT` lacks."""
    documents = [story(0, SITES[0], lang="English"), replace(letter_on(SITES[2]), paragraphs=tuple(LONG[:14]))]
    assert len(insert_blocks(documents, FOLDS, 5, "reporting", 0)) == 5
