"""Whole processes of the command: throughput, two workers relative to one, start-up, and peak memory."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from statistics import median

from training.inputs import temporary_folder, write_jsonl
from training.result import Bound, Result, Section, alternate, duration, rate, ratio
from training.subprocesses import command_environment, detector_command, run

WORKERS, START, MEMORY = Bound(1.9), Bound(1.5, upper=True), Bound(120, upper=True)
NUMPY = '`python -c "import numpy"`'
IMPORT_NUMPY = (sys.executable, "-c", "import numpy")
STARTS = 4  # runs of a start relative to the other runs, because it is short
_FILES = 16  # of the corpus
_CORPUS = 4  # size of the corpus relative to the other inputs, so that start-up does not dominate with two workers
_ARTICLE = 5_000  # bytes of the small file
_FIRST = 3  # runs with an empty cache of bytecode


def throughput(texts: Sequence[str], megabytes: float, runs: int, parent: Path | None = None) -> Section:
    """The megabytes per second of the command on one file and on many, with one worker and with two."""
    with temporary_folder(2 * (1 + _CORPUS) * megabytes, parent) as folder:
        environment = command_environment(folder)
        single = folder / "single.jsonl"
        single_size = write_jsonl(single, texts, megabytes)
        files = [folder / f"{number:02}.jsonl" for number in range(_FILES)]
        corpus_size = sum(write_jsonl(file, texts, _CORPUS * megabytes / _FILES) for file in files)

        def clean(output: str, sources: Sequence[Path], jobs: int = 1) -> Callable[[], object]:
            command = detector_command("clean", *sources, "-o", folder / output, "-j", jobs, "--force", "-q")
            return partial(run, command, environment)

        halves = clean("even", files[::2]), clean("odd", files[1::2])
        seconds = alternate({
            "single": clean("out.jsonl", [single]), "shared": clean("out.jsonl", [single], jobs=2),
            "one": clean("one", files), "two": clean("two", files, jobs=2),
            "concurrent": partial(_run_concurrently, halves),
        }, runs)  # fmt: skip
    rows = (
        rate("one file, start-up and loading included", single_size, seconds["single"], "MB/s"),
        rate("one file, `--jobs 2`", single_size, seconds["shared"], "MB/s"),
        ratio("one file, `--jobs 2` relative to `--jobs 1`", seconds["single"], seconds["shared"]),
        rate(f"{_FILES} files, one worker", corpus_size, seconds["one"], "MB/s"),
        rate(f"{_FILES} files, two workers", corpus_size, seconds["two"], "MB/s"),
        ratio("two workers relative to one", seconds["one"], seconds["two"], WORKERS),
        ratio("two commands at once, half of the files each, relative to one", seconds["one"], seconds["concurrent"]),
    )
    setting = (
        f"`detector clean` from JSON Lines to JSON Lines: one file of {single_size:.0f} MB; {_FILES} files of "
        f"{corpus_size:.0f} MB in total. Alternating runs: {runs}. The last row is the most that the machine allows."
    )
    return Section("Whole processes", setting, rows)


def _run_concurrently(functions: Sequence[Callable[[], object]]) -> None:
    with ThreadPoolExecutor(len(functions)) as threads:
        for future in [threads.submit(function) for function in functions]:
            future.result()


def start(texts: Sequence[str], runs: int) -> Section:
    """The start-up of the command on a small file, relative to ``python -c "import numpy"``, its help and version."""
    starts = STARTS * runs
    with temporary_folder(100) as folder:
        environment = command_environment(folder)
        commands = {
            "clean": detector_command("clean", _small_file(texts, folder)), "numpy": IMPORT_NUMPY,
            "help": detector_command("--help"), "version": detector_command("--version"),
        }  # fmt: skip
        seconds = alternate({name: partial(run, command, environment) for name, command in commands.items()}, starts)
    rows = (
        ratio(f"`detector clean` relative to {NUMPY}", seconds["clean"], seconds["numpy"], START),
        duration("`detector clean`", seconds["clean"]),
        duration(NUMPY, seconds["numpy"]),
        duration("`detector --help`", seconds["help"]),
        duration("`detector --version`", seconds["version"]),
    )
    setting = f"`detector clean` on a file of {_ARTICLE / 1000:.0f} kB. Alternating runs: {starts}."
    return Section("Start-up", setting, rows)


def memory(texts: Sequence[str], megabytes: float, parent: Path | None = None) -> Section:
    """The peak memory of the command with one worker on one large file, and of the first one after an installation."""
    with temporary_folder(2 * megabytes, parent) as folder:
        first = [_first_command(texts, folder, number) for number in range(_FIRST)]
        size = write_jsonl(folder / "large.jsonl", texts, megabytes)
        command = detector_command("clean", folder / "large.jsonl", "-o", folder / "out.jsonl", "-q")
        usage = run(command, command_environment(folder))
    rows = (
        Result("peak memory (largest resident set)", usage.megabytes, "MB", MEMORY),
        Result("`detector clean` on the file", size / usage.seconds, "MB/s"),
        Result("peak memory of the first command", median(first), "MB", MEMORY, tuple(first)),
    )
    setting = (
        f"JSON Lines to JSON Lines, a file of {size / 1000:.3g} GB, one worker, one run. The first command after an "
        f"installation cleans {_ARTICLE / 1000:.0f} kB, and compiles all modules to bytecode; runs: {_FIRST}."
    )
    return Section("Memory", setting, rows)


def _first_command(texts: Sequence[str], folder: Path, number: int) -> float:
    """The peak memory in megabytes of a command that finds no bytecode, not even of libraries."""
    empty = folder / f"first-{number}"
    empty.mkdir()
    return run(detector_command("clean", _small_file(texts, folder)), command_environment(empty)).megabytes


def _small_file(texts: Sequence[str], folder: Path) -> Path:
    file = folder / "article.txt"
    file.write_bytes("\n\n".join(texts).encode("utf-8", "surrogateescape")[:_ARTICLE])
    return file
