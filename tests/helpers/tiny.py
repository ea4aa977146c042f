"""The project's root, and a config and word vectors that fit in seconds."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from detector.features.tokens import tokenize
from detector.features.word_vectors import DIMENSIONS, WordVectors
from detector.fit.config import FitConfig
from detector.text.paragraphs import split

ROOT = Path(__file__).resolve().parents[2]
TINY_CONFIG = FitConfig(
    folds=2, linear_epochs=4, network_epochs=8, batch_rows=300, min_steps=1, hidden=8, pools=3, networks=(0, 1),
    learning_rate=1e-2,
)  # fmt: skip
_WORDS = (
    "the",
    "of",
    "said",
    "council",
    "school",
    "harbour",
    "ferry",
    "support",
    "give",
    "month",
    "newsletter",
    "read",
)
# random numbers: tests cover what a fit does with vectors, not what they contain
TINY_VECTORS = WordVectors.from_hashes(
    tokenize(split(_WORDS)).hashes,
    np.random.default_rng(0).integers(-127, 128, (len(_WORDS), DIMENSIONS)).astype(np.int8),
)
