"""The compiled path: the arrays that the kernels are given and fill.

Every function gives the arrays of the numpy function that it names, to the last bit. Whether this path is taken is
for `detector.speed` to say.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from detector import context, features, grid, kernels, kernels_context, kernels_lines, kernels_network, kernels_words
from detector.context import Evidence, Floats, Vocabulary
from detector.features import Number
from detector.kernel_inputs import (
    ASTRAL_INPUT,
    LANES_INPUT,
    NETWORK_INPUT,
    BatchInput,
    EvidenceInput,
    LinearInput,
    RareInput,
    VocabularyInput,
    characters_input,
    context_input,
    context_tables_input,
    tables_input,
    text_input,
    vectors_input,
)
from detector.model import Model, Reading
from detector.network import Ensemble, Loops
from detector.paragraphs import Batch, Lines, Offsets
from detector.places import Places
from detector.vectors import DIMENSIONS


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
    number = kernels_lines.split_lines(
        raw, origin, characters_input(), ASTRAL_INPUT, classes, folded, lines, after_blank
    )
    document, start, end, first, last = lines[:, :number]
    return Lines(classes, folded, document, start, end, first, last, after_blank[:number])


def read(batch: Batch, model: Model) -> Reading:
    """`detector.model.read`."""
    number, linear = len(batch), model.linear
    most = len(batch.classes) // 2 + 1  # words of a buffer
    rare = RareInput(
        _constant(model.rarity), np.empty(number + 1, np.int64), np.empty(most, np.int64), np.empty(most, np.bool_),
        np.empty(most, np.uint64),
    )  # fmt: skip
    words, lines = np.empty(number, dtype=np.int64), np.empty(number, dtype=np.uint64)
    shapes = np.empty((number, len(features.SHAPE_NAMES)), dtype=np.float32)
    scores = np.empty((number, len(linear.scale)), dtype=np.float32)
    meanings = np.empty((number, DIMENSIONS), dtype=np.float32)
    eight = features.eights(batch)
    kernels_words.read(
        BatchInput(batch.classes, batch.folded, eight, batch.start, batch.end, batch.first, batch.last),
        LinearInput(linear.table.quads, linear.scale.astype(np.float64), _constant(linear.bias)),
        rare, vectors_input(model.vectors), tables_input(), LANES_INPUT, text_input(), words, shapes, lines, scores,
        meanings,
    )  # fmt: skip
    repeats = np.empty((number, 1), dtype=np.float32)
    kernels_context.repeats(lines, batch.document, tables_input().logarithms, context_input(), repeats)
    return Reading(words, scores, Evidence(batch, shapes, repeats, _vocabulary(batch, rare), meanings))


def _vocabulary(batch: Batch, rare: RareInput) -> Vocabulary:
    number = int(rare.bounds[-1])
    slot, origin = np.empty(number, dtype=np.int64), np.zeros(batch.documents + 1, dtype=np.int64)
    elsewhere, earlier = np.empty((2, number), dtype=np.bool_)
    found = VocabularyInput(rare.bounds, rare.weight[:number], rare.capital[:number], slot, origin, elsewhere, earlier)
    kernels_context.slots(rare.hashes, batch.bounds, context_input(), found)
    return Vocabulary(*found)


def rows(evidence: Evidence, scores: Floats, probabilities: Floats, model: Model) -> Floats:
    """`detector.model.rows`."""
    batch, constants, labels, v = evidence.batch, context_input(), len(model.labels), evidence.vocabulary
    number, kinds = scores.shape
    sums = np.empty((number, labels), dtype=np.int64)
    known = EvidenceInput(batch.bounds, batch.last - batch.first, evidence.shapes, evidence.repeats, evidence.meanings)
    words = VocabularyInput(v.bounds, v.weight, v.capital, v.slot, v.origin, v.elsewhere, v.earlier)
    out = np.empty((number, context.columns(labels, kinds)), dtype=np.float32)
    kernels_context.label_sums(probabilities, np.array(model.kind_labels), constants, sums)
    kernels_context.rows(known, words, scores, sums, context_tables_input(), constants, out)
    return out


def scores(networks: Ensemble, rows: Floats, bounds: Offsets) -> Floats:
    """`detector.network.Ensemble.scores`."""
    return networks.scores(rows, bounds, _LOOPS)


def _standardize(rows: Floats, mean: Floats, factor: Floats) -> None:
    steps = factor * np.float32(grid.INPUT_STEPS)
    kernels_network.standardize(rows, _constant(mean), steps, NETWORK_INPUT)


def _rectify(values: Floats, bias: Floats) -> None:
    kernels_network.rectify(values, _constant(bias), NETWORK_INPUT)


def _convolve(parts: Floats, bias: Floats, places: Places, step: int, hidden: Floats) -> None:
    kernels_network.convolve(parts, _constant(bias), places.bounds, step, hidden, NETWORK_INPUT)


def _pool(peaks: Floats, means: Floats, places: Places, out: Floats) -> None:
    kernels_network.pool(peaks, means, places.bounds, NETWORK_INPUT, out)


_LOOPS = Loops(_standardize, _rectify, _convolve, _pool)


def softmax(logits: Floats) -> Floats:
    """`detector.model.softmax`."""
    powers = np.empty(logits.shape, dtype=np.float32)
    kernels.less_largest(logits, powers)
    np.exp(powers, out=powers)
    powers /= powers.sum(axis=1, keepdims=True)
    return powers
