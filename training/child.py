"""Run a command and measure it: seconds, peak memory, exit code. Also the small process that does the measuring.

The peak memory that Linux reports of a process is at least that of the process which started it, for the two share
their memory until the new program is loaded. So a command is started by a process of its own that has nothing in it:
this file, run as a script, on the standard library alone.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

THREADS = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")
_ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Ran:
    """What a command took: seconds from its start to its end, and its peak memory in megabytes.

    The memory is the largest resident set (``ru_maxrss``) of the command or of one of the processes it waited for:
    the largest single one, not their sum.
    """

    seconds: float
    megabytes: float


class CommandError(RuntimeError):
    """A command that was measured failed: its figures would mean nothing."""


def run(words: Sequence[object], environment: Mapping[str, str] | None = None) -> Ran:
    """Run a command to its end. Raises `CommandError`, with what it said, where it fails."""
    watcher = [sys.executable, "-S", "-E", __file__, *map(str, words)]
    done = subprocess.run(watcher, env=environment, capture_output=True, check=False)
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip()
        raise CommandError(f"{' '.join(map(str, words))} ended with {done.returncode}: {said[-1000:]}")
    return Ran(**json.loads(done.stdout))


def environment(scratch: Path, **variables: str) -> dict[str, str]:
    """An environment in which this checkout's command is found, and starts as an installed one would.

    Nothing is said of numpy's threads. Compiled byte code is kept in ``scratch``: where Python is forbidden to keep it,
    every start would compile anew what an installation has compiled once.
    """
    given = {name: value for name, value in os.environ.items() if name not in THREADS}
    kept = {"PYTHONPATH": str(_ROOT), "PYTHONPYCACHEPREFIX": str(scratch / "bytecode"), "PYTHONDONTWRITEBYTECODE": ""}
    return {**given, **kept, **variables}


def command(*arguments: object) -> list[object]:
    """The command ``detector`` of this checkout."""
    return [sys.executable, "-m", "detector", *arguments]


def _watch(words: Sequence[str]) -> int:
    """Run a command with its output left out, and print what it took as JSON."""
    start = time.perf_counter()
    process = subprocess.Popen(words, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - start
    process.returncode = os.waitstatus_to_exitcode(status)  # or it would be waited for once more
    unit = 1 if sys.platform == "darwin" else 1024  # of ru_maxrss: bytes there, KiB on Linux
    print(json.dumps({"seconds": seconds, "megabytes": usage.ru_maxrss * unit / 1e6}))
    return process.returncode & 0xFF  # a signal's number, which is negative, is a failure as well


if __name__ == "__main__":
    sys.exit(_watch(sys.argv[1:]))
