"""The measurements of whole processes, and the inputs made for them: that they measure what they say."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from detector.errors import UsageError
from training import child, material, processes
from training.measured import Must

MEGABYTES = 0.05
needs_processes = pytest.mark.skipif(not hasattr(os, "wait4"), reason="this system does not tell of a single child")


# Inputs


def test_without_room_enough_nothing_is_written(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"free and .* needed"), material.room(1e12, tmp_path):
        pytest.fail("there is no room for an exabyte")
    assert not list(tmp_path.iterdir())


def test_the_room_is_cleared_away(tmp_path: Path) -> None:
    with material.room(1, tmp_path) as place:
        (place / "large").write_bytes(b"x" * 1000)
        assert place.parent == tmp_path
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("megabytes", [0.001, MEGABYTES])
def test_inputs_are_as_large_as_they_are_to_be(megabytes: float, seed_texts: list[str], tmp_path: Path) -> None:
    for write, name in ((material.write_jsonl, "a.jsonl"), (material.write_text, "a.txt")):
        written = write(tmp_path / name, seed_texts, megabytes)
        assert (tmp_path / name).stat().st_size == round(written * material.MEGABYTE)
        assert written >= megabytes
    assert json.loads((tmp_path / "a.jsonl").read_text("utf-8").splitlines()[0])["text"] == seed_texts[0]


@pytest.mark.parametrize("number", [1, 7, 1000])
def test_documents_of_a_line_are_as_many_as_they_are_to_be(number: int, tmp_path: Path) -> None:
    material.write_lines(tmp_path / "a.jsonl", ["One.\nTwo.\n\n", "Three."], number)
    records = [json.loads(line) for line in (tmp_path / "a.jsonl").read_bytes().splitlines()]
    assert len(records) == number
    assert {record["text"] for record in records} <= {"One.", "Two.", "Three."}


def test_nothing_cannot_be_repeated(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no text"):
        material.write_jsonl(tmp_path / "a.jsonl", [], 1)
    with pytest.raises(UsageError, match="no text"):
        material.times([], 1)


def test_a_sample_is_drawn_the_same_every_time(seed_texts: list[str]) -> None:
    drawn = material.sample(seed_texts, 0.01)
    assert drawn == material.sample(seed_texts, 0.01)
    assert len(drawn) < len(seed_texts)
    assert material.size(drawn) >= 0.01


# Processes


@needs_processes
@pytest.mark.parametrize("ballast", [0, 300])
def test_the_peak_memory_is_the_command_s_own(ballast: int) -> None:
    """Not that of the process which measures it, whatever that holds."""
    held = b"x" * (ballast << 20)
    ran = child.run([sys.executable, "-c", "held = bytearray(b'x') * (50 << 20); del held"])
    assert 50 < ran.megabytes < 150
    assert ran.seconds > 0
    del held


@needs_processes
def test_a_command_that_fails_has_no_figures() -> None:
    with pytest.raises(child.CommandError, match=r"ended with 3: it broke"):
        child.run([sys.executable, "-c", "import sys; print('it broke', file=sys.stderr); sys.exit(3)"])


def test_a_measured_command_starts_as_an_installed_one(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    monkeypatch.setenv("OPENBLAS_NUM_THREADS", "1")
    environment = child.environment(tmp_path, DETECTOR_NUMBA="0")
    assert "OPENBLAS_NUM_THREADS" not in environment
    assert environment["DETECTOR_NUMBA"] == "0"
    subprocess.run([sys.executable, "-c", "import detector"], env=environment, cwd=tmp_path, check=True)
    assert list((tmp_path / "bytecode").rglob("errors.*.pyc"))


@needs_processes
def test_whole_processes_are_measured(shipped: object, seed_texts: list[str], tmp_path: Path) -> None:
    measured = [
        processes.throughput(seed_texts, MEGABYTES, 1, tmp_path),
        processes.start(seed_texts, 1),
        processes.memory(seed_texts, MEGABYTES, tmp_path),
    ]
    rows = {row.what: row for one in measured for row in one.rows}
    assert all(row.value > 0 for row in rows.values())
    assert rows["two workers against one"].must == Must(1.8)
    assert rows["peak memory (largest resident set)"].must == Must(300, most=True)
    assert rows['the command against `python -c "import numpy"`'].must == Must(2, most=True)
    assert not list(tmp_path.iterdir())
