"""Files that appear whole or not at all, and a folder for what is not whole yet."""

from __future__ import annotations

import contextlib
import glob
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from detector.errors import DataError

SCRATCH_FOLDER = ".detector-unfinished"
_NAME = 40  # characters of a file's name that the name of its unfinished file begins with


@contextlib.contextmanager
def replacing(path: Path, scratch: Path | None = None) -> Iterator[BinaryIO]:
    """A file to write that takes the place of ``path`` when the block ends, and leaves no trace when it fails.

    It keeps the permissions of the file it replaces. Until then it stands in ``scratch``, a folder of the same file
    system, else beside ``path``. What is no file (a pipe, ``/dev/null``) is written to directly. Raises `OSError` as
    `open` does.
    """
    path = path.resolve()
    if path.exists() and not path.is_file():
        with open(path, "wb") as stream:
            yield stream
        return
    handle, name = tempfile.mkstemp(dir=scratch or path.parent, prefix=f".{path.name[:_NAME]}.", suffix=".tmp")
    try:
        with os.fdopen(handle, "wb") as file:
            yield file
        Path(name).chmod(_mode(path))
        Path(name).replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            Path(name).unlink()
        raise


def clear_unfinished(path: Path) -> None:
    """Remove what processes that were killed while they replaced a file have left beside it."""
    for left in path.parent.glob(f".{glob.escape(path.name[:_NAME])}.*.tmp"):
        left.unlink(missing_ok=True)


def _mode(path: Path) -> int:
    try:
        return path.stat().st_mode & 0o7777
    except FileNotFoundError:
        mask = os.umask(0)
        os.umask(mask)
        return 0o666 & ~mask


@contextlib.contextmanager
def working_in(folder: Path) -> Iterator[Path]:
    """A scratch folder inside ``folder``, which is made where it is missing; only one process at a time has it.

    What a process that was killed left in it is cleared away first. Raises `DataError` while another run is at work.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with _locked(folder):
        scratch = folder / SCRATCH_FOLDER
        shutil.rmtree(scratch, ignore_errors=True)
        scratch.mkdir()
        try:
            yield scratch
        finally:
            shutil.rmtree(scratch, ignore_errors=True)


@contextlib.contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """The system's lock on a folder: it ends with the process, however that ends."""
    try:
        import fcntl
    except ImportError:  # Windows has no such lock
        yield
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise DataError(f"{folder}: another run is writing there; wait for it, or give another --output") from error
        except OSError:  # a file system without locks
            pass
        yield
    finally:
        os.close(handle)
