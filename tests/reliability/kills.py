"""Kill runs at random moments, resume them, and compare the end with that of an undisturbed run.

    python tests/reliability/kills.py [N] [--seed SEED] [--model MODEL]

N (200) runs over some 200 small files, with one and two processes, are stopped once each: SIGKILL to the main process,
to one worker or to all of them, SIGTERM or SIGINT to the main process. What is then in the output folder has to be
complete. The next run has to end with the files, the lines of removed text and the counts of an undisturbed run. Prints
one line of figures; the exit code is 1 if a run was not as it should be.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
FILES, DEADLINE = 200, 120.0  # seconds
COUNTS = ("files", "documents", "kept", "removed", "rejected", "failed", "bytes")
STORY = ("The bridge over the Sola was closed on {day}.", "Engineers found a crack {number} metres long in the deck.")
APPEALS = ("Subscribe to our newsletter for {number} more stories.", "Follow us on social media.", "Share this article")
HOW = ("main", "worker", "all", "SIGTERM", "SIGINT")


@dataclass
class Figures:
    """What happened in all runs."""

    stopped: Counter[str] = field(default_factory=Counter)
    too_late: int = 0
    survived: int = 0
    slowest_stop: float = 0.0
    wrong: list[str] = field(default_factory=list)

    def line(self) -> str:
        """The figures as one line."""
        kinds = ", ".join(f"{name} {number}" for name, number in sorted(self.stopped.items()))
        return (
            f"{self.stopped.total()} runs stopped ({kinds}), {self.survived} went on without a worker, "
            f"{self.too_late} ended before; slowest stop {self.slowest_stop:.2f} s; {len(self.wrong)} wrong"
        )


@dataclass(frozen=True)
class Corpus:
    """The inputs, and the end of an undisturbed run over them."""

    folder: Path
    model: list[str]
    results: dict[str, bytes]
    removed: Counter[bytes]
    counts: dict[str, Any]
    seconds: float


def main() -> None:
    """Stop runs, and print what came of it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("runs", nargs="?", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--model")
    options = parser.parse_args()
    chance = random.Random(options.seed)
    figures = Figures()
    with tempfile.TemporaryDirectory(prefix="kills-") as folder:
        corpus = make_corpus(Path(folder), ["--model", options.model] if options.model else [])
        for number in range(options.runs):
            run = Path(folder) / "run"
            try_once(corpus, run, HOW[number % len(HOW)], 1 + number % 2, chance.random(), figures)
            shutil.rmtree(run)
    print(figures.line())
    for line in figures.wrong:
        print(line)
    sys.exit(bool(figures.wrong))


def make_corpus(folder: Path, model: list[str]) -> Corpus:
    """Write the inputs, and clean them undisturbed."""
    inputs = folder / "inputs"
    for number in range(FILES):
        (inputs / f"{number % 7}").mkdir(parents=True, exist_ok=True)
        texts = [text_of(number, record) for record in range(8)]
        if number % 2:
            (inputs / f"{number % 7}" / f"{number}.txt").write_text(texts[0])
        else:
            lines = [json.dumps({"text": text}) + "\n" for text in texts]
            lines[3:3] = ["not a record\n"] * (number % 10 == 0)
            (inputs / f"{number % 7}" / f"{number}.jsonl").write_text("".join(lines))
    whole = folder / "whole"
    started = time.monotonic()
    code = clean(inputs, whole, 1, model).wait(DEADLINE)
    if code != 1:  # for the records that cannot be read
        sys.exit(f"the undisturbed run ended with the exit code {code}")
    return Corpus(inputs, model, *end_of(whole), time.monotonic() - started)


def text_of(number: int, record: int) -> str:
    """An invented article with appeals in it."""
    lines = []
    for paragraph in range(3 + (number + record) % 5):
        lines += [line.format(day=paragraph + 1, number=number) for line in STORY]
        lines.append(APPEALS[(number + paragraph) % len(APPEALS)].format(number=record))
    return "\n".join(lines) + "\n"


def clean(inputs: Path, run: Path, jobs: int, model: list[str]) -> subprocess.Popen[bytes]:
    """Start the command."""
    arguments = ["-o", run / "out", "--removed", run / "removed.jsonl", "--jobs", str(jobs), "-q", *model]
    return subprocess.Popen(
        [sys.executable, "-m", "detector", "clean", inputs.name, *arguments],
        cwd=inputs.parent,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def end_of(run: Path) -> tuple[dict[str, bytes], Counter[bytes], dict[str, Any]]:
    """The results, the lines of removed text, and the counts of a run that has ended."""
    report = json.loads((run / "out" / "_summary.json").read_bytes())
    lines = Counter((run / "removed.jsonl").read_bytes().splitlines())
    return results(run), lines, {name: report[name] for name in COUNTS}


def results(run: Path) -> dict[str, bytes]:
    """The results that are there, by their paths."""
    out = run / "out"
    found = (path for path in out.rglob("*") if path.is_file() and not path.name.startswith(("_", ".")))
    return {
        path.relative_to(out).as_posix(): path.read_bytes()
        for path in found
        if not any(part.startswith(".") for part in path.relative_to(out).parts)
    }


def try_once(corpus: Corpus, run: Path, how: str, jobs: int, moment: float, figures: Figures) -> None:
    """Stop one run, check what it left, resume it, and check the end."""
    run.mkdir()
    process = clean(corpus.folder, run, jobs, corpus.model)
    time.sleep(moment * corpus.seconds)
    stopped = time.monotonic()
    stop(process, how)
    expected = {"SIGTERM": 143, "SIGINT": 130}.get(how, -signal.SIGKILL)
    label = f"{how}, {jobs} jobs, after {moment * corpus.seconds:.2f} s"
    try:
        code = process.wait(DEADLINE)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        figures.wrong.append(f"{label}: hangs")
        return
    if code == 1:
        figures.too_late += how != "worker"
        figures.survived += how == "worker"
    elif code in (expected, -signal.SIGINT, -signal.SIGTERM):  # the last two before the command has set its handlers
        figures.slowest_stop = max(figures.slowest_stop, time.monotonic() - stopped)
    else:
        figures.wrong.append(f"{label}: exit code {code}")
    figures.stopped[how] += 1
    check(corpus, run, process.pid, label, figures)


def stop(process: subprocess.Popen[bytes], how: str) -> None:
    """Send a signal to the main process, to one of its workers, or to all."""
    with suppress(ProcessLookupError):
        if how == "all":
            os.killpg(process.pid, signal.SIGKILL)
        elif how == "worker":
            os.kill(next(workers(process.pid), process.pid), signal.SIGKILL)
        else:
            process.send_signal(signal.SIGKILL if how == "main" else signal.Signals[how])


def workers(parent: int) -> Iterator[int]:
    """The worker processes of a process."""
    for path in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            parent_of_it = int((path / "stat").read_text().rpartition(")")[2].split()[1])
            if parent_of_it == parent and b"spawn_main" in (path / "cmdline").read_bytes():
                yield int(path.name)


def check(corpus: Corpus, run: Path, group: int, label: str, figures: Figures) -> None:
    """Check what a stopped run left, and the end of the run that resumes it."""
    wait_for_all(group)
    torn = [name for name, data in results(run).items() if data != corpus.results[name]]
    if torn:
        figures.wrong.append(f"{label}: torn: {', '.join(torn)}")
    code = clean(corpus.folder, run, 1, corpus.model).wait(DEADLINE)
    if code != 1:
        figures.wrong.append(f"{label}: resumed with the exit code {code}")
    elif different := differences(end_of(run), corpus):
        figures.wrong.append(f"{label}: resumed to other {different}")
    elif left := [path.name for path in run.rglob("*") if path.name.startswith(".") and path.name != ".detector-lock"]:
        figures.wrong.append(f"{label}: left {', '.join(left)}")


def differences(end: tuple[dict[str, bytes], Counter[bytes], dict[str, Any]], corpus: Corpus) -> str:
    """In what the end of a run differs from that of the undisturbed one; empty if it does not."""
    files, removed, counts = end
    odd = {
        "results": [name for name in files.keys() | corpus.results if files.get(name) != corpus.results.get(name)],
        "removed text": [*(removed - corpus.removed), *(corpus.removed - removed)],
        "counts": [name for name in counts if counts[name] != corpus.counts[name]],
    }
    return "; ".join(f"{name} ({len(found)}: {found[0]!r})" for name, found in odd.items() if found)


def wait_for_all(group: int) -> None:
    """Wait until all processes of a group have ended: the workers of one that was killed take a moment."""
    last = time.monotonic() + DEADLINE
    with suppress(ProcessLookupError):
        while time.monotonic() < last:
            os.killpg(group, 0)
            time.sleep(0.01)


if __name__ == "__main__":
    main()
