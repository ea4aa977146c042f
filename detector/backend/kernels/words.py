"""Compiled loops over words and n-grams; see `detector.backend.kernels.common`."""

from __future__ import annotations

from typing import Any

import numpy as np

from detector.backend.kernels.common import ONE, Array, compiled, copy_row, inlined, log2, ratio
from detector.backend.kernels.constants import (
    ANCHORS,
    BLANK,
    BLANK_OR_REST,
    BUCKET_MIX,
    BUCKET_SHIFT,
    CLASSES,
    CLOSING,
    DIGIT,
    FINGERPRINT,
    FINGERPRINT_SHIFT,
    FIRST_COUNTED,
    FIRST_COUNTED_COLUMN,
    HEAD,
    LAST_COUNTED,
    LENGTH,
    LETTER,
    LINE_MIX,
    LONG_WORD,
    MIDDLE,
    MIDDLE_BYTES,
    OPENING,
    PAIR,
    PAIR_LEFT,
    PREFIX,
    PREFIX_BYTES,
    READ_BYTES,
    SUFFIX,
    SUFFIX_BYTES,
    TAIL,
    TRIM,
    UNSPACED,
    UNSPACED_REST,
    UPPER,
    VECTOR_SHIFT,
    WHOLE,
    WIDE_LEAD,
    WIDE_PREFIX_BYTES,
    WIDE_SUFFIX_BYTES,
    WORD,
    WORD_BYTES,
    WORD_LENGTH_UNIT,
    WORD_MIX,
)
from detector.backend.kernels.packed_table import sum_rows


@inlined
def _word_end(classes: Array, at: Any, counts: Array) -> Any:
    """The end of the word that begins at a byte; counts its characters that are not lower-case letters."""
    kind = classes[at]
    if kind == UNSPACED:
        counts[kind] += 1
        at += ONE
        while classes[at] == UNSPACED_REST:
            at += ONE
        return at
    while LETTER <= kind <= DIGIT:
        if kind != LETTER:
            counts[kind] += 1
        at += ONE
        kind = classes[at]
    return at


@inlined
def _first_bytes(number: Any) -> Any:
    """`detector.features.hashing.MASKS` of a number from 0 to 8."""
    return ~np.uint64(0) >> np.uint64(8 * (WORD_BYTES - number)) if number > 0 else np.uint64(0)


@inlined
def _word_hash(eight: Array, start: Any, end: Any) -> Any:
    """`detector.features.tokens._hashes` of one word."""
    length = end - start
    mixed = (eight[start] & _first_bytes(min(np.int64(length), WORD_BYTES))) * HEAD + length * LENGTH
    if length > WORD_BYTES:
        mixed += eight[end - np.uint64(WORD_BYTES)] * TAIL
        if length > MIDDLE_BYTES:
            mixed += eight[start + np.uint64(WORD_BYTES)] * MIDDLE
    return mixed ^ (mixed >> WORD_MIX)


@inlined
def _bucket(mixed: Any, multiplier: Any) -> Any:
    return ((mixed ^ (mixed >> BUCKET_MIX)) * multiplier) >> BUCKET_SHIFT


@inlined
def _add_affixes(eight: Array, start: Any, end: Any, lead: Any, buckets: Array, number: int) -> int:
    """`detector.features.ngrams._affixes` of one word; returns the number of n-grams so far."""
    wide = lead >= WIDE_LEAD
    if np.int64(end - start) < (2 * LONG_WORD if wide else LONG_WORD):
        return number
    head = eight[start] & _first_bytes(WIDE_PREFIX_BYTES if wide else PREFIX_BYTES)
    tail = eight[end - np.uint64(WORD_BYTES)] & ~_first_bytes(
        WORD_BYTES - (WIDE_SUFFIX_BYTES if wide else SUFFIX_BYTES)
    )
    buckets[number] = _bucket(head * HEAD, PREFIX)
    buckets[number + 1] = _bucket(tail * TAIL, SUFFIX)
    return number + 2


@inlined
def _add_anchors(hashes: Array, words: int, whole: Any, buckets: Array, number: int) -> int:
    """`detector.features.ngrams._anchors` of one paragraph; ``whole`` is its `line_hashes`."""
    zero = np.uint64(0)
    first = hashes[0] if words > 0 else zero
    second = hashes[1] if words > 1 else zero
    third = hashes[2] if words > 2 else zero
    last = hashes[words - 1] if words > 0 else zero
    before = hashes[words - 2] if words > 1 else zero
    third_last = hashes[words - 3] if words > 2 else zero
    two, back = first * PAIR_LEFT + second, before * PAIR_LEFT + last
    buckets[number] = _bucket(first, OPENING)
    buckets[number + 1] = _bucket(two, OPENING)
    buckets[number + 2] = _bucket(two * PAIR_LEFT + third, OPENING)
    buckets[number + 3] = _bucket(back, CLOSING)
    buckets[number + 4] = _bucket(third_last * HEAD + back, CLOSING)
    buckets[number + 5] = _bucket(whole, WHOLE)
    return number + ANCHORS


@inlined
def _ends(classes: Array, start: int, end: int) -> Any:
    """`detector.features.shapes._ends` of one paragraph."""
    first, last = start, end - 1
    for _ in range(TRIM):
        if not (BLANK >> classes[first]) & 1:
            break
        first += 1
    for _ in range(TRIM):
        if not (BLANK_OR_REST >> classes[last]) & 1:
            break
        last -= 1
    return classes[first], classes[last]


@inlined
def _shape(out: Array, characters: int, size: int, words: Any, counts: Array, logarithms: Array) -> int:
    """A row of `detector.features.shapes.shapes` up to the columns of first and last classes; returns their column.

    ``words`` are the number of words, of their bytes, of capitalised words, of words in capitals, and of numbers.
    """
    punctuation, column = 0, FIRST_COUNTED_COLUMN
    for kind in range(FIRST_COUNTED, LAST_COUNTED + 1):
        punctuation += counts[kind]
        out[column] = log2(counts[kind], logarithms)
        column += 1
    out[0] = log2(characters, logarithms)
    out[1] = log2(words[0], logarithms)
    out[2] = ratio(words[1], WORD_LENGTH_UNIT * words[0])
    out[3] = ratio(size - characters, characters)
    out[4] = ratio(counts[UPPER], characters)
    out[5] = ratio(counts[DIGIT], characters)
    out[6] = ratio(punctuation, characters)
    out[7] = ratio(words[2], words[0])
    out[8] = ratio(words[3], words[0])
    out[9] = ratio(words[4], words[0])
    return column


@inlined
def _scores(out: Array, total: Array, number: int, known: Any, scale: Array, bias: Array) -> None:
    """A row of `detector.inference.linear.LinearModel.logits`, given its sums."""
    norm = np.sqrt(np.float64(max(number, 1)))
    for kind in range(len(total)):
        out[kind] = np.float32(
            np.float64(total[kind]) * scale[kind] / norm * np.float64(known) + np.float64(bias[kind])
        )


@inlined
def _known(hashes: Array, words: int, vectors: Any, rows: Array) -> int:
    """Fill in the rows of a paragraph's known words in the table of vectors; returns their number."""
    bucket_rows, fingerprints, number = vectors.bucket_rows, vectors.fingerprints, 0
    for word in range(words):
        mixed = hashes[word] ^ (hashes[word] >> BUCKET_MIX)
        row = bucket_rows[(mixed * WORD) >> VECTOR_SHIFT]
        rows[number] = row
        number += fingerprints[row] == np.uint32((hashes[word] * FINGERPRINT) >> FINGERPRINT_SHIFT)
    return number


@inlined
def _known_share(known: int, words: int, vectors: Any) -> Any:
    """The share of a paragraph's words that are known, as `WordVectors.embed` returns."""
    return np.float32(1) if words == 0 or len(vectors.fingerprints) == 1 else ratio(known, words)


@inlined
def _embedding(out: Array, total: Array) -> None:
    """A row of `detector.features.word_vectors.WordVectors.embed`, given its sums."""
    known = np.float64(max(total[0], 1))
    for column in range(len(out)):
        out[column] = np.float32(np.float64(total[column + 1]) / known)


@inlined
def _read_words(
    batch: Any, row: int, hashes: Array, buckets: Array, counts: Array, rare: Any, rares: int
) -> tuple[Any, ...]:
    """Fill in the words of a paragraph: hashes, unigrams, affixes, class counts, and the rarer words.

    Returns the number of n-grams, the number of rarer words of the batch so far, the paragraph's `line_hashes`, and the
    counts that `_shape` needs.
    """
    classes, folded, eight = batch.classes, batch.folded, batch.eight
    idf, weight, capital, rare_hashes = rare.idf, rare.weight, rare.capital, rare.hashes
    at, end = np.uint64(batch.start[row]), np.uint64(batch.end[row])
    read_end = at + np.uint64(READ_BYTES)
    letters: Any = 0
    number, grams, capitalised, capitals, numbers = 0, 0, 0, 0, 0
    whole = np.uint64(0)
    while at < end:
        kind = classes[at]
        if kind < LETTER or kind > UNSPACED_REST:
            counts[kind] += 1
            at += ONE
            continue
        begin = at
        at = _word_end(classes, at, counts)
        if begin >= read_end:
            continue
        hashed = _word_hash(eight, begin, at)
        hashes[number] = hashed
        number += 1
        mixed = hashed * MIDDLE
        whole += mixed ^ (mixed >> LINE_MIX)
        bucket = _bucket(hashed, WORD)
        buckets[grams] = bucket
        grams = _add_affixes(eight, begin, at, folded[begin], buckets, grams + 1)
        letters += np.int64(at - begin)
        capitalised += kind == UPPER
        capitals += kind == UPPER and at - begin > ONE and classes[at - ONE] == UPPER
        numbers += kind == DIGIT
        weight[rares] = idf[bucket]
        capital[rares] = kind == UPPER
        rare_hashes[rares] = hashed
        rares += idf[bucket] > 0
    whole += np.uint64(number) * LENGTH
    return grams, rares, whole, (number, letters, capitalised, capitals, numbers)


@inlined
def _add_pairs(hashes: Array, words: int, buckets: Array, number: int) -> int:
    """The pairs of `detector.features.ngrams._words_and_pairs`; returns the number of n-grams so far."""
    hashes[words] = 0
    for word in range(words):
        buckets[number + word] = _bucket(hashes[word] * PAIR_LEFT + hashes[word + 1], PAIR)
    return number + words


@compiled
def read(
    batch: Any, linear: Any, rare: Any, vectors: Any, tables: Any, shapes: Array, lines: Array, logits: Array,
    known: Array, embeddings: Array,
) -> None:  # fmt: skip
    """Read each paragraph by itself, in one pass over its bytes.

    Fills in ``shapes`` (`detector.features.shapes.shapes`), ``lines`` (`line_hashes`), ``logits``
    (`LinearModel.logits`), ``known`` and ``embeddings`` (`WordVectors.embed`), and the arrays of ``rare`` (rarer words,
    as `detector.features.context.Vocabulary` holds them).
    """
    starts, ends, bounds = batch.start, batch.end, rare.bounds
    scale, bias, logarithms = linear.scale, linear.bias, tables.logarithms
    most = READ_BYTES // 2 + 1  # words that are read of a paragraph
    hashes = np.empty(most + 1, dtype=np.uint64)
    buckets = np.empty(4 * most + ANCHORS, dtype=np.uint64)
    counts = np.empty(CLASSES, dtype=np.int64)
    total = np.empty(logits.shape[1], dtype=np.int64)
    vector = np.empty(embeddings.shape[1] + 1, dtype=np.int64)
    rares, bounds[0] = 0, 0
    for row in range(len(lines)):
        counts[:] = 0
        grams, rares, lines[row], found = _read_words(batch, row, hashes, buckets, counts, rare, rares)
        bounds[row + 1] = rares
        grams = _add_pairs(hashes, found[0], buckets, grams)
        grams = _add_anchors(hashes, found[0], lines[row], buckets, grams)
        sum_rows(buckets, grams, linear.packed, total)
        number = _known(hashes, found[0], vectors, buckets)
        known[row, 0] = _known_share(number, found[0], vectors)
        _scores(logits[row], total, grams, known[row, 0], scale, bias)
        sum_rows(buckets, number, vectors.packed, vector)
        _embedding(embeddings[row], vector)
        characters = batch.char_end[row] - batch.char_start[row]
        column = _shape(shapes[row], characters, ends[row] - starts[row], found, counts, logarithms)
        first, last = _ends(batch.classes, starts[row], ends[row])
        column = copy_row(tables.first[first], shapes[row], column)
        copy_row(tables.last[last], shapes[row], column)
