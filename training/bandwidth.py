"""How fast this machine copies memory."""

from __future__ import annotations

from statistics import median

import numpy as np

from training.inputs import MEGABYTE
from training.result import alternate

COPIED = 1000  # megabytes, far more than caches hold
_RUNS = 5


def memory_bandwidth() -> float:
    """The gigabytes that one thread reads and writes per second while NumPy copies an array of `COPIED` megabytes.

    Every byte counts twice, since it is read and written.
    """
    source = np.ones(COPIED * MEGABYTE, dtype=np.uint8)
    target = np.empty_like(source)
    seconds = alternate({"copy": lambda: np.copyto(target, source)}, _RUNS)["copy"]
    return 2 * source.nbytes / median(seconds) / 1e9
