"""From logits to the log-odds of keeping: what calibration computes, its derivative, and its parts."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from odd_texts import model_of

from detector.explanation.outcome import Outcome, log_odds
from detector.inference.calibration import calibrate, softmax
from detector.inference.model import Model

KEPT = {"reporting": lambda model: [label == 0 for label in model.kind_labels], "some": lambda model: [True, False] * 9}


def outcome_of(model: Model, kept: str) -> Outcome:
    return Outcome(model, KEPT[kept](model)[: len(model.kinds)])


def logits_of(model: Model, number: int = 20, scale: float = 3) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    return np.random.default_rng(0).normal(size=(number, len(model.kinds)), scale=scale)


@pytest.mark.parametrize("kept", KEPT)
def test_log_odds_are_those_of_the_calibrated_score(kept: str, tiny_model: Model) -> None:
    outcome, logits = outcome_of(tiny_model, kept), logits_of(tiny_model)
    _, kinds = calibrate(softmax(logits.astype(np.float32)), tiny_model.kind_labels, tiny_model.calibration)
    scores = kinds[:, np.array(outcome.kept)].astype(np.float64).sum(axis=1)
    assert outcome.log_odds(logits) == pytest.approx(np.log(scores / (1 - scores)), abs=1e-3)


@pytest.mark.parametrize("kept", KEPT)
@pytest.mark.parametrize("scale", [1, 3, 12])
def test_the_gradient_is_the_derivative(kept: str, scale: float, tiny_model: Model) -> None:
    outcome, logits = outcome_of(tiny_model, kept), logits_of(tiny_model, scale=scale)
    step = 1e-6
    for kind in range(logits.shape[1]):
        moved = np.zeros_like(logits)
        moved[:, kind] = step
        slope = (outcome.log_odds(logits + moved) - outcome.log_odds(logits - moved)) / (2 * step)
        assert outcome.gradient(logits)[:, kind] == pytest.approx(slope, abs=1e-5)


@pytest.mark.parametrize("kept", KEPT)
@pytest.mark.parametrize("scale", [1, 3, 12])  # the largest cross the least probability that the calibration sees
def test_multipliers_sum_to_the_change(kept: str, scale: float, tiny_model: Model) -> None:
    outcome, actual = outcome_of(tiny_model, kept), logits_of(tiny_model, 200, scale)
    reference = logits_of(tiny_model, 200, 1)[::-1]
    parts = outcome.multipliers(actual, reference) * (actual - reference)
    change = outcome.log_odds(actual) - outcome.log_odds(reference)
    assert (np.abs(parts.sum(axis=1) - change) <= 1e-4 * (1 + np.abs(parts).sum(axis=1))).all()


@pytest.mark.parametrize("kept", KEPT)
@pytest.mark.parametrize("scale", [0.5, 5, 10])
def test_update_multipliers_sum_to_what_bayes_rule_changes(kept: str, scale: float, tiny_model: Model) -> None:
    outcome, logits = outcome_of(tiny_model, kept), logits_of(tiny_model)
    evidence = logits_of(tiny_model, scale=scale)[::-1].clip(-20, 20)
    _, before = calibrate(softmax(logits.astype(np.float32)), tiny_model.kind_labels, tiny_model.calibration)
    after = before.astype(np.float64) * np.exp(evidence)
    odds = [
        each[:, np.array(outcome.kept)].sum(1) / each[:, ~np.array(outcome.kept)].sum(1) for each in (before, after)
    ]
    parts = outcome.update_multipliers(logits, evidence) * evidence
    assert parts.sum(axis=1) == pytest.approx(np.log(odds[1] / odds[0]), abs=2e-3)


def test_extreme_logits_have_finite_log_odds() -> None:
    model = model_of("scores of 0 and 1")
    outcome = outcome_of(model, "reporting")
    logits = logits_of(model, scale=1e6)
    assert np.isfinite(outcome.log_odds(logits)).all()
    assert np.isfinite(outcome.gradient(logits)).all()


@given(st.floats(0, 1, width=32))
def test_log_odds_of_a_score(score: float) -> None:
    found = float(log_odds(np.array([score], dtype=np.float32))[0])
    inside = min(max(score, float(np.finfo(np.float32).tiny)), 1 - 2**-24)
    assert found == pytest.approx(math.log(inside) - math.log1p(-inside), abs=1e-9)


def test_log_odds_of_scores_of_0_and_1_are_those_of_the_nearest() -> None:
    assert log_odds(np.array([0.0, 0.5, 1.0], dtype=np.float32)) == pytest.approx([-87.337, 0, 16.636], abs=1e-3)
