"""The command ``serve`` as a process: its address, slow and large requests, stopping, workers, many clients."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import pytest
from command import Command, environment, start

from detector.cli.commands import COMMANDS

LONG = 30  # seconds, within which everything happens
TEXT = {"Content-Type": "text/plain"}
pytestmark = pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGTERM")


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


@pytest.fixture
def serve(tiny_model_dir: Path) -> Iterator[Serve]:
    with ExitStack() as stack:

        def call(*options: str) -> Service:
            process = start("serve", "--port", "0", "-m", tiny_model_dir, "-t", "gentle", *options)
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


def head(length: int, path: str = "/clean") -> bytes:
    lines = (f"POST {path} HTTP/1.1", "Host: a.localhost", "Content-Type: text/plain", f"Content-Length: {length}")
    return "".join(f"{line}\r\n" for line in (*lines, "")).encode()


def read_all(connection: socket.socket) -> bytes:
    received = b""
    while part := connection.recv(1 << 16):
        received += part
    return received


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_requests_that_have_begun_are_answered_when_it_stops(number: int, code: int, serve: Serve) -> None:
    service = serve()
    with service.socket() as connection, closing(service.connect()) as idle:
        idle.request("GET", "/healthz")
        idle.getresponse().read()
        connection.sendall(head(5) + b"Ra")
        assert service.call("GET", "/healthz")[0] == 200  # the head of the other request has been read by then
        service.process.send_signal(number)
        assert idle.sock.recv(1) == b""  # closed: it stops
        with pytest.raises(ConnectionRefusedError):
            service.socket()
        connection.sendall(b"in.")
        answered = read_all(connection)
    assert answered.startswith(b"HTTP/1.1 200")
    assert answered.endswith(b"Rain.")
    assert service.process.wait(LONG) == code


def test_a_slow_client_is_told_and_others_are_served(serve: Serve) -> None:
    service = serve("--client-timeout", "0.5")
    with service.socket() as body, service.socket() as silent, service.socket() as halting:
        body.sendall(head(100) + b"Rain")
        halting.sendall(b"POST /clean HTTP/1.1\r\nHost:")
        assert service.call("POST", "/clean", b"Rain.") == (200, b"Rain.")
        answered = read_all(body)
        assert answered.startswith(b"HTTP/1.1 408")
        assert b"did not arrive within 0.5 seconds" in answered
        assert read_all(silent) == b""
        assert read_all(halting) == b""


def test_a_client_that_does_not_take_its_answer_is_left(serve: Serve) -> None:
    service = serve("--client-timeout", "0.5", "--max-removed", "0")  # all is kept: more than the system's buffers hold
    with service.socket() as connection:
        sent = (b"Rain fell all day. " * 40 + b"\n") * 20_000
        connection.sendall(head(len(sent)) + sent)
        connection.recv(1)
        until(lambda: any(line.get("status") == 499 for line in service.lines))
    assert service.call("GET", "/healthz")[0] == 200


def test_a_large_body_is_answered_and_not_kept(serve: Serve) -> None:
    service = serve("--max-body", "1")
    process = psutil.Process(service.process.pid)
    before = process.memory_info().rss
    for size in (200_000_000, 2_000_000):
        with service.socket() as connection:
            connection.sendall(head(size))
            left = size
            while left and not _readable(connection):
                left -= connection.send(b" " * min(left, 1 << 16))
            assert left > 0 or size == 2_000_000  # it does not read all of it
            answer = http.client.HTTPResponse(connection)
            answer.begin()
            assert (answer.status, b"1,048,576 bytes" in answer.read()) == (413, True)
    assert process.memory_info().rss - before < 20_000_000
    status, answered = service.call("POST", "/clean", (b" " * (1 << 16) for _ in range(200)))  # of unknown length
    assert (status, b"1,048,576 bytes" in answered) == (413, True)


def _readable(connection: socket.socket) -> bool:
    import select

    return bool(select.select([connection], [], [], 0)[0])


def test_a_head_that_does_not_end_is_refused(serve: Serve) -> None:
    service = serve()
    with service.socket() as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"x" * 200_000)
        assert connection.recv(1 << 16).startswith((b"HTTP/1.1 400", b"HTTP/1.1 431"))
    assert service.call("GET", "/healthz")[0] == 200


def test_many_clients_are_served_without_an_error(serve: Serve, seed_texts: list[str]) -> None:
    service = serve("--threads", "2")
    body = json.dumps({"texts": seed_texts}).encode()
    expected = service.call("POST", "/clean", body, {"Content-Type": "application/json"})

    def client(_: int) -> set[tuple[int, bytes]]:
        with closing(service.connect()) as connection:
            answers = set()
            for _ in range(8):
                connection.request("POST", "/clean", body, {"Content-Type": "application/json"})
                answer = connection.getresponse()
                answers.add((answer.status, answer.read()))
            return answers

    with ThreadPoolExecutor(50) as pool:
        for answers in pool.map(client, range(50)):
            assert answers == {expected}
    assert service.stop() == 143
    assert sum(line["status"] == 200 for line in service.lines if line["event"] == "request") == 401


def test_workers_share_the_address_the_counts_and_the_end(serve: Serve) -> None:
    service = serve("--workers", "2", "--threads", "1")
    workers = psutil.Process(service.process.pid).children()
    assert len(workers) == 2
    for _ in range(20):
        assert service.call("POST", "/clean", b"Rain.") == (200, b"Rain.")
    assert b'detector_documents_total{path="/clean"} 20.0' in service.call("GET", "/metrics")[1]
    workers[0].kill()
    until(lambda: any(line["event"] == "worker" for line in service.lines))
    until(lambda: len(psutil.Process(service.process.pid).children()) == 2)
    assert service.call("POST", "/clean", b"Rain.") == (200, b"Rain.")
    with service.socket() as connection:
        connection.sendall(head(5) + b"Ra")
        assert service.call("GET", "/healthz")[0] == 200
        service.process.send_signal(signal.SIGTERM)
        connection.sendall(b"in.")
        assert read_all(connection).endswith(b"Rain.")
    assert service.process.wait(LONG) == 143
    assert not any(worker.is_running() and worker.status() != psutil.STATUS_ZOMBIE for worker in workers)


def test_workers_end_with_the_process_that_started_them(serve: Serve) -> None:
    service = serve("--workers", "2", "--threads", "1")
    workers = psutil.Process(service.process.pid).children()
    service.process.kill()
    gone, alive = psutil.wait_procs(workers, timeout=LONG)
    assert (len(gone), alive) == (2, [])


WRONG = [
    (["--host", "nowhere.invalid"], 2, "cannot listen on nowhere.invalid"),
    (["-t", "2"], 2, "threshold"),
    (["--keep", "nothing"], 2, "neither a label nor a kind"),
    (["-m", "nowhere"], 2, "nowhere"),
]


@pytest.mark.parametrize("workers", ["1", "2"])
@pytest.mark.parametrize(("options", "code", "said"), WRONG, ids=[" ".join(options) for options, *_ in WRONG])
def test_what_is_wrong_is_told_before_it_serves(options: list[str], code: int, said: str, workers: str) -> None:
    if workers == "2" and "--host" in options:
        pytest.skip("the same as with one")
    process = start("serve", "--port", "0", "--workers", workers, *options)
    _, told = process.communicate(timeout=LONG)
    assert process.returncode == code
    assert said in json.loads(told.splitlines()[-1])["message"]


def test_an_address_in_use_is_told(serve: Serve, tiny_model_dir: Path) -> None:
    process = start("serve", "--port", serve().port, "-m", tiny_model_dir)
    _, told = process.communicate(timeout=LONG)
    assert process.returncode == 2
    assert "choose others: --host, --port" in json.loads(told)["message"]


def test_a_missing_library_is_told_with_what_to_install(
    tiny_model_dir: Path, capfdbinary: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "fastapi", None)
    called = Command(tiny_model_dir, capfdbinary, monkeypatch)("serve")
    assert called.code == 2
    assert "pip install 'boilerplate-detector[serve]'" in called.err


def test_importing_the_package_imports_no_web_library() -> None:
    program = "import detector, sys; detector.clean; print(*sys.modules)"
    done = subprocess.run(["python", "-c", program], env=environment(), capture_output=True, check=True, text=True)
    assert not {"fastapi", "uvicorn", "starlette", "pydantic", "prometheus_client"} & set(done.stdout.split())
    assert COMMANDS["serve"] == "detector.cli.serve"
