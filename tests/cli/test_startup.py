"""What the command imports before it does its work. Each call runs in a process of its own."""

from __future__ import annotations

import gc
import subprocess
import sys
from pathlib import Path

import pytest
from command import environment

from detector.cli import main as module
from detector.cli.commands import COMMANDS

LIBRARIES = (
    "numpy", "joblib", "sklearn", "scipy", "pyarrow", "zstandard", "filelock", "threadpoolctl", "orjson", "onnxruntime",
    "tokenizers",
)  # fmt: skip
TYPER = ("typer", "click", "rich", "pydantic")
# of the standard library, those whose import takes a millisecond or more, and that most calls do not need
SLOW = (
    "asyncio", "bz2", "concurrent.futures", "email", "gzip", "logging", "lzma", "multiprocessing", "random", "secrets",
    "shutil", "socket", "sqlite3", "subprocess", "tempfile", "unittest", "uuid",
)  # fmt: skip


def imported(cwd: Path, *arguments: str, code: int = 0) -> set[str]:
    """The modules that a call has imported when it ends with an exit code."""
    program = (
        "import sys\n"
        "from detector.cli.main import main\n"
        f"sys.argv = ['detector', *{list(arguments)!r}]\n"
        "try:\n    main()\n"
        "finally:\n    print(*sys.modules, sep='\\n', file=sys.stderr)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=cwd, env=environment(), capture_output=True, check=False)
    assert done.returncode == code, done.stderr.decode()
    return set(done.stderr.decode().split())


@pytest.fixture(scope="module")
def by_numpy() -> set[str]:
    """The modules that NumPy imports: older versions more of them."""
    program = "import numpy, sys; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], env=environment(), capture_output=True, check=True)
    return set(done.stdout.decode().split())


def of(names: set[str], *wanted: str) -> set[str]:
    return {name for name in wanted if name in names}


def test_the_version_imports_nothing(tmp_path: Path) -> None:
    names = imported(tmp_path, "--version")
    assert not of(names, *LIBRARIES, *TYPER, *SLOW, "pathlib", "json", "dataclasses", "detector.cli.plain_calls")


@pytest.mark.parametrize("words", [["--help"], *([*name.split(), "--help"] for name in COMMANDS)], ids=" ".join)
def test_the_help_imports_only_what_prints_it(words: list[str], tmp_path: Path) -> None:
    names = imported(tmp_path, *words)
    assert not of(names, *LIBRARIES, "pydantic", "detector.cleaner", "detector.corpus.plan")
    assert "rich" in names  # it is what Typer prints


def test_cleaning_a_text_imports_only_what_it_needs(tiny_model_dir: Path, tmp_path: Path, by_numpy: set[str]) -> None:
    (tmp_path / "a.txt").write_text("Rain fell.\n")
    names = imported(tmp_path, "clean", "a.txt", "-o", "b.txt", "-m", str(tiny_model_dir), "--policy", "text")
    assert (tmp_path / "b.txt").read_text() == "Rain fell.\n"
    assert not of(names - by_numpy, *LIBRARIES, *TYPER, *SLOW)
    others = ("jsonl", "json_values", "members", "decompressors", "looks.json")
    assert not of(names, *(f"detector.formats.{name}" for name in others))
    assert not of(names, *(f"detector.corpus.{name}" for name in ("manifest", "originals", "records", "workers")))
    assert not of(names, *(f"detector.encoder.{name}" for name in ("shipped", "storage")))


@pytest.mark.parametrize(
    "extra", [["--removed", "r.jsonl"], ["--threshold", "0.5", "--keep", "body", "--format", "text"]]
)
def test_options_are_no_reason_to_import_typer(
    extra: list[str], tiny_model_dir: Path, tmp_path: Path, by_numpy: set[str]
) -> None:
    (tmp_path / "a.txt").write_text("Rain fell.\n")
    names = imported(tmp_path, "clean", "a.txt", "-o", "b.txt", "-m", str(tiny_model_dir), "-q", *extra)
    assert not of(names - by_numpy, *LIBRARIES, *TYPER)


@pytest.mark.parametrize("words", [["clean", "nowhere.txt"], ["predict", "nowhere.txt"]], ids=" ".join)
def test_a_missing_input_is_noticed_before_numpy_is_imported(words: list[str], tmp_path: Path) -> None:
    names = imported(tmp_path, *words, code=2)
    assert not of(names, *LIBRARIES, *TYPER, *SLOW)


def test_a_call_that_is_wrong_is_explained_by_typer(tmp_path: Path) -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "detector", "clean", "--nothing"], cwd=tmp_path, env=environment(), capture_output=True,
        check=False,
    )  # fmt: skip
    assert ended.returncode == 2
    assert ended.stderr.decode().startswith("detector clean: No such option: --nothing")
    assert ended.stderr.count(b"\n") == 1


def test_words_are_completed_by_typer(tmp_path: Path) -> None:
    completing = {"_DETECTOR_COMPLETE": "complete_bash", "COMP_WORDS": "detector clean --thr", "COMP_CWORD": "2"}
    done = subprocess.run(
        [sys.executable, "-m", "detector", "clean", "a.txt"], cwd=tmp_path, env=environment() | completing,
        capture_output=True, check=False,
    )  # fmt: skip
    assert done.stdout.split() == [b"--threshold"]


def test_garbage_is_collected_as_usual_after_the_start() -> None:
    gc.collect()  # what an earlier call has put off
    usual = gc.get_threshold()
    module._put_off_collecting()
    module._put_off_collecting()
    assert gc.get_threshold()[0] > 10 * usual[0]
    gc.collect()
    assert gc.get_threshold() == usual
    assert module._collect_as_usual not in gc.callbacks
