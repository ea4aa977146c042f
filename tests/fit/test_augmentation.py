"""Blocks of publishers' letters inserted whole into other stories of the same fold; the story is unchanged."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detector.evaluation.labelled import LabelledDocument, LabelledParagraph
from detector.fit.augmentation import AUGMENTED, PORTABLE_KINDS, augment

P = LabelledParagraph


def story(number: int, site: str, *extra: LabelledParagraph, origin: str | None = "seed") -> LabelledDocument:
    body = tuple(P(f"Line {n} of story {number}.", "reporting", "body", "read") for n in range(1 + number % 4))
    return LabelledDocument(f"story-{number}", site, origin, "en", f"gold {number}", (*body, *extra))


def letter(number: int, kind: str = "donation") -> tuple[LabelledParagraph, ...]:
    return (
        P(f"Reader letter {number} begins.", "appeal", kind, "read"),
        P(f"Give, says letter {number}.", "appeal", kind, "read"),
        P("Close", "navigation", "menu", "read"),
    )


SITES = [f"site-{number}.example" for number in range(8)]
FOLDS = {site: number % 2 for number, site in enumerate(SITES)}
DOCUMENTS = [
    story(number, SITES[number % 8], *(letter(number, sorted(PORTABLE_KINDS)[number % 5]) if number % 3 == 0 else ()))
    for number in range(24)
]


@given(number=st.integers(0, 30), seed=st.integers(0, 10_000))
def test_an_augmented_document_is_a_story_with_one_block(number: int, seed: int) -> None:
    by_id = {document.id: document for document in DOCUMENTS}
    blocks = {d.paragraphs[-3:]: FOLDS[d.site] for d in DOCUMENTS if d.paragraphs[-1].kind == "menu"}
    augmented = augment(DOCUMENTS, FOLDS, number, "reporting", seed)
    assert number / 3 - 3 <= len(augmented) <= number
    for document in augmented:
        host = by_id[document.id.rsplit("+", 1)[0]]
        assert (document.site, document.lang, document.origin, document.gold) == (host.site, "en", AUGMENTED, None)
        size = len(document.paragraphs) - len(host.paragraphs)
        cuts = [
            document.paragraphs[at : at + size]
            for at in range(len(host.paragraphs) + 1)
            if document.paragraphs[:at] + document.paragraphs[at + size :] == host.paragraphs
        ]
        assert any(blocks.get(cut) == FOLDS[host.site] for cut in cuts)
        own = [d.paragraphs[-3:] for d in DOCUMENTS if d.site == host.site]
        assert not any(cut in own for cut in cuts)


def test_the_same_seed_gives_the_same_documents() -> None:
    assert augment(DOCUMENTS, FOLDS, 20, "reporting", 4) == augment(DOCUMENTS, FOLDS, 20, "reporting", 4)
    assert augment(DOCUMENTS, FOLDS, 20, "reporting", 4) != augment(DOCUMENTS, FOLDS, 20, "reporting", 5)


def test_rare_kinds_are_drawn_far_more_often_than_they_occur_in_the_data() -> None:
    documents = [story(n, SITES[n % 8], *letter(n, "app" if n == 0 else "donation")) for n in range(20)]
    augmented = augment(documents, dict.fromkeys(SITES, 0), 200, "reporting", 0)
    with_app = sum(any(p.kind == "app" for p in d.paragraphs) for d in augmented)
    assert 40 < with_app < 100  # of the blocks themselves, one in twenty


NOTHING_TO_AUGMENT = {
    "no documents": [],
    "no blocks": [story(n, SITES[n]) for n in range(4)],
    "no stories": [LabelledDocument("a", SITES[0], None, None, None, letter(1))],
    "pages only": [story(n, SITES[0], *letter(n), origin="page") for n in range(3)],
    "blocks of other folds": [story(0, SITES[0]), LabelledDocument("a", SITES[1], None, None, None, letter(1))],
    "a block too long": [story(0, SITES[0], *[P(f"Give {n}", "appeal", "donation") for n in range(15)])],
}


@pytest.mark.parametrize("name", NOTHING_TO_AUGMENT)
def test_nothing_to_augment(name: str) -> None:
    assert augment(NOTHING_TO_AUGMENT[name], FOLDS, 5, "reporting", 0) == []
