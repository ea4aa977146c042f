"""The command in a process of its own: how it starts, and how it ends when it is stopped."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from command import environment, start, tree

from detector.util.json_lines import json_line


def test_clean_does_not_import_what_it_does_not_need(tiny_model_dir: Path, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("Rain fell.\n")
    heavy = ("sklearn", "scipy", "pandas", "pyarrow", "joblib", "rich", "multiprocessing", "fastwarc", "zstandard")
    program = (
        "import sys\n"
        "from detector.cli.main import main\n"
        f"sys.argv = ['detector', 'clean', 'a.txt', '-m', {str(tiny_model_dir)!r}]\n"
        "try:\n    main()\n"
        f"finally:\n    print([name for name in {heavy} if name in sys.modules])\n"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, capture_output=True, check=True, env=environment()
    )
    assert ran.stdout == b"Rain fell.\n[]\n"


@pytest.mark.parametrize("verb", ["clean", "predict"])
@pytest.mark.parametrize(("given", "threads"), [({}, "1"), ({"OPENBLAS_NUM_THREADS": "3"}, "3")])
def test_numpy_is_limited_to_one_thread_before_its_import(
    verb: str, given: dict[str, str], threads: str, tiny_model_dir: Path, tmp_path: Path
) -> None:
    """Unless the environment says otherwise."""
    (tmp_path / "a.txt").write_text("Rain fell.\n")
    program = (
        "import os, sys\n"
        "from detector.cli.main import main\n"
        "early = 'numpy' in sys.modules\n"
        f"sys.argv = ['detector', {verb!r}, 'a.txt', '-o', 'b', '-m', {str(tiny_model_dir)!r}]\n"
        "try:\n    main()\n"
        "finally:\n    print(early, 'numpy' in sys.modules, os.environ['OPENBLAS_NUM_THREADS'])\n"
    )
    plain = {name: value for name, value in environment().items() if name != "OPENBLAS_NUM_THREADS"}
    ran = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, capture_output=True, check=True, env={**plain, **given}
    )
    assert ran.stdout.decode() == f"False True {threads}\n"


@pytest.mark.parametrize("verb", ["clean", "predict"])
def test_a_broken_pipe_is_silent(verb: str, tiny_model_dir: Path, text: str, tmp_path: Path) -> None:
    (tmp_path / "big.jsonl").write_bytes(json_line({"text": text}) * 2000)
    process = start(verb, "big.jsonl", "--model", tiny_model_dir, cwd=tmp_path)
    assert process.stdout is not None
    assert process.stderr is not None
    assert process.stdout.readline().startswith(b"{")
    process.stdout.close()
    assert process.stderr.read() == b""
    assert process.wait(60) == 1
    process.stderr.close()
    assert sorted(tree(tmp_path)) == ["big.jsonl"]


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_an_interrupted_command_leaves_no_partial_file(
    number: signal.Signals, code: int, tiny_model_dir: Path, text: str, tmp_path: Path
) -> None:
    os.mkfifo(tmp_path / "endless.jsonl")
    options = ("-o", "out.jsonl", "--removed", "removed.jsonl", "--model", tiny_model_dir)
    process = start("clean", "endless.jsonl", *options, cwd=tmp_path)
    with open(tmp_path / "endless.jsonl", "wb") as pipe:  # is open as soon as the command reads
        pipe.write(json_line({"text": text}) * 500)
        pipe.flush()
        assert any(file.name.endswith(".tmp") for file in tmp_path.iterdir())
        process.send_signal(number)
        _, err = process.communicate(timeout=60)
    assert process.returncode == code
    assert err == b""
    assert [file.name for file in tmp_path.iterdir()] == ["endless.jsonl"]


def test_standard_output_closed_from_the_start_is_silent(tiny_model_dir: Path, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("Rain fell.\n")
    reading, writing = os.pipe()
    os.close(reading)
    process = start("clean", "a.txt", "--model", tiny_model_dir, cwd=tmp_path, stdout=writing)
    os.close(writing)
    _, err = process.communicate(timeout=60)
    assert err == b""
    assert process.returncode == 1


# Outputs that are no files, and outputs that cannot be written


def ran(tmp_path: Path, model: Path, *arguments: object, **streams: Any) -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-m", "detector", *map(str, arguments), "--model", str(model)]
    given = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "env": environment()} | streams
    return subprocess.run(command, cwd=tmp_path, timeout=60, check=False, **given)


@pytest.mark.skipif(not Path("/dev/stdout").exists(), reason="this system does not name its standard output")
@pytest.mark.parametrize("path", ["/dev/stdout", "/dev/fd/1", "link"])
def test_standard_output_can_be_named(path: str, tiny_model_dir: Path, text: str, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(text)
    (tmp_path / "link").symlink_to("/dev/stdout")
    cleaned = ran(tmp_path, tiny_model_dir, "clean", "a.txt", "-q").stdout
    named = ran(tmp_path, tiny_model_dir, "clean", "a.txt", "-o", path, "-q")
    assert (named.returncode, named.stdout, named.stderr) == (0, cleaned, b"")
    decisions = ran(tmp_path, tiny_model_dir, "predict", "a.txt", "-q").stdout
    assert ran(tmp_path, tiny_model_dir, "predict", "a.txt", "-o", path, "-q").stdout == decisions
    for option in (("-o", "out.txt"), ("-o", "out/")):
        removed = ran(tmp_path, tiny_model_dir, "clean", "a.txt", *option, "--removed", path, "-q")
        assert (removed.returncode, removed.stderr) == (0, b"")
        assert removed.stdout.startswith(b'{"file": "a.txt"')
    assert set(tree(tmp_path)) - {"link"} == {"a.txt", "out.txt", "out/a.txt"}


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize("call", [("clean", "a.txt"), ("predict", "a.txt"), ("predict", "a.txt", "b.txt", "-j", "2")])
def test_a_full_standard_output_is_named(
    call: tuple[str, ...], unbuffered: str, tiny_model_dir: Path, text: str, tmp_path: Path
) -> None:
    for name in ("a.txt", "b.txt"):
        (tmp_path / name).write_text(text)
    with open("/dev/full", "wb") as full:
        ended = ran(tmp_path, tiny_model_dir, *call, stdout=full, env={**environment(), "PYTHONUNBUFFERED": unbuffered})
    message = "detector: standard output: cannot be written: No space left on device; "
    assert ended.returncode == 1
    assert ended.stderr.decode().startswith(message)
    assert ended.stderr.count(b"\n") == 1


def test_a_file_that_finds_no_room_is_named_and_the_old_one_stays(
    tiny_model_dir: Path, text: str, tmp_path: Path
) -> None:
    resource = pytest.importorskip("resource", reason="this system does not limit the size of files")
    (tmp_path / "a.jsonl").write_bytes(json_line({"text": text}) * 100)

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))

    for call in (("clean", "-o", "old.jsonl"), ("predict", "-o", "old.jsonl"), ("predict", "-o", "old.jsonl.gz")):
        (tmp_path / call[2]).write_bytes(b"old")
        ended = ran(tmp_path, tiny_model_dir, call[0], "a.jsonl", *call[1:], preexec_fn=limit)
        assert ended.returncode == 1
        assert re.fullmatch(rf"detector: .*{call[2]}.*: cannot be written: File too large; .*\n", ended.stderr.decode())
        assert (tmp_path / call[2]).read_bytes() == b"old"
    assert sorted(tree(tmp_path)) == ["a.jsonl", "old.jsonl", "old.jsonl.gz"]


def test_the_module_runs_as_the_command() -> None:
    process = start("--help")
    out, _ = process.communicate(timeout=60)
    assert process.returncode == 0
    assert all(name.encode() in out for name in ("clean", "predict", "train", "evaluate", "info"))
