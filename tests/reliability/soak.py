"""A soak test: cleans gigabytes on two workers as an unattended user would, while faults are injected.

    python tests/reliability/soak.py [--gigabytes 20] [--minutes 20] [--output build/soak]
    python tests/reliability/soak.py --short

Each round writes a folder of files in all formats, cleans it with ``detector clean --jobs 2`` and starts the command
again until it is done. Meanwhile workers are killed every few seconds. In turn, the main process is killed, stopped by
a signal, or may not write large files, as on a full disk. Inputs have bad records, are cut short, or vanish. Then every
document must be in a result, rejected, or in a file that failed; results and removed text of some files must equal
those of an undisturbed run; no process, temporary file or traceback may be left. Anything else is printed, and the exit
code is 1.

Throughput is the size of the inputs before compression, divided by the time that the command ran. In the long form, its
mean over the last quarter of the rounds must be within 5 % of that over the second one. ``soak.json`` and ``soak.png``
hold the figures. Needs Linux or macOS, and the extra ``dev``.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from random import Random
from typing import Any

from soak_checks import Documents, check_round, check_sample
from soak_inputs import Input, write_inputs
from soak_process import Ended, Faults, Memory, run_command

KINDS = ("workers killed", "main process killed", "file size limited", "main process stopped")
DRIFT = 0.05  # largest difference of the last quarter's throughput from the second quarter's
_DISTURBED_RUNS = 3  # of one round; the last run of a round is left alone
_SAMPLE = 2  # files of each round that are cleaned again
_STOPPED_CODES = {signal.SIGKILL: -9, signal.SIGTERM: 143, signal.SIGINT: 130}


@dataclass(frozen=True)
class Size:
    """How much is cleaned: bytes in all and in one round, and the seconds after which no round begins.

    ``kill_every`` is the mean number of seconds between killed workers, ``kills`` their largest number in one run.
    """

    total: int
    round: int
    seconds: float
    kill_every: float
    kills: int

    @property
    def faults(self) -> Faults:
        """The faults of a run in which only workers are killed."""
        return Faults(self.kill_every, self.kills)


@dataclass
class Round:
    """The figures of a round: bytes before compression, seconds in which the command ran, and what was done to it."""

    kind: str
    bytes: int = 0
    seconds: float = 0
    runs: int = 0
    workers_killed: int = 0
    main_stopped: int = 0
    documents: Documents = field(default_factory=Documents)
    broken: list[str] = field(default_factory=list)


class Soak:
    """All rounds in one scratch folder. What a round wrote is deleted at its end."""

    def __init__(self, scratch: Path, size: Size) -> None:
        self._scratch, self._size = scratch, size
        self.rounds: list[Round] = []
        self.memory = Memory()

    def run(self) -> None:
        """Run rounds until there are enough bytes, or the time is over. Every kind of fault has its turn."""
        while len(self.rounds) % len(KINDS) or not self._is_done():
            folder = self._scratch / "round"
            folder.mkdir()
            done = self._round(folder, len(self.rounds))
            shutil.rmtree(folder)
            self.rounds.append(done)
            mb_per_second = done.bytes / done.seconds / 1e6
            print(
                f"round {len(self.rounds)} ({done.kind}): {done.bytes / 1e6:.0f} MB, {mb_per_second:.1f} MB/s, "
                f"{done.runs} runs, {done.workers_killed} workers killed",
                *done.broken,
                sep="\n  ",
                flush=True,
            )

    def _is_done(self) -> bool:
        totals = (sum(done.bytes for done in self.rounds), sum(done.seconds for done in self.rounds))
        return totals[0] >= self._size.total or totals[1] >= self._size.seconds

    def _round(self, folder: Path, number: int) -> Round:
        done, random = Round(KINDS[number % len(KINDS)]), Random(number)
        given = folder / "in"
        (folder / "tmp").mkdir()
        inputs = write_inputs(given, self._size.round, number)
        done.bytes = sum(one.size for one in inputs)
        command = ("clean", "in", "-o", "out", "--removed", "removed.jsonl", "--jobs", 2)
        vanishing = tuple(given / one.name for one in inputs if one.fate == "vanishes")
        faults = replace(self._faults(done, random), vanishing=vanishing)
        for _ in range(_DISTURBED_RUNS):
            ended = self._command(command, folder, faults, random, done)
            if not ended.stopped and faults.file_limit is None and ended.code in (0, 1, 3):
                break
            faults = self._size.faults
        for path in vanishing:
            path.unlink(missing_ok=True)
        if self._command(command, folder, Faults(), random, done).code != 1:  # some inputs are cut
            done.broken.append("the last run did not end with exit code 1 although inputs failed")
        done.documents, broken = check_round(given, folder / "out", inputs)
        done.broken += broken
        if not broken:
            done.broken += self._clean_again(folder, random.sample(_cleaned(given, inputs), _SAMPLE), done)
        return done

    def _faults(self, done: Round, random: Random) -> Faults:
        """The faults of a round's first run."""
        faults = self._size.faults
        stop_at = random.uniform(0.4, 1) * self._size.kill_every
        if done.kind == "main process killed":
            return replace(faults, stop=signal.SIGKILL, stop_at=stop_at)
        if done.kind == "main process stopped":
            return replace(faults, stop=random.choice((signal.SIGTERM, signal.SIGINT)), stop_at=stop_at)
        if done.kind == "file size limited":
            return replace(faults, file_limit=int(done.bytes / random.uniform(10, 100)))
        return faults

    def _command(self, command: Sequence[object], folder: Path, faults: Faults, random: Random, done: Round) -> Ended:
        """Run the command with faults, and note how it ended."""
        ended = run_command(command, folder, folder / "tmp", faults, random, self.memory, 120 + done.bytes / 0.5e6)
        done.runs += 1
        done.seconds += ended.seconds
        done.workers_killed += ended.killed
        done.main_stopped += ended.stopped
        expected = {_STOPPED_CODES[faults.stop]} if faults.stop and ended.stopped else {0, 1, 3}
        tail = "\n  ".join(ended.messages.splitlines()[-8:])
        if ended.hung:
            done.broken.append(f"the command did not end within {ended.seconds:.0f} seconds\n  {tail}")
        elif ended.code not in expected | {0, 1, 3}:
            done.broken.append(f"exit code {ended.code}, not {sorted(expected)}\n  {tail}")
        if "Traceback" in ended.messages:
            done.broken.append(f"a traceback was printed\n  {tail}")
        if ended.orphans:
            done.broken.append(f"{ended.orphans} workers outlived the main process")
        return ended

    def _clean_again(self, folder: Path, sample: Sequence[Input], done: Round) -> list[str]:
        """Clean some inputs without faults, and compare."""
        again = folder / "again"
        for one in sample:
            copy = again / "in" / one.name
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(folder / "in" / one.name, copy)
        command = ("clean", "in", "-o", "out", "--removed", "removed.jsonl")
        limit = 120 + done.bytes / 0.5e6
        ended = run_command(command, again, folder / "tmp", Faults(), Random(0), Memory(), limit)
        if ended.code not in (0, 1, 3):
            return [f"the undisturbed run ended with exit code {ended.code}\n  {ended.messages[-500:]}"]
        return check_sample(sample, folder, again)


def _cleaned(given: Path, inputs: Sequence[Input]) -> list[Input]:
    return [one for one in inputs if one.fate == "whole" and (given / one.name).exists()]


def throughput(rounds: Sequence[Round]) -> float:
    """Megabytes per second over some rounds."""
    return sum(done.bytes for done in rounds) / max(sum(done.seconds for done in rounds), 1e-9) / 1e6


def quarters(rounds: Sequence[Round]) -> list[float]:
    """The throughput of each quarter, with every kind of fault equally often in each; empty for too few rounds."""
    length = len(rounds) // (4 * len(KINDS)) * len(KINDS)
    return [throughput(rounds[n * length : (n + 1) * length]) for n in range(4)] if length else []


def report(soak: Soak) -> dict[str, Any]:
    """All figures of a soak test."""
    total = Documents()
    for done in soak.rounds:
        total.add(done.documents)
    return {
        "python": platform.python_version(), "system": platform.system(), "cores": os.cpu_count(),
        "gigabytes": round(sum(done.bytes for done in soak.rounds) / 1e9, 3),
        "seconds": round(sum(done.seconds for done in soak.rounds), 1),
        "runs": sum(done.runs for done in soak.rounds),
        "workers_killed": sum(done.workers_killed for done in soak.rounds),
        "main_stopped": sum(done.main_stopped for done in soak.rounds),
        "documents": {**asdict(total), "lost": total.lost},
        "mb_per_second": round(throughput(soak.rounds), 2),
        "quarters_mb_per_second": [round(value, 2) for value in quarters(soak.rounds)],
        "peak_mb_of_all_processes": max((sample[1] for sample in soak.memory.samples), default=0),
        "peak_mb_of_one_process": max((sample[2] for sample in soak.memory.samples), default=0),
        "broken": [line for done in soak.rounds for line in done.broken],
        "rounds": [
            {"kind": done.kind, "bytes": done.bytes, "seconds": round(done.seconds, 2), "runs": done.runs,
             "workers_killed": done.workers_killed} for done in soak.rounds
        ],
        "memory": soak.memory.samples[:: len(soak.memory.samples) // 2000 + 1],
    }  # fmt: skip


def plot(figures: dict[str, Any], path: Path) -> None:
    """Draw throughput and memory over time."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 5), layout="constrained")
    speed, memory = figure.subplots(2, 1, sharex=True)
    ends, end = [], 0.0
    for done in figures["rounds"]:
        end += done["seconds"]
        ends.append(end / 60)
    speeds = [done["bytes"] / done["seconds"] / 1e6 for done in figures["rounds"]]
    speed.step([0, *ends], [*speeds[:1], *speeds], where="pre")
    speed.set(ylabel="MB per second", ylim=(0, None), title="Throughput of each round")
    minutes = [sample[0] / 60 for sample in figures["memory"]]
    memory.plot(minutes, [sample[1] for sample in figures["memory"]], label="all processes", linewidth=0.8)
    memory.plot(minutes, [sample[2] for sample in figures["memory"]], label="the largest one", linewidth=0.8)
    memory.set(xlabel="minutes", ylabel="MB", ylim=(0, None), title="Resident memory")
    memory.legend(loc="lower right")
    figure.savefig(path, dpi=110)


def main() -> int:
    """Run the soak test. Returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--gigabytes", type=float, default=20, help="bytes to clean, before compression")
    parser.add_argument("--minutes", type=float, default=20, help="time of cleaning after which it stops")
    parser.add_argument("--round-megabytes", type=float, default=256, help="size of one round")
    parser.add_argument("--kill-every", type=float, default=4, help="mean seconds between killed workers")
    parser.add_argument("--kills", type=int, default=4, help="workers that are killed in one run, at most")
    parser.add_argument("--output", type=Path, default=Path("build/soak"), help="folder for soak.json and soak.png")
    parser.add_argument("--short", action="store_true", help="50 MB in about a minute; throughput is not compared")
    given = parser.parse_args()
    size = Size(
        int(given.gigabytes * 1e9), int(given.round_megabytes * 1e6), given.minutes * 60, given.kill_every, given.kills
    )
    if given.short:
        size = Size(50_000_000, 12_500_000, 60, kill_every=0.5, kills=3)
    start = time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="soak-") as scratch:
        soak = Soak(Path(scratch), size)
        soak.run()
    figures = report(soak)
    each = figures["quarters_mb_per_second"]
    if not given.short and each and abs(each[3] / each[1] - 1) > DRIFT:
        figures["broken"].append(f"throughput of the second quarter {each[1]} MB/s, of the last one {each[3]} MB/s")
    given.output.mkdir(parents=True, exist_ok=True)
    (given.output / "soak.json").write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    plot(figures, given.output / "soak.png")
    print({name: value for name, value in figures.items() if name not in ("rounds", "memory")})
    print(f"{time.perf_counter() - start:.0f} seconds in all; {given.output}/soak.json, soak.png")
    return 1 if figures["broken"] else 0


if __name__ == "__main__":
    sys.exit(main())
