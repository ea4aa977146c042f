"""Two models on the same documents."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from invented_scores import LABELS, random_documents, scored

from detector.evaluation.assessment import ModelFacts
from detector.evaluation.bootstrap import Resampling
from detector.evaluation.comparison import Comparison, compare
from detector.evaluation.evaluate import Measured, gold_texts, measured
from detector.evaluation.notes import comparison_notes

FACTS = ModelFacts("first", LABELS, ("body", "donation", "menu"), 0.5, {})
OTHER = replace(FACTS, name="other")
SETTINGS = Resampling(resamples=1000)


def with_scores(documents: list[Measured], noise: float) -> list[Measured]:
    """The same documents as another model decides them."""
    rng = np.random.default_rng(5)
    changed = []
    for one in documents:
        rows = [
            (
                p.label,
                p.by,
                len(p.text.split()) if p.text != "—" else 0,
                float(np.clip(score + rng.normal(0, noise), 0, 1)),
            )
            for p, score in zip(one.scored.document.paragraphs, one.scored.prediction.keep_scores, strict=True)
        ]
        document = one.scored.document
        changed.append(scored(rows, document.site, document.id, document.origin, gold=document.gold is not None))
    return [measured(one, gold_texts(d.document for d in changed)) for one in changed]


def test_a_model_does_not_differ_from_itself() -> None:
    documents = random_documents(0, sites=30)
    found = compare(documents, documents, (FACTS, FACTS), SETTINGS)
    assert {each.figure for each in found.differences} >= {"lost", "appeal", "nav", "A@.5", "N@.5", "macro", "after"}
    assert not {"documents", "before"} & {each.figure for each in found.differences}
    for each in found.differences:
        assert (each.difference, each.p, each.p_holm, each.beyond_chance) == (0, 1, 1, False)


def test_a_worse_model_is_found_out() -> None:
    documents = random_documents(0, sites=60)
    found = compare(documents, with_scores(documents, 0.4), (FACTS, OTHER), SETTINGS)
    differences = {each.figure: each for each in found.differences}
    assert differences["lost"].beyond_chance
    assert differences["lost"].difference > 0
    assert differences["macro"].beyond_chance
    for each in found.differences:
        assert each.difference == pytest.approx(each.other - each.first)
        assert each.interval is not None
        assert each.interval.low <= each.difference + 0.05
        assert each.p is not None
        assert each.p_holm is not None
        assert each.p <= each.p_holm
        if each.beyond_chance:
            assert each.interval.low > 0 or each.interval.high < 0


def test_swapping_the_models_swaps_the_signs() -> None:
    documents = random_documents(2, sites=12)
    other = with_scores(documents, 0.3)
    there = compare(documents, other, (FACTS, OTHER), SETTINGS)
    back = compare(other, documents, (OTHER, FACTS), SETTINGS)
    for one, two in zip(there.differences, back.differences, strict=True):
        assert (one.figure, one.p) == (two.figure, two.p)
        assert one.difference == pytest.approx(-two.difference)


def test_two_models_are_drawn_the_same_sites() -> None:
    """A difference that is the same on every site has an interval without width, however different the sites are."""
    first, other = [], []
    for site in range(12):
        easy = 0.9 if site % 2 else 0.4  # the appeal of every second site is kept by both
        rows = [("appeal", "read", 5, easy), ("appeal", "read", 5, 0.3), ("reporting", "read", 9, 0.95)]
        first.append(measured(scored([*rows, ("appeal", "read", 5, 0.3)], f"s{site}"), {}))
        other.append(measured(scored([*rows, ("appeal", "read", 5, 0.8)], f"s{site}"), {}))
    found = {each.figure: each for each in compare(first, other, (FACTS, OTHER), SETTINGS).differences}
    interval = found["appeal"].interval
    assert interval is not None
    assert (interval.low, interval.high) == pytest.approx((-1 / 3, -1 / 3))


def test_both_parts_are_compared_and_corrected_together() -> None:
    documents = [*random_documents(1, 8, origin="page"), *random_documents(2, 8, origin="readability")]
    found = compare(documents, with_scores(documents, 0.2), (FACTS, OTHER), SETTINGS)
    assert list(dict.fromkeys(each.part for each in found.differences)) == ["page", "extracted"]
    assert found.enough_resamples is None  # 16 sites for so many comparisons
    assert list(found.figures) == ["page", "readability", "extracted"]


def test_one_site_has_no_p_values() -> None:
    documents = random_documents(1, sites=1, per_site=6)
    found = compare(documents, with_scores(documents, 0.4), (FACTS, OTHER), SETTINGS)
    assert all((each.interval, each.p, each.beyond_chance) == (None, None, False) for each in found.differences)
    assert "Each figure can be computed on one site at most" in " ".join(comparison_notes(found, 1000))


UNTESTED = [
    ("no labels", [(None, "read", 9, 0.9)], "No figure can be computed for both models"),
    ("labels on one site", [("reporting", "read", 9, 0.9), ("appeal", "read", 9, 0.1)], "computed on one site at most"),
]


@pytest.mark.parametrize(("name", "rows", "said"), UNTESTED, ids=[case[0] for case in UNTESTED])
def test_why_nothing_is_tested_is_told(name: str, rows: list[tuple[str | None, str, int, float]], said: str) -> None:
    given = [measured(scored([*rows], "s0"), {}), *(measured(scored([(None, None, 9, 0.9)], s), {}) for s in "ab")]
    found = compare(given, given, (FACTS, OTHER), SETTINGS)
    (note,) = comparison_notes(found, 1000)
    assert said in note


def test_too_few_resamples_are_told() -> None:
    documents = random_documents(1, sites=60)
    found = compare(documents, documents, (FACTS, FACTS), Resampling(resamples=100))
    enough = found.enough_resamples
    assert enough is not None
    assert 2 * len(found.differences) / 0.05 < enough < 4 * len(found.differences) / 0.05
    assert f"--resamples {enough}" in " ".join(comparison_notes(found, 100))
    assert comparison_notes(found, enough) == []


def test_few_sites_show_nothing_and_it_is_told() -> None:
    """Two sites on which a model is much better may be chance."""
    rows = [("reporting", "read", 9, 0.9), ("appeal", "read", 9, 0.4), ("navigation", "read", 9, 0.4)]
    worse = [*rows[:1], ("appeal", "read", 9, 0.6), ("navigation", "read", 9, 0.6)]
    first = [measured(scored(rows, f"s{n}"), {}) for n in range(2)]
    other = [measured(scored(worse, f"s{n}"), {}) for n in range(2)]
    found = compare(first, other, (FACTS, OTHER), SETTINGS)
    assert {each.difference for each in found.differences} >= {-1.0}
    assert not any(each.beyond_chance for each in found.differences)
    assert {each.sites for each in found.differences} == {2}
    assert "too few sites" in " ".join(comparison_notes(found, 1000))


def other_labels(labels: tuple[str, ...]) -> Comparison:
    rows = [("reporting", "read", 9, 0.9), ("reporting", "read", 9, 0.4), ("appeal", "read", 5, 0.2)]
    first = [measured(scored(rows, f"s{n}"), {}) for n in range(5)]
    other = [measured(scored(rows, f"s{n}", labels=labels), {}) for n in range(5)]
    facts = replace(OTHER, labels=labels, kinds=labels)
    return compare(first, other, (FACTS, facts), SETTINGS)


def test_models_with_other_labels_are_compared_by_those_that_both_have() -> None:
    found = other_labels(("reporting", "appeal", "spam"))
    assert found.left_out == ("navigation", "spam")
    assert found.kinds_differ
    assert "the mean over kinds is not compared" in " ".join(comparison_notes(found, 1000))
    assert {each.figure for each in found.differences} == {"lost", "appeal", "A@.5", "F1r", "F1a"}
    assert "navigation, spam" in " ".join(comparison_notes(found, 1000))


def test_figures_of_the_same_name_but_of_other_labels_are_not_compared() -> None:
    """F1a is that of appeal, and that of advert."""
    found = other_labels(("reporting", "advert"))
    assert {each.figure for each in found.differences} == {"lost", "F1r"}
