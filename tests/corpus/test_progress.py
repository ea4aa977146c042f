"""The progress of a run, shown on a terminal and elsewhere."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from detector.cleaner import Cleaner
from detector.corpus import progress
from detector.corpus.all_files import Options, clean_all
from detector.corpus.one_file import Run
from detector.corpus.plan import plan
from detector.corpus.progress import Meter, RunProgress, show_progress
from detector.inference.model import Model


def progress_of(**counts: int) -> RunProgress:
    meter = Meter()
    meter.add(**counts)
    return RunProgress(meter, files=40, bytes=4_000_000, done=12, started=0.0)


@pytest.fixture(autouse=True)
def _two_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress.time, "monotonic", lambda: 2.0)


@pytest.mark.parametrize(
    ("counts", "line", "left"),
    [
        ({}, "12 of 40 files, 0 documents, 0.0 MB/s", ""),
        (
            {"read": 1_000_000, "documents": 3400, "characters": 1000, "removed": 124},
            "12 of 40 files, 3,400 documents, 0.5 MB/s, 12.4% of the characters removed",
            ", 0:00:06 left",
        ),
        ({"characters": 1000}, "12 of 40 files, 0 documents, 0.0 MB/s", ""),
        ({"read": 1000}, "12 of 40 files, 0 documents, 0.0 MB/s", ", 2:13:18 left"),
        ({"read": 4_000_000}, "12 of 40 files, 0 documents, 2.0 MB/s", ""),
    ],
)
def test_a_line_shows_the_progress(counts: dict[str, int], line: str, left: str) -> None:
    assert progress_of(**counts).line() == line
    assert progress_of(**counts).time_left() == left


def test_without_a_terminal_lines_are_written_at_intervals(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "_LOG_SECONDS", 0.001)
    lines: list[str] = []
    twice = threading.Event()

    def write(line: str) -> None:
        lines.append(line)
        if len(lines) == 2:
            twice.set()

    with show_progress(progress_of(read=1_000_000), False, write):
        assert twice.wait(60)
    assert set(lines) == {"12 of 40 files, 0 documents, 0.5 MB/s, 0:00:06 left"}


def test_on_a_terminal_there_is_a_bar(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setenv("TTY_COMPATIBLE", "1")
    current = progress_of(read=1_000_000)
    with show_progress(current, True, print):
        current.meter.add(read=3_000_000, documents=7)
        current.done = 40
    captured = capsys.readouterr()
    assert "40 of 40 files, 7 documents, 2.0 MB/s" in captured.err
    assert "100%" in captured.err
    assert captured.out == ""


@pytest.mark.parametrize("terminal", [True, False])
def test_a_run_shows_its_progress(
    terminal: bool,
    tiny_model: Model,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    for number in range(3):
        (tmp_path / f"{number}.txt").write_text("Rain fell.\n")
    planned = plan([str(tmp_path)], tmp_path / "out")
    messages: list[str] = []
    clean_all(planned, Run(Cleaner(tiny_model, 0.0)), Options(quiet=False, terminal=terminal), messages.append)
    assert ("3 of 3 files, 3 documents" in capsys.readouterr().err) is terminal
    assert messages == []
