"""Versions of this package, each with an interpreter of its own, and processes that measure them."""

from __future__ import annotations

import contextlib
import json
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, cast

from detector.errors import UsageError
from training.subprocesses import ROOT, THREAD_VARIABLES, CommandError, command_environment

_FORM = "give --against 'NAME: [VARIABLE=VALUE ...] PYTHON'"
_ASSIGNMENT = re.compile(r"\w+=")


@dataclass(frozen=True)
class Version:
    """A version of this package: its name in results, the interpreter that finds it, and environment variables."""

    name: str
    python: str
    variables: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def parse(cls, given: str) -> Version:
        """The version that an option describes: ``plain: DETECTOR_NUMBA=0 old/bin/python``.

        Raises `UsageError` for anything else, and for an interpreter that does not exist.
        """
        name, _, command = given.partition(":")
        *variables, python = shlex.split(command) or [""]
        if not name.strip() or not all(_ASSIGNMENT.match(variable) for variable in variables):
            raise UsageError(f"{given!r}: {_FORM}")
        if not shutil.which(python):
            raise UsageError(f"{given!r}: there is no interpreter {python!r}; {_FORM}")
        return cls(name.strip(), python, dict(variable.split("=", 1) for variable in variables))

    def environment(self, scratch: Path, **variables: str) -> dict[str, str]:
        """The environment of its processes; see `command_environment`. This checkout is not found in it."""
        return command_environment(scratch, **{"PYTHONPATH": "", **variables, **self.variables})


THIS = Version("this version", sys.executable, {"PYTHONPATH": str(ROOT)})


@dataclass(frozen=True)
class Inputs:
    """What `training.worker` measures: texts, repeated so many times, and articles for single calls."""

    texts: Sequence[str]
    articles: Sequence[str]
    repeated: int = 1

    def write(self, path: Path) -> Path:
        """Write them as JSON."""
        path.write_text(json.dumps(vars(self)), encoding="utf-8")
        return path


@dataclass(frozen=True)
class About:
    """What a worker says of itself: version, file and libraries of its package; the seconds that loading took."""

    version: str
    file: str
    libraries: Mapping[str, str]
    load: float


class Worker:
    """The client of a process that measures a version (`training.worker`)."""

    def __init__(self, process: subprocess.Popen[str], errors: IO[str]) -> None:
        self._requests, self._answers = cast(IO[str], process.stdin), cast(IO[str], process.stdout)
        self._command, self._errors = process.args, errors
        self.about = About(**self._answer())

    def measure(self, name: str) -> float:
        """The seconds of a measurement. Raises `CommandError` where it fails."""
        with contextlib.suppress(BrokenPipeError):  # the process has ended: there is no answer
            self._requests.write(f"{name}\n")
            self._requests.flush()
        return float(self._answer())

    def _answer(self) -> Any:  # noqa: ANN401
        line = self._answers.readline()
        if not line:
            self._errors.seek(0)
            raise CommandError(f"{self._command!r} failed: {self._errors.read().strip()[-1000:]}")
        return json.loads(line)


@contextlib.contextmanager
def working(version: Version, inputs: Path, scratch: Path) -> Iterator[Worker]:
    """A process that has loaded the version's model, and computes with one thread.

    Raises `CommandError` where it cannot be started.
    """
    environment = version.environment(scratch, **dict.fromkeys(THREAD_VARIABLES, "1"))
    command = (version.python, "-P", str(Path(__file__).with_name("worker.py")), str(inputs))
    pipe = subprocess.PIPE
    with (
        tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as errors,
        subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=errors, env=environment, text=True) as process,
    ):
        try:
            yield Worker(process, errors)
        finally:
            with contextlib.suppress(BrokenPipeError):  # the process ended before it could read everything
                cast(IO[str], process.stdin).close()
