"""The benchmark of whole processes and its inputs: that they measure what they claim to."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from detector.errors import UsageError
from training import inputs, processes, subprocesses
from training.result import Bound

MEGABYTES = 0.05
needs_processes = pytest.mark.skipif(not hasattr(os, "wait4"), reason="needs os.wait4")


# Inputs


def test_without_enough_space_nothing_is_written(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"free and .* needed"), inputs.temporary_folder(1e12, tmp_path):
        pytest.fail("there is no space for an exabyte")
    assert not list(tmp_path.iterdir())


def test_the_temporary_folder_is_removed(tmp_path: Path) -> None:
    with inputs.temporary_folder(1, tmp_path) as place:
        (place / "large").write_bytes(b"x" * 1000)
        assert place.parent == tmp_path
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("megabytes", [0.001, MEGABYTES])
def test_inputs_have_the_given_size(megabytes: float, seed_texts: list[str], tmp_path: Path) -> None:
    for write, name in ((inputs.write_jsonl, "a.jsonl"), (inputs.write_text, "a.txt")):
        written = write(tmp_path / name, seed_texts, megabytes)
        assert (tmp_path / name).stat().st_size == round(written * inputs.MEGABYTE)
        assert written >= megabytes
    assert json.loads((tmp_path / "a.jsonl").read_text("utf-8").splitlines()[0])["text"] == seed_texts[0]


@pytest.mark.parametrize("number", [1, 7, 1000])
def test_the_given_number_of_one_line_documents_is_written(number: int, tmp_path: Path) -> None:
    inputs.write_one_line_documents(tmp_path / "a.jsonl", ["One.\nTwo.\n\n", "Three."], number)
    records = [json.loads(line) for line in (tmp_path / "a.jsonl").read_bytes().splitlines()]
    assert len(records) == number
    assert {record["text"] for record in records} <= {"One.", "Two.", "Three."}


def test_without_text_no_input_can_be_generated(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no text"):
        inputs.write_jsonl(tmp_path / "a.jsonl", [], 1)
    with pytest.raises(UsageError, match="no text"):
        inputs.repetitions([], 1)


def test_a_sample_is_deterministic(seed_texts: list[str]) -> None:
    sample = inputs.sample(seed_texts, 0.01)
    assert sample == inputs.sample(seed_texts, 0.01)
    assert len(sample) < len(seed_texts)
    assert inputs.size_in_megabytes(sample) >= 0.01


@pytest.mark.parametrize("size", [500, 5000])
def test_articles_have_up_to_the_given_size(size: int, seed_texts: list[str]) -> None:
    articles = inputs.articles(seed_texts, size, 20)
    assert len(articles) == 20
    assert all(0 < len(article.encode()) <= size for article in articles)
    lines = {line for text in seed_texts for line in text.split("\n")}
    assert {line for article in articles for line in article.splitlines()} <= lines


def test_articles_need_a_line_that_is_short_enough() -> None:
    assert inputs.articles(["A long line.\nOne.\n\nTwo."], 10, 2) == ["One.\nTwo.\n", "One.\nTwo.\n"]
    with pytest.raises(UsageError, match="no text"):
        inputs.articles(["A long line."], 10, 2)


# Processes


@needs_processes
@pytest.mark.parametrize("ballast", [0, 300])
def test_the_peak_memory_is_the_command_s_own(ballast: int) -> None:
    """Not that of the measuring process, however much memory that uses."""
    held = b"x" * (ballast << 20)
    usage = subprocesses.run([sys.executable, "-c", "held = bytearray(b'x') * (50 << 20); del held"])
    assert 50 < usage.megabytes < 150
    assert usage.seconds > 0
    del held


@needs_processes
def test_a_command_that_fails_is_not_measured() -> None:
    with pytest.raises(subprocesses.CommandError, match=r"failed with exit code 3: it broke"):
        subprocesses.run([sys.executable, "-c", "import sys; print('it broke', file=sys.stderr); sys.exit(3)"])


def test_a_measured_command_starts_like_an_installed_one(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    monkeypatch.setenv("OPENBLAS_NUM_THREADS", "1")
    environment = subprocesses.command_environment(tmp_path, DETECTOR_EXAMPLE="0")
    assert "OPENBLAS_NUM_THREADS" not in environment
    assert environment["DETECTOR_EXAMPLE"] == "0"
    subprocess.run([sys.executable, "-c", "import detector"], env=environment, cwd=tmp_path, check=True)
    assert list((tmp_path / "bytecode").rglob("errors.*.pyc"))


@needs_processes
@pytest.mark.slow
def test_whole_processes_are_measured(shipped: object, seed_texts: list[str], tmp_path: Path) -> None:
    sections = [
        processes.throughput(seed_texts, MEGABYTES, 1, tmp_path),
        processes.start(seed_texts, 1),
        processes.memory(seed_texts, MEGABYTES, tmp_path),
    ]
    rows = {row.name: row for section in sections for row in section.rows}
    assert all(row.value > 0 for row in rows.values())
    assert {name: row.bound for name, row in rows.items() if row.bound} == {
        "two workers relative to one": Bound(1.9),
        '`detector clean` relative to `python -c "import numpy"`': Bound(1.5, upper=True),
        "peak memory (largest resident set)": Bound(120, upper=True),
        "peak memory of the first command": Bound(120, upper=True),
    }
    assert not list(tmp_path.iterdir())
