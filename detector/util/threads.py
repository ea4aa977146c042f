"""Threads: those of the libraries that multiply matrices, and those that this package starts."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, NamedTuple, TypeVar

if TYPE_CHECKING:
    from concurrent.futures import Executor, Future

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
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(threads) as pool:
        yield from _computed_ahead(pool, function, items, 2 * threads)


def _computed_ahead(
    pool: Executor, function: Callable[[ItemT], ResultT], items: Iterable[ItemT], ahead: int
) -> Iterator[tuple[ItemT, ResultT]]:
    running: deque[tuple[ItemT, Future[ResultT]]] = deque()
    failure: Exception | None = None
    try:
        for given in _with_failure(items):
            if isinstance(given, _Failure):  # comes after the results of the items before
                failure = given.error
                break
            running.append((given, pool.submit(function, given)))
            if len(running) > ahead:
                item, future = running.popleft()
                yield item, future.result()
        while running:
            item, future = running.popleft()
            yield item, future.result()
        if failure is not None:
            raise failure
    finally:
        for _, future in running:
            future.cancel()


class _Failure(NamedTuple):
    """An error that was raised in the place of an item."""

    error: Exception


def _with_failure(items: Iterable[ItemT]) -> Iterator[ItemT | _Failure]:
    try:
        yield from items
    except Exception as error:  # whatever the caller's items raise
        yield _Failure(error)
