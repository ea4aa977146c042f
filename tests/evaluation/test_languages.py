"""Figures by language: small cases worked out by hand."""

from __future__ import annotations

from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from labelled import document, paragraph

from detector.evaluation.evaluate import ScoredDocument, figures, scored_document
from detector.evaluation.languages import UNKNOWN, figures_by_language

LABELS = ("reporting", "appeal", "navigation")
Row = tuple[str | None, str | None, int, bool]  # label, by, words, keep


def judged(rows: list[Row], lang: str | None = "en", site: str = "site") -> ScoredDocument:
    paragraphs = [
        paragraph(" ".join(f"w{n}x{k}" for k in range(words)) or "—", label, None, by)
        for n, (label, by, words, _) in enumerate(rows)
    ]
    scores = np.full((len(rows), len(LABELS)), 1 / 3, dtype=np.float32)
    keep = np.array([row[3] for row in rows], dtype=bool)
    return scored_document(document("a", *paragraphs, site=site, lang=lang), LABELS, scores, keep)


def test_lost_counts_words_and_removed_counts_paragraphs_that_were_read() -> None:
    rows: list[Row] = [
        ("reporting", "read", 30, True),
        ("reporting", "gold", 10, False),
        ("appeal", "read", 90, False),
        ("navigation", None, 1, True),  # without a source: read
        ("navigation", "read", 1, False),
        ("weather", "read", 1, False),  # a label that the model does not have
        ("appeal", "auto", 1, True),  # not read: does not count
        (None, None, 50, False),  # without a label: neither
    ]
    assert figures_by_language([judged(rows)]) == {
        "en": {"sites": 1, "documents": 1, "lost": 0.25, "removed": 0.75},
    }


def test_sums_and_not_means_over_the_documents_of_a_language() -> None:
    one = judged([("reporting", "read", 1, False), ("appeal", "read", 1, True)], "de", "a")
    appeals: list[Row] = [("appeal", "read", 1, False)] * 3
    two = judged([("reporting", "read", 9, True), *appeals], "German", "b")
    again = judged([], "de-AT", "b")
    assert figures_by_language([one, two, again]) == {
        "de": {"sites": 2, "documents": 3, "lost": 0.1, "removed": 0.75},
    }


def test_languages_are_sorted_by_code_and_unknown_is_one() -> None:
    table = figures_by_language(judged([("reporting", "read", 1, True)], lang) for lang in ("Welsh", None, "ar", ""))
    assert list(table) == ["ar", "cy", UNKNOWN]
    assert table[UNKNOWN]["documents"] == 2


@pytest.mark.parametrize(
    ("rows", "lost", "removed"),
    [
        ([], None, None),
        ([("reporting", "read", 0, False)], None, None),  # no words
        ([("reporting", "read", 2, False)], 1, None),
        ([("appeal", "read", 2, False)], None, 1),
        ([("appeal", "auto", 2, False)], None, None),
    ],
)
def test_none_where_there_is_nothing_to_measure(rows: list[Row], lost: float | None, removed: float | None) -> None:
    assert figures_by_language([judged(rows)])["en"] == {
        "sites": 1, "documents": 1, "lost": lost, "removed": removed,
    }  # fmt: skip


def test_no_documents() -> None:
    assert figures_by_language([]) == {}


rows_of = st.lists(
    st.tuples(
        st.sampled_from((*LABELS, None)), st.sampled_from(("read", "auto", None)), st.integers(0, 4), st.booleans()
    ),
    max_size=6,
)


@given(
    st.lists(st.tuples(rows_of, st.sampled_from(("en", "de", None)), st.sampled_from("ab")), max_size=6),
    st.randoms(use_true_random=False),
)
def test_each_language_has_the_loss_of_its_documents_in_any_order(
    parts: list[tuple[list[Row], str | None, str]], random: Random
) -> None:
    scored = [judged(*part) for part in parts]
    table = figures_by_language(scored)
    assert sum(row["documents"] or 0 for row in table.values()) == len(scored)
    for language, row in table.items():
        own = [item for item in scored if (item.document.lang or UNKNOWN) == language]
        assert row["lost"] == figures(own, {})["lost"]
        assert row["sites"] == len({item.document.site for item in own})
    random.shuffle(scored)
    assert figures_by_language(scored) == table
