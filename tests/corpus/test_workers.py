"""Work in several processes, and what happens when one of them dies or the run is stopped."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from command import start, tree

from detector.corpus.progress import Counts, Meter
from detector.corpus.workers import Workers
from detector.util.json_lines import json_line

FATAL = 13
DEADLINE = 60  # seconds: far longer than anything here takes


def square(number: int, meter: Meter) -> int:
    """The work of a worker; one number kills its process."""
    if number == FATAL:
        os._exit(9)
    meter.add(read=number, documents=1)
    return number * number


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


@pytest.mark.slow
def test_a_process_that_dies_loses_only_its_own_task() -> None:
    numbers = list(range(8, 20))
    results, _ = worked(Workers(square, lost, 2), numbers)
    assert results == sorted(-FATAL if n == FATAL else n * n for n in numbers)


def test_tasks_are_handed_out_lazily() -> None:
    given: list[int] = []

    def tasks() -> Iterator[int]:
        for number in range(14, 1000):
            given.append(number)
            yield number

    workers = Workers(square, lost, 2)
    with workers.meter() as meter, contextlib.closing(workers.results(tasks(), meter)) as found:
        next(found)
        assert len(given) < 20


def test_workers_use_one_thread_each() -> None:
    before = dict(os.environ)
    workers: Workers[int, str] = Workers(threads, str, 2)
    with workers.meter() as meter:
        assert list(workers.results([1], meter)) == ["1,1"]
    assert dict(os.environ) == before


# The command, stopped while several processes are at work


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory, seed_texts: list[str]) -> Path:
    folder = tmp_path_factory.mktemp("corpus")
    data = b"".join(json_line({"text": text}) for text in seed_texts) * 4
    for number in range(20):
        (folder / f"{number:02}.jsonl").write_bytes(json_line({"text": f"File {number}."}) + data)
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
    process = start("clean", corpus, "-o", folder / "out", "--removed", removed, "-q", "--model", tiny_model_dir)
    _, err = process.communicate(timeout=DEADLINE)
    files = results(folder / "out")
    assert (process.returncode, err) == (0, b"")
    assert set(files) == set(tree(corpus))
    return Whole(files, sorted(removed.read_bytes().splitlines()))


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


@pytest.mark.slow
@pytest.mark.parametrize(("jobs", "after"), [(1, 1), (2, 0), (2, 3)])
def test_a_killed_run_leaves_only_complete_files_and_the_next_run_finishes(
    jobs: int, after: int, corpus: Path, whole: Whole, tiny_model_dir: Path, tmp_path: Path
) -> None:
    out, removed = tmp_path / "out", tmp_path / "removed.jsonl"
    arguments = ("clean", corpus, "-o", out, "--jobs", jobs, "--removed", removed, "-q", "--model", tiny_model_dir)
    process = start(*arguments, new_group=True)
    wait_until(lambda: (out / ".detector-unfinished").is_dir() and finished(out) >= after)
    process.kill()
    process.communicate(timeout=DEADLINE)
    assert process.returncode == -signal.SIGKILL
    wait_until(lambda: not is_alive(process.pid))  # its workers have ended too
    killed = results(out)
    assert len(killed) < len(whole.files)
    assert all(data == whole.files[name] for name, data in killed.items())
    stamps = {name: (out / name).stat().st_mtime_ns for name in killed}
    written_down = finished(out)
    again = start(*arguments)
    _, err = again.communicate(timeout=DEADLINE)
    assert (again.returncode, err) == (0, b"")
    assert results(out) == whole.files
    assert sum((out / name).stat().st_mtime_ns == stamp for name, stamp in stamps.items()) == written_down
    assert not (out / ".detector-unfinished").exists()
    assert sorted(removed.read_bytes().splitlines()) == whole.removed


@pytest.mark.slow
@pytest.mark.parametrize(
    ("number", "everyone"), [(signal.SIGINT, True), (signal.SIGINT, False), (signal.SIGTERM, False)]
)
def test_an_interrupted_run_ends_at_once_and_leaves_no_partial_file(
    number: signal.Signals, everyone: bool, corpus: Path, whole: Whole, tiny_model_dir: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    process = start("clean", corpus, "-o", out, "--jobs", 2, "--model", tiny_model_dir, new_group=True)
    wait_until(lambda: finished(out) >= 1)
    if everyone:
        os.killpg(process.pid, number)
    else:
        process.send_signal(number)
    _, err = process.communicate(timeout=DEADLINE)
    assert process.returncode == 128 + number
    assert err == b""
    wait_until(lambda: not is_alive(process.pid))
    assert all(data == whole.files[name] for name, data in results(out).items())
    assert len(results(out)) < len(whole.files)
    assert not [name for name in tree(out) if name.startswith(".")]


@pytest.mark.slow
def test_interrupted_in_place_leaves_no_trace(corpus: Path, whole: Whole, tiny_model_dir: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    copy.mkdir()
    originals = tree(corpus)
    for name, data in originals.items():
        (copy / name).write_bytes(data)
    process = start("clean", "--in-place", copy, "--jobs", 2, "--model", tiny_model_dir, new_group=True)
    wait_until(lambda: any(copy.glob("*.orig")))
    os.killpg(process.pid, signal.SIGINT)
    _, err = process.communicate(timeout=DEADLINE)
    assert (process.returncode, err) == (130, b"")
    for name, data in tree(copy).items():
        assert name.removesuffix(".orig") in originals
        if name.endswith(".orig"):
            assert data == originals[name.removesuffix(".orig")]
        else:
            assert data in (originals[name], whole.files[name])
