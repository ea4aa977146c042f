"""Compiled classification of bytes, and splitting into lines; see `detector.backend.kernels.common`."""

from __future__ import annotations

from typing import Any

import numpy as np

from detector.backend.kernels.common import ONE, Array, compiled, inlined
from detector.backend.kernels.constants import ASTRAL_FIRST, ASTRAL_LAST, NEWLINE, RETURN, UNSPACED


@inlined
def _classify_character(
    raw: Array, at: Any, of_class: Array, lower_case: Array, rest: Array, classes: Array, folded: Array
) -> int:
    """Class and lower case of the character beyond ASCII at a byte; returns its length in bytes."""
    lead = raw[at]
    if lead >= 0xF0:
        code = ((lead & 0x07) << 18) | ((raw[at + 1] & 0x3F) << 12) | ((raw[at + 2] & 0x3F) << 6) | (raw[at + 3] & 0x3F)
        length = 4
    elif lead >= 0xE0:
        code = ((lead & 0x0F) << 12) | ((raw[at + 1] & 0x3F) << 6) | (raw[at + 2] & 0x3F)
        length = 3
    else:
        code = ((lead & 0x1F) << 6) | (raw[at + 1] & 0x3F)
        length = 2
    beyond = len(of_class) - 1
    kind = of_class[min(code, beyond)]
    if length == 4 and ASTRAL_FIRST <= code <= ASTRAL_LAST:
        kind = UNSPACED
    for step in range(length):
        classes[at + step] = rest[kind]
        folded[at + step] = raw[at + step]
    classes[at] = kind
    lower = code if length == 4 else lower_case[code]
    if lower != code:
        for step in range(length - 1, 0, -1):
            folded[at + step] = 0x80 | (lower & 0x3F)
            lower >>= 6
        folded[at] = (0xC0 if length == 2 else 0xE0) | lower
    return length


@compiled
def split_lines(
    raw: Array,
    origin: Array,
    tables: Any,
    classes: Array,
    folded: Array,
    lines: Array,
    after_blank: Array,
) -> int:
    """`detector.text.paragraphs.split_lines`; returns the number of lines.

    Fills in ``classes``, ``folded``, ``after_blank`` and ``lines``, which has one row each for document, start, end,
    char_start and char_end.
    """
    of_class, lower_case, rest = tables.classes, tables.lower, tables.rest
    ascii_classes, ascii_folded = tables.ascii_classes, tables.ascii_folded
    start: Any = 0
    number, document, filled, blank = 0, -1, False, True
    continuations, at_start, at_origin = 0, 0, 0  # bytes so far that begin no character
    at, size = np.uint64(0), np.uint64(len(raw))
    while at < size:
        byte = raw[at]
        if byte >= 0x80:
            length = _classify_character(raw, np.int64(at), of_class, lower_case, rest, classes, folded)
            filled |= classes[at] > 0
            continuations += length - 1
            at += np.uint64(length)
            continue
        kind = ascii_classes[byte]
        classes[at] = kind
        folded[at] = ascii_folded[byte]
        filled |= kind > 0
        at += ONE
        if byte not in (NEWLINE, RETURN):
            continue
        end = np.int64(at) - 1
        if document + 1 < len(origin) and origin[document + 1] == start:
            document += 1
            at_origin = start - at_start
        if filled:
            lines[0, number], lines[1, number], lines[2, number] = document, start, end
            lines[3, number] = start - at_start - at_origin
            lines[4, number] = end - continuations - at_origin
            after_blank[number] = blank
            number += 1
            blank = False
        elif not (start == end and byte == NEWLINE and raw[start - 1] == RETURN):  # inside a CRLF
            blank = True
        start, at_start, filled = end + 1, continuations, False
    return number
