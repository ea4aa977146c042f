"""Results of several threads: in order, a few ahead, and none after an error or an early end."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from itertools import count, islice

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detector.util.threads import map_ahead

THREADS = [1, 2, 5]
threads_numbers = pytest.mark.parametrize("threads", THREADS)
WAIT = 60  # seconds; only a test that fails waits so long


class Taken:
    """The numbers from 0 on, and how many of them were taken."""

    def __init__(self) -> None:
        self.number = 0

    def __iter__(self) -> Iterator[int]:
        for number in count():
            self.number += 1
            yield number


def threads_of_pools() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name.startswith("ThreadPoolExecutor")]


@given(items=st.lists(st.integers(), max_size=40), threads=st.sampled_from(THREADS))
def test_each_item_has_its_result_in_order(items: list[int], threads: int) -> None:
    assert list(map_ahead(lambda item: item * 2, items, threads)) == [(item, item * 2) for item in items]


@pytest.mark.parametrize("threads", [2, 5])
def test_a_result_waits_for_those_before_it(threads: int) -> None:
    """The first of every pair ends after the second."""
    ended = [threading.Event() for _ in range(20)]

    def function(item: int) -> int:
        if item % 2 == 0:
            assert ended[item + 1].wait(WAIT)
        ended[item].set()
        return -item

    assert list(map_ahead(function, range(20), threads)) == [(item, -item) for item in range(20)]


@threads_numbers
def test_as_many_run_at_once_as_there_are_threads(threads: int) -> None:
    together = threading.Barrier(threads)
    running, most, lock = 0, 0, threading.Lock()

    def function(_: int) -> None:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        together.wait(WAIT)
        with lock:
            running -= 1

    assert len(list(map_ahead(function, range(4 * threads), threads))) == 4 * threads
    assert most == threads


def test_one_thread_is_the_caller_s() -> None:
    items = Taken()
    results = map_ahead(lambda _: threading.current_thread(), items, 1)
    for number in range(5):
        assert next(results) == (number, threading.current_thread())
        assert items.number == number + 1


@threads_numbers
def test_a_bounded_number_of_items_is_taken_ahead(threads: int) -> None:
    items = Taken()
    results = map_ahead(str, items, threads)
    assert items.number == 0
    for number in range(50):
        assert next(results) == (number, str(number))
        assert items.number <= number + 1 + (2 * threads if threads > 1 else 0)
    results.close()


# Errors, and an end before the end


@threads_numbers
def test_an_error_of_the_function_is_raised_in_the_place_of_its_result(threads: int) -> None:
    results = map_ahead(lambda item: 10 // (7 - item), count(), threads)
    assert list(islice(results, 7)) == [(item, 10 // (7 - item)) for item in range(7)]
    with pytest.raises(ZeroDivisionError):
        next(results)
    assert next(results, None) is None
    assert not threads_of_pools()


@pytest.mark.parametrize("threads", [1, 2, 5])
def test_an_error_of_the_items_is_raised_after_the_results_of_those_before(threads: int) -> None:
    def items() -> Iterator[int]:
        yield from range(12)
        raise OSError("the disk is gone")

    found = []
    with pytest.raises(OSError, match="the disk is gone"):
        found.extend(map_ahead(str, items(), threads))
    assert not threads_of_pools()
    assert found == [(item, str(item)) for item in range(12)]


@threads_numbers
def test_closing_early_ends_the_threads_and_begins_nothing_more(threads: int) -> None:
    begun: list[int] = []

    def function(item: int) -> int:
        begun.append(item)
        time.sleep(0.001)
        return item

    results = map_ahead(function, count(), threads)
    assert list(islice(results, 3)) == [(0, 0), (1, 1), (2, 2)]
    results.close()
    number = len(begun)
    assert number <= 3 + 2 * threads
    assert not threads_of_pools()
    time.sleep(0.02)
    assert len(begun) == number


def test_what_has_not_begun_when_the_results_are_closed_does_not_begin() -> None:
    """What has begun runs until its end; what waits for a thread is dropped."""
    begun, go_on = [], threading.Event()

    def function(item: int) -> int:
        begun.append(item)
        if item:
            assert go_on.wait(WAIT)
        return item

    results = map_ahead(function, count(), 2)
    assert next(results) == (0, 0)
    threading.Timer(0.05, go_on.set).start()
    results.close()
    assert set(begun) <= {0, 1, 2}
