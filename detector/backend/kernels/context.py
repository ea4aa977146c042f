"""Compiled loops of `detector.features.context`; see `detector.backend.kernels.common`."""

from __future__ import annotations

from typing import Any

import numpy as np

from detector.backend.kernels.common import Array, compiled, copy_row, inlined, log2, ratio
from detector.backend.kernels.constants import (
    LENGTH_COLUMN,
    MIN_SLOTS,
    ROUNDING,
    SLOT,
    SLOT_SHIFT,
    SLOTS_PER_WORD,
    UNIT,
    UNIT_FLOAT,
    WEIGHT_UNIT,
)


@compiled
def repeats(lines: Array, document: Array, logarithms: Array, out: Array) -> None:
    """`detector.features.context._repeats`: counts equal keys in a table of open addresses."""
    size = 16
    while size < 2 * len(lines):
        size *= 2
    mask = size - 1
    owner = np.full(size, -1, dtype=np.int64)  # the first paragraph with the key
    number = np.zeros(size, dtype=np.int64)
    place = np.empty(len(lines), dtype=np.int64)
    for row in range(len(lines)):
        lines[row] ^= np.uint64(document[row]) * SLOT
        at = np.int64((lines[row] * SLOT) >> SLOT_SHIFT) & mask
        while owner[at] >= 0 and lines[owner[at]] != lines[row]:
            at = (at + 1) & mask
        owner[at] = row
        number[at] += 1
        place[row] = at
    for row in range(len(lines)):
        out[row, 0] = log2(number[place[row]] - 1, logarithms)


@inlined
def _slot_sizes(bounds: Array, documents: Array, origins: Array) -> int:
    """Where each document's slots begin; returns the largest number of one document."""
    largest = MIN_SLOTS
    for document in range(len(documents) - 1):
        number = bounds[documents[document + 1]] - bounds[documents[document]]
        size = MIN_SLOTS
        while size < SLOTS_PER_WORD * number:
            size *= 2
        origins[document + 1] = origins[document] + size
        largest = max(largest, size)
    return largest


@inlined
def _first_rows(hashes: Array, bounds: Array, begin: int, end: int, size: int, slots: Array, out: Array) -> None:
    """The slots of a document's words, and the first paragraph of each slot."""
    for row in range(end - 1, begin - 1, -1):
        for word in range(bounds[row], bounds[row + 1]):
            slots[word] = np.int64((hashes[word] * SLOT) >> SLOT_SHIFT) & (size - 1)
            out[slots[word]] = row


@compiled
def slots(hashes: Array, documents: Array, out: Any) -> None:
    """The slots of `detector.features.context._vocabulary` and what the rest of the document has of each word."""
    bounds, slots, origins, elsewhere, earlier = out.bounds, out.slot, out.origin, out.elsewhere, out.earlier
    largest = _slot_sizes(bounds, documents, origins)
    first = np.empty(largest, dtype=np.int64)
    last = np.empty(largest, dtype=np.int64)
    for document in range(len(documents) - 1):
        origin, begin, end = origins[document], documents[document], documents[document + 1]
        _first_rows(hashes, bounds, begin, end, origins[document + 1] - origin, slots, first)
        for row in range(begin, end):
            for word in range(bounds[row], bounds[row + 1]):
                last[slots[word]] = row
                earlier[word] = first[slots[word]] < row
        for word in range(bounds[begin], bounds[end]):
            elsewhere[word] = first[slots[word]] != last[slots[word]]
            slots[word] += origin


@inlined
def _windows(sums: Array, row: int, begin: int, end: int, windows: Array, out: Array, column: int) -> int:
    """A row of `detector.features.context._windows`."""
    for window in range(len(windows)):
        left = min(max(row + windows[window, 0], begin), end)
        right = min(max(row + windows[window, 1] + 1, begin), end)
        number = np.float64(max(right - left, 1) * UNIT)
        left = min(left, right)
        for at in range(sums.shape[1]):
            out[column] = np.float32(np.float64(sums[right, at] - sums[left, at]) / number)
            column += 1
    return column


@inlined
def _position(row: int, begin: int, end: int, logarithms: Array, out: Array, column: int) -> int:
    """A row of `detector.features.context._position`."""
    number, before = end - begin, row - begin
    out[column] = log2(before, logarithms)
    out[column + 1] = log2(number - 1 - before, logarithms)
    out[column + 2] = ratio(before, number - 1)
    out[column + 3] = log2(number, logarithms)
    return column + 4


@inlined
def _document_mass(mass: Array, begin: int, end: int, logarithms: Array, out: Array) -> None:
    """What a row of `detector.features.context._mass` says of the document; ``mass`` are its sums."""
    labels, whole = mass.shape[1], 0
    for label in range(labels):
        whole += mass[end, label] - mass[begin, label]
    for label in range(labels):
        total = mass[end, label] - mass[begin, label]
        out[label] = ratio(total, whole)
        out[labels + label] = log2(total // UNIT, logarithms)


@inlined
def _mass(mass: Array, row: int, begin: int, end: int, of_document: Array, out: Array, column: int) -> int:
    """A row of `detector.features.context._mass`."""
    for label in range(mass.shape[1]):
        out[column] = ratio(mass[row, label] - mass[begin, label], mass[end, label] - mass[begin, label])
        column += 1
    for at in range(len(of_document)):
        out[column] = of_document[at]
        column += 1
    return column


@inlined
def _cumulate(labels: Array, length: Array, characters: Array, sums: Array, mass: Array) -> None:
    """The sums over all paragraphs before each that `_windows` and `_mass` take differences of."""
    number = labels.shape[1]
    sums[0], mass[0] = 0, 0
    for row in range(len(labels)):
        for label in range(number):
            sums[row + 1, label] = sums[row, label] + labels[row, label]
            mass[row + 1, label] = mass[row, label] + labels[row, label] * characters[row]
        sums[row + 1, number] = sums[row, number] + np.int64(np.rint(length[row] * UNIT_FLOAT))


@inlined
def _elsewhere_score(elsewhere: bool, total: int, number: int, score: int) -> Any:
    """The mean score of reporting in the other occurrences of a word, rounded down.

    Floating-point division, rounded down, is exact for whole numbers below 2**52, and much faster.
    """
    if not elsewhere:
        return 0
    return np.int64(np.float64(total - score) / np.float64(max(number - 1, 1)))


@inlined
def _add_word(sums: Array, which: int, weight: int, elsewhere: bool, earlier: bool, elsewhere_score: int) -> None:
    sums[which, 0] += weight
    sums[which, 1] += weight * elsewhere
    sums[which, 2] += weight * earlier
    sums[which, 3] += weight * elsewhere_score


@inlined
def _shared_vocabulary(sums: Array, logarithms: Array, out: Array, column: int) -> int:
    """A row of `detector.features.context._shared_vocabulary`, given the sums over all and over capitalised words."""
    for which in range(2):
        whole, shared, earlier, reporting_sum = sums[which, 0], sums[which, 1], sums[which, 2], sums[which, 3]
        out[column] = ratio(shared, whole)
        out[column + 1] = ratio(reporting_sum, whole * UNIT)
        out[column + 2] = ratio(reporting_sum, shared * UNIT)
        out[column + 3] = ratio(earlier, whole)
        out[column + 4] = log2(whole // WEIGHT_UNIT, logarithms)
        out[column + 5] = log2(shared // WEIGHT_UNIT, logarithms)
        out[column + 6] = log2(reporting_sum // (WEIGHT_UNIT * UNIT), logarithms)
        column += 7
    return column


@inlined
def _tally(slots: Array, bounds: Array, begin: int, end: int, origin: int, labels: Array, tally: Array) -> None:
    """For each slot of a document, the sum of the scores of reporting over its words, and their number."""
    for word in range(bounds[begin], bounds[end]):
        tally[slots[word] - origin] = 0
    for row in range(begin, end):
        for word in range(bounds[row], bounds[row + 1]):
            slot = slots[word] - origin
            tally[slot, 0] += labels[row, 0]
            tally[slot, 1] += 1


@compiled
def label_sums(probabilities: Array, kind_labels: Array, out: Array) -> None:
    """The probabilities as `detector.features.context.quantize` returns them, summed over labels."""
    out[:] = 0
    for row in range(len(probabilities)):
        for kind in range(probabilities.shape[1]):
            whole = (probabilities[row, kind] * UNIT_FLOAT + ROUNDING) - ROUNDING
            out[row, kind_labels[kind]] += np.int64(whole)


@inlined
def _sum_shared(words: Any, row: int, origin: int, tally: Array, score: int, sums: Array) -> None:
    """The sums over the words of a paragraph that `_shared_vocabulary` needs; ``score`` is its own of reporting."""
    weight, capital, slots = words.weight, words.capital, words.slot
    elsewhere, earlier = words.elsewhere, words.earlier
    sums[:] = 0
    for word in range(words.bounds[row], words.bounds[row + 1]):
        slot = slots[word] - origin
        elsewhere_score = _elsewhere_score(elsewhere[word], tally[slot, 0], tally[slot, 1], score)
        _add_word(sums, 0, weight[word], elsewhere[word], earlier[word], elsewhere_score)
        if capital[word]:
            _add_word(sums, 1, weight[word], elsewhere[word], earlier[word], elsewhere_score)


@compiled
def network_inputs(features: Any, words: Any, logits: Array, labels: Array, tables: Any, out: Array) -> None:
    """`detector.features.context.network_inputs`; ``labels`` are the `label_sums`."""
    number, width = labels.shape
    documents, shapes, repeated = features.documents, features.shapes, features.repeats
    known, embeddings = features.known, features.embeddings
    logarithms, windows = tables.logarithms, tables.windows
    sums = np.empty((number + 1, width + 1), dtype=np.int64)
    mass = np.empty((number + 1, width), dtype=np.int64)
    _cumulate(labels, shapes[:, LENGTH_COLUMN], features.characters, sums, mass)
    of_document = np.empty(2 * width, dtype=np.float32)
    tally = np.empty((np.diff(words.origin).max() if len(words.origin) > 1 else 0, 2), dtype=np.int64)
    shared_sums = np.empty((2, 4), dtype=np.int64)
    for document in range(len(documents) - 1):
        begin, end, origin = documents[document], documents[document + 1], words.origin[document]
        _document_mass(mass, begin, end, logarithms, of_document)
        _tally(words.slot, words.bounds, begin, end, origin, labels, tally)
        for row in range(begin, end):
            line = out[row]
            column = copy_row(logits[row], line, 0)
            column = _windows(sums, row, begin, end, windows, line, column)
            column = _position(row, begin, end, logarithms, line, column)
            column = _mass(mass, row, begin, end, of_document, line, column)
            column = copy_row(shapes[row], line, column)
            column = copy_row(repeated[row], line, column)
            _sum_shared(words, row, origin, tally, labels[row, 0], shared_sums)
            column = _shared_vocabulary(shared_sums, logarithms, line, column)
            column = copy_row(known[row], line, column)
            copy_row(embeddings[row], line, column)
