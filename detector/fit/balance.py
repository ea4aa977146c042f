"""Which group each augmented document is drawn from: rare languages are drawn more often than they occur."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

_BALANCE = 0.5  # groups are drawn in proportion to this power of their size


def draw_groups(sizes: Sequence[int], number: int, random: np.random.Generator) -> NDArray[np.int64]:
    """Draw ``number`` groups, as indices into their ``sizes``; there is at least one group."""
    weights = np.array(sizes) ** _BALANCE
    drawn: NDArray[np.int64] = random.choice(len(sizes), size=number, p=weights / weights.sum())
    return drawn
