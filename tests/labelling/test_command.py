"""The command ``label`` as a process: its address, its end, its files, and hostile connections."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import urlsplit

import psutil
import pytest
from command import Command, environment, start
from labelling import TEXTS, Server, running
from served import LONG

from detector.cli import label as command_module

pytestmark = pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGTERM")


@pytest.fixture
def articles(tmp_path: Path) -> Path:
    path = tmp_path / "articles.jsonl"
    records = ({"id": f"a{n}", "text": "\n".join(texts)} for n, texts in enumerate(TEXTS))
    path.write_text("".join(json.dumps(record) + "\n" for record in records))
    return path


@pytest.fixture
def arguments(articles: Path, tiny_model_dir: Path, tmp_path: Path) -> list[object]:
    return [articles, "-o", tmp_path / "labels.jsonl", "-m", tiny_model_dir]


@pytest.fixture(scope="module")
def server(tiny_model_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server for the requests of several tests."""
    folder = tmp_path_factory.mktemp("served")
    (folder / "article.txt").write_text("Rain fell.\nShare this story\n")
    with running(folder / "article.txt", "-o", folder / "labels.jsonl", "-m", tiny_model_dir) as started:
        yield started


@contextmanager
def connected(server: Server) -> Iterator[socket.socket]:
    parts = urlsplit(server.address)
    with socket.create_connection((parts.hostname, parts.port or 0), timeout=LONG) as connection:
        yield connection


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_ends_with_the_labels_written_and_goes_on_there(
    number: int, arguments: list[object], tmp_path: Path
) -> None:
    path = tmp_path / "labels.jsonl"
    with running(*arguments, "--annotator", "Ada") as server:
        assert server.told[0]["message"] == "detector: 4 documents with 14 paragraphs"
        client = server.client()
        client.label(0, 0, 1, "appeal", "newsletter")
        code, told = server.stop(number)
    assert code == 0
    assert (told[-1]["event"], told[-1]["labelled"], told[-1]["output"]) == ("ended", 2, str(path))
    (record,) = map(json.loads, path.read_text().splitlines())
    assert [each.get("annotator") for each in record["paragraphs"][:3]] == ["Ada", "Ada", None]
    if number == signal.SIGINT:
        return
    with running(*arguments) as again:
        assert again.address == server.address  # with its secret, and its port
        (line,) = (each["message"] for each in again.told if each["event"] == "resumed")
        assert line == "detector: 2 of 14 paragraphs are labelled already"
        assert again.client().get("state")["labelled"] == 2


def test_its_messages_do_not_show_the_secret_but_in_the_address(arguments: list[object]) -> None:
    with running(*arguments) as server:
        client = server.client()
        token = server.address.split("/")[3]
        assert len(token) >= 32
        for path in ("state", "nothing", "documents/99"):
            client.http.get(f"api/{path}")
        client.http.post("api/events", content=b"{", headers={"Content-Type": "application/json"})
        _, told = server.stop()
    assert [each["event"] for each in server.told if token in json.dumps(each)] == ["listening"]
    assert token not in json.dumps(told)


def test_it_listens_on_this_machine_alone(server: Server) -> None:
    assert urlsplit(server.address).hostname == "127.0.0.1"
    (listening,) = (each for each in psutil.Process(server.process.pid).net_connections() if each.status == "LISTEN")
    assert listening.laddr.ip == "127.0.0.1"


def test_other_machines_are_let_in_only_when_asked_for_and_that_is_told(arguments: list[object]) -> None:
    with running(*arguments, "--host", "0.0.0.0", "--allow-host", "Desk.Example") as server:  # noqa: S104
        warning = server.told[-2]
        assert "lets other machines in" in warning["message"]
        port = urlsplit(server.address).port
        client = server.client()
        hosts = {f"desk.example:{port}": 200, f"10.1.2.3:{port}": 200, f"evil.example:{port}": 421, "desk.example": 421}
        for host, status in hosts.items():
            assert client.http.get("api/state", headers={"Host": host}).status_code == status
        origin = {"Host": f"desk.example:{port}", "Origin": f"http://desk.example:{port}"}
        body = client.event("done", 0)
        assert client.http.post("api/events", json=body, headers=origin).status_code == 200
        assert client.http.post("api/events", json=body, headers={"Origin": "http://evil.example"}).status_code == 403


RAW = [
    (b"GET / HTTP/1.1\r\n\r\n", b"421"),
    (b"GET / HTTP/1.0\r\n\r\n", b"421"),
    (b"GET http://evil.example/ HTTP/1.1\r\nHost: evil.example\r\n\r\n", b"421"),
    (b"POST /{token}/api/events HTTP/1.1\r\nHost: {host}\r\nContent-Length: 2\r\n\r\n{}", b"403"),
    (b"POST /{token}/api/events HTTP/1.1\r\nHost: {host}\r\nOrigin: http://{host}\r\n"
     b"Content-Type: application/json\r\nContent-Length: 200000\r\n\r\n" + b" " * 200_000, b"413"),
    (b"GET /{token}/../../etc/passwd HTTP/1.1\r\nHost: {host}\r\n\r\n", b"404"),
    (b"GET /{token}/%2e%2e%2f%2e%2e%2fetc%2fpasswd HTTP/1.1\r\nHost: {host}\r\n\r\n", b"404"),
    (b"GET /{token}\x00/ HTTP/1.1\r\nHost: {host}\r\n\r\n", b"400"),
    (b"no HTTP at all\r\n\r\n", b"400"),
    (b"GET /{token}/ HTTP/1.1\r\nHost: {host}\r\nX: " + b"x" * 200_000 + b"\r\n\r\n", b"400"),
    (b"GET /{token}/ HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
     b"Sec-WebSocket-Key: aaaaaaaaaaaaaaaaaaaaaa==\r\nSec-WebSocket-Version: 13\r\n\r\n", b"200"),
]  # fmt: skip


def test_hostile_connections_are_answered_and_change_nothing(server: Server) -> None:
    parts = urlsplit(server.address)
    known = {b"token": parts.path.strip("/").encode(), b"host": f"127.0.0.1:{parts.port}".encode()}
    before = server.client().get("state")["seq"]
    for request, status in RAW:
        sent = re.sub(rb"\{(token|host)\}", lambda found: known[found[1]], request)
        answer = b""
        with connected(server) as connection, suppress(ConnectionResetError):
            connection.sendall(sent)
            answer = connection.recv(1 << 16)
        assert answer.startswith(b"HTTP/1.1 " + status) or (not answer and status == b"400"), sent[:80]
        assert b"root:" not in answer
    assert server.client().get("state")["seq"] == before


WRONG: list[tuple[list[str], int, str]] = [
    (["nowhere.jsonl", "-o", "labels.jsonl"], 2, "no such file"),
    (["articles.jsonl", "-o", "articles.jsonl"], 2, "articles.jsonl"),
    (["articles.jsonl", "-o", "labels.csv"], 2, "ends with .jsonl"),
    (["articles.jsonl", "-o", "nowhere/labels.jsonl"], 2, "does not exist"),
    (["articles.jsonl", "-o", "s3://labels/labels.jsonl"], 2, "local files"),
    (["articles.jsonl", "-o", "labels.jsonl", "--host", "nowhere.invalid"], 2, "cannot listen"),
    (["articles.jsonl", "-o", "labels.jsonl", "--allow-host", "http://desk.example"], 2, "--allow-host"),
    (["articles.jsonl", "-o", "taken.jsonl"], 2, "no journal taken.journal"),
    (["articles.jsonl", "-o", "labels.jsonl", "-m", "nowhere"], 2, "nowhere"),
    (["articles.jsonl", "-o", "labels.jsonl", "-m", "./labels.model"], 2, "leave --model out"),
    (["empty.jsonl", "-o", "labels.jsonl"], 1, "no document to label"),
]


@pytest.mark.parametrize(("options", "code", "said"), WRONG, ids=map(str, range(len(WRONG))))
def test_what_is_wrong_is_told_before_it_serves(
    options: list[str], code: int, said: str, articles: Path, tmp_path: Path, tiny_model_dir: Path,
    capfdbinary: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    (tmp_path / "taken.jsonl").write_text("{}\n")
    (tmp_path / "empty.jsonl").write_text("\n")
    before = articles.read_bytes()
    monkeypatch.chdir(tmp_path)
    called = Command(tiny_model_dir, capfdbinary, monkeypatch)("label", *options, model="-m" not in options)
    assert called.code == code
    assert said in json.loads(called.err.splitlines()[-1])["message"]
    assert articles.read_bytes() == before
    assert (tmp_path / "taken.jsonl").read_text() == "{}\n"


def test_records_that_cannot_be_read_show_in_the_exit_code(arguments: list[object], articles: Path) -> None:
    with open(articles, "a", encoding="utf-8") as file:
        file.write("no record\n")
    with running(*arguments) as server:
        assert [each["event"] for each in server.told] == ["rejected", "read", "listening"]
        assert server.stop()[0] == 1


def test_a_port_that_is_taken(arguments: list[object]) -> None:
    with running(*arguments) as server:
        port = urlsplit(server.address).port
        process = start("label", *arguments, "--port", port)
        _, told = process.communicate(timeout=LONG)
        assert process.returncode == 2
        assert "choose others" in json.loads(told.splitlines()[-1])["message"]
        with running(*arguments) as other:  # without a port, it takes another one
            assert urlsplit(other.address).port != port
            server.client().label(0, 0, 0, "appeal")
            assert other.client("window-bbbb").get("changes?since=0")["changes"][0]["label"] == "appeal"


def test_a_missing_library_is_told_with_what_to_install(
    tiny_model_dir: Path, capfdbinary: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "fastapi", None)
    called = Command(tiny_model_dir, capfdbinary, monkeypatch)("label", "a.txt", "-o", "labels.jsonl")
    assert called.code == 2
    assert "pip install 'boilerplate-detector[label]'" in called.err


SCREENS = [("linux", {}, False), ("linux", {"DISPLAY": ":0"}, True), ("linux", {"WAYLAND_DISPLAY": "wayland-0"}, True),
           ("darwin", {}, True), ("win32", {}, True)]  # fmt: skip


@pytest.mark.parametrize(("platform", "variables", "expected"), SCREENS)
def test_a_browser_is_opened_where_there_is_a_screen(
    platform: str, variables: dict[str, str], expected: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "platform", platform)
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert command_module._has_screen() is expected


def test_importing_the_command_imports_no_web_library_and_no_database() -> None:
    program = "import detector.cli.label, sys; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", program], env=environment(), capture_output=True, check=True, text=True
    )
    assert not {"fastapi", "uvicorn", "sqlite3", "numpy", "webbrowser"} & set(done.stdout.split())


def test_a_killed_server_leaves_a_journal_that_goes_on(arguments: list[object]) -> None:
    with running(*arguments) as server:
        client = server.client()
        event = client.event("label", 0, first=0, last=0, label="appeal")
        answer = client.post(event).json()
        server.process.kill()
        server.process.wait(LONG)
    with running(*arguments) as again:
        client.http.close()
        assert again.client().post(event).json() == answer  # as a page does that got no answer
        assert again.client().get("state")["seq"] == 1


def test_an_event_is_answered_while_another_connection_is_slow(server: Server) -> None:
    with connected(server) as connection:
        connection.sendall(b"POST / HTTP/1.1\r\nHost: ")
        assert server.client("window-slow").label(0, 0, 0, "appeal")["labelled"] == 1
