"""The command line of a fuzzing script, whose tries run in processes of their own, which may die."""

from __future__ import annotations

import argparse
import multiprocessing
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass
class FuzzRuns:
    """Runs until a time, each with a seed and a folder of its own. ``died`` counts the processes that did."""

    until: float
    seed: int
    folder: Path = field(default_factory=lambda: Path(tempfile.mkdtemp()))
    died: int = 0

    @classmethod
    def asked_for(cls, description: str) -> FuzzRuns:
        """The runs that the command line asks for: ``--minutes``, and the first ``--seed``."""
        parser = argparse.ArgumentParser(description=description)
        parser.add_argument("--minutes", type=float, default=10)
        parser.add_argument("--seed", type=int, default=0)
        given = parser.parse_args()
        return cls(time.monotonic() + 60 * given.minutes, given.seed)

    def reports(self, work: Callable[[int, float, Path, Any], None]) -> Iterator[Any]:
        """Call ``work`` with a seed, the time to end, a folder, and a queue; yields what it puts into that."""
        while time.monotonic() < self.until:
            place, report = self.folder / str(self.seed), multiprocessing.Queue()
            place.mkdir()
            process = multiprocessing.Process(target=work, args=(self.seed, self.until, place, report))
            process.start()
            process.join()
            self.seed += 1
            if process.exitcode:
                self.died += 1
                print(f"the process died with {process.exitcode}: see {place / 'tried'}")
            else:
                yield report.get()
