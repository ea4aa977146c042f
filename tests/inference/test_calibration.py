"""Logits to probabilities."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detector.inference.calibration import calibrate, kept_scores, label_logs, label_sums, softmax
from detector.inference.scores import Scores

logit_rows = st.lists(st.lists(st.floats(-80, 80, width=32), min_size=5, max_size=5), min_size=1, max_size=6)
KIND_LABELS = (0, 0, 1, 2, 2)
MEMBERSHIP = np.eye(3, dtype=np.float32)[list(KIND_LABELS)]


@given(logit_rows)
def test_softmax(logits: list[list[float]]) -> None:
    got = softmax(np.array(logits, dtype=np.float32))
    for row, values in zip(got.tolist(), logits, strict=True):
        powers = [math.exp(value - max(values)) for value in values]
        assert row == pytest.approx([power / sum(powers) for power in powers], rel=1e-5, abs=1e-9)


def test_softmax_of_nothing_and_of_large_numbers() -> None:
    assert softmax(np.empty((0, 3), dtype=np.float32)).shape == (0, 3)
    assert softmax(np.array([[1e30, -1e30, 0]], dtype=np.float32)).tolist() == [[1, 0, 0]]


def test_softmax_of_very_negative_numbers() -> None:
    assert softmax(np.array([[-1000, -1000], [-900, -2000]], dtype=np.float32)).tolist() == [[0.5, 0.5], [1, 0]]


@given(logit_rows)
def test_calibration_returns_probabilities_and_keeps_proportions_within_a_label(logits: list[list[float]]) -> None:
    kinds = softmax(np.array(logits, dtype=np.float32))
    calibration = np.random.default_rng(2).normal(size=(4, 3)).astype(np.float32)
    labels, calibrated_kinds = calibrate(kinds, KIND_LABELS, calibration)
    assert labels.sum(axis=1) == pytest.approx(1, abs=1e-5)
    certain = (kinds @ MEMBERSHIP).min(axis=1) > 1e-6
    assert (calibrated_kinds @ MEMBERSHIP)[certain] == pytest.approx(labels[certain], abs=1e-4)
    left, right = kinds[:, 0] * calibrated_kinds[:, 1], kinds[:, 1] * calibrated_kinds[:, 0]
    assert left == pytest.approx(right, rel=1e-3, abs=1e-6)


def test_calibration_by_the_identity_changes_nothing() -> None:
    kinds = softmax(np.random.default_rng(0).normal(size=(50, 5)).astype(np.float32))
    labels, same = calibrate(kinds, KIND_LABELS, np.eye(4, 3, dtype=np.float32))
    assert labels == pytest.approx(kinds @ MEMBERSHIP, rel=1e-4)
    assert same == pytest.approx(kinds, rel=1e-4)


@given(logit_rows)
def test_sums_of_labels_are_those_of_their_kinds_in_order(logits: list[list[float]]) -> None:
    kinds = softmax(np.array(logits, dtype=np.float32))
    sums = label_sums(kinds, KIND_LABELS, 4)
    assert sums.dtype == np.float32
    assert sums.tolist() == [[float(row[0] + row[1]), float(row[2]), float(row[3] + row[4]), 0] for row in kinds]
    assert label_sums(kinds[:0], KIND_LABELS, 3).shape == (0, 3)


def test_logarithms_of_labels_have_a_minimum() -> None:
    logs = label_logs(np.array([[1, 0.5, 1e-6, 1e-7, 0]], dtype=np.float32))
    lowest = math.log(1e-6)
    assert logs[0] == pytest.approx([0, math.log(0.5), lowest, lowest, lowest], rel=1e-6)
    assert logs.dtype == np.float32


@pytest.mark.parametrize("kinds", [2, 3, 9, 17, 21])
@pytest.mark.parametrize("number", [2, 7, 33, 300])
def test_calibrated_rows_are_the_same_alone_and_in_every_batch(kinds: int, number: int) -> None:
    random = np.random.default_rng(kinds * number)
    members = tuple(kind % 2 for kind in range(kinds))
    calibration = random.normal(size=(3, 2)).astype(np.float32)
    logits = (4 * random.normal(size=(number, kinds))).astype(np.float32)
    whole = calibrate(softmax(logits), members, calibration)
    for at in range(number):
        alone = calibrate(softmax(logits[at : at + 1]), members, calibration)
        assert np.array_equal(whole[0][at], alone[0][0])
        assert np.array_equal(whole[1][at], alone[1][0])


KEPT = [
    ((True,) * 5, [1.0, 1.0]),
    ((False,) * 5, [0.0, 0.0]),
    ((True, True, False, False, False), [0.25, 0.5]),  # the label's own
    ((True, False, True, True, True), [1.0, 0.75]),  # no more than 1
]


@pytest.mark.parametrize(("kept", "expected"), KEPT)
def test_the_scores_of_what_is_kept_are_from_0_to_1(kept: tuple[bool, ...], expected: list[float]) -> None:
    labels = np.array([[0.25, 0.75, 0], [0.5, 0.25, 0.25]], dtype=np.float32)
    kinds = np.array([[0.2500001, 0, 0.75, 0.0000001, 0.0000001], [0.25, 0.25, 0.25, 0.125, 0.125]], dtype=np.float32)
    found = kept_scores(Scores(labels, kinds, np.ones(1, dtype=np.float32)), kept, KIND_LABELS)
    assert found.dtype == np.float32
    assert found.tolist() == expected
