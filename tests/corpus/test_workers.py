"""Work in several processes, and what happens when one of them dies or the run is stopped."""

from __future__ import annotations

import contextlib
import gzip
import multiprocessing
import os
import shutil
import signal
import struct
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from multiprocessing import resource_tracker
from pathlib import Path
from typing import Any

import pytest
from command import start, tree

from detector.corpus import workers as module
from detector.corpus.progress import Counts, Meter
from detector.corpus.worker import Ready, serve
from detector.corpus.workers import Workers, WorkersError
from detector.util.json_lines import json_line

FATAL, BAD, WORSE = 13, 113, 114
LAST = "last.jsonl.gz"
DEADLINE = 60  # seconds: far longer than anything here takes


class TwoPartError(Exception):
    """An error that can be pickled, but not be made again from its text."""

    def __init__(self, first: str, second: str) -> None:
        super().__init__(f"{first} and {second}")


def square(number: int, meter: Meter) -> int:
    """The work of a worker; one number kills its process."""
    meter.add(read=number, documents=1)
    if number == FATAL:
        os._exit(9)
    if number == BAD:
        raise ValueError("bad number")
    if number == WORSE:
        raise TwoPartError("bad", "worse")
    return number * number


@dataclass(frozen=True)
class Large:
    """Work that fits into no buffer of a pipe."""

    data: bytes

    def __call__(self, number: int, meter: Meter) -> int:
        return number + len(self.data)


def threads(number: int, meter: Meter) -> str:
    return ",".join(os.environ[name] for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"))


def lost(number: int) -> int:
    return -number


def worked(workers: Workers[int, int], tasks: list[int]) -> tuple[list[int], Counts]:
    with workers.meter() as meter:
        return sorted(workers.results(tasks, meter)), meter.counts


@pytest.mark.parametrize("jobs", [1, 2])
def test_every_task_is_done_once_and_counted(jobs: int) -> None:
    results, counts = worked(Workers(square, lost, jobs), list(range(10)))
    assert results == [n * n for n in range(10)]
    assert counts == Counts(sum(range(10)), 10, 0, 0)


@pytest.mark.parametrize("jobs", [2, 3])
def test_without_tasks_there_are_no_results(jobs: int) -> None:
    assert worked(Workers(square, lost, jobs), []) == ([], Counts(0, 0, 0, 0))


@pytest.mark.parametrize("jobs", [2, pytest.param(4, marks=pytest.mark.slow)])
def test_a_process_that_dies_loses_only_its_own_task_and_its_counts(jobs: int) -> None:
    """The first task kills its process, while the others still start."""
    numbers = [FATAL, *range(FATAL), *range(FATAL + 1, 20)]
    results, counts = worked(Workers(square, lost, jobs), numbers)
    assert results == sorted(-FATAL if n == FATAL else n * n for n in numbers)
    assert counts == Counts(sum(numbers) - FATAL, len(numbers) - 1, 0, 0)


def test_tasks_are_handed_out_lazily() -> None:
    given: list[int] = []

    def tasks() -> Iterator[int]:
        for number in range(14, 1000):
            given.append(number)
            yield number

    workers = Workers(square, lost, 2)
    with workers.meter() as meter, contextlib.closing(workers.results(tasks(), meter)) as found:
        next(found)
        next(found)
        assert len(given) < 20


def test_workers_use_one_thread_each() -> None:
    before = dict(os.environ)
    workers: Workers[int, str] = Workers(threads, str, 2)
    with workers.meter() as meter:
        assert list(workers.results([1], meter)) == ["1,1"]
    assert dict(os.environ) == before


@pytest.mark.parametrize(
    ("number", "error", "message"), [(BAD, ValueError, "bad number"), (WORSE, RuntimeError, "TwoPartError: bad and")]
)
def test_an_error_of_the_work_is_raised_here(number: int, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        worked(Workers(square, lost, 2), [number])


# Workers that die before they are ready


@dataclass
class Killer:
    """Kills the first so many workers a while after their start."""

    number: int
    seconds: float
    started: int = 0

    def __call__(self, meter: Meter, slot: int) -> Any:
        worker = START(meter, slot)
        self.started += 1
        if self.started <= self.number:
            if self.seconds:
                timer = threading.Timer(self.seconds, worker.process.kill)
                timer.daemon = True
                timer.start()
            else:
                worker.process.kill()
        return worker


START = module._start
SLOW = pytest.mark.slow


@pytest.mark.parametrize(
    ("work", "jobs", "number", "seconds"),
    [
        (square, 2, 2, 0.0),
        (Large(bytes(1 << 22)), 2, 1, 0.05),
        *(pytest.param(square, jobs, jobs, seconds, marks=SLOW) for jobs in (2, 3, 4) for seconds in (0.1, 0.2, 0.4)),
        *(pytest.param(Large(bytes(1 << 22)), 4, 6, seconds, marks=SLOW) for seconds in (0.0, 0.1, 0.3)),
    ],
)
def test_workers_that_are_killed_while_they_start_are_replaced(
    work: Callable[[int, Meter], int], jobs: int, number: int, seconds: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    killer = Killer(number, seconds)
    monkeypatch.setattr(module, "_start", killer)
    results, _ = worked(Workers(work, lost, jobs), list(range(20, 60)))
    assert results == [work(n, Meter()) for n in range(20, 60)]
    assert killer.started >= jobs + (number if not seconds else 0)


def test_a_run_ends_if_no_worker_can_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_start", Killer(1000, 0.0))
    monkeypatch.setattr(module, "_PAUSE", 0.001)
    with pytest.raises(WorkersError, match=r"no worker process can start: \d+ died in a row, .* exit code -9; "):
        worked(Workers(square, lost, 2), [1, 2, 3])


def test_a_worker_that_dies_before_it_reads_its_arguments_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """More arguments of the command than a pipe holds, as with ``detector clean corpus/*``."""
    resource_tracker.ensure_running()
    monkeypatch.setattr(sys, "argv", ["detector", *(f"{number:0100}" for number in range(10_000))])
    monkeypatch.setattr("multiprocessing.spawn._python_exe", b"false")
    monkeypatch.setattr(module, "_PAUSE", 0.001)
    with pytest.raises(WorkersError, match=r"exit code \d+; "):
        worked(Workers(square, lost, 2), [1, 2, 3])
    assert len(sys.argv) == 10_001


def test_a_system_without_room_for_processes_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise BlockingIOError(11, "Resource temporarily unavailable")

    monkeypatch.setattr(multiprocessing.get_context("spawn").Process, "start", fail)
    with pytest.raises(WorkersError, match="Resource temporarily unavailable; try fewer --jobs"):
        worked(Workers(square, lost, 2), [1, 2, 3])


@pytest.mark.parametrize("sent", [b"", b"\0\0", struct.pack("!i", 1000), struct.pack("!i", 1000) + b"cut"])
def test_a_worker_ends_quietly_when_its_parent_dies_while_it_sends(
    sent: bytes, capfd: pytest.CaptureFixture[str]
) -> None:
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=serve, args=(theirs, [0] * 4, 0))
    process.start()
    theirs.close()
    assert ours.recv() == Ready(function=True)
    os.write(ours.fileno(), sent)
    ours.close()
    process.join(DEADLINE)
    assert process.exitcode == 0
    assert capfd.readouterr().err == ""


# The command, stopped while several processes are at work


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory, seed_texts: list[str]) -> Path:
    folder = tmp_path_factory.mktemp("shared") / "corpus"
    folder.mkdir()
    data = b"".join(json_line({"text": text}) for text in seed_texts)
    for number in range(12):
        (folder / f"{number:02}.jsonl").write_bytes(json_line({"text": f"File {number}."}) + data)
    with gzip.open(folder / LAST, "wb", compresslevel=1) as file:
        file.write(json_line({"text": "Rain fell.\n"}))
    return folder


@pytest.fixture
def endless(corpus: Path, tmp_path: Path) -> Path:
    """A copy of the corpus, with a last file that takes much longer than any test: no run ends before it is stopped."""
    folder = tmp_path / "corpus"
    shutil.copytree(corpus, folder)
    with gzip.open(folder / LAST, "wb", compresslevel=1) as file:
        for _ in range(300):
            file.write(json_line({"text": "Rain fell.\n"}) * 10_000)
    return folder


@dataclass(frozen=True)
class Whole:
    """The result of an undisturbed run: the files, and the lines of the sidecar of removed text."""

    files: dict[str, bytes]
    removed: list[bytes]


@pytest.fixture(scope="module")
def whole(corpus: Path, tiny_model_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Whole:
    folder = tmp_path_factory.mktemp("whole")
    removed = folder / "removed.jsonl"
    arguments = ("-o", folder / "out", "--removed", removed, "-q", "--model", tiny_model_dir)
    process = start("clean", "corpus", *arguments, cwd=corpus.parent)
    _, err = process.communicate(timeout=DEADLINE)
    files = results(folder / "out")
    assert (process.returncode, without_the_guard_s(err)) == (0, [])
    assert set(files) == set(tree(corpus))
    return Whole(files, sorted(removed.read_bytes().splitlines()))


def without_the_guard_s(messages: bytes) -> list[bytes]:
    """Lines on standard error, without the warning of documents that were kept whole."""
    return [line for line in messages.splitlines() if b"kept whole" not in line]


def wait_until(condition: Callable[[], bool]) -> None:
    """Wait wait_until another process has made the condition true."""
    last = time.monotonic() + DEADLINE
    while not condition():
        assert time.monotonic() < last
        os.sched_yield()


def finished(out: Path) -> int:
    with contextlib.suppress(FileNotFoundError):
        return (out / "_manifest.jsonl").read_bytes().count(b"\n")
    return 0


def is_alive(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True


def results(out: Path) -> dict[str, bytes]:
    return {name: data for name, data in tree(out).items() if not name.startswith(("_", "."))}


def has_started(out: Path, after: int) -> bool:
    """Whether so many files are finished; with 0, whether the processes are being started."""
    return (out / ".detector-unfinished").is_dir() and finished(out) >= after


def wait_for_all(group: int) -> None:
    """Wait until all processes of a group have ended."""
    wait_until(lambda: not is_alive(group))


@pytest.mark.slow
@pytest.mark.parametrize(("jobs", "after"), [(1, 1), (2, 0), (2, 3)])
def test_a_killed_run_leaves_only_complete_files_and_the_next_run_finishes(
    jobs: int, after: int, corpus: Path, endless: Path, whole: Whole, tiny_model_dir: Path, tmp_path: Path
) -> None:
    out, removed = tmp_path / "out", tmp_path / "removed.jsonl"
    arguments = ("clean", "corpus", "-o", out, "--jobs", jobs, "--removed", removed, "-q", "--model", tiny_model_dir)
    process = start(*arguments, cwd=tmp_path, new_group=True)
    wait_until(lambda: has_started(out, after))
    process.kill()
    process.communicate(timeout=DEADLINE)
    assert process.returncode == -signal.SIGKILL
    wait_for_all(process.pid)
    killed = results(out)
    assert len(killed) < len(whole.files)
    assert all(data == whole.files[name] for name, data in killed.items())
    stamps = {name: (out / name).stat().st_mtime_ns for name in killed}
    written_down = finished(out)
    shutil.copy2(corpus / LAST, endless / LAST)
    again = start(*arguments, cwd=tmp_path)
    _, err = again.communicate(timeout=DEADLINE)
    assert (again.returncode, without_the_guard_s(err)) == (0, [])
    assert results(out) == whole.files
    assert sum((out / name).stat().st_mtime_ns == stamp for name, stamp in stamps.items()) == written_down
    assert not (out / ".detector-unfinished").exists()
    assert sorted(removed.read_bytes().splitlines()) == whole.removed


@pytest.mark.slow
@pytest.mark.parametrize("after", [0, 2])
@pytest.mark.parametrize(
    ("number", "everyone"), [(signal.SIGINT, True), (signal.SIGINT, False), (signal.SIGTERM, False)]
)
def test_an_interrupted_run_ends_at_once_and_leaves_no_partial_file(
    after: int,
    number: signal.Signals,
    everyone: bool,
    endless: Path,
    whole: Whole,
    tiny_model_dir: Path,
    tmp_path: Path,
) -> None:
    out = tmp_path / "out"
    process = start("clean", endless, "-o", out, "--jobs", 3, "-q", "--model", tiny_model_dir, new_group=True)
    wait_until(lambda: has_started(out, after))
    if everyone:
        os.killpg(process.pid, number)
    else:
        process.send_signal(number)
    _, err = process.communicate(timeout=DEADLINE)
    assert process.returncode == 128 + number
    assert err == b""
    wait_for_all(process.pid)
    assert all(data == whole.files[name] for name, data in results(out).items())
    assert not (out / ".detector-unfinished").exists()


@pytest.mark.slow
def test_interrupted_in_place_leaves_no_trace(corpus: Path, endless: Path, whole: Whole, tiny_model_dir: Path) -> None:
    originals = tree(endless)
    process = start("clean", "--in-place", endless, "--jobs", 2, "-q", "--model", tiny_model_dir, new_group=True)
    wait_until(lambda: any(endless.glob("*.orig")))
    os.killpg(process.pid, signal.SIGINT)
    _, err = process.communicate(timeout=DEADLINE)
    assert (process.returncode, err) == (130, b"")
    wait_for_all(process.pid)
    for name, data in tree(endless).items():
        assert name.removesuffix(".orig") in originals
        if name.endswith(".orig"):
            assert data == originals[name.removesuffix(".orig")]
        else:
            assert data in (originals[name], whole.files[name])


@pytest.mark.slow
def test_what_a_run_in_place_leaves_that_is_killed_is_deleted_by_the_next(
    corpus: Path, endless: Path, whole: Whole, tiny_model_dir: Path
) -> None:
    arguments = ("clean", "--in-place", endless, "--jobs", 2, "-q", "--model", tiny_model_dir)
    process = start(*arguments, new_group=True)
    wait_until(lambda: any(endless.glob(f".{LAST}.*.tmp")))
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate(timeout=DEADLINE)
    wait_for_all(process.pid)
    assert any(endless.glob(".*.tmp"))
    shutil.copy2(corpus / LAST, endless / LAST)
    start(*arguments).communicate(timeout=DEADLINE)
    assert {name: data for name, data in tree(endless).items() if not name.endswith(".orig")} == whole.files
