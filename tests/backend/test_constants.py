"""The constants of the kernels are those of the Python modules, so that a change on one side alone fails."""

from __future__ import annotations

import math
import re
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from tiny import ROOT

from detector.features import context, hashing, ngrams, shapes, tokens, version, word_vectors
from detector.inference import calibration, elementary, network, pooling, quantization
from detector.text import characters
from detector.text.characters import CharacterClass

pytest.importorskip("detector.backend.core", reason="the compiled kernels were not built")

from detector.backend import core

FOUND = core.constants()
HEADERS = [
    ROOT / "detector" / "backend" / "source" / name for name in ("constants.hpp", "arithmetic.hpp", "shapes.hpp")
]
# names that both sides have, by module
SAME_NAMES: dict[ModuleType, str] = {
    version: "FEATURE_VERSION",
    characters: "CLASSES",
    hashing: "BUCKET_BITS VECTOR_BITS HEAD TAIL MIDDLE LENGTH WORD PAIR PAIR_LEFT PREFIX SUFFIX OPENING CLOSING WHOLE "
    "WORD_MIX BUCKET_MIX LINE_MIX WORD_BYTES MIDDLE_BYTES",
    tokens: "READ_BYTES",
    ngrams: "LONG_WORD WIDE_LEAD ANCHORS PREFIX_BYTES SUFFIX_BYTES WIDE_PREFIX_BYTES WIDE_SUFFIX_BYTES",
    word_vectors: "FINGERPRINT FINGERPRINT_SHIFT DIMENSIONS",
    shapes: "WORD_LENGTH_UNIT TRIM",
    context: "UNIT WEIGHT_UNIT SLOT SLOT_SHIFT SLOTS_PER_WORD MIN_SLOTS REST_OF_DOCUMENT",
    quantization: "INPUT_STEPS INPUT_MAX HIDDEN_STEPS HIDDEN_MAX POOL_STEPS POOL_MAX",
    pooling: "POOLS",
    elementary: "LN2_HIGH LN2_LOW PER_LN2",
}
SHARED_COLUMNS = context.input_width(0, 0) - (
    4 + len(context.WINDOWS) + len(shapes.SHAPE_NAMES) + 2 + word_vectors.DIMENSIONS
)


def columns(groups: tuple[tuple[CharacterClass, ...], ...]) -> list[int]:
    """The column of each class; -1 for a class that is in no group."""
    of_class = {character_class: column for column, group in enumerate(groups) for character_class in group}
    return [of_class.get(character_class, -1) for character_class in CharacterClass]


OTHER_NAMES: dict[str, Any] = {
    **{character_class.name: character_class for character_class in CharacterClass},
    "ASTRAL_FIRST": characters.ASTRAL_HAN[0],
    "ASTRAL_LAST": characters.ASTRAL_HAN[1],
    "FIRST_COUNTED": shapes.COUNTED[0],
    "LAST_COUNTED": shapes.COUNTED[-1],
    "COUNTED": len(shapes.COUNTED),
    "FIRST_CLASSES": len(shapes.FIRST_CLASSES),
    "LAST_CLASSES": len(shapes.LAST_CLASSES),
    "SHAPES": len(shapes.SHAPE_NAMES),
    "FIRST_COLUMN": columns(shapes.FIRST_CLASSES),
    "LAST_COLUMN": columns(shapes.LAST_CLASSES),
    "WINDOWS": len(context.WINDOWS),
    "WINDOW_BOUNDS": list(context.WINDOWS),
    "SHARED": SHARED_COLUMNS,
    "DILATIONS": [*network.NEAR_DILATIONS, *network.FAR_DILATIONS],
    "SMALLEST": calibration._SMALLEST,
    "SMALLEST_DIVISOR": np.float32(1e-30),  # see `test_the_smallest_divisor`
    "LN2": elementary._LN2,
    "EXP_TERMS": list(elementary.EXP_TERMS),
    "LOG_TERMS": list(elementary._LOG_TERMS),
}
EXPECTED = {name: getattr(module, name) for module, names in SAME_NAMES.items() for name in names.split()} | OTHER_NAMES


@pytest.mark.parametrize("name", EXPECTED)
def test_a_constant_is_that_of_the_python_module(name: str) -> None:
    assert FOUND[name] == EXPECTED[name]


def test_every_constant_of_the_binding_is_compared() -> None:
    assert FOUND.keys() == EXPECTED.keys()


def test_every_constant_of_the_sources_is_in_the_binding() -> None:
    if not all(header.is_file() for header in HEADERS):
        pytest.skip("the sources of the kernels are not here")
    text = "\n".join(header.read_text("utf-8") for header in HEADERS)
    declared = " ".join(re.findall(r"^constexpr \w+ ([^;]*);", text, re.MULTILINE | re.DOTALL))
    names = set(re.findall(r"\b([A-Z][A-Z0-9_]+)(?:\[\w*\])* =", declared))
    assert len(names) > 60
    assert names <= FOUND.keys()


def test_the_smallest_divisor() -> None:
    """The probability of a label may be smaller than what a kind's is divided by; the kind's is not divided by less."""
    tiny = np.full((1, 1), 1e-36, dtype=np.float32)
    _, kinds = calibration.calibrate(tiny, [0], np.zeros((2, 1), dtype=np.float32))
    assert kinds[0, 0] == tiny[0, 0] * (np.float32(1) / np.float32(FOUND["SMALLEST_DIVISOR"]))


def test_the_counted_classes_are_one_after_the_other() -> None:
    assert list(shapes.COUNTED) == list(range(FOUND["FIRST_COUNTED"], FOUND["LAST_COUNTED"] + 1))


def test_the_limits_of_exponentials_and_the_root_of_logarithms() -> None:
    """These numbers stand in the kernels without a name."""
    arithmetic = HEADERS[1]
    if not arithmetic.is_file():
        pytest.skip("the sources of the kernels are not here")
    text = arithmetic.read_text("utf-8")
    assert f"Block({elementary.EXP_MIN:.0f})), Block({elementary.EXP_MAX:.0f})" in text
    assert f"mantissa < {math.sqrt(0.5)!r}" in text
