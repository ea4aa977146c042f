"""What kernels are given as tuples with names: numba knows their types, and a call stays readable."""

from __future__ import annotations

from functools import cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from detector import characters, context, features, grid, vectors
from detector.characters import CharacterClass
from detector.lanes import CHUNK, LANE_BITS, LANES, ZERO
from detector.vectors import WordVectors

Array = NDArray[Any]


class CharactersInput(NamedTuple):
    """What `kernels.split_lines` needs of `detector.characters`."""

    classes: Array
    lower: Array
    ascii_classes: Array
    ascii_folded: Array
    rest: Array


class AstralInput(NamedTuple):
    """The characters beyond the basic plane that have a class of their own."""

    first: int
    last: int
    kind: int


class TextInput(NamedTuple):
    """What `kernels.read` needs of `detector.features`; names are those of the constants there."""

    head: np.uint64
    tail: np.uint64
    middle: np.uint64
    length: np.uint64
    word: np.uint64
    pair: np.uint64
    pair_left: np.uint64
    prefix: np.uint64
    suffix: np.uint64
    opening: np.uint64
    closing: np.uint64
    whole: np.uint64
    shift: np.uint64
    long: int
    prefix_bytes: int
    suffix_bytes: int
    read_bytes: int
    trim: int
    blank: int  # classes as bits, like the next
    blank_or_rest: int
    first_counted: int
    last_counted: int
    classes: int
    letter: int
    upper: int
    digit: int
    unspaced: int
    unspaced_rest: int


class TablesInput(NamedTuple):
    """Tables of `detector.features`."""

    logarithms: Array
    first: Array
    last: Array


class LinearInput(NamedTuple):
    """A `LinearStep`."""

    packed: Array
    scale: Array
    bias: Array


class VectorsInput(NamedTuple):
    """What `kernels.read` needs of `WordVectors`, and its multiplier for marks."""

    places: Array
    marks: Array
    packed: Array
    mark: np.uint64
    mark_shift: np.uint64


class LanesInput(NamedTuple):
    """How the numbers of a `LaneTable` stand in lanes; ``even`` is a mask of the lanes 0, 2 and so on."""

    lanes: int
    bits: int
    chunk: int
    zero: int
    even: np.uint64


LANES_INPUT = LanesInput(
    LANES, LANE_BITS, CHUNK, ZERO,
    np.uint64(sum(((1 << LANE_BITS) - 1) << (LANE_BITS * lane) for lane in range(0, LANES, 2))),
)  # fmt: skip


class BatchInput(NamedTuple):
    """The fields of `Batch` that `kernels.read` reads, and the eight bytes that begin at each place."""

    classes: Array
    folded: Array
    eight: Array
    start: Array
    end: Array
    first: Array
    last: Array


class RareInput(NamedTuple):
    """The rarer words of a batch as `kernels.read` finds them, and the table of how rare a word is."""

    table: Array
    bounds: Array
    weight: Array
    capital: Array
    hashes: Array


class ContextInput(NamedTuple):
    """What the kernels need of `detector.context`; names are those of the constants there."""

    slot: np.uint64
    slot_shift: np.uint64
    slots_a_word: int
    unit: int
    unit_float: np.float32
    rounding: np.float32
    length: int


class ContextTablesInput(NamedTuple):
    """Tables of `detector.context` and `detector.features`."""

    logarithms: Array
    windows: Array


class EvidenceInput(NamedTuple):
    """The fields of `Evidence` that the kernels read."""

    documents: Array
    characters: Array
    shapes: Array
    repeats: Array
    meanings: Array


class VocabularyInput(NamedTuple):
    """The fields of `Vocabulary`, in its order."""

    bounds: Array
    weight: Array
    capital: Array
    slot: Array
    origin: Array
    elsewhere: Array
    earlier: Array


class NetworkInput(NamedTuple):
    """The grids of `detector.network`: steps a 1, the size of a step, and the most steps."""

    input_most: np.float32
    input_step: np.float32
    hidden_steps: np.float32
    hidden_step: np.float32
    hidden_most: np.float32
    hidden_largest: np.float32
    pool_steps: np.float32
    pool_steps_a_hidden: np.float64
    pool_most: np.float64


NETWORK_INPUT = NetworkInput(
    input_most=np.float32(grid.INPUT_MOST),
    input_step=np.float32(1 / grid.INPUT_STEPS),
    hidden_steps=np.float32(grid.HIDDEN_STEPS),
    hidden_step=np.float32(1 / grid.HIDDEN_STEPS),
    hidden_most=np.float32(grid.HIDDEN_MOST),
    hidden_largest=np.float32(grid.HIDDEN_MOST / grid.HIDDEN_STEPS),
    pool_steps=np.float32(grid.POOL_STEPS),
    pool_steps_a_hidden=np.float64(grid.POOL_STEPS / grid.HIDDEN_STEPS),
    pool_most=np.float64(grid.POOL_MOST),
)


@cache
def characters_input() -> CharactersInput:
    """The constants that kernels are given, made once a process."""
    tables = characters.tables()
    return CharactersInput(
        tables.classes,
        tables.lower,
        np.frombuffer(tables.ascii_classes, dtype=np.uint8),
        np.frombuffer(tables.ascii_folded, dtype=np.uint8),
        characters.REST,
    )


ASTRAL_INPUT = AstralInput(*characters.ASTRAL_HAN, int(CharacterClass.UNSPACED))


def vectors_input(of: WordVectors) -> VectorsInput:
    """The tables of word vectors as `kernels.read` looks words up in them."""
    return VectorsInput(of.places, of.place_marks, of.table.quads, vectors.MARK, vectors.MARK_SHIFT)


@cache
def text_input() -> TextInput:
    """The constants that kernels are given, made once a process."""
    own: dict[str, Any] = {
        "first_counted": int(features.COUNTED[0]),
        "last_counted": int(features.COUNTED[-1]),
        "blank": _bits(features._BLANK),
        "blank_or_rest": _bits(features._BLANK_OR_REST),
        "classes": characters.CLASSES,
        "read_bytes": features.READ_BYTES,
        **{
            name.lower(): int(CharacterClass[name])
            for name in ("LETTER", "UPPER", "DIGIT", "UNSPACED", "UNSPACED_REST")
        },
    }
    return TextInput(
        **{name: own[name] if name in own else getattr(features, f"_{name.upper()}") for name in TextInput._fields}
    )


def _bits(table: NDArray[np.bool_]) -> int:
    return int((1 << np.flatnonzero(table)).sum())


@cache
def tables_input() -> TablesInput:
    """The constants that kernels are given, made once a process."""
    return TablesInput(features._LOGARITHMS, features._FIRST, features._LAST)


@cache
def context_input() -> ContextInput:
    """The constants that kernels are given, made once a process."""
    return ContextInput(
        slot=context.SLOT,
        slot_shift=context.SLOT_SHIFT,
        slots_a_word=context.SLOTS_A_WORD,
        unit=context.UNIT,
        unit_float=np.float32(context.UNIT),
        rounding=np.float32(3 << 22),
        length=context.LENGTH,
    )


@cache
def context_tables_input() -> ContextTablesInput:
    """The constants that kernels are given, made once a process."""
    return ContextTablesInput(features._LOGARITHMS, np.array(context.WINDOWS, dtype=np.int64))
