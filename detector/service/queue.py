"""Threads that compute answers, and a bounded queue before them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from http import HTTPStatus
from threading import Event
from typing import TypeVar

from detector.service.problems import RETRY, ProblemError

ResultT = TypeVar("ResultT")


class WorkQueue:
    """Runs functions on threads. A bounded number of them waits.

    ``running`` and ``waiting`` are the numbers of functions that do so now; ``on_change`` is called when they change.
    """

    def __init__(self, threads: int, waiting: int, seconds: float) -> None:
        self.most_waiting = waiting
        self.seconds = seconds
        self.running = self.waiting = 0
        self.on_change: Callable[[], None] = _nothing
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="clean")
        self._free = asyncio.Semaphore(threads)

    async def run(self, function: Callable[[Event], ResultT]) -> ResultT:
        """The result of a function. It is given an event that is set when its result is no longer wanted.

        Raises `ProblemError` if too many others are waiting, or if there is no result in time.
        """
        stopped = Event()
        until = asyncio.get_running_loop().time() + self.seconds
        await self._wait_for_a_thread(until)
        future = self._start(function, stopped)
        try:
            async with asyncio.timeout_at(until):
                return await asyncio.wrap_future(future)
        except TimeoutError:
            detail = f"no answer within {self.seconds:g} seconds; send less at a time"
            raise ProblemError(HTTPStatus.GATEWAY_TIMEOUT, detail, headers=RETRY) from None
        finally:
            stopped.set()

    def close(self) -> None:
        """End the threads when they have done what they are doing."""
        self._pool.shutdown(wait=True, cancel_futures=True)

    async def _wait_for_a_thread(self, until: float) -> None:
        if not self._free.locked():
            await self._free.acquire()
            return
        if self.waiting >= self.most_waiting:
            detail = f"{self.waiting:,} requests are waiting already; try again later"
            raise ProblemError(HTTPStatus.SERVICE_UNAVAILABLE, detail, headers=RETRY)
        self._count(waiting=1)
        try:
            async with asyncio.timeout_at(until):
                await self._free.acquire()
        except TimeoutError:
            detail = f"no thread was free within {self.seconds:g} seconds; try again later"
            raise ProblemError(HTTPStatus.SERVICE_UNAVAILABLE, detail, headers=RETRY) from None
        finally:
            self._count(waiting=-1)

    def _start(self, function: Callable[[Event], ResultT], stopped: Event) -> Future[ResultT]:
        """Start a function on a thread, which is free again when it ends, whether its result is wanted or not."""
        loop = asyncio.get_running_loop()
        self._count(running=1)
        future = self._pool.submit(function, stopped)
        future.add_done_callback(partial(self._end_in, loop))
        return future

    def _end_in(self, loop: asyncio.AbstractEventLoop, _: object) -> None:
        with suppress(RuntimeError):  # the loop is closed: nobody waits
            loop.call_soon_threadsafe(self._end)

    def _end(self) -> None:
        self._count(running=-1)
        self._free.release()

    def _count(self, running: int = 0, waiting: int = 0) -> None:
        self.running += running
        self.waiting += waiting
        self.on_change()


def _nothing() -> None:
    """Does nothing."""
