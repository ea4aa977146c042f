"""The vocabulary that a paragraph shares with the rest of its document, against a plain computation word by word."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detector.features import context
from detector.features.context import MIN_SLOTS, SLOT, SLOT_SHIFT, UNIT, document_features, network_inputs
from detector.features.hashing import BUCKETS, word_buckets
from detector.features.shapes import shapes
from detector.features.tokens import tokenize
from detector.features.word_vectors import DIMENSIONS, WordVectors
from detector.text.paragraphs import split

SHARED = slice(-DIMENSIONS - 15, -DIMENSIONS - 1)  # the columns of the shared vocabulary
CANDIDATES = (
    "the",
    "ferry",
    "ostholm",
    "county",
    "harbour",
    "1968",
    "repair",
    "crown",
    "island",
    "lamb",
    "barge",
    "april",
)


def words_without_collisions() -> list[str]:
    """Words that have slots of their own in the smallest document, each also capitalised and in capitals."""
    hashes = tokenize(split(CANDIDATES)).hashes
    slots = ((hashes * SLOT) >> SLOT_SHIFT) & np.uint64(MIN_SLOTS - 1)
    _, first = np.unique(slots, return_index=True)
    return [form for n in sorted(first) for form in (CANDIDATES[n], CANDIDATES[n].capitalize(), CANDIDATES[n].upper())]


WORDS = words_without_collisions()
lines = st.lists(st.sampled_from(WORDS), min_size=1, max_size=5).map(" ".join)
documents = st.lists(st.lists(lines, min_size=1, max_size=5).map("\n".join), min_size=1, max_size=3)


def idf_of_words() -> dict[str, int]:
    return {
        word.lower(): 17 * number + 3 if number else 0 for number, word in enumerate(sorted({w.lower() for w in WORDS}))
    }


def table() -> np.ndarray[tuple[int], np.dtype[np.uint8]]:
    idf = np.zeros(BUCKETS, dtype=np.uint8)
    for word, weight in idf_of_words().items():
        idf[word_buckets(tokenize(split([word])).hashes)] = weight
    return idf


def log2(value: int) -> float:
    exponent = int(math.log2(value + 1))
    return exponent + (value + 1) / 2**exponent - 1


def expected(lines: list[str], reporting: list[int]) -> list[list[float]]:
    """Seven numbers over all words of each line, then the same over capitalised words."""
    idf, rows = idf_of_words(), []
    for own, line in enumerate(lines):
        row: list[float] = []
        for capitalised in (False, True):
            whole = shared = earlier = reported = 0
            for word in line.split():
                weight = idf[word.lower()]
                if not weight or (capitalised and not word[0].isupper()):
                    continue
                occurrences = [n for n, other in enumerate(lines) for w in other.split() if w.lower() == word.lower()]
                elsewhere = any(n != own for n in occurrences)
                whole += weight
                shared += weight * elsewhere
                earlier += weight * (min(occurrences) < own)
                if elsewhere:
                    others = sum(reporting[n] for n in occurrences) - reporting[own]
                    reported += weight * (others // max(len(occurrences) - 1, 1))
            row += [
                shared / max(whole, 1), reported / max(whole * UNIT, 1), reported / max(shared * UNIT, 1),
                earlier / max(whole, 1),
                log2(whole // 16), log2(shared // 16), log2(reported // (16 * UNIT)),
            ]  # fmt: skip
        rows.append(row)
    return rows


@given(texts=documents, seed=st.integers(0, 100))
def test_the_shared_vocabulary_agrees_with_a_plain_computation(texts: list[str], seed: int) -> None:
    batch = split(texts)
    tokens = tokenize(batch)
    features = document_features(batch, tokens, shapes(batch, tokens), table(), WordVectors.none())
    reporting = np.random.default_rng(seed).random(len(batch)).astype(np.float32)
    probabilities = np.stack([reporting, 1 - reporting], axis=1)
    rows = network_inputs(features, np.log(probabilities), probabilities, np.eye(2, dtype=np.float32))[:, SHARED]
    whole, at = context.quantize(reporting).tolist(), 0
    for text in texts:
        lines = text.split("\n")
        assert rows[at : at + len(lines)] == pytest.approx(
            np.array(expected(lines, whole[at : at + len(lines)])), abs=1e-5
        )
        at += len(lines)
