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
# files of seeds; not all of them, so that new ones do not change the tiny model
_FILES = ("comments", "languages_west", "languages_world", "letters", "pages", "plain_stories", "publishers", "shapes")
_OFTEN = 5  # times


def _common_words() -> Hashes:
    """The hashes of words that some seeds have often, so that a text of the tests is familiar to a model."""
    texts = [
        paragraph["text"]
        for name in _FILES
        for line in (ROOT / "seeds" / f"{name}.jsonl").read_text("utf-8").splitlines()
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
