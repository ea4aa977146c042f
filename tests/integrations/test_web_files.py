"""The command on files of a web server on this machine."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from command import Called, environment

pytest.importorskip("aiohttp", reason=".ci/integrations runs this")
pytest.importorskip("requests", reason=".ci/integrations runs this")

TEXT = b"The bridge was closed on Tuesday.\nSubscribe to our newsletter!\n"


class Handler(BaseHTTPRequestHandler):
    """Serves the files of the server's dictionary, with their headers."""

    files: dict[str, tuple[bytes, dict[str, str]]]

    def do_HEAD(self) -> None:
        self.answer(head=True)

    def do_GET(self) -> None:
        self.answer(head=False)

    def answer(self, head: bool) -> None:
        found = self.files.get(self.path)
        status = 200 if found else 403 if "closed" in self.path else 404
        body, headers = found or (b"", {})
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        if not head:
            self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Nothing is logged."""


@pytest.fixture
def server() -> Iterator[tuple[str, type[Handler]]]:
    class Own(Handler):
        """With files of its own."""

    Own.files = {}
    with ThreadingHTTPServer(("127.0.0.1", 0), Own) as served:
        thread = threading.Thread(target=served.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{served.server_port}", Own
        served.shutdown()
        thread.join()


@pytest.fixture
def call(tiny_model_dir: Path) -> Callable[..., Called]:
    def run(*words: object) -> Called:
        command = [sys.executable, "-m", "detector", *map(str, words), "--model", str(tiny_model_dir)]
        done = subprocess.run(command, env=environment(), capture_output=True, check=False)
        return Called(done.returncode, done.stdout, done.stderr.decode())

    return run


def test_files_are_read_and_resumed(
    server: tuple[str, type[Handler]], call: Callable[..., Called], tmp_path: Path
) -> None:
    address, handler = server
    packed = gzip.compress(json.dumps({"text": TEXT.decode()}).encode() + b"\n")
    handler.files |= {
        "/in/a.txt": (TEXT, {"ETag": '"1"'}),
        "/in/b.jsonl.gz?token=secret": (packed, {"Last-Modified": "Tue, 01 Apr 2031 00:00:00 GMT"}),
        "/in/c.jsonl.gz": (packed, {"ETag": '"1"', "Content-Encoding": "gzip"}),  # as some servers do for .gz
        "/in/d%20e.txt": (TEXT, {}),
    }
    urls = [address + path for path in handler.files]
    for done_before in (0, 3):  # nothing tells whether the last one has changed
        done = call("clean", *urls, "-o", tmp_path / "out", "--threshold", "0")
        assert done.code == 0, done.err
        assert json.loads((tmp_path / "out" / "_summary.json").read_text())["done_before"] == done_before
    assert (tmp_path / "out" / "a.txt").read_bytes() == (tmp_path / "out" / "d e.txt").read_bytes() == TEXT
    for name in ("b.jsonl.gz", "c.jsonl.gz"):
        assert gzip.decompress((tmp_path / "out" / name).read_bytes()) == gzip.decompress(packed)
    decided = call("predict", urls[1])
    assert decided.code == 0
    assert "secret" not in decided.err + decided.out.decode()
    assert all(b"secret" not in path.read_bytes() for path in (tmp_path / "out").iterdir())


def test_what_cannot_be_read_is_said(server: tuple[str, type[Handler]], call: Callable[..., Called]) -> None:
    address, _ = server
    missing = call("clean", f"{address}/none.txt?token=secret")
    assert missing.code == 2
    assert f"{address}/none.txt?***: no such file or folder" in missing.err
    closed = call("clean", f"{address}/closed.txt?token=secret")
    assert closed.code == 1
    assert f"{address}/closed.txt?***: cannot be read (403, message='Forbidden'" in closed.err
    down = call("clean", "http://127.0.0.1:9/a.txt?token=secret")
    assert down.code == 1
    assert "http://127.0.0.1:9/a.txt?***: cannot be read (Cannot connect" in down.err
    assert "secret" not in missing.err + closed.err + down.err
