"""A service in a process of its own, and a client that takes little of the processor from it."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import psutil  # type: ignore[import-untyped]

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

_STOPPING = 60  # seconds


@dataclass(frozen=True)
class Service:
    """A running service: its address and its process."""

    host: str
    port: int
    process: psutil.Process

    def cpu_seconds(self) -> float:
        """The processor time of the process and its workers."""
        times = [process.cpu_times() for process in self._processes()]
        return float(sum(each.user + each.system for each in times))

    def memory(self) -> int:
        """The memory of the process and its workers in bytes, where what they share counts once."""
        return int(sum(process.memory_full_info().pss for process in self._processes()))

    def _processes(self) -> list[psutil.Process]:
        return [self.process, *self.process.children(recursive=True)]


@contextmanager
def running(*options: str) -> Iterator[Service]:
    """A service on a free port of this machine, while the block runs."""
    command = [sys.executable, "-m", "detector", "serve", "--port", "0", "--quiet", *options]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stderr is not None  # noqa: S101 - for mypy
            first = process.stderr.readline()
            address = urlsplit(json.loads(first)["address"])
            yield Service(address.hostname or "", address.port or 0, psutil.Process(process.pid))
        finally:
            process.terminate()
            process.communicate(timeout=_STOPPING)


@dataclass
class Calls:
    """What calls took, in seconds, the statuses of the answers, and the bytes of the bodies that were sent."""

    seconds: list[float] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)
    sent: int = 0
    wall: float = 0

    @property
    def failures(self) -> int:
        """The number of answers that were no success."""
        return sum(status != 200 for status in self.statuses)


def request(path: str, body: bytes, media_type: str = "application/json") -> bytes:
    """The bytes of a request."""
    head = (
        f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: {media_type}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


async def calls(service: Service, requests: Iterator[bytes], clients: int) -> Calls:
    """Make calls until there is no request left, from so many clients, each with a connection of its own."""
    made = Calls()

    async def client() -> None:
        async with connection(service) as (reader, writer):
            for each in requests:
                start = time.perf_counter()
                status, _ = await call(reader, writer, each)
                made.seconds.append(time.perf_counter() - start)
                made.statuses.append(status)
                made.sent += len(each)

    start = time.perf_counter()
    await asyncio.gather(*(client() for _ in range(clients)))
    made.wall = time.perf_counter() - start
    return made


@asynccontextmanager
async def connection(service: Service) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """A connection to the service."""
    reader, writer = await asyncio.open_connection(service.host, service.port, limit=1 << 22)
    try:
        yield reader, writer
    finally:
        writer.close()


async def call(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, sent: bytes) -> tuple[int, bytes]:
    """The status and the body of the answer to a request."""
    writer.write(sent)
    return await answer(reader)


async def answer(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    """The status and the body of the next answer."""
    head = await reader.readuntil(b"\r\n\r\n")
    status = int(head.split(b" ", 2)[1])
    length = int(head.lower().split(b"content-length:", 1)[1].split(b"\r\n", 1)[0])
    return status, await reader.readexactly(length)


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which so large a share of the values lies."""
    return sorted(values)[min(len(values) - 1, int(share * len(values)))]
