"""Connections to the service: slow, large and odd requests, and answers that nobody takes."""

from __future__ import annotations

import http.client
import os
import select
import socket
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psutil
import pytest
from served import Serve, Service, head, read_all, serving, until

pytestmark = pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGTERM")
OFFER = ("Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA")
CHUNKED = b"POST /clean HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n"


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
    return bool(select.select([connection], [], [], 0)[0])


def test_a_client_that_takes_its_answer_slowly_is_left(serve: Serve) -> None:
    service = serve("--client-timeout", "1", "--max-removed", "0")
    with service.socket() as connection:
        sent = (b"Rain fell all day. " * 40 + b"\n") * 20_000
        connection.sendall(head(len(sent)) + sent)
        received = 0
        while not any(line.get("status") == 499 for line in service.lines):
            received += len(connection.recv(1 << 12))  # some of it all the time, and never all of it in time
            time.sleep(0.005)
            assert received < len(sent)


@pytest.fixture(scope="module")
def service(tiny_model_dir: Path) -> Iterator[Service]:
    """A service that the tests below share."""
    with serving("-m", tiny_model_dir, "-t", "gentle") as call:
        yield call()


def ask(sent: bytes, service: Service) -> bytes:
    """What a service answers to bytes, until it closes the connection."""
    with service.socket() as connection:
        connection.sendall(sent)
        return read_all(connection)


def test_an_offer_of_another_protocol_is_ignored(service: Service) -> None:
    chunked = CHUNKED + "\r\n".join((*OFFER, "", "")).encode() + b"3\r\nSno\r\n2\r\nw.\r\n0\r\n\r\n"
    websocket = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"
    last = head(5, "/clean", "Connection: close") + b"Hail."
    answered = ask(head(5, "/clean", *OFFER) + b"Rain." + chunked + websocket + websocket + last, service)
    assert answered.count(b"HTTP/1.1 200 OK") == 5
    assert [text in answered for text in (b"Rain.", b"Snow.", b"Hail.")] == [True] * 3


ENDLESS = {
    "head": b"X: " + b"x" * 200_000,
    "trailers": b"\r\n1\r\na\r\n0\r\n" + b"X-Trailer: b\r\n" * 20_000,
    "a trailer": b"\r\n1\r\na\r\n0\r\nX-Trailer: " + b"b" * 200_000,
    "extensions": b"\r\n1;" + b"e" * 200_000,
}


@pytest.mark.parametrize("name", ENDLESS)
def test_what_is_no_body_and_does_not_end_is_refused(name: str, service: Service) -> None:
    before = len(service.lines)
    with service.socket() as connection:
        connection.sendall(CHUNKED + ENDLESS[name])
        until(lambda: any("too long" in line["message"] for line in service.lines[before:]))
        with suppress(ConnectionError):  # it does not read what is left
            assert b"HTTP/1.1 400" in read_all(connection)
    assert service.call("GET", "/healthz")[0] == 200


def test_chunks_of_one_byte_are_read(service: Service) -> None:
    sent = CHUNKED + b"Connection: close\r\n\r\n" + b"1\r\na\r\n" * 50_000 + b"0\r\nX-Trailer: b\r\n\r\n"
    answered = ask(sent, service)
    assert answered.startswith(b"HTTP/1.1 200 OK")
    assert answered.endswith(b"a" * 50_000)


@pytest.mark.parametrize(("path", "status"), [("/nowhere", 404), ("/healthz", 405)])
def test_a_body_that_nobody_reads_ends_the_connection(path: str, status: int, service: Service) -> None:
    answered = ask(head(300_000, path) + b" " * 300_000, service)
    assert answered.startswith(b"HTTP/1.1 %d" % status)
    assert answered.count(b"HTTP/1.1") == 1
    assert b"\r\nconnection: close\r\n" in answered


SMUGGLED = {
    "two lengths": b"Content-Length: 5\r\nContent-Length: 6\r\n",
    "a length and chunks": b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
    "a space": b"Transfer-Encoding : chunked\r\n",
    "an unknown encoding": b"Transfer-Encoding: xchunked\r\n",
    "a sign": b"Content-Length: +5\r\n",
    "a huge length": b"Content-Length: 99999999999999999999999\r\n",
}


@pytest.mark.parametrize("name", SMUGGLED)
def test_a_head_that_servers_read_in_different_ways_is_refused(name: str, service: Service) -> None:
    request = b"POST /clean HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/plain\r\n"
    answered = ask(request + SMUGGLED[name] + b"\r\n0\r\n\r\n", service)
    assert answered.startswith(b"HTTP/1.1 400")


def test_messages_of_the_system_are_logged_as_json(serve: Serve) -> None:
    resource = pytest.importorskip("resource")
    service = serve()
    process = psutil.Process(service.process.pid)
    if not hasattr(process, "rlimit"):
        pytest.skip("the files of another process can be limited on Linux only")
    _, most = process.rlimit(resource.RLIMIT_NOFILE)
    process.rlimit(resource.RLIMIT_NOFILE, (process.num_fds(), most))
    with service.socket():
        until(lambda: any("accept" in line["message"] for line in service.lines))  # each line is read as JSON
