"""Whole processes of the command: throughput, two workers relative to one, start-up, and peak memory."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from statistics import median

from training.inputs import temporary_folder, write_jsonl
from training.result import Bound, Result, Section, alternate, rate, ratio
from training.subprocesses import command_environment, detector_command, run

WORKERS, START, MEMORY = Bound(1.8), Bound(2, upper=True), Bound(300, upper=True)
_FILES = 16  # of the corpus
_CORPUS = 4  # size of the corpus relative to the other inputs, so that start-up does not dominate with two workers
ARTICLE = 5_000  # bytes of the small file
_STARTS = 4  # runs of a start relative to the other runs, because it is short


def throughput(texts: Sequence[str], megabytes: float, runs: int, parent: Path | None = None) -> Section:
    """The megabytes per second of the command on one file, and of one and two workers on many files."""
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
            "single": clean("out.jsonl", [single]), "one": clean("one", files), "two": clean("two", files, jobs=2),
            "concurrent": partial(_run_concurrently, halves),
        }, runs)  # fmt: skip
    rows = (
        rate("one file, start-up and loading included", single_size, seconds["single"], "MB/s"),
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
    """The start-up of the command on a small file, relative to ``python -c "import numpy"``."""
    starts = _STARTS * runs
    with temporary_folder(100) as folder:
        environment = command_environment(folder)
        article = folder / "article.txt"
        article.write_bytes("\n\n".join(texts).encode("utf-8", "surrogateescape")[:ARTICLE])
        seconds = alternate({
            "detector": lambda: run(detector_command("clean", article), environment),
            "numpy": lambda: run([sys.executable, "-c", "import numpy"], environment),
        }, starts)  # fmt: skip
    rows = (
        ratio('the command relative to `python -c "import numpy"`', seconds["detector"], seconds["numpy"], START),
        Result("the command", 1000 * median(seconds["detector"]), "ms"),
        Result('`python -c "import numpy"`', 1000 * median(seconds["numpy"]), "ms"),
    )
    setting = f"`detector clean` on a file of {ARTICLE / 1000:.0f} kB. Alternating runs: {starts}."
    return Section("Start-up", setting, rows)


def memory(texts: Sequence[str], megabytes: float, parent: Path | None = None) -> Section:
    """The peak memory of the command with one worker on one large file."""
    with temporary_folder(2 * megabytes, parent) as folder:
        size = write_jsonl(folder / "large.jsonl", texts, megabytes)
        command = detector_command("clean", folder / "large.jsonl", "-o", folder / "out.jsonl", "-q")
        usage = run(command, command_environment(folder))
    rows = (
        Result("peak memory (largest resident set)", usage.megabytes, "MB", MEMORY),
        Result("`detector clean` on the file", size / usage.seconds, "MB/s"),
    )
    return Section("Memory", f"JSON Lines to JSON Lines, a file of {size / 1000:.3g} GB, one worker, one run.", rows)
