"""Where documents begin and end."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


def bounds_of(sizes: Sequence[int]) -> NDArray[np.int64]:
    """The bounds of consecutive documents of the given sizes."""
    return np.concatenate(([0], np.cumsum(sizes))).astype(np.int64)
