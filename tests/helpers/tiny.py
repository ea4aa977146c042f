"""The project's root, and a config and word vectors that fit in seconds."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from detector.features.tokens import tokenize
from detector.features.word_vectors import DIMENSIONS, WordVectors
from detector.fit.config import FitConfig
from detector.text.paragraphs import split
from detector.util.arrays import Hashes

ROOT = Path(__file__).resolve().parents[2]
TINY_CONFIG = FitConfig(
    folds=2, linear_epochs=4, network_epochs=8, batch_rows=300, min_steps=1, hidden=8, pools=3, networks=(0, 1),
    learning_rate=1e-2,
)  # fmt: skip
_OFTEN = 10  # times
# Files of seeds that are left out, so that new ones do not change the tiny model: a new one is added here.
_LATER = {
    "bodies_lists", "bodies_texts", "extracts_asia", "extracts_europe", "firms_business", "firms_consumer",
    "firms_offers", "posts", "stories_news",
}  # fmt: skip


def _common_words() -> Hashes:
    """The hashes of words that the seeds have often, so that a text of the tests is familiar to a model."""
    texts = [
        paragraph["text"]
        for path in sorted((ROOT / "seeds").glob("*.jsonl"))
        if path.stem not in _LATER
        for line in path.read_text("utf-8").splitlines()
        for paragraph in json.loads(line)["paragraphs"]
    ]
    found: Hashes
    found, counts = np.unique(tokenize(split(["\n".join(texts)])).hashes, return_counts=True)
    return found[counts >= _OFTEN]


_WORDS = _common_words()
# random numbers: tests cover what a fit does with vectors, not what they contain
TINY_VECTORS = WordVectors.from_hashes(
    _WORDS, np.random.default_rng(0).integers(-127, 128, (len(_WORDS), DIMENSIONS)).astype(np.int8)
)
