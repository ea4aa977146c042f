"""The number of threads of the libraries that multiply matrices."""

from __future__ import annotations

import os

VARIABLES = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")


def use_one_thread() -> None:
    """Let this process multiply matrices on one thread, unless the environment says otherwise.

    The matrices are too small for more, and starting more takes as long as loading the model. Must be called before
    NumPy is imported.
    """
    for name in VARIABLES:
        os.environ.setdefault(name, "1")
