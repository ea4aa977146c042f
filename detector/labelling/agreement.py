"""How often people and the model agree, and how sure that is."""

from __future__ import annotations

from math import sqrt
from typing import NamedTuple

_Z = 1.959964  # of a normal distribution, of which 95 % lie within so many standard deviations


class Agreement(NamedTuple):
    """Of ``labelled`` paragraphs, ``agreed`` have the label that the model had suggested.

    ``share`` is their quotient, and ``low`` to ``high`` its interval of 95 %, all from 0 to 1; None without paragraphs.
    """

    labelled: int
    agreed: int
    share: float | None = None
    low: float | None = None
    high: float | None = None


def agreement(labelled: int, agreed: int) -> Agreement:
    """The agreement with its interval, that of Wilson, "Probable inference, the law of succession" (1927)."""
    if not labelled:
        return Agreement(0, 0)
    share = agreed / labelled
    square = _Z * _Z / labelled
    centre = (share + square / 2) / (1 + square)
    half = _Z / (1 + square) * sqrt(share * (1 - share) / labelled + square / (4 * labelled))
    return Agreement(labelled, agreed, share, max(0.0, centre - half), min(1.0, centre + half))
