"""Whole processes of the command: JSON Lines to JSON Lines, two workers against one, start, peak memory."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from statistics import median

from training.child import command, environment, run
from training.material import room, write_jsonl
from training.measured import Must, Part, Row, in_turns, rate, ratio

WORKERS, START, MEMORY = Must(1.8), Must(2, most=True), Must(300, most=True)
_FILES = 16  # that a corpus is cut up into
_CORPUS = 4  # times the megabytes of the other measurements: for two workers, start and loading must not dominate
ARTICLE = 5_000  # bytes of the small file
_STARTS = 4  # times as many runs of starts, which take a moment each


def throughput(texts: Sequence[str], megabytes: float, runs: int, folder: Path | None = None) -> Part:
    """Megabytes a second of the command on one file, and of two workers against one on many files."""
    with room(2 * (1 + _CORPUS) * megabytes, folder) as place:
        env = environment(place)
        single = place / "single.jsonl"
        amount = write_jsonl(single, texts, megabytes)
        files = [place / f"{number:02}.jsonl" for number in range(_FILES)]
        whole = sum(write_jsonl(file, texts, _CORPUS * megabytes / _FILES) for file in files)

        def clean(name: str, sources: Sequence[Path], jobs: int = 1) -> Callable[[], object]:
            return partial(run, command("clean", *sources, "-o", place / name, "-j", jobs, "--force", "-q"), env)

        halves = clean("even", files[::2]), clean("odd", files[1::2])
        seconds = in_turns({
            "single": clean("out.jsonl", [single]), "one": clean("one", files), "two": clean("two", files, jobs=2),
            "apart": partial(_at_once, halves),
        }, runs)  # fmt: skip
    rows = (
        rate("one file, start and loading included", amount, seconds["single"], "MB/s"),
        rate(f"{_FILES} files, one worker", whole, seconds["one"], "MB/s"),
        rate(f"{_FILES} files, two workers", whole, seconds["two"], "MB/s"),
        ratio("two workers against one", seconds["one"], seconds["two"], WORKERS),
        ratio("two commands at once with half the files each, against one", seconds["one"], seconds["apart"]),
    )
    setting = (
        f"`detector clean` from JSON Lines to JSON Lines: a file of {amount:.0f} MB, {_FILES} files of together "
        f"{whole:.0f} MB. Runs in turns: {runs}. The last row is what the machine gives at best."
    )
    return Part("Whole processes", setting, rows)


def _at_once(work: Sequence[Callable[[], object]]) -> None:
    with ThreadPoolExecutor(len(work)) as threads:
        for done in [threads.submit(piece) for piece in work]:
            done.result()


def start(texts: Sequence[str], runs: int) -> Part:
    """The command on a small file against ``python -c "import numpy"``."""
    number = _STARTS * runs
    with room(100) as place:
        env = environment(place)
        article = place / "article.txt"
        article.write_bytes("\n\n".join(texts).encode("utf-8", "surrogateescape")[:ARTICLE])
        seconds = in_turns({
            "detector": lambda: run(command("clean", article), env),
            "numpy": lambda: run([sys.executable, "-c", "import numpy"], env),
        }, number)  # fmt: skip
    rows = (
        ratio('the command against `python -c "import numpy"`', seconds["detector"], seconds["numpy"], START),
        Row("the command", 1000 * median(seconds["detector"]), "ms"),
        Row('`python -c "import numpy"`', 1000 * median(seconds["numpy"]), "ms"),
    )
    return Part("Start", f"`detector clean` of a file of {ARTICLE / 1000:.0f} kB. Runs in turns: {number}.", rows)


def memory(texts: Sequence[str], megabytes: float, folder: Path | None = None) -> Part:
    """The peak memory of the command, one worker, on one large file."""
    with room(2 * megabytes, folder) as place:
        written = write_jsonl(place / "large.jsonl", texts, megabytes)
        ran = run(command("clean", place / "large.jsonl", "-o", place / "out.jsonl", "-q"), environment(place))
    rows = (
        Row("peak memory (largest resident set)", ran.megabytes, "MB", MEMORY),
        Row("`detector clean` of the file", written / ran.seconds, "MB/s"),
    )
    return Part("Memory", f"JSON Lines to JSON Lines, a file of {written / 1000:.3g} GB, one worker, one run.", rows)
