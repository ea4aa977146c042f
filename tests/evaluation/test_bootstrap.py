"""Intervals and p-values over whole sites, and each figure as a function of the sites that are drawn."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from invented_scores import random_documents, scored

from detector.evaluation.bootstrap import Interval, Resampling, Sampled, ratio, ratio_interval, resample, share_needed
from detector.evaluation.comparison import holm
from detector.evaluation.evaluate import Share, figures_of, measured
from detector.evaluation.statistics import SiteFigures

NAMES = ("lost", "appeal", "nav", "A@.5", "N@.5", "F1r", "F1a", "F1n", "macro", "before", "after")
DOCUMENTS = random_documents(seed=1, sites=6)
SITES = list(dict.fromkeys(one.scored.document.site for one in DOCUMENTS))


@given(st.lists(st.integers(0, len(SITES) - 1), min_size=1, max_size=8))
@settings(max_examples=40)
def test_a_figure_of_drawn_sites_is_that_of_their_documents(drawn: list[int]) -> None:
    """A site that is drawn twice counts twice, with all its documents."""
    chosen = [one for site in drawn for one in DOCUMENTS if one.scored.document.site == SITES[site]]
    expected = figures_of(chosen)
    for name in NAMES:
        found = SiteFigures(DOCUMENTS).figure(name).statistic(np.array([drawn]))[0]
        of_labels = [expected[each] for each in ("F1r", "F1a", "F1n")]  # each label is given somewhere
        values = of_labels if name == "macro" else [expected[name]]
        known = [value for value in values if value is not None]
        undefined = len(known) < len(values)
        assert np.isnan(found) if undefined else found == pytest.approx(np.mean(known), abs=1e-12), name


@pytest.mark.parametrize("seed", range(8))
def test_a_figure_of_all_sites_is_the_figure(seed: int) -> None:
    documents = random_documents(seed, sites=9)
    expected = figures_of(documents)
    for name, value in expected.items():
        if name not in ("documents", "kinds") and value is not None:
            assert SiteFigures(documents).figure(name).statistic(np.arange(9)[None])[0] == pytest.approx(value), name


def test_the_mean_f1_of_kinds() -> None:
    documents = random_documents(3, sites=40)
    expected = figures_of(documents)["kinds"]
    assert expected is not None
    assert SiteFigures(documents).figure("kinds").statistic(np.arange(40)[None])[0] == pytest.approx(expected)


def test_a_threshold_beyond_the_first_paragraphs_is_found() -> None:
    """Where the sites that are drawn have high scores only, the lowest scores of all do not matter."""
    low = [measured(scored([("reporting", "read", 500, s / 100)], "low.example", f"l{s}"), {}) for s in range(1, 9)]
    high = [measured(scored([("reporting", "read", 5, 0.9), ("appeal", "read", 5, 0.7)], "high.example"), {})]
    statistic = SiteFigures([*low, *high]).figure("A@.5").statistic
    assert statistic(np.array([[1, 1], [0, 1]])).tolist() == [1, 0]


def test_the_interval_of_a_mean_is_that_of_the_normal_approximation() -> None:
    rng = np.random.default_rng(0)
    values = rng.normal(0.5, 0.1, 400)
    found = resample(400, ratio(values, np.ones(400)), Resampling(resamples=4000))
    assert found is not None
    assert found.interval.low == pytest.approx(values.mean() - 1.96 * values.std() / 20, abs=0.001)
    assert found.interval.high == pytest.approx(values.mean() + 1.96 * values.std() / 20, abs=0.001)


def test_batches_draw_what_one_batch_draws(monkeypatch: pytest.MonkeyPatch) -> None:
    values = np.random.default_rng(0).random(30)
    whole = resample(30, ratio(values, np.ones(30)), Resampling(resamples=200))
    monkeypatch.setattr("detector.evaluation.bootstrap._BATCH_SIZE", 100)
    parts = resample(30, ratio(values, np.ones(30)), Resampling(resamples=200))
    assert whole is not None
    assert parts is not None
    assert whole.values.tolist() == parts.values.tolist()


def test_another_seed_draws_other_sites() -> None:
    names, parts = [str(n) for n in range(20)], [Share(n % 3, 3) for n in range(20)]
    first, again, other = (ratio_interval(names, parts, Resampling(seed=seed)) for seed in (0, 0, 1))
    assert first == again
    assert first != other


def test_samples_without_a_value_are_left_out() -> None:
    whole = np.array([1.0, 1.0, 0.0])
    found = resample(3, ratio(np.array([1.0, 0.0, 0.0]), whole), Resampling(resamples=500))
    assert found is not None
    assert 400 < len(found.values) < 500  # one in 27 draws the last site three times
    assert np.isfinite(found.values).all()
    assert found.interval == Interval(0, 1)


def test_a_figure_that_is_defined_in_few_samples_has_no_interval() -> None:
    whole = np.array([1.0, *[0.0] * 30])
    assert resample(31, ratio(whole, np.where(np.arange(31) < 0, 1.0, 0.0)), Resampling(resamples=100)) is None


MANY = 10_000  # units, for which nothing has to be corrected
P_VALUES = [
    ([0.0] * 99, MANY, 1.0),  # no difference at all
    ([1.0] * 99, MANY, 2 / 100),  # the least that 99 samples can show
    ([-1.0] * 99, MANY, 2 / 100),
    ([-1.0] * 9 + [1.0] * 90, MANY, 20 / 100),
    ([-1.0] * 24 + [1.0] * 975, 5, 0.155),  # two-sided, 1.96 * sqrt(4 / 5) = 1.75 of Student's t with 4 degrees
    ([1.0] * 9999, 2, 0.23),  # two sites never show anything
]


@pytest.mark.parametrize(("values", "units", "expected"), P_VALUES)
def test_p_values(values: list[float], units: int, expected: float) -> None:
    assert Sampled(np.array(values), Interval(0, 0), units).p_value() == pytest.approx(expected, rel=0.03)


@pytest.mark.parametrize("units", [2, 3, 5, 12, 200])
def test_the_share_of_the_samples_that_a_p_value_needs(units: int) -> None:
    for p_value in (0.3, 0.05, 0.01):
        share = share_needed(p_value, units)
        values = np.where(np.arange(99_999) < 50_000 * share - 1, -1.0, 1.0)
        if share > 1e-3:
            assert Sampled(values, Interval(0, 0), units).p_value() == pytest.approx(p_value, rel=0.02)


CORRECTED = [
    ([], []),
    ([0.03], [0.03]),
    ([0.01, 0.04, 0.03], [0.03, 0.06, 0.06]),
    ([0.6, 0.7], [1.0, 1.0]),
    ([0.02, 0.02], [0.04, 0.04]),
]


@pytest.mark.parametrize(("values", "expected"), CORRECTED)
def test_corrected_p_values(values: list[float], expected: list[float]) -> None:
    assert holm(values) == pytest.approx(expected)


@given(st.lists(st.floats(0, 1), max_size=12))
def test_a_correction_makes_no_p_value_smaller_and_keeps_their_order(values: list[float]) -> None:
    corrected = holm(values)
    assert all(given <= each <= 1 for given, each in zip(values, corrected, strict=True))
    order = sorted(range(len(values)), key=values.__getitem__)
    assert [corrected[each] for each in order] == sorted(corrected)


@pytest.mark.parametrize("units", [2, 5, 12, 60])
def test_chance_alone_is_seldom_beyond_chance(units: int) -> None:
    """Of 200 comparisons without a difference, about one in twenty has a p-value below 0.05, or fewer."""
    rng = np.random.default_rng(0)
    found = [
        resample(units, ratio(rng.normal(0, 1, units), np.ones(units)), Resampling(resamples=200)) for _ in range(200)
    ]
    assert sum(each is not None and each.p_value() < 0.05 for each in found) <= 18


@pytest.mark.parametrize(("units", "least"), [(5, 170), (12, 181), (60, 184)])
def test_intervals_hold_the_true_value(units: int, least: int) -> None:
    """Of 200 intervals of the mean of a few sites, about 190 hold the true one, or somewhat fewer of very few sites."""
    rng = np.random.default_rng(0)
    held = 0
    for _ in range(200):
        found = resample(units, ratio(rng.normal(0, 1, units), np.ones(units)), Resampling(resamples=400))
        held += found is not None and found.interval.low <= 0 <= found.interval.high
    assert held >= least
