"""The compiled path: what `detector.kernels` and `detector.kernels_context` are given, and the arrays they fill.

Every function gives the arrays of the numpy function that it names, to the last bit. Whether this path is taken is
for `detector.speed` to say.
"""

from __future__ import annotations

from functools import cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from detector import characters, context, features, kernels, kernels_context
from detector.characters import CharacterClass
from detector.context import Evidence, Floats, Vocabulary
from detector.features import Number
from detector.model import BLOCK, CHUNK, LANE_BITS, LANES, ZERO, Model, Network, Reading, padded_number
from detector.paragraphs import Batch, Lines, Offsets

Array = NDArray[Any]


class _Characters(NamedTuple):
    """What `kernels.split_lines` needs of `detector.characters`."""

    classes: Array
    lower: Array
    ascii_classes: Array
    ascii_folded: Array
    rest: Array


class _Astral(NamedTuple):
    """The characters beyond the basic plane that have a class of their own."""

    first: int
    last: int
    kind: int


class _Text(NamedTuple):
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


class _Tables(NamedTuple):
    """Tables of `detector.features`."""

    logarithms: Array
    first: Array
    last: Array


class _Linear(NamedTuple):
    """A `LinearStep`."""

    packed: Array
    scale: Array
    bias: Array


class _Lanes(NamedTuple):
    """How the weights of a `LinearStep` stand in lanes; ``even`` is a mask of the lanes 0, 2 and so on."""

    lanes: int
    bits: int
    chunk: int
    zero: int
    even: np.uint64


_LANES = _Lanes(
    LANES, LANE_BITS, CHUNK, ZERO,
    np.uint64(sum(((1 << LANE_BITS) - 1) << (LANE_BITS * lane) for lane in range(0, LANES, 2))),
)  # fmt: skip


class _Batch(NamedTuple):
    """The fields of `Batch` that `kernels.read` reads, and the eight bytes that begin at each place."""

    classes: Array
    folded: Array
    eight: Array
    start: Array
    end: Array
    first: Array
    last: Array


class _Rare(NamedTuple):
    """The rarer words of a batch as `kernels.read` finds them, and the table of how rare a word is."""

    table: Array
    bounds: Array
    weight: Array
    capital: Array
    hashes: Array


class _Context(NamedTuple):
    """What the kernels need of `detector.context`; names are those of the constants there."""

    slot: np.uint64
    slot_shift: np.uint64
    slots_a_word: int
    unit: int
    unit_float: np.float32
    rounding: np.float32
    outside: np.float32
    near: int
    far: int
    length: int


class _ContextTables(NamedTuple):
    """Tables of `detector.context` and `detector.features`."""

    logarithms: Array
    windows: Array
    near_shapes: Array


class _Evidence(NamedTuple):
    """The fields of `Evidence` that the kernels read."""

    documents: Array
    characters: Array
    shapes: Array
    repeats: Array


class _Vocabulary(NamedTuple):
    """The fields of `Vocabulary`, in its order."""

    bounds: Array
    weight: Array
    capital: Array
    slot: Array
    origin: Array
    elsewhere: Array
    earlier: Array


@cache
def _characters() -> _Characters:
    tables = characters.tables()
    return _Characters(
        tables.classes,
        tables.lower,
        np.frombuffer(tables.ascii_classes, dtype=np.uint8),
        np.frombuffer(tables.ascii_folded, dtype=np.uint8),
        characters.REST,
    )


_ASTRAL = _Astral(*characters.ASTRAL_HAN, int(CharacterClass.UNSPACED))


@cache
def _text() -> _Text:
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
    return _Text(
        **{name: own[name] if name in own else getattr(features, f"_{name.upper()}") for name in _Text._fields}
    )


def _bits(table: NDArray[np.bool_]) -> int:
    return int((1 << np.flatnonzero(table)).sum())


@cache
def _tables() -> _Tables:
    return _Tables(features._LOGARITHMS, features._FIRST, features._LAST)


@cache
def _context() -> _Context:
    return _Context(
        slot=context.SLOT,
        slot_shift=context.SLOT_SHIFT,
        slots_a_word=context.SLOTS_A_WORD,
        unit=context.UNIT,
        unit_float=np.float32(context.UNIT),
        rounding=np.float32(3 << 22),
        outside=np.float32(context.OUTSIDE),
        near=context.NEAR,
        far=context.FAR,
        length=context.LENGTH,
    )


@cache
def _context_tables() -> _ContextTables:
    windows, near_shapes = (np.array(x, dtype=np.int64) for x in (context.WINDOWS, context.NEAR_SHAPES))
    return _ContextTables(features._LOGARITHMS, windows, near_shapes)


def _constant(array: NDArray[Number]) -> NDArray[Number]:
    """The array as one that cannot be written to, as those of a file are and others are not: a type less for numba."""
    constant = array.view()
    constant.flags.writeable = False
    return constant


def split_lines(buffer: bytes, origin: Offsets) -> Lines:
    """`detector.paragraphs.split_lines`."""
    most = buffer.count(b"\n") + buffer.count(b"\r")
    classes, folded = np.empty((2, len(buffer)), dtype=np.uint8)
    lines = np.empty((5, most), dtype=np.int64)
    after_blank = np.empty(most, dtype=np.bool_)
    raw = np.frombuffer(buffer, dtype=np.uint8)
    number = kernels.split_lines(raw, origin, _characters(), _ASTRAL, classes, folded, lines, after_blank)
    document, start, end, first, last = lines[:, :number]
    return Lines(classes, folded, document, start, end, first, last, after_blank[:number])


def read(batch: Batch, model: Model) -> Reading:
    """`detector.model.read`."""
    number, linear = len(batch), model.linear
    most = len(batch.classes) // 2 + 1  # words of a buffer
    rare = _Rare(
        _constant(model.rarity), np.empty(number + 1, np.int64), np.empty(most, np.int64), np.empty(most, np.bool_),
        np.empty(most, np.uint64),
    )  # fmt: skip
    words, lines = np.empty(number, dtype=np.int64), np.empty(number, dtype=np.uint64)
    shapes = np.empty((number, len(features.SHAPE_NAMES)), dtype=np.float32)
    scores = np.empty((number, len(linear.scale)), dtype=np.float32)
    kernels.read(
        _Batch(batch.classes, batch.folded, features.eights(batch), batch.start, batch.end, batch.first, batch.last),
        _Linear(linear.quads, linear.scale.astype(np.float64), _constant(linear.bias)),
        rare, _tables(), _LANES, _text(), words, shapes, lines, scores,
    )  # fmt: skip
    repeats = np.empty((number, 1), dtype=np.float32)
    kernels_context.repeats(lines, batch.document, _tables().logarithms, _context(), repeats)
    return Reading(words, scores, Evidence(batch, shapes, repeats, _vocabulary(batch, rare)))


def _vocabulary(batch: Batch, rare: _Rare) -> Vocabulary:
    number = int(rare.bounds[-1])
    slot, origin = np.empty(number, dtype=np.int64), np.zeros(batch.documents + 1, dtype=np.int64)
    elsewhere, earlier = np.empty((2, number), dtype=np.bool_)
    found = _Vocabulary(rare.bounds, rare.weight[:number], rare.capital[:number], slot, origin, elsewhere, earlier)
    kernels_context.slots(rare.hashes, batch.bounds, _context(), found)
    return Vocabulary(*found)


def rows(evidence: Evidence, look: int, own: Floats, probabilities: Floats, model: Model) -> Floats:
    """`detector.model.rows`."""
    batch, constants, labels = evidence.batch, _context(), np.array(model.kind_labels)
    number = len(batch)
    sums = np.empty((number, len(model.labels)), dtype=np.int64)
    known = _Evidence(batch.bounds, batch.last - batch.first, evidence.shapes, evidence.repeats)
    columns = context.columns(look, own.shape[1], *sums.shape[1:], len(labels))
    out = np.empty((padded_number(number), columns), dtype=np.float32)
    kernels_context.label_sums(probabilities, labels, constants, sums)
    column = kernels_context.every_look(known, own, sums, _context_tables(), constants, out)
    if not look:
        v = evidence.vocabulary
        words = _Vocabulary(v.bounds, v.weight, v.capital, v.slot, v.origin, v.elsewhere, v.earlier)
        kernels_context.first_look(known, words, probabilities, sums, _context_tables(), constants, out, column)
    return out.reshape(-1, BLOCK, columns)


def scores_of_blocks(network: Network, blocks: Floats, number: int) -> Floats:
    """`detector.model.scores_of_blocks`: block by block, so that the hidden layers stay in the processor's cache."""
    out = np.empty((len(blocks), BLOCK, len(network.biases[-1])), dtype=np.float32)
    hidden = [np.empty((BLOCK, len(bias)), dtype=np.float32) for bias in network.biases[:-1]]
    for rows, last in zip(blocks, out, strict=True):
        values = rows
        for weights, bias, room in zip(network.weights, network.biases, hidden, strict=False):
            np.matmul(values, weights, out=room)
            kernels_context.rectify(room, _constant(bias))
            values = room
        np.matmul(values, network.weights[-1], out=last)
    out += network.biases[-1]
    return out.reshape(-1, out.shape[2])[:number]


def softmax(logits: Floats) -> Floats:
    """`detector.model.softmax`."""
    powers = np.empty(logits.shape, dtype=np.float32)
    kernels_context.less_largest(logits, powers)
    np.exp(powers, out=powers)
    powers /= powers.sum(axis=1, keepdims=True)
    return powers
