"""A running service, and raw connections to it."""

from __future__ import annotations

import http.client
import json
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from typing import Any

from command import start

LONG = 30  # seconds, within which everything happens
TEXT = {"Content-Type": "text/plain"}


@dataclass
class Service:
    """A running service. ``lines`` are what it has logged."""

    process: subprocess.Popen[bytes]
    port: int
    lines: list[dict[str, Any]]

    def connect(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=LONG)

    def call(self, method: str, path: str, body: Any = None, headers: Any = None) -> tuple[int, bytes]:
        with closing(self.connect()) as connection:
            connection.request(method, path, body, headers or TEXT)
            answer = connection.getresponse()
            return answer.status, answer.read()

    def socket(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=LONG)

    def stop(self, number: int = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        return self.process.wait(LONG)


Serve = Callable[..., Service]


@contextmanager
def serving(*given: object) -> Iterator[Serve]:
    """Starts services, and stops them at the end of the block."""
    with ExitStack() as stack:

        def call(*options: str) -> Service:
            process = start("serve", "--port", "0", *given, *options)
            assert process.stderr is not None
            first = json.loads(process.stderr.readline())
            assert first["event"] == "listening", first
            lines: list[dict[str, Any]] = []
            reader = threading.Thread(target=_read, args=(process, lines))
            reader.start()
            stack.callback(reader.join, LONG)
            stack.callback(_end, process)
            return Service(process, int(first["address"].rpartition(":")[2]), lines)

        yield call


def _read(process: subprocess.Popen[bytes], lines: list[dict[str, Any]]) -> None:
    for line in process.stderr or ():
        lines.append(json.loads(line))  # noqa: PERF401 - the test looks at the list meanwhile


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    process.wait(LONG)


def until(condition: Callable[[], bool]) -> None:
    """Wait for something that another process does."""
    end = time.monotonic() + LONG
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)


def head(length: int, path: str = "/clean", *more: str) -> bytes:
    """The head of a request with plain text."""
    lines = (
        f"POST {path} HTTP/1.1",
        "Host: a.localhost",
        "Content-Type: text/plain",
        f"Content-Length: {length}",
        *more,
    )
    return "".join(f"{line}\r\n" for line in (*lines, "")).encode()


def read_all(connection: socket.socket) -> bytes:
    """What is received until the connection is closed."""
    received = b""
    while part := connection.recv(1 << 16):
        received += part
    return received
