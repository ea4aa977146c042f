"""The queue before the threads: its bound, its time limit, and that a thread is free again only when it is done."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from threading import Event

import pytest

from detector.service.problems import ProblemError
from detector.service.queue import WorkQueue

LONG = 30  # seconds, within which everything happens


@contextmanager
def queue(threads: int = 1, waiting: int = 1, seconds: float = LONG) -> Iterator[WorkQueue]:
    made = WorkQueue(threads, waiting, seconds)
    try:
        yield made
    finally:
        made.close()


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(LONG):
        while not condition():
            await asyncio.sleep(0.001)


def run(test: Callable[[], Awaitable[None]]) -> None:
    asyncio.run(test())  # type: ignore[arg-type]


def test_results_and_errors_come_back() -> None:
    async def test() -> None:
        with queue() as made:
            assert await made.run(lambda _: 7) == 7
            with pytest.raises(ZeroDivisionError):
                await made.run(lambda _: 1 // 0)
            await until(lambda: made.running == 0)
            assert await made.run(lambda _: 8) == 8

    run(test)


def test_more_than_may_wait_are_refused() -> None:
    async def test() -> None:
        finish = Event()
        seen = []
        with queue(threads=2, waiting=3) as made:
            made.on_change = lambda: seen.append((made.running, made.waiting))
            tasks = [asyncio.create_task(made.run(lambda _: finish.wait(LONG))) for _ in range(5)]
            await until(lambda: (made.running, made.waiting) == (2, 3))
            with pytest.raises(ProblemError, match="3 requests are waiting") as refused:
                await made.run(lambda _: True)
            assert (refused.value.status, refused.value.headers["Retry-After"]) == (503, "1")
            finish.set()
            assert await asyncio.gather(*tasks) == [True] * 5
            await until(lambda: (made.running, made.waiting) == (0, 0))
            assert max(running for running, _ in seen) == 2
            assert await made.run(lambda _: True)

    run(test)


def test_none_may_wait_while_a_thread_is_free() -> None:
    async def test() -> None:
        with queue(waiting=0) as made:
            assert await made.run(lambda _: True)

    run(test)


def test_an_answer_that_takes_too_long_is_given_up_and_keeps_its_thread() -> None:
    async def test() -> None:
        finish, told = Event(), Event()

        def work(stopped: Event) -> None:
            assert stopped.wait(LONG)
            told.set()
            assert finish.wait(LONG)

        with queue(seconds=0.05) as made:
            with pytest.raises(ProblemError) as late:
                await made.run(work)
            assert late.value.status == 504
            await until(told.is_set)
            assert made.running == 1
            with pytest.raises(ProblemError, match="no thread was free") as busy:
                await made.run(lambda _: True)
            assert busy.value.status == 503
            finish.set()
            await until(lambda: made.running == 0)
            assert made.waiting == 0

    run(test)
