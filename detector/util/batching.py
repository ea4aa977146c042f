"""Consecutive things put together up to a size, lazily."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

ItemT = TypeVar("ItemT")


def batches(things: Iterable[ItemT], size: Callable[[ItemT], int], enough: int) -> Iterator[list[ItemT]]:
    """Lists of consecutive things, each closed as soon as its sizes add up to ``enough``; the last may be smaller."""
    batch: list[ItemT] = []
    total = 0
    for thing in things:
        batch.append(thing)
        total += size(thing)
        if total >= enough:
            yield batch
            batch, total = [], 0
    if batch:
        yield batch
