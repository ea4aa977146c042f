"""Hard-wrapped text, whose lines are no paragraphs."""

from __future__ import annotations

import numpy as np

from detector.util.arrays import Offsets

_LINES = 10  # fewer tell nothing
_NARROWEST, _WIDEST = 40, 120  # characters of the longest line
_FULL = 0.75  # of the longest line


def looks_wrapped(text: str, starts: Offsets, ends: Offsets) -> bool:
    """Whether most lines of a text are of about one width, and most of these end within a sentence.

    ``starts`` and ``ends`` are the characters of the lines that are not blank.
    """
    lengths = ends - starts
    if len(lengths) < _LINES or not _NARROWEST <= int(lengths.max()) <= _WIDEST:
        return False
    full = np.flatnonzero(lengths >= _FULL * lengths.max())
    if 2 * len(full) < len(lengths):
        return False
    inside = sum(text[end - 1].isalnum() or text[end - 1] == "," for end in ends[full].tolist())
    return 3 * inside > 2 * len(full)
