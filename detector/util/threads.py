"""Threads: those of the libraries that multiply matrices, and those that this package starts."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

ItemT = TypeVar("ItemT")
ResultT = TypeVar("ResultT")

VARIABLES = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")


def use_one_thread() -> None:
    """Let this process multiply matrices on one thread, unless the environment says otherwise.

    The matrices are too small for more, and starting more takes as long as loading the model. Must be called before
    NumPy is imported.
    """
    for name in VARIABLES:
        os.environ.setdefault(name, "1")


def map_ahead(
    function: Callable[[ItemT], ResultT], items: Iterable[ItemT], threads: int
) -> Iterator[tuple[ItemT, ResultT]]:
    """Each item with the result of the function, in order, computed by so many threads at once.

    With one thread, nothing is computed ahead. With more, at most twice as many items as threads are taken ahead of the
    one that is returned. An error of the function is raised in the place of its result.
    """
    if threads == 1:
        for item in items:
            yield item, function(item)
        return
    from concurrent.futures import Future, ThreadPoolExecutor

    running: deque[tuple[ItemT, Future[ResultT]]] = deque()
    with ThreadPoolExecutor(threads) as pool:
        try:
            for item in items:
                running.append((item, pool.submit(function, item)))
                if len(running) > 2 * threads:
                    first, future = running.popleft()
                    yield first, future.result()
            while running:
                first, future = running.popleft()
                yield first, future.result()
        finally:
            for _, future in running:
                future.cancel()
