"""Grouping of consecutive items into batches, lazily."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

ItemT = TypeVar("ItemT")


def batches(items: Iterable[ItemT], size: Callable[[ItemT], int], min_size: int) -> Iterator[list[ItemT]]:
    """Group consecutive items into lists whose sizes sum to at least ``min_size``; only the last may be smaller.

    A list ends with the first item that makes it large enough.
    """
    batch: list[ItemT] = []
    total = 0
    for item in items:
        batch.append(item)
        total += size(item)
        if total >= min_size:
            yield batch
            batch, total = [], 0
    if batch:
        yield batch
