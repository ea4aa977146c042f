"""Compiled loops of `detector.context`: the same vocabulary and the same rows, to the last bit.

See `detector.kernels`, whose rules hold here too.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from detector.kernels import compiled, inlined, log2, share

Array = NDArray[Any]


@compiled
def repeats(lines: Array, document: Array, c: Any, out: Array) -> None:
    """`detector.context._repeats`: counts equal keys in a table of open addresses."""
    size = 16
    while size < 2 * len(lines):
        size *= 2
    mask = size - 1
    owner = np.full(size, -1, dtype=np.int64)  # the first paragraph with the key
    number = np.zeros(size, dtype=np.int64)
    place = np.empty(len(lines), dtype=np.int64)
    for row in range(len(lines)):
        lines[row] ^= np.uint64(document[row]) * c.slot
        at = np.int64((lines[row] * c.slot) >> c.slot_shift) & mask
        while owner[at] >= 0 and lines[owner[at]] != lines[row]:
            at = (at + 1) & mask
        owner[at] = row
        number[at] += 1
        place[row] = at
    for row in range(len(lines)):
        out[row, 0] = log2(number[place[row]] - 1, c.logarithms)


@compiled
def slots(hashes: Array, documents: Array, c: Any, out: Any) -> None:
    """The slots of `detector.context._vocabulary` and what the rest of the document has of each word."""
    largest = 16
    for document in range(len(documents) - 1):
        number = out.bounds[documents[document + 1]] - out.bounds[documents[document]]
        size = 16
        while size < c.slots_a_word * number:
            size *= 2
        out.origin[document + 1] = out.origin[document] + size
        largest = max(largest, size)
    first = np.empty(largest, dtype=np.int64)
    last = np.empty(largest, dtype=np.int64)
    for document in range(len(documents) - 1):
        origin = out.origin[document]
        mask = out.origin[document + 1] - origin - 1
        begin, end = documents[document], documents[document + 1]
        for row in range(end - 1, begin - 1, -1):
            for word in range(out.bounds[row], out.bounds[row + 1]):
                slot = np.int64((hashes[word] * c.slot) >> c.slot_shift) & mask
                out.slot[word] = origin + slot
                first[slot] = row
        for row in range(begin, end):
            for word in range(out.bounds[row], out.bounds[row + 1]):
                opens = first[out.slot[word] - origin]
                last[out.slot[word] - origin] = row
                out.earlier[word] = opens < row
        for word in range(out.bounds[begin], out.bounds[end]):
            slot = out.slot[word] - origin
            out.elsewhere[word] = first[slot] != last[slot]


@inlined
def _neighbours(values: Array, row: int, begin: int, end: int, reach: int, c: Any, out: Array, column: int) -> int:
    """A row of `detector.context._neighbours`; gives the next free column."""
    width = values.shape[1]
    for other in range(row - reach, row + reach + 1):
        if begin <= other < end:
            for at in range(width):
                out[column + at] = values[other, at]
        else:
            for at in range(width):
                out[column + at] = c.outside
        column += width
    return column


@inlined
def _windows(sums: Array, row: int, begin: int, end: int, c: Any, out: Array, column: int) -> int:
    """A row of `detector.context._windows`."""
    for window in range(len(c.windows)):
        left = min(max(row + c.windows[window, 0], begin), end)
        right = min(max(row + c.windows[window, 1] + 1, begin), end)
        number = np.float64(max(right - left, 1) * c.unit)
        left = min(left, right)
        for at in range(sums.shape[1]):
            out[column] = np.float32(np.float64(sums[right, at] - sums[left, at]) / number)
            column += 1
    return column


@inlined
def _place(row: int, begin: int, end: int, c: Any, out: Array, column: int) -> int:
    """A row of `detector.context._place`."""
    number, before = end - begin, row - begin
    out[column] = log2(before, c.logarithms)
    out[column + 1] = log2(number - 1 - before, c.logarithms)
    out[column + 2] = share(before, number - 1)
    out[column + 3] = log2(number, c.logarithms)
    return column + 4


@inlined
def _mass(mass: Array, row: int, begin: int, end: int, c: Any, out: Array, column: int) -> int:
    """A row of `detector.context._mass`; ``mass`` are its sums."""
    labels = mass.shape[1]
    whole = 0
    for label in range(labels):
        whole += mass[end, label] - mass[begin, label]
    for label in range(labels):
        total = mass[end, label] - mass[begin, label]
        out[column + label] = share(mass[row, label] - mass[begin, label], total)
        out[column + labels + label] = share(total, whole)
        out[column + 2 * labels + label] = log2(total // c.unit, c.logarithms)
    return column + 3 * labels


@inlined
def _cumulate(labels: Array, length: Array, characters: Array, c: Any, sums: Array, mass: Array) -> None:
    """The sums over all paragraphs before each that `_windows` and `_mass` take differences of."""
    number = labels.shape[1]
    sums[0], mass[0] = 0, 0
    for row in range(len(labels)):
        for label in range(number):
            sums[row + 1, label] = sums[row, label] + labels[row, label]
            mass[row + 1, label] = mass[row, label] + labels[row, label] * characters[row]
        sums[row + 1, number] = sums[row, number] + np.int64(np.rint(length[row] * c.unit_float))


@inlined
def _add_word(sums: Array, weight: int, elsewhere: bool, earlier: bool, voice: int) -> None:
    sums[0] += weight
    sums[1] += weight * elsewhere
    sums[2] += weight * earlier
    sums[3] += weight * voice


@inlined
def _shared_vocabulary(
    v: Any, row: int, score: int, origin: int, tally: Array, sums: Array, c: Any, out: Array, column: int
) -> int:
    """A row of `detector.context._shared_vocabulary`; ``sums`` is room for two rows of four numbers."""
    sums[:] = 0
    for word in range(v.bounds[row], v.bounds[row + 1]):
        voice = 0
        if v.elsewhere[word]:
            slot = v.slot[word] - origin
            voice = (tally[slot, 0] - score) // max(tally[slot, 1] - 1, 1)
        _add_word(sums[0], v.weight[word], v.elsewhere[word], v.earlier[word], voice)
        if v.capital[word]:
            _add_word(sums[1], v.weight[word], v.elsewhere[word], v.earlier[word], voice)
    for which in range(2):
        whole, shared, earlier, voiced = sums[which, 0], sums[which, 1], sums[which, 2], sums[which, 3]
        out[column] = share(shared, whole)
        out[column + 1] = share(voiced, whole * c.unit)
        out[column + 2] = share(voiced, shared * c.unit)
        out[column + 3] = share(earlier, whole)
        out[column + 4] = log2(whole // 16, c.logarithms)
        out[column + 5] = log2(shared // 16, c.logarithms)
        out[column + 6] = log2(voiced // (16 * c.unit), c.logarithms)
        column += 7
    return column


@inlined
def _tally(v: Any, begin: int, end: int, origin: int, labels: Array, tally: Array) -> None:
    """For each slot of a document, the sum of reporting's scores over its words, and their number."""
    for word in range(v.bounds[begin], v.bounds[end]):
        tally[v.slot[word] - origin] = 0
    for row in range(begin, end):
        for word in range(v.bounds[row], v.bounds[row + 1]):
            slot = v.slot[word] - origin
            tally[slot, 0] += labels[row, 0]
            tally[slot, 1] += 1


@compiled
def label_sums(probabilities: Array, kind_labels: Array, c: Any, out: Array) -> None:
    """The scores of `detector.context.rows` as whole numbers, summed up to labels."""
    out[:] = 0
    for row in range(len(probabilities)):
        for kind in range(probabilities.shape[1]):
            # adding and taking off 1.5 * 2**23 rounds as np.rint does
            whole = (probabilities[row, kind] * c.unit_float + c.rounding) - c.rounding
            out[row, kind_labels[kind]] += np.int64(whole)


@compiled
def every_look(evidence: Any, own: Array, labels: Array, c: Any, out: Array) -> int:
    """The columns of `detector.context.rows` that every look has; gives the next free one.

    Rows of ``out`` beyond the paragraphs become zero.
    """
    number, width = labels.shape
    sums = np.empty((number + 1, width + 1), dtype=np.int64)
    mass = np.empty((number + 1, width), dtype=np.int64)
    far = np.empty((number, width + 1), dtype=np.float32)
    _cumulate(labels, evidence.shapes[:, c.length], evidence.characters, c, sums, mass)
    for row in range(number):
        for label in range(width):
            far[row, label] = np.float32(np.float64(labels[row, label]) / np.float64(c.unit))
        far[row, width] = evidence.shapes[row, c.length]
    column = 0
    for document in range(len(evidence.documents) - 1):
        begin, end = evidence.documents[document], evidence.documents[document + 1]
        for row in range(begin, end):
            line = out[row]
            column = own.shape[1]
            for at in range(column):
                line[at] = own[row, at]
            column = _neighbours(far, row, begin, end, c.far, c, line, column)
            column = _windows(sums, row, begin, end, c, line, column)
            column = _place(row, begin, end, c, line, column)
            column = _mass(mass, row, begin, end, c, line, column)
    out[number:] = 0
    return column


@compiled
def first_look(
    evidence: Any, vocabulary: Any, probabilities: Array, labels: Array, c: Any, out: Array, column: int
) -> None:
    """The columns of `detector.context.rows` that the first look alone has, from ``column`` on."""
    number, kinds = probabilities.shape
    near = np.empty((number, kinds + len(c.near_shapes)), dtype=np.float32)
    for row in range(number):
        near[row, :kinds] = probabilities[row]
        for at in range(len(c.near_shapes)):
            near[row, kinds + at] = evidence.shapes[row, c.near_shapes[at]]
    tally = np.empty((np.diff(vocabulary.origin).max() if len(vocabulary.origin) > 1 else 0, 2), dtype=np.int64)
    heard = np.empty((2, 4), dtype=np.int64)
    for document in range(len(evidence.documents) - 1):
        begin, end = evidence.documents[document], evidence.documents[document + 1]
        origin = vocabulary.origin[document]
        _tally(vocabulary, begin, end, origin, labels, tally)
        for row in range(begin, end):
            line = out[row]
            at = _neighbours(near, row, begin, end, c.near, c, line, column)
            for shape in range(evidence.shapes.shape[1]):
                line[at + shape] = evidence.shapes[row, shape]
            at += evidence.shapes.shape[1]
            line[at] = evidence.repeats[row, 0]
            _shared_vocabulary(vocabulary, row, labels[row, 0], origin, tally, heard, c, line, at + 1)
