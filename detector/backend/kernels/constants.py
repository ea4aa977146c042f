"""The constants of the kernels, taken from the modules whose results the kernels return.

Numba compiles them into the kernels. `SOURCES` is a digest of every module that the compiled code depends on, and part
of the name under which Numba caches a kernel: when one of them changes, the kernels are compiled again.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np

from detector.features import context, hashing, ngrams, packed_table, shapes, tokens, word_vectors
from detector.inference import elementary, quantization
from detector.text import characters
from detector.text.characters import ASTRAL_HAN, CharacterClass
from detector.util import arrays

_MODULES = (
    arrays, characters, context, elementary, hashing, ngrams, packed_table, quantization, shapes, tokens, word_vectors,
)  # fmt: skip


def digest(files: list[Path]) -> str:
    """A digest of the contents of files, whatever their order."""
    return hashlib.sha256(b"".join(sorted(hashlib.sha256(file.read_bytes()).digest() for file in files))).hexdigest()


SOURCES = digest([*Path(__file__).parent.glob("*.py"), *(Path(str(module.__file__)) for module in _MODULES)])

# Classes of characters
CLASSES = characters.CLASSES
SPACE, LETTER, UPPER, DIGIT, UNSPACED, UNSPACED_REST = (
    int(CharacterClass[name]) for name in ("SPACE", "LETTER", "UPPER", "DIGIT", "UNSPACED", "UNSPACED_REST")
)
ASTRAL_FIRST, ASTRAL_LAST = ASTRAL_HAN
NEWLINE, RETURN = ord("\n"), ord("\r")

# Words, n-grams and shapes
HEAD, TAIL, MIDDLE, LENGTH = hashing.HEAD, hashing.TAIL, hashing.MIDDLE, hashing.LENGTH
WORD, PAIR, PAIR_LEFT = hashing.WORD, hashing.PAIR, hashing.PAIR_LEFT
PREFIX, SUFFIX = hashing.PREFIX, hashing.SUFFIX
OPENING, CLOSING, WHOLE = hashing.OPENING, hashing.CLOSING, hashing.WHOLE
WORD_MIX, BUCKET_MIX, LINE_MIX = hashing.WORD_MIX, hashing.BUCKET_MIX, hashing.LINE_MIX
BUCKET_SHIFT, VECTOR_SHIFT = hashing.BUCKET_SHIFT, hashing.VECTOR_SHIFT
WORD_BYTES, MIDDLE_BYTES = hashing.WORD_BYTES, hashing.MIDDLE_BYTES
LONG_WORD, WIDE_LEAD = ngrams.LONG_WORD, ngrams.WIDE_LEAD
PREFIX_BYTES, SUFFIX_BYTES = ngrams.PREFIX_BYTES, ngrams.SUFFIX_BYTES
WIDE_PREFIX_BYTES, WIDE_SUFFIX_BYTES = ngrams.WIDE_PREFIX_BYTES, ngrams.WIDE_SUFFIX_BYTES
ANCHORS = ngrams.ANCHORS
READ_BYTES, WORD_LENGTH_UNIT, TRIM = tokens.READ_BYTES, shapes.WORD_LENGTH_UNIT, shapes.TRIM
FIRST_COUNTED, LAST_COUNTED = int(shapes.COUNTED[0]), int(shapes.COUNTED[-1])
FIRST_COUNTED_COLUMN = shapes.SHAPE_NAMES.index(f"{shapes.COUNTED[0].name.lower()}s")
# sets of classes as bits
BLANK, BLANK_OR_REST = (int((1 << np.flatnonzero(table)).sum()) for table in (shapes.BLANK, shapes.BLANK_OR_REST))

# Packed tables and word vectors
LANES, LANE_BITS, CHUNK, ZERO = packed_table.LANES, packed_table.LANE_BITS, packed_table.CHUNK, packed_table.ZERO
EVEN_LANES = np.uint64(sum(((1 << LANE_BITS) - 1) << (LANE_BITS * lane) for lane in range(0, LANES, 2)))
FINGERPRINT, FINGERPRINT_SHIFT = word_vectors.FINGERPRINT, word_vectors.FINGERPRINT_SHIFT

# Context
SLOT, SLOT_SHIFT = context.SLOT, context.SLOT_SHIFT
SLOTS_PER_WORD, MIN_SLOTS = context.SLOTS_PER_WORD, context.MIN_SLOTS
UNIT, UNIT_FLOAT, WEIGHT_UNIT = context.UNIT, np.float32(context.UNIT), context.WEIGHT_UNIT
LENGTH_COLUMN = context.LENGTH_COLUMN
ROUNDING = np.float32(3 << 22)  # adding and subtracting 1.5 * 2**23 rounds a float32 as np.rint does

# The exponential
LN2_HIGH, LN2_LOW, PER_LN2 = elementary.LN2_HIGH, elementary.LN2_LOW, elementary.PER_LN2
EXP_TERMS, EXP_MIN, EXP_MAX = elementary.EXP_TERMS, elementary.EXP_MIN, elementary.EXP_MAX
EXPONENT_BIAS, MANTISSA_BITS = elementary.EXPONENT_BIAS, elementary.MANTISSA_BITS

# Quantization
INPUT_MAX, INPUT_STEP = np.float32(quantization.INPUT_MAX), np.float32(1 / quantization.INPUT_STEPS)
HIDDEN_STEPS, HIDDEN_STEP = np.float32(quantization.HIDDEN_STEPS), np.float32(1 / quantization.HIDDEN_STEPS)
HIDDEN_MAX = np.float32(quantization.HIDDEN_MAX)
LARGEST_HIDDEN = np.float32(quantization.HIDDEN_MAX / quantization.HIDDEN_STEPS)
POOL_STEPS, POOL_STEPS_FLOAT64 = np.float32(quantization.POOL_STEPS), np.float64(quantization.POOL_STEPS)
POOL_STEPS_PER_HIDDEN = np.float64(quantization.POOL_STEPS / quantization.HIDDEN_STEPS)
POOL_MAX = np.float64(quantization.POOL_MAX)
