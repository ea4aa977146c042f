"""The linear model returns the scores of a slow loop, to the last bit."""

from __future__ import annotations

import math

import numpy as np
import pytest
from bounds import bounds_of
from hypothesis import given
from hypothesis import strategies as st

from detector.features.hashing import BUCKETS
from detector.features.ngrams import Ngrams
from detector.inference.linear import LinearModel
from detector.util.arrays import Floats


def linear_model(kinds: int, seed: int) -> LinearModel:
    random = np.random.default_rng(seed)
    weights = random.integers(-127, 128, (BUCKETS, kinds)).astype(np.int8)
    weights[: BUCKETS // 8] = random.choice([-127, 127])  # lanes at their highest values
    return LinearModel(
        weights, random.uniform(1e-4, 1e-2, kinds).astype(np.float32), random.normal(size=kinds).astype(np.float32)
    )


MODELS = {kinds: linear_model(kinds, kinds) for kinds in (1, 2, 3, 5, 6, 10, 17, 21)}


def group(counts: list[int], columns: int, random: np.random.Generator) -> Ngrams:
    buckets = random.integers(0, BUCKETS if random.integers(2) else BUCKETS // 8, (sum(counts), columns))
    return Ngrams(buckets.astype(np.int64), bounds_of(counts))


def known_shares(paragraphs: int) -> Floats:
    shares: Floats = np.array([[1, 0.5, 0, 1 / 3][paragraph % 4] for paragraph in range(paragraphs)], dtype=np.float32)
    return shares.reshape(-1, 1)


def slow_scores(model: LinearModel, groups: tuple[Ngrams, ...]) -> list[list[float]]:
    rows = []
    known = known_shares(len(groups[0].bounds) - 1).ravel().tolist()
    for paragraph in range(len(groups[0].bounds) - 1):
        found = [
            int(bucket) for g in groups for bucket in g.buckets[g.bounds[paragraph] : g.bounds[paragraph + 1]].ravel()
        ]
        norm, share = math.sqrt(max(len(found), 1)), known[paragraph]
        rows.append([
            float(np.float32(
                sum(int(model.weights[bucket, kind]) for bucket in found) * float(model.scale[kind]) / norm * share
                + float(model.bias[kind])
            ))
            for kind in range(len(model.scale))
        ])  # fmt: skip
    return rows


@given(
    kinds=st.sampled_from(sorted(MODELS)),
    counts=st.lists(st.lists(st.integers(0, 40), min_size=2, max_size=2), min_size=1, max_size=5),
    seed=st.integers(0, 1000),
)
def test_linear_scores_agree_with_a_plain_sum(kinds: int, counts: list[list[int]], seed: int) -> None:
    random = np.random.default_rng(seed)
    groups = tuple(group([row[n] for row in counts], columns, random) for n, columns in ((0, 2), (1, 6)))
    got = MODELS[kinds].logits(groups, known_shares(len(groups[0].bounds) - 1))
    assert got.dtype == np.float32
    assert got.tolist() == slow_scores(MODELS[kinds], groups)


@pytest.mark.parametrize("number", [1, 15, 16, 17, 31, 32, 33, 160, 5000])
@pytest.mark.parametrize("weight", [-127, 127])
def test_the_largest_weights_do_not_overflow_into_each_other(number: int, weight: int) -> None:
    model = LinearModel(
        np.full((BUCKETS, 7), weight, dtype=np.int8), np.ones(7, dtype=np.float32), np.zeros(7, dtype=np.float32)
    )
    scores = model.logits((group([number, 0, number], 1, np.random.default_rng(0)),), np.ones((3, 1), dtype=np.float32))
    expected = np.float32(weight * number / math.sqrt(number))
    assert scores.tolist() == [[expected] * 7, [0.0] * 7, [expected] * 7]


def test_linear_scores_of_no_paragraphs() -> None:
    assert MODELS[3].logits((group([], 2, np.random.default_rng(0)),), known_shares(0)).shape == (0, 3)


@pytest.mark.parametrize("kinds", sorted(MODELS))
def test_n_grams_count_as_much_as_the_words_are_known(kinds: int) -> None:
    model, groups = MODELS[kinds], (group([7, 7, 7], 2, np.random.default_rng(1)),)

    def logits(*known: float) -> Floats:
        return model.logits(groups, np.array(known, dtype=np.float32).reshape(-1, 1))

    assert logits(0, 0, 0).tolist() == [model.bias.tolist()] * 3
    whole, half = logits(1, 1, 1), logits(1, 0.5, 0)
    assert np.array_equal(half[0], whole[0])
    assert half[1] - model.bias == pytest.approx((whole[1] - model.bias) / 2, abs=1e-5)
