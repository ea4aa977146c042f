"""Files of unpruned counts, sorted rows, of a part of a corpus. They are merged without loss."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from detector.errors import DataError
from detector.evidence.paragraph_keys import KEY_VERSION
from detector.evidence.repeats_file import FORMAT, PARTIAL_ROWS, about_of, opened
from detector.repeats.rows import COLUMNS, Rows, merged
from detector.repeats.runs import MAX_RUNS, Runs
from detector.util.atomic import replacing
from detector.util.stored_arrays import ArrayWriter, StoredArraysError

_ABOUT = "about"
_BLOCK_ROWS = 1 << 14


def write_partial(runs: Runs, path: Path) -> None:
    """Write all rows of runs to a file, which appears complete or not at all. Raises `OSError`, `OutputError`."""
    if len(runs.paths) > 1:  # the number of rows comes first in the file
        single = Runs(runs.folder)
        single.add(runs.rows())
        runs = single
    rows = sum(each.stat().st_size for each in runs.paths) // (8 * COLUMNS)
    with replacing(path) as file, ArrayWriter(file) as writer:
        writer.write(_ABOUT, np.array([FORMAT, KEY_VERSION], dtype="<i8"))
        writer.write_blocks(PARTIAL_ROWS, np.dtype("<u8"), (rows, COLUMNS), runs.rows())


def add_partials(runs: Runs, paths: Sequence[Path]) -> None:
    """Add the rows of files to runs. Raises `UsageError` for a file that is missing, `DataError` for a wrong one."""
    for first in range(0, len(paths), MAX_RUNS):
        with contextlib.ExitStack() as stack:
            runs.add(merged([_rows(path, stack) for path in paths[first : first + MAX_RUNS]]))


def _rows(path: Path, stack: contextlib.ExitStack) -> Iterator[Rows]:
    reader = stack.enter_context(opened(path))
    try:
        if PARTIAL_ROWS not in reader.names:
            raise DataError(
                f"{path}: is pruned, or of another kind; merge what 'detector repeats learn --partial' writes"
            )
        about_of(reader, path, 2)
        before = np.zeros((0, COLUMNS), dtype=np.uint64)
        for rows in reader.blocks(PARTIAL_ROWS, "<u8", COLUMNS, _BLOCK_ROWS):
            _check_order(np.concatenate((before, rows)))
            before = rows[-1:]
            yield rows
    except StoredArraysError as error:
        raise DataError(f"{path}: is damaged ({error}); make it again, with 'repeats learn --partial'") from error


def _check_order(rows: Rows) -> None:
    """Raise `StoredArraysError` unless each row comes after the one before."""
    if len(rows) < 2:
        return
    rises = np.zeros(len(rows) - 1, dtype=np.bool_)
    for column in reversed(range(COLUMNS)):
        later, earlier = rows[1:, column], rows[:-1, column]
        rises = (later > earlier) | ((later == earlier) & rises)
    if not rises.all():
        raise StoredArraysError("its rows are not in order")
