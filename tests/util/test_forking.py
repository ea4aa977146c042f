"""What a thread of the parent holds is free in a forked child."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property

import pytest
from forked import at_work, holds_in_child, needs_fork

from detector.backend import choice
from detector.features import packed_table
from detector.util.forking import ForkableLock


def is_free(lock: ForkableLock) -> bool:
    with lock.held():
        return True


@needs_fork
@pytest.mark.parametrize("lock", [ForkableLock(), choice._CHOOSING], ids=["new", "of the choice of a backend"])
def test_a_lock_that_a_thread_holds_is_free_in_a_child(lock: ForkableLock) -> None:
    def hold(wait: Callable[[], None]) -> None:
        with lock.held():
            wait()

    with at_work(hold):
        assert holds_in_child(lambda: is_free(lock))
    assert is_free(lock)


@needs_fork
def test_a_child_computes_a_property_that_a_thread_is_computing(monkeypatch: pytest.MonkeyPatch) -> None:
    class Slow:
        def __init__(self, wait: Callable[[], None]) -> None:
            self.wait = wait

        @cached_property
        def value(self) -> int:
            self.wait()
            return 1

    monkeypatch.setattr(packed_table, "Slow", Slow, raising=False)  # as a class of the package
    with at_work(lambda wait: Slow(wait).value):
        assert holds_in_child(lambda: Slow(lambda: None).value)
