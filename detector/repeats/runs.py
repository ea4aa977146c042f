"""External sorting: sorted rows in files, which are merged a block at a time."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np

from detector.repeats.rows import COLUMNS, Rows, merged
from detector.util.output import open_output

MAX_RUNS = 64  # that are merged at a time
_BLOCK_ROWS = 1 << 14  # of a run that are read at a time
_ROW_BYTES = 8 * COLUMNS
_NUMBER = "<u8"  # in files, on every machine


class Runs:
    """Files of sorted rows in a folder of their own inside ``folder``, by default that for temporary files.

    There are never more than `MAX_RUNS` of them: then they are merged into one. The folder is deleted by `close`.
    Writing raises `OutputError`.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="detector-repeats-", dir=folder))
        self.paths: list[Path] = []

    def add(self, blocks: Iterable[Rows]) -> None:
        """Add a run, given as blocks of its sorted rows."""
        path = self.folder / f"{os.urandom(8).hex()}.run"
        with open_output(path, "xb", f"{self.folder} (temporary files)") as file:
            for rows in blocks:
                file.write(np.ascontiguousarray(rows, dtype=_NUMBER).data)
        self.take([path])

    def take(self, paths: Sequence[Path]) -> None:
        """Take over runs that others have written in the same file system."""
        for path in paths:
            if path.parent != self.folder:
                shutil.move(path, self.folder / path.name)
            self.paths.append(self.folder / path.name)
            if len(self.paths) >= MAX_RUNS:
                several, self.paths = self.paths, []
                self.add(_merged_files(several))
                for each in several:
                    each.unlink()

    def rows(self) -> Iterator[Rows]:
        """All rows in order, each once, in blocks."""
        return _merged_files(self.paths)

    def close(self) -> None:
        """Delete all files."""
        shutil.rmtree(self.folder, ignore_errors=True)


def _merged_files(paths: Sequence[Path]) -> Iterator[Rows]:
    with contextlib.ExitStack() as stack:
        yield from merged([_blocks(path, stack) for path in paths])


def _blocks(path: Path, stack: contextlib.ExitStack) -> Iterator[Rows]:
    file = stack.enter_context(path.open("rb"))
    while block := file.read(_BLOCK_ROWS * _ROW_BYTES):
        yield np.frombuffer(block, dtype=_NUMBER).reshape(-1, COLUMNS)
