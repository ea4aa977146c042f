"""Texts at the limits of what is read, and random models that know some of their words."""

from __future__ import annotations

from functools import cache

import numpy as np
from random_models import random_model

from detector.features.tokens import READ_BYTES, tokenize
from detector.inference.layers import BLOCK
from detector.inference.model import Model
from detector.text.paragraphs import split

ODD_TEXTS = {
    "nothing": [],
    "empty texts": ["", "\n", "   "],
    "no words": ["***", "—\n…"],
    "words of one letter": ["a " * READ_BYTES],
    "one word": ["x" * (3 * READ_BYTES)],
    "characters that are words": ["東a" * READ_BYTES],
    "more than is read": ["\n".join(["Quay News " * (READ_BYTES // 8), "short", "ÄÖ1 " * READ_BYTES])],
    "blanks at both ends": [" " * 63 + "a" + "\u3000" * 63, " " * 64 + "a", " " * 65 + "a" + " " * 65],
    "many paragraphs": ["\n".join(f"Line {number % 7} of the Ferry Post" for number in range(1000)), "one"],
    "a whole block": ["\n".join("Give now!" for _ in range(BLOCK))],
    "documents of one line": [f"Ferry {number}" for number in range(BLOCK + 3)],
    "documents of a few lines, some of none": ["Support us!\nLine 1\n" * (number % 6) for number in range(40)],
    "beyond the basic plane": ["\U00020000\U0003ffff\U00040000 𐐀𝔘 😀"],
    "every character": ["".join(map(chr, range(at, at + 4096))) for at in range(0, 0x30000, 4096)],
}
WITHOUT_NETWORKS, WITHOUT_VECTORS = 17, 20  # kinds
SIZES = {WITHOUT_NETWORKS: (), WITHOUT_VECTORS: ((1, 1),), 21: ((16, 5), (9, 4), (48, 12))}  # of the networks
KINDS = (1, 2, 5, 6, *SIZES)


@cache
def model_of(kinds: int) -> Model:
    """A random model with the first ``kinds`` of `KINDS`; it knows every other word of the odd texts."""
    texts = [text for those in ODD_TEXTS.values() for text in those]
    known = np.unique(tokenize(split(texts)).hashes)
    return random_model(kinds, known[:0] if kinds == WITHOUT_VECTORS else known, SIZES.get(kinds, ((7, 3), (7, 3))))
