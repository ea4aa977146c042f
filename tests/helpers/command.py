"""Calling the command as a person does, in this process or in one of its own."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from tiny import ROOT

from detector.cli.main import main

MODULE = ("-m", "detector")
COMMAND = (sys.executable, *MODULE)


@dataclass(frozen=True)
class Called:
    """The result of a call."""

    code: int
    out: bytes
    err: str


@dataclass(frozen=True)
class Command:
    """The command with a model, in this process."""

    model: Path
    capture: pytest.CaptureFixture[bytes]
    patch: pytest.MonkeyPatch

    def __call__(self, *arguments: object, stdin: bytes = b"", model: bool = True) -> Called:
        """Call it; ``model`` adds the option --model."""
        given = [str(argument) for argument in arguments]
        self.patch.setattr(sys, "argv", ["detector", *given, *(["--model", str(self.model)] if model else [])])
        self.patch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin)))
        before = signal.getsignal(signal.SIGTERM)
        self.capture.readouterr()
        try:
            with pytest.raises(SystemExit) as ended:
                main()
        finally:
            signal.signal(signal.SIGTERM, before)
        captured = self.capture.readouterr()
        return Called(int(ended.value.code or 0), captured.out, captured.err.decode())


def environment() -> dict[str, str]:
    """An environment in which a process finds this checkout, wherever it starts."""
    return {**os.environ, "PYTHONPATH": str(ROOT)}


def start(
    *arguments: object,
    program: tuple[str, str] = MODULE,
    cwd: Path | None = None,
    stdout: int = subprocess.PIPE,
    new_group: bool = False,
) -> subprocess.Popen[bytes]:
    """Start the command in a process of its own."""
    return subprocess.Popen(
        [sys.executable, *program, *map(str, arguments)],
        stdout=stdout,
        stderr=subprocess.PIPE,
        cwd=cwd,
        env=environment(),
        start_new_session=new_group,
    )


def tree(folder: Path, without: Sequence[str] = ()) -> dict[str, bytes]:
    """All files below a folder, hidden ones too, and their contents."""
    files = (file for file in folder.rglob("*") if file.is_file())
    return {f.relative_to(folder).as_posix(): f.read_bytes() for f in files if f.name not in without}


def read_sidecar(path: Path) -> list[dict[str, object]]:
    """The lines of a file of removed or rejected records, by its extension."""
    if path.suffix == ".parquet":
        rows: list[dict[str, object]] = pytest.importorskip("pyarrow.parquet").read_table(path).to_pylist()
        return rows
    if path.suffix == ".gz":
        import gzip

        return [json.loads(line) for line in gzip.open(path)]
    return [json.loads(line) for line in path.read_bytes().splitlines()]
