"""The command ``diff``: unified diffs that patch and Git apply."""

from __future__ import annotations

import io
import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest
from command import Command

from detector.corpus.differences import Line, unified
from detector.loading import load

BODY = "The ferry returned on Monday, the harbour office said, and nobody was hurt.\n"
ASK = "Donate now!\n"
STRICT = ("--threshold", "0.7", "--max-removed", "1")
TEXTS = {
    "one.txt": BODY + "\n" + ASK + "\n" + BODY,
    "no newline at the end.txt": BODY * 5 + "\n" + "Subscribe to our newsletter!",
    "kept at the end.txt": ASK + "\n" + BODY.rstrip("\n"),
    "windows.txt": (BODY + ASK + BODY).replace("\n", "\r\n"),
    "old mac.txt": (BODY + ASK + BODY).replace("\n", "\r"),
    "far apart.txt": ASK + BODY * 20 + ASK + BODY * 20 + ASK,
    "all.txt": ASK * 4,
    "größe.txt": BODY + "Jetzt spenden!\n" + ASK + "Größe — 20 %\n",
}


def cleaned(model: Path, text: str) -> str:
    return load(model, threshold=0.7, max_removed=1).clean(text).text


def write(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    return path


@pytest.mark.parametrize("context", [0, 1, 3, 50])
@pytest.mark.parametrize("name", TEXTS)
@pytest.mark.skipif(not shutil.which("patch"), reason="patch is not installed")
def test_patch_applies_it(name: str, context: int, command: Command, tmp_path: Path) -> None:
    path = write(tmp_path, name, TEXTS[name])
    called = command("diff", name, "--context", context, *STRICT)
    assert called.code in (0, 3)
    expected = cleaned(command.model, TEXTS[name])
    assert bool(called.out) == (expected != TEXTS[name])
    if not called.out:
        return
    subprocess.run(["patch", "-p1", "--binary", "--silent"], input=called.out, check=True, cwd=tmp_path)
    assert (path.read_bytes() if path.exists() else b"") == expected.encode()


@pytest.mark.parametrize("name", [name for name in TEXTS if name != "all.txt"])
@pytest.mark.skipif(not shutil.which("git"), reason="Git is not installed")
def test_git_applies_it(name: str, command: Command, tmp_path: Path) -> None:
    path = write(tmp_path, name, TEXTS[name])
    out = command("diff", name, *STRICT).out
    if out:
        environment = {**os.environ, "GIT_CEILING_DIRECTORIES": str(tmp_path.parent), "GIT_CONFIG_GLOBAL": os.devnull}
        subprocess.run(["git", "apply", "-p1", "-"], input=out, check=True, cwd=tmp_path, env=environment)
    assert path.read_bytes() == cleaned(command.model, TEXTS[name]).encode()


def test_bytes_that_are_no_text_come_back(command: Command, tmp_path: Path) -> None:
    write(tmp_path, "one.txt", "\udcff" + BODY + ASK + "\udcfe\n")
    out = command("diff", "one.txt", *STRICT).out
    assert b"\xff" + BODY.encode() in out


def test_a_text_that_does_not_change_has_no_diff(command: Command, tmp_path: Path) -> None:
    write(tmp_path, "one.txt", BODY)
    called = command("diff", "one.txt", "--threshold", "0")
    assert (called.code, called.out) == (0, b"")


def test_records_are_named_by_their_ids(command: Command, tmp_path: Path) -> None:
    records = [{"id": 7, "text": BODY + ASK}, {"id": 8, "text": BODY}, {"id": "a b", "text": ASK + BODY}]
    write(tmp_path, "in.jsonl", "".join(json.dumps(each) + "\n" for each in records))
    out = command("diff", "in.jsonl", *STRICT).out.decode()
    headers = [line for line in out.splitlines() if line.startswith(("--- ", "+++ "))]
    changed = [each for each in records if cleaned(command.model, each["text"]) != each["text"]]
    assert changed
    assert headers == [
        f"{mark} {side}/in.jsonl#{each['id']}" + "\t" * (each["id"] == "a b")
        for each in changed for mark, side in (("---", "a"), ("+++", "b"))
    ]  # fmt: skip


def test_many_files_and_standard_input(command: Command, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    for name, text in (("one.txt", TEXTS["one.txt"]), ("two words.txt", TEXTS["one.txt"] + "Not in the other.\n")):
        write(tmp_path / "in", name, text)
    out = command("diff", "in", *STRICT).out.decode()
    assert "--- a/in/two words.txt\t" in out
    assert "--- a/in/one.txt\n" in out
    assert out.count("\n Not in the other.\n") == 1
    from_stdin = command("diff", "-", *STRICT, stdin=TEXTS["one.txt"].encode()).out.decode()
    assert from_stdin.splitlines()[2:] == command("diff", "in/one.txt", *STRICT).out.decode().splitlines()[2:]


def test_in_a_terminal_it_is_coloured(command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from detector.cli import diff

    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.delenv("NO_COLOR", raising=False)
    paint = diff._paint()
    plain = [b"--- a/one.txt\n", b"@@ -1,2 +1 @@\n", b" " + BODY.encode(), b"-" + ASK.encode(), b"+[bold]\n"]
    painted = [paint(line) for line in plain]
    assert [line.startswith(b"\x1b[") for line in painted] == [True, True, False, True, True]
    assert b"\x1b[31m-Donate now!\x1b[0m\n" in painted
    assert b"+[bold]" in painted[-1]
    write(tmp_path, "one.txt", TEXTS["one.txt"])
    monkeypatch.delenv("FORCE_COLOR")
    assert b"\x1b" not in command("diff", "one.txt", *STRICT).out


def test_a_failed_file_is_told(command: Command, tmp_path: Path) -> None:
    write(tmp_path, "two.jsonl", "no JSON\n")
    called = command("diff", "two.jsonl")
    assert (called.code, called.out) == (1, b"")
    assert "two.jsonl" in called.err


def lines(*pairs: tuple[str, str | None]) -> list[Line]:
    return [Line(old.encode(), None if new is None else new.encode()) for old, new in pairs]


KEPT = [(f"{number}\n", f"{number}\n") for number in range(9)]
CASES = [
    (KEPT, 3, b""),
    ([("a\n", None)], 3, b"@@ -1 +0,0 @@\n-a\n"),
    ([("a\n", "b\n")], 0, b"@@ -1 +1 @@\n-a\n+b\n"),
    ([*KEPT[:2], ("x\n", None), *KEPT[2:4]], 1, b"@@ -2,3 +2,2 @@\n 1\n-x\n 2\n"),
    ([*KEPT[:2], ("x\n", None), *KEPT[2:4]], 0, b"@@ -3 +2,0 @@\n-x\n"),
    ([("x\n", None), *KEPT[:3], ("y", None)], 1,
     b"@@ -1,2 +1 @@\n-x\n 0\n@@ -4,2 +3 @@\n 2\n-y\n\\ No newline at end of file\n"),
    ([("x\n", None), *KEPT[:2], ("y\n", None)], 1, b"@@ -1,4 +1,2 @@\n-x\n 0\n 1\n-y\n"),
]  # fmt: skip


@pytest.mark.parametrize(("given", "context", "expected"), CASES)
def test_hunks(given: list[tuple[str, str | None]], context: int, expected: bytes) -> None:
    found = b"".join(unified("one.txt", lines(*given), context))
    assert found == (b"--- a/one.txt\n+++ b/one.txt\n" + expected if expected else b"")


@pytest.mark.parametrize(("name", "shown"), [
    ("/data/one.txt", b"--- a/data/one.txt\n"), ("my text.txt", b"--- a/my text.txt\t\n"),
    ('a "b".txt', b'--- "a/a \\"b\\".txt"\n'), ("two\nlines", b'--- "a/two\\nlines"\n'),
    ("bell\x07", b'--- "a/bell\\007"\n'),
])  # fmt: skip
def test_names(name: str, shown: bytes) -> None:
    assert next(iter(unified(name, lines(("a\n", None)), 3))) == shown


def test_a_hunk_larger_than_memory_is_written(monkeypatch: pytest.MonkeyPatch) -> None:
    from detector.corpus import differences

    monkeypatch.setattr(differences, "_IN_MEMORY", 10)
    out = b"".join(unified("a", lines(*[("x" * 20 + "\n", None)] * 50), 3))
    assert out.count(b"-x") == 50
    assert io.BytesIO(out).readlines()[2] == b"@@ -1,50 +0,0 @@\n"


def test_an_id_that_is_no_unicode_is_shown(command: Command, tmp_path: Path) -> None:
    write(tmp_path, "a.jsonl", json.dumps({"id": "\ud800", "text": BODY + ASK}) + "\n")
    called = command("diff", "a.jsonl", *STRICT)
    assert (called.code, called.err) == (0, "")
    assert called.out.startswith(b"--- a/a.jsonl#")


def test_more_lines_of_context_than_a_text_can_have_are_refused(command: Command, tmp_path: Path) -> None:
    write(tmp_path, "a.txt", BODY)
    assert command("diff", "a.txt", "-U", "9" * 20).code == 2
