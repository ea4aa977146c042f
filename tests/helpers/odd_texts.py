"""Texts at the limits of what is read, and random models that know some of their words."""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import numpy as np
from random_models import Sizes, random_model

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
    "words longer than a register": ["x" * size + " " + "ж" * size for size in (7, 8, 9, 15, 16, 17, 63, 64, 65, 300)],
    "characters that are words": ["東a" * READ_BYTES],
    "unspaced scripts next to letters": ["東京tower2031ข่าวnews日本 aกb\n漢a\nア"],
    "more than is read": ["\n".join(["Quay News " * (READ_BYTES // 8), "short", "ÄÖ1 " * READ_BYTES])],
    "words at the end of what is read": ["a" * (READ_BYTES - size) + " bc de" for size in range(6)],
    "blanks at both ends": [" " * 63 + "a" + "\u3000" * 63, " " * 64 + "a", " " * 65 + "a" + " " * 65],
    "line ends": ["a\rb\r\nc\n\rd\r\n\r\ne\r\r\nf\n", "\r", "\r\n", "\n\r", "g\r", "\nh"],
    "half surrogate pairs": ["\ud800", "a\udfffb \ud83d", "\ud83d\ude00"],
    "many paragraphs": ["\n".join(f"Line {number % 7} of the Ferry Post" for number in range(1000)), "one"],
    "tiny paragraphs": ["\n".join("abc—1東"[number % 6] for number in range(3000))],
    "a whole block": ["\n".join("Give now!" for _ in range(BLOCK))],
    "documents of one line": [f"Ferry {number}" for number in range(BLOCK + 3)],
    "documents of a few lines, some of none": ["Support us!\nLine 1\n" * (number % 6) for number in range(40)],
    "beyond the basic plane": ["\U00020000\U0003ffff\U00040000 𐐀𝔘 😀"],
    "every character": ["".join(map(chr, range(at, at + 4096))) for at in range(0, 0x30000, 4096)],
}


class ModelSize(NamedTuple):
    """The numbers of a random model; see `random_models.random_model`."""

    kinds: int
    labels: int
    networks: Sizes
    scale: float = 1
    has_vectors: bool = True


MODELS = {
    "one kind": ModelSize(1, 1, ((1, 1),)),
    "one label": ModelSize(2, 1, ((3, 5),)),
    "two networks": ModelSize(6, 2, ((7, 3), (7, 3))),
    "no networks": ModelSize(17, 2, ()),
    "no vectors": ModelSize(20, 3, ((1, 17),), has_vectors=False),
    "whole blocks": ModelSize(16, 3, ((16, 16), (48, 16))),
    "more than whole blocks": ModelSize(40, 7, ((17, 17), (48, 5), (33, 1))),
    "scores near 0 and 1": ModelSize(8, 5, (), scale=30),
    "scores of 0 and 1": ModelSize(5, 4, ((17, 5),), scale=1e4),
    "scores of 0 and 1, no networks": ModelSize(9, 3, (), scale=1e4),
}


@cache
def model_of(name: str) -> Model:
    """A random model of `MODELS`; it knows every other word of the odd texts."""
    size = MODELS[name]
    texts = [text for those in ODD_TEXTS.values() for text in those]
    known = np.unique(tokenize(split(texts)).hashes)
    return random_model(size.kinds, known if size.has_vectors else known[:0], size.networks, size.labels, size.scale)
