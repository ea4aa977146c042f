"""How evidence counts: before the networks for one kind of a label, and after them by Bayes' rule."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detector.backend.choice import backend
from detector.backend.reference import NUMPY_BACKEND
from detector.cleaner import Cleaner
from detector.evidence.known import MOST_BEFORE, NOTHING, Known, on_one_kind, predict
from detector.evidence.phrase_file import Phrase
from detector.evidence.phrases import Phrases
from detector.inference.model import Model
from detector.inference.scores import Scores
from detector.text.paragraphs import split
from detector.text.reading import PART_BYTES
from detector.util.arrays import Floats

ROWS = 4


def log_odds(probability: float) -> float:
    return math.log(probability) - math.log1p(-probability)


def scores_of(model: Model, kinds: Floats) -> Scores:
    labels = kinds.astype(np.float64) @ model.membership
    return Scores(labels.astype(np.float32), kinds, np.ones(1, dtype=np.float32))


def random_scores(model: Model, seed: int = 0, scale: float = 2) -> Scores:
    logits = np.random.default_rng(seed).normal(0, scale, (ROWS, len(model.kinds)))
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return scores_of(model, (powers / powers.sum(axis=1, keepdims=True)).astype(np.float32))


def strengths(model: Model, name: str, strength: float) -> Floats:
    """A strength for a label or kind in the first paragraph."""
    rows = np.zeros((ROWS, len(model.kinds)), dtype=np.float32)
    labels = [model.labels[number] for number in model.kind_labels]
    rows[0] = [strength if name in pair else 0 for pair in zip(labels, model.kinds, strict=True)]
    return rows


@pytest.mark.parametrize("strength", [-20, -3.5, 0.25, 6, 20])
@pytest.mark.parametrize("name", ["reporting", "appeal", "navigation"])
def test_the_log_odds_of_a_label_rise_by_the_strength(name: str, strength: float, tiny_model: Model) -> None:
    number, before = tiny_model.labels.index(name), random_scores(tiny_model)
    after = Known(decisive=strengths(tiny_model, name, strength)).after(tiny_model, before)
    others = np.arange(len(tiny_model.labels)) != number

    def odds(scores: Scores) -> float:
        return float(scores.labels[0, number]) / float(scores.labels[0, others].astype(np.float64).sum())

    assert math.log(odds(after) / odds(before)) == pytest.approx(strength, abs=1e-5)
    within = np.array(tiny_model.kind_labels) == number
    shares = [scores.kinds[0, within] / scores.labels[0, number] for scores in (before, after)]
    assert shares[1] == pytest.approx(shares[0], rel=1e-5)


@pytest.mark.parametrize("strength", [-5, 4])
def test_the_log_odds_of_a_kind_rise_by_the_strength(strength: float, tiny_model: Model) -> None:
    number, before = tiny_model.kinds.index("donation"), random_scores(tiny_model)
    after = Known(decisive=strengths(tiny_model, "donation", strength)).after(tiny_model, before)
    change = log_odds(float(after.kinds[0, number])) - log_odds(float(before.kinds[0, number]))
    assert change == pytest.approx(strength, abs=1e-5)


def test_other_paragraphs_and_what_was_given_stay_as_they_are(tiny_model: Model) -> None:
    before = random_scores(tiny_model)
    copies = [each.copy() for each in before]
    after = Known(decisive=strengths(tiny_model, "appeal", 7)).after(tiny_model, before)
    for was, copy, now in zip(before, copies, after, strict=True):
        assert was.tobytes() == copy.tobytes()
        assert now[1:].tobytes() == was[1:].tobytes()


@given(
    evidence=st.lists(st.floats(-1e6, 1e6, width=32), min_size=18, max_size=18),
    seed=st.integers(0, 99),
    scale=st.sampled_from([0.1, 3, 30, 300]),
)
def test_scores_stay_probabilities(evidence: list[float], seed: int, scale: float, tiny_model: Model) -> None:
    kinds = len(tiny_model.kinds)
    rows = np.tile(np.array(evidence[:kinds], dtype=np.float32), (ROWS, 1))
    after = Known(decisive=rows).after(tiny_model, random_scores(tiny_model, seed, scale))
    for each in after.labels, after.kinds:
        assert np.isfinite(each).all()
        assert each.min() >= 0
        assert each.max() <= 1
        assert each.sum(axis=1) == pytest.approx(1, abs=1e-5)
    assert after.labels == pytest.approx(after.kinds @ tiny_model.membership, abs=1e-5)


def test_certain_scores_against_strong_evidence(tiny_model: Model) -> None:
    kinds = np.zeros((ROWS, len(tiny_model.kinds)), dtype=np.float32)
    kinds[:, 0] = 1
    rows = strengths(tiny_model, "appeal", 20) - strengths(tiny_model, "reporting", 20)
    after = Known(decisive=rows).after(tiny_model, scores_of(tiny_model, kinds))
    assert after.kinds.tolist() == kinds.tolist()  # what is 0 stays 0


def test_a_label_counts_for_its_most_probable_kind_before_the_networks(tiny_model: Model) -> None:
    of_label = [
        kind for kind in range(len(tiny_model.kinds)) if tiny_model.labels[tiny_model.kind_labels[kind]] == "appeal"
    ]
    logits = np.zeros((ROWS, len(tiny_model.kinds)), dtype=np.float32)
    logits[:, of_label[1]] = 1
    logits[:, 0] = 9
    given = strengths(tiny_model, "appeal", 5) + strengths(tiny_model, tiny_model.kinds[of_label[0]], 2)
    moved = on_one_kind(given, logits, tiny_model)
    expected = np.zeros_like(moved)
    expected[0, of_label[1]], expected[0, of_label[0]] = 5, 2
    assert moved.tolist() == expected.tolist()
    against = strengths(tiny_model, "appeal", -5)
    assert on_one_kind(against, logits, tiny_model).tolist() == against.tolist()


def test_what_counts_before_the_networks(tiny_model: Model) -> None:
    hints = np.full((ROWS, len(tiny_model.kinds)), 0.5, dtype=np.float32)
    logits = np.zeros_like(hints)
    asked = []

    def linear_logits(rows: np.ndarray) -> Floats:
        asked.append(rows.tolist())
        return logits[rows]

    assert NOTHING.before(tiny_model, linear_logits) is None
    assert Known(hints).before(tiny_model, linear_logits) is hints
    added = Known(hints, strengths(tiny_model, "donation", 20)).before(tiny_model, linear_logits)
    assert added is not None
    assert (added - hints).max() == MOST_BEFORE
    assert not asked  # a kind is what it is
    Known(None, strengths(tiny_model, "appeal", 20)).before(tiny_model, linear_logits)
    assert asked == [[0]]


def test_linear_logits_of_both_backends_and_of_paragraphs_alone(tiny_model: Model, seed_texts: list[str]) -> None:
    batch = split(seed_texts[:6])
    known = Known(decisive=np.tile(strengths(tiny_model, "appeal", 6)[:1], (len(batch), 1)))
    logits = [each.linear_logits(tiny_model, batch) for each in (backend(), NUMPY_BACKEND)]
    assert logits[0].tobytes() == logits[1].tobytes()
    found = [predict(each, tiny_model, batch, known, lambda _, scores: scores) for each in (backend(), NUMPY_BACKEND)]
    added = known.before(tiny_model, lambda rows: logits[0][rows])
    found.append(known.after(tiny_model, backend().predict(tiny_model, batch, added)))
    assert len({b"".join(each.tobytes() for each in scores) for scores in found}) == 1


LINE = "The ferry left the harbour at noon on Monday."


@pytest.mark.parametrize("text", [LINE, "Words " * (2 * PART_BYTES // 6)], ids=["short", "in parts"])
def test_a_cleaner_adds_the_strength_to_the_decision(text: str, tiny_model: Model) -> None:
    """Against a label all kinds are lower before the networks, too; here these do not read what is before them."""
    networks = replace(tiny_model.networks, members=())
    model = replace(tiny_model, networks=networks, calibration=np.zeros_like(tiny_model.calibration))
    plain = Cleaner(model).predict(text)
    phrase = "ferry" if "ferry" in text else "words"
    found = replace(Cleaner(model), evidence=(Phrases((Phrase(phrase, "reporting", 4),)),)).predict(text)
    change = log_odds(float(found.keep_scores[0])) - log_odds(float(plain.keep_scores[0]))
    assert change == pytest.approx(4, abs=1e-4)
