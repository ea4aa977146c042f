"""Where the project stands, and a recipe and word vectors that fit in seconds."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from detector.features import tokenize
from detector.paragraphs import split
from detector.recipe import Recipe
from detector.vectors import DIMENSIONS, WordVectors

ROOT = Path(__file__).resolve().parent.parent
TINY_RECIPE = Recipe(
    folds=2, linear_epochs=4, network_epochs=8, rows_a_step=300, least_steps=1, hidden=8, pools=3, networks=(0, 1),
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
# numbers of chance: what a fit does with vectors is tried, not what they know
TINY_VECTORS = WordVectors.of(
    tokenize(split(_WORDS)).hashes,
    np.random.default_rng(0).integers(-127, 128, (len(_WORDS), DIMENSIONS)).astype(np.int8),
)
