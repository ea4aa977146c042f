"""Messages: one line each, as text or JSON, on streams of any kind."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from command import COMMAND, Command, environment

from detector.cli.messages import log_as_json, print_message
from detector.corpus.messages import Message

FULL = Path("/dev/full")


def logged(text: str) -> list[dict[str, Any]]:
    """The messages of a log, without their times, which are checked."""
    messages = [json.loads(line) for line in text.splitlines()]
    for message in messages:
        assert datetime.fromisoformat(message.pop("time")).tzinfo
        assert message["level"] in ("info", "warning", "error")
    return messages


@pytest.mark.parametrize(
    ("message", "printed"),
    [
        ("a.txt: odd", "a.txt: odd\n"),
        ("a\nb.txt: odd", "a\\nb.txt: odd\n"),
        ("\x1b[2Ja\r\t.txt", "\\x1b[2Ja\\r\\t.txt\n"),
        ("\u202etxt.a", "\\u202etxt.a\n"),
        ("Käse 日本", "Käse 日本\n"),
    ],
)
def test_a_message_is_one_line_without_control_characters(
    message: str, printed: str, capsys: pytest.CaptureFixture[str]
) -> None:
    print_message(message)
    assert capsys.readouterr().err == printed


def test_a_message_as_json_has_its_fields(capsys: pytest.CaptureFixture[str]) -> None:
    log_as_json(True)
    try:
        print_message(Message("a\n.txt:3: rejected", "rejected", fields={"file": "a\n.txt", "record": 3}))
        print_message("\udcff")
    finally:
        log_as_json(False)
    assert logged(capsys.readouterr().err) == [
        {"level": "warning", "event": "rejected", "message": "a\n.txt:3: rejected", "file": "a\n.txt", "record": 3},
        {"level": "warning", "event": "message", "message": "\udcff"},
    ]


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), BrokenPipeError()])
def test_a_message_that_cannot_be_printed_ends_no_run(error: OSError, monkeypatch: pytest.MonkeyPatch) -> None:
    class Full(io.StringIO):
        def write(self, _: str) -> int:
            raise error

    monkeypatch.setattr(sys, "stderr", Full())
    print_message("a.txt: odd")


def test_without_standard_error_nothing_is_mixed_into_the_output(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stderr", None)
    print_message("a.txt: odd")
    assert capsys.readouterr().out == ""


def test_a_run_is_logged_as_json(command: Command) -> None:
    Path("in").mkdir()
    Path("in/a.txt").write_text("Rain fell.\n")
    Path("in/b.jsonl").write_text('{"text":"Rain."}\nno json\n')
    Path("in/c.jsonl.gz").write_text("no gzip")
    Path("in/d.odt").touch()
    called = command("clean", "in", "-o", "out", "-t", "0", "--log-json")
    assert called.code == 1
    *messages, summary = logged(called.err)
    events = {message["event"]: message for message in messages}
    assert events["passed over"]["reason"].startswith("1 file with an unknown extension: .odt 1")
    assert events["rejected"]["file"] == "in/b.jsonl"
    assert events["rejected"]["record"] == 2
    assert events["failed"]["level"] == "error"
    assert events["failed"]["file"] == "in/c.jsonl.gz"
    assert (summary.pop("event"), summary.pop("level")) == ("summary", "info")
    assert summary == json.loads(Path("out/_summary.json").read_bytes())


@pytest.mark.parametrize("call", ["clean -t 0", "predict -t 0", "predict -t 0 -o d.jsonl"])
def test_the_summary_is_the_last_message(command: Command, call: str) -> None:
    called = command(*call.split(), "--log-json", stdin=b"Rain fell.\n")
    (summary,) = logged(called.err)
    assert summary["event"] == "summary"
    assert summary["documents"] == 1
    assert command(*call.split(), "--log-json", "--quiet", stdin=b"Rain fell.\n").err == ""


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["clean", "gone.txt", "--log-json"], 2, "detector: gone.txt: no such file or folder"),
        (["clean", "--odd", "--log-json"], 2, "detector clean: No such option: --odd"),
        (["clean", "-o", "/", "--log-json", "-j", "-1"], 2, "detector clean: Invalid value for '-j'"),
    ],
)
def test_errors_of_a_call_are_logged_as_json(command: Command, arguments: list[str], code: int, message: str) -> None:
    called = command(*arguments)
    assert called.code == code
    (logged_error,) = logged(called.err)
    assert (logged_error["level"], logged_error["event"]) == ("error", "error")
    assert logged_error["message"].startswith(message)
    assert not command("clean", "gone.txt").err.startswith("{")


# Streams, in a process of its own


def run(command: str, folder: Path, **environ: str) -> subprocess.CompletedProcess[bytes]:
    """Run a shell command, in which ``detector`` stands for the command."""
    called = command.replace("detector", " ".join(COMMAND))
    env = environment() | environ
    return subprocess.run(["bash", "-c", called], cwd=folder, env=env, capture_output=True, check=False)


@pytest.fixture
def article(tiny_model_dir: Path, tmp_path: Path) -> Path:
    """A folder with an article and a model."""
    (tmp_path / "a.txt").write_bytes(b"Rain fell on the harbour, caf\xe9, \xe4\xb8\xad.\n")
    (tmp_path / "m").symlink_to(tiny_model_dir)
    return tmp_path


@pytest.mark.skipif(not FULL.exists(), reason="no /dev/full")
@pytest.mark.parametrize("unbuffered", ["", "1"], ids=["buffered", "unbuffered"])
@pytest.mark.parametrize("call", ["predict a.txt -m m", "predict a.txt -m m --table", "info m", "info m --json"])
def test_a_full_disk_behind_standard_output_is_exit_code_1(call: str, unbuffered: str, article: Path) -> None:
    done = run(f"detector {call} > /dev/full", article, PYTHONUNBUFFERED=unbuffered)
    assert done.returncode == 1
    assert done.stderr.startswith(b"detector: standard output: ")
    assert b"No space left on device" in done.stderr
    assert done.stderr.count(b"\n") == 1


@pytest.mark.parametrize(
    ("call", "code", "message"),
    [
        ("clean a.txt -m m >&-", 2, b"detector: standard output is closed: name a file for it with --output\n"),
        ("clean -m m <&-", 2, b"detector: standard input is closed: name a file to read\n"),
        ("clean a.txt -m m -q -o b.txt >&- <&-", 0, b""),
        ("--version >&-", 1, b"detector: standard output: closed by the caller\n"),
        ("clean a.txt -m m >> a.txt", 2, b"detector: standard output is the input a.txt; redirect it into another"),
    ],
)
def test_closed_and_redirected_streams(call: str, code: int, message: bytes, article: Path) -> None:
    before = (article / "a.txt").read_bytes()
    done = run(f"detector {call}", article)
    assert done.returncode == code
    assert done.stderr.startswith(message)
    assert (article / "a.txt").read_bytes() == before


def test_a_table_is_printed_in_any_encoding(article: Path) -> None:
    done = run("detector predict a.txt -m m --table | cat", article, PYTHONIOENCODING="latin-1")
    assert done.stderr == b""
    assert b"harbour, caf\\udce9, \\u4e2d." in done.stdout
    done = run("detector predict a.txt -m m --table | cat", article, PYTHONIOENCODING="utf-8")
    assert done.stderr == b""
    assert "harbour, caf\\udce9, 中.".encode() in done.stdout


def test_a_reader_that_has_gone_is_no_traceback(article: Path) -> None:
    done = run("detector info m --json | true", article)
    assert b"Traceback" not in done.stderr
    assert b"Exception ignored" not in done.stderr
    assert os.linesep.encode() not in done.stderr


def test_a_line_is_written_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    written: list[str] = []
    stream = io.StringIO()
    monkeypatch.setattr(stream, "write", written.append)
    monkeypatch.setattr(sys, "stderr", stream)
    print_message("One of several processes that write to one log.")
    assert written == ["One of several processes that write to one log.\n"]
