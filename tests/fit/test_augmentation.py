"""All augmentation together: how many documents of each sort, and of what."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st
from labelled import FOLDS, LINE_SITES, STORY_SITES, corpora, document, paragraph

from detector.evaluation.labelled import LabelledDocument
from detector.fit.augmentation import augment
from detector.fit.config import FitConfig
from detector.fit.origins import AUGMENTED, LINES

SORTS = {"block": "augmentation", "line": "line_augmentation", "cut": "cut_augmentation", "data": "artificial"}
NONE = dict.fromkeys(SORTS.values(), 0.0)
LETTER = (paragraph("Give now!", "appeal", "donation"), paragraph("Close", "navigation", "menu"))


def config_of(**shares: float) -> FitConfig:
    return FitConfig(**{**NONE, **shares})  # type: ignore[arg-type]


def story(number: int) -> LabelledDocument:
    body = [paragraph(f"Line {row} of story {number}.") for row in range(3)]
    letter = LETTER if number % 2 else ()
    return document(f"doc-{number}", *body, *letter, site=STORY_SITES[number % 6], origin="justext", lang="en")


DOCUMENTS = [
    *(story(number) for number in range(20)),
    document("lines", paragraph("More on this", "navigation", "related"), site=LINE_SITES[0], origin=LINES, lang="en"),
    document("others", paragraph("Also read", "navigation", "related"), site=LINE_SITES[1], origin=LINES, lang="en"),
]


def sort_of(new: LabelledDocument) -> str:
    """How a document was made last, by its id."""
    return new.id.rsplit("+", 1)[1].rstrip("0123456789") or "block"


@pytest.mark.parametrize("sort", SORTS)
@pytest.mark.parametrize(("share", "number"), [(0.0, 0), (0.5, 10), (0.99, 19), (2.0, 40)])
def test_a_share_is_a_number_of_documents_per_text(sort: str, share: float, number: int) -> None:
    """Documents of single lines are no texts."""
    made = Counter(sort_of(new) for new in augment(DOCUMENTS, FOLDS, "reporting", config_of(**{SORTS[sort]: share})))
    if sort == "block":  # a block of the story's own site is left out
        assert number / 3 <= made[sort] <= number
    else:
        assert made[sort] == number
    assert set(made) <= {sort}


def test_by_default_there_is_every_sort() -> None:
    made = augment(DOCUMENTS, FOLDS, "reporting", FitConfig())
    assert {sort_of(new) for new in made} == set(SORTS)
    assert made == augment(DOCUMENTS, FOLDS, "reporting", FitConfig())
    assert made != augment(DOCUMENTS, FOLDS, "reporting", FitConfig(seed=1))


@given(corpora(), st.integers(0, 100))
def test_new_documents_have_ids_of_their_own_and_known_sites(documents: list[LabelledDocument], seed: int) -> None:
    made = augment(documents, FOLDS, "reporting", FitConfig(seed=seed))
    ids = [d.id for d in (*documents, *made)]
    assert len(ids) == len(set(ids))
    assert {new.origin for new in made} <= {AUGMENTED}
    sites = {d.id: d.site for d in documents}
    assert all(new.site == sites[new.id.split("+")[0]] for new in made)


@given(corpora(), st.integers(0, 100))
def test_documents_of_single_lines_are_only_inserted(documents: list[LabelledDocument], seed: int) -> None:
    """They are no text to cut or to continue."""
    lines = {d.id for d in documents if d.origin == LINES}
    assert not {new.id.split("+")[0] for new in augment(documents, FOLDS, "reporting", FitConfig(seed=seed))} & lines


def test_documents_with_inserted_lines_are_cut_too() -> None:
    made = augment(DOCUMENTS, FOLDS, "reporting", config_of(line_augmentation=1, cut_augmentation=2))
    assert 5 < sum("+line" in new.id for new in made if sort_of(new) == "cut") < 35
