"""Compiled loops over words and n-grams. See `detector.kernels`, whose rules hold here too."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from detector.kernels import compiled, copied, inlined, log2, share

Array = NDArray[Any]
ONE = np.uint64(1)  # places are unsigned where it matters: they need no check for negative ones


@inlined
def _word_end(classes: Array, at: Any, counts: Array, m: Any) -> Any:
    """Where the word that begins at a byte ends; counts its characters that are no small letters."""
    kind = classes[at]
    if kind == m.unspaced:
        counts[kind] += 1
        at += ONE
        while classes[at] == m.unspaced_rest:
            at += ONE
        return at
    while m.letter <= kind <= m.digit:
        if kind != m.letter:
            counts[kind] += 1
        at += ONE
        kind = classes[at]
    return at


@inlined
def _first_bytes(number: Any) -> Any:
    """Eight bytes of which so many, up to eight, are ones: `detector.features._MASKS`."""
    return ~np.uint64(0) >> np.uint64(64 - 8 * number) if number > 0 else np.uint64(0)


@inlined
def _word_hash(eight: Array, start: Any, end: Any, m: Any) -> Any:
    """`detector.features._hashes` of one word."""
    length = end - start
    mixed = (eight[start] & _first_bytes(min(np.int64(length), 8))) * m.head + length * m.length
    if length > 8:
        mixed += eight[end - np.uint64(8)] * m.tail
        if length > 16:
            mixed += eight[start + np.uint64(8)] * m.middle
    return mixed ^ (mixed >> np.uint64(32))


@inlined
def _bucket(mixed: Any, multiplier: Any, shift: Any) -> Any:
    return ((mixed ^ (mixed >> np.uint64(29))) * multiplier) >> shift


@inlined
def _add_affixes(eight: Array, start: Any, end: Any, lead: Any, buckets: Array, number: int, m: Any) -> int:
    """`detector.features._affixes` of one word; gives the number of n-grams there are now."""
    wide = lead >= 0xC0
    if np.int64(end - start) < (2 * m.long if wide else m.long):
        return number
    head = eight[start] & _first_bytes(8 if wide else m.prefix_bytes)
    tail = eight[end - np.uint64(8)] & ~_first_bytes(2 if wide else 8 - m.suffix_bytes)
    buckets[number] = _bucket(head * m.head, m.prefix, m.shift)
    buckets[number + 1] = _bucket(tail * m.tail, m.suffix, m.shift)
    return number + 2


@inlined
def _add_anchors(hashes: Array, words: int, whole: Any, buckets: Array, number: int, m: Any) -> int:
    """`detector.features._anchors` of the paragraph of these words, ``whole`` being its `line_hashes`."""
    zero = np.uint64(0)
    first = hashes[0] if words > 0 else zero
    second = hashes[1] if words > 1 else zero
    third = hashes[2] if words > 2 else zero
    last = hashes[words - 1] if words > 0 else zero
    before = hashes[words - 2] if words > 1 else zero
    third_last = hashes[words - 3] if words > 2 else zero
    two, back = first * m.pair_left + second, before * m.pair_left + last
    buckets[number] = _bucket(first, m.opening, m.shift)
    buckets[number + 1] = _bucket(two, m.opening, m.shift)
    buckets[number + 2] = _bucket(two * m.pair_left + third, m.opening, m.shift)
    buckets[number + 3] = _bucket(back, m.closing, m.shift)
    buckets[number + 4] = _bucket(third_last * m.head + back, m.closing, m.shift)
    buckets[number + 5] = _bucket(whole, m.whole, m.shift)
    return number + 6


@inlined
def _ends(classes: Array, start: int, end: int, m: Any) -> Any:
    """`detector.features._ends` of one paragraph."""
    first, last = start, end - 1
    for _ in range(m.trim):
        if not (m.blank >> classes[first]) & 1:
            break
        first += 1
    for _ in range(m.trim):
        if not (m.blank_or_rest >> classes[last]) & 1:
            break
        last -= 1
    return classes[first], classes[last]


@inlined
def _shape(out: Array, characters: int, size: int, words: Any, counts: Array, logarithms: Array, m: Any) -> int:
    """A row of `detector.features.shapes` up to the columns of first and last, where the first of which stands.

    ``words`` are their number, bytes, capitalised ones, ones of capitals, and numbers.
    """
    punctuation, column = 0, 10
    for kind in range(m.first_counted, m.last_counted + 1):
        punctuation += counts[kind]
        out[column] = log2(counts[kind], logarithms)
        column += 1
    out[0] = log2(characters, logarithms)
    out[1] = log2(words[0], logarithms)
    out[2] = share(words[1], 8 * words[0])
    out[3] = share(size - characters, characters)
    out[4] = share(counts[m.upper], characters)
    out[5] = share(counts[m.digit], characters)
    out[6] = share(punctuation, characters)
    out[7] = share(words[2], words[0])
    out[8] = share(words[3], words[0])
    out[9] = share(words[4], words[0])
    return column


@inlined
def _spread(even: Any, odd: Any, word: int, total: Array, lanes: int, bits: int) -> None:
    """Add the sums of a word of lanes, every other lane in one number, to the totals of their kinds."""
    mask = (np.uint64(1) << np.uint64(2 * bits)) - np.uint64(1)
    for kind in range(word * lanes, min((word + 1) * lanes, len(total)), 2):
        total[kind] += np.int64(even & mask)
        even >>= np.uint64(2 * bits)
    for kind in range(word * lanes + 1, min((word + 1) * lanes, len(total)), 2):
        total[kind] += np.int64(odd & mask)
        odd >>= np.uint64(2 * bits)


@inlined
def _add_weights(buckets: Array, first: int, last: int, packed: Array, total: Array, m: Any) -> None:
    """Add up at most `detector.lanes.CHUNK` ** 2 rows of a `LaneTable`, without taking the zeros off.

    Four words at a time, so that the processor sees as many far-off rows ahead as it can fetch at once. Lanes are
    summed in chunks; then every other one has the room of two.
    """
    shift = np.uint64(m.bits)
    for word in range(0, packed.shape[1], 4):
        even0, even1, even2, even3 = np.uint64(0), np.uint64(0), np.uint64(0), np.uint64(0)
        odd0, odd1, odd2, odd3 = np.uint64(0), np.uint64(0), np.uint64(0), np.uint64(0)
        for begin in range(first, last, m.chunk):
            sum0, sum1, sum2, sum3 = np.uint64(0), np.uint64(0), np.uint64(0), np.uint64(0)
            for at in range(begin, min(begin + m.chunk, last)):
                bucket = buckets[at]
                sum0 += packed[bucket, word]
                sum1 += packed[bucket, word + 1]
                sum2 += packed[bucket, word + 2]
                sum3 += packed[bucket, word + 3]
            even0, odd0 = even0 + (sum0 & m.even), odd0 + ((sum0 >> shift) & m.even)
            even1, odd1 = even1 + (sum1 & m.even), odd1 + ((sum1 >> shift) & m.even)
            even2, odd2 = even2 + (sum2 & m.even), odd2 + ((sum2 >> shift) & m.even)
            even3, odd3 = even3 + (sum3 & m.even), odd3 + ((sum3 >> shift) & m.even)
        _spread(even0, odd0, word, total, m.lanes, m.bits)
        _spread(even1, odd1, word + 1, total, m.lanes, m.bits)
        _spread(even2, odd2, word + 2, total, m.lanes, m.bits)
        _spread(even3, odd3, word + 3, total, m.lanes, m.bits)


@inlined
def _sum_rows(rows: Array, number: int, packed: Array, total: Array, m: Any) -> None:
    """`detector.lanes.LaneTable.sums` of one paragraph."""
    total[:] = 0
    for first in range(0, number, m.chunk**2):
        _add_weights(rows, first, min(first + m.chunk**2, number), packed, total, m)
    for column in range(len(total)):
        total[column] -= m.zero * number


@inlined
def _scores(out: Array, total: Array, number: int, scale: Array, bias: Array) -> None:
    """A row of the scores of `detector.model.LinearStep` from its sums."""
    norm = np.sqrt(np.float64(max(number, 1)))
    for kind in range(len(total)):
        out[kind] = np.float32(np.float64(total[kind]) * scale[kind] / norm + np.float64(bias[kind]))


@inlined
def _known(hashes: Array, words: int, vectors: Any, m: Any, rows: Array) -> int:
    """Fills in the rows of a paragraph's words in the table of vectors; gives how many words are known."""
    places, marks, number = vectors.places, vectors.marks, 0
    for word in range(words):
        place = places[_bucket(hashes[word], m.word, m.shift)]
        rows[number] = place
        number += marks[place] == np.uint32((hashes[word] * vectors.mark) >> vectors.mark_shift)
    return number


@inlined
def _means(out: Array, total: Array) -> None:
    """A row of `detector.vectors.WordVectors.means` from its sums."""
    known = np.float64(max(total[0], 1))
    for column in range(len(out)):
        out[column] = np.float32(np.float64(total[column + 1]) / known)


@inlined
def _read_words(
    batch: Any, row: int, hashes: Array, buckets: Array, counts: Array, rare: Any, rares: int, m: Any
) -> tuple[Any, ...]:
    """The words of a paragraph: fills in their hashes, n-grams of one, affixes and class counts, and the rarer words.

    Gives the number of n-grams and of the batch's rarer words so far, the paragraph's `line_hashes`, and a tuple of
    what `_shape` needs.
    """
    classes, folded, eight = batch.classes, batch.folded, batch.eight
    rarity, weight, capital, rare_hashes = rare.table, rare.weight, rare.capital, rare.hashes
    at, end = np.uint64(batch.start[row]), np.uint64(batch.end[row])
    read_end = at + np.uint64(m.read_bytes)
    letters: Any = 0
    number, grams, capitalised, capitals, numbers = 0, 0, 0, 0, 0
    whole = np.uint64(0)
    while at < end:
        kind = classes[at]
        if kind < m.letter or kind > m.unspaced_rest:
            counts[kind] += 1
            at += ONE
            continue
        begin = at
        at = _word_end(classes, at, counts, m)
        if begin >= read_end:
            continue
        hashed = _word_hash(eight, begin, at, m)
        hashes[number] = hashed
        number += 1
        mixed = hashed * m.middle
        whole += mixed ^ (mixed >> np.uint64(31))
        bucket = _bucket(hashed, m.word, m.shift)
        buckets[grams] = bucket
        grams = _add_affixes(eight, begin, at, folded[begin], buckets, grams + 1, m)
        letters += np.int64(at - begin)
        capitalised += kind == m.upper
        capitals += kind == m.upper and at - begin > ONE and classes[at - ONE] == m.upper
        numbers += kind == m.digit
        weight[rares] = rarity[bucket]
        capital[rares] = kind == m.upper
        rare_hashes[rares] = hashed
        rares += rarity[bucket] > 0
    whole += np.uint64(number) * m.length
    return grams, rares, whole, (number, letters, capitalised, capitals, numbers)


@inlined
def _add_pairs(hashes: Array, words: int, buckets: Array, number: int, m: Any) -> int:
    """The pairs of `detector.features._words_and_pairs`; gives the number of n-grams there are now."""
    hashes[words] = 0
    for word in range(words):
        buckets[number + word] = _bucket(hashes[word] * m.pair_left + hashes[word + 1], m.pair, m.shift)
    return number + words


@compiled
def read(
    batch: Any, linear: Any, rare: Any, vectors: Any, tables: Any, lanes: Any, m: Any, words: Array, shapes: Array,
    lines: Array, scores: Array, meanings: Array,
) -> None:  # fmt: skip
    """Everything of each paragraph by itself, in one pass over its bytes.

    Fills ``words`` (their number), ``shapes`` (`detector.features.shapes`), ``lines`` (`line_hashes`), ``scores``
    (`LinearStep.scores`), ``meanings`` (`WordVectors.means`) and the arrays of ``rare`` (words, as
    `detector.context.Vocabulary` has them).
    """
    starts, ends, bounds = batch.start, batch.end, rare.bounds
    scale, bias, logarithms = linear.scale, linear.bias, tables.logarithms
    most = m.read_bytes // 2 + 1  # words that are read of a paragraph
    hashes = np.empty(most + 1, dtype=np.uint64)
    buckets = np.empty(4 * most + 6, dtype=np.uint64)
    counts = np.empty(m.classes, dtype=np.int64)
    total = np.empty(scores.shape[1], dtype=np.int64)
    vector = np.empty(meanings.shape[1] + 1, dtype=np.int64)
    rares, bounds[0] = 0, 0
    for row in range(len(words)):
        counts[:] = 0
        grams, rares, lines[row], found = _read_words(batch, row, hashes, buckets, counts, rare, rares, m)
        bounds[row + 1], words[row] = rares, found[0]
        grams = _add_pairs(hashes, found[0], buckets, grams, m)
        grams = _add_anchors(hashes, found[0], lines[row], buckets, grams, m)
        _sum_rows(buckets, grams, linear.packed, total, lanes)
        _scores(scores[row], total, grams, scale, bias)
        _sum_rows(buckets, _known(hashes, found[0], vectors, m, buckets), vectors.packed, vector, lanes)
        _means(meanings[row], vector)
        characters = batch.last[row] - batch.first[row]
        column = _shape(shapes[row], characters, ends[row] - starts[row], found, counts, logarithms, m)
        first, last = _ends(batch.classes, starts[row], ends[row], m)
        column = copied(tables.first[first], shapes[row], column)
        copied(tables.last[last], shapes[row], column)
