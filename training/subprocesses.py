"""Run a command and measure its time and its peak memory.

On Linux, the reported peak memory of a process is at least that of its parent, because the two share their memory until
the new program is loaded. So the command is started by a small process that imports only the standard library: this
file, run as a script.
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

THREAD_VARIABLES = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")
ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class ResourceUsage:
    """The wall-clock time of a command in seconds, and its peak memory in megabytes.

    The memory is the largest resident set (``ru_maxrss``) of the command or of a process that it waited for: the
    largest single one, not their sum.
    """

    seconds: float
    megabytes: float


class CommandError(RuntimeError):
    """A command that was to be measured failed."""


def run(command: Sequence[object], environment: Mapping[str, str] | None = None) -> ResourceUsage:
    """Run a command and measure it. Raises `CommandError`, with its standard error, where it fails."""
    words = list(map(str, command))
    done = subprocess.run(
        [sys.executable, "-S", "-E", __file__, *words], env=environment, capture_output=True, check=False
    )
    if done.returncode:
        message = done.stderr.decode(errors="replace").strip()
        raise CommandError(f"{' '.join(words)} failed with exit code {done.returncode}: {message[-1000:]}")
    return ResourceUsage(**json.loads(done.stdout))


def command_environment(scratch: Path, **variables: str) -> dict[str, str]:
    """An environment in which this checkout's command is found, and starts like an installed one.

    Variables that set the threads of NumPy are left out. Bytecode is cached in ``scratch``: with
    ``PYTHONDONTWRITEBYTECODE`` set, every start would compile modules that an installation has compiled already.
    """
    inherited = {name: value for name, value in os.environ.items() if name not in THREAD_VARIABLES}
    paths = {"PYTHONPATH": str(ROOT), "PYTHONPYCACHEPREFIX": str(scratch / "bytecode"), "PYTHONDONTWRITEBYTECODE": ""}
    return {**inherited, **paths, **variables}


def detector_command(*arguments: object) -> list[object]:
    """The command ``detector`` of this checkout with arguments."""
    return [sys.executable, "-m", "detector", *arguments]


def _run_and_print_usage(command: Sequence[str]) -> int:
    """Run a command, discard its output, and print its resource usage as JSON. Returns its exit code."""
    start = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - start
    process.returncode = os.waitstatus_to_exitcode(status)  # otherwise Popen would wait for it again
    unit = 1 if sys.platform == "darwin" else 1024  # ru_maxrss is in bytes on macOS, in KiB on Linux
    print(json.dumps({"seconds": seconds, "megabytes": usage.ru_maxrss * unit / 1e6}))
    return process.returncode & 0xFF  # negative after a signal, which is a failure as well


if __name__ == "__main__":
    sys.exit(_run_and_print_usage(sys.argv[1:]))
