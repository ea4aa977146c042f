"""Atomic writing: files that appear complete or not at all, and a locked folder for unfinished files."""

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
_NAME_PREFIX = 40  # characters of a file's name that the name of its temporary file begins with


@contextlib.contextmanager
def replacing(path: Path, scratch: Path | None = None) -> Iterator[BinaryIO]:
    """Open a temporary file that replaces ``path`` when the block ends. It is deleted if the block raises an error.

    A replaced file keeps its permissions; the umask decides the permissions of a new file. The temporary file is in the
    folder ``scratch``, which must be in the same file system; by default it is beside ``path``. If ``path`` exists and
    is not a file (a pipe, ``/dev/null``), it is written to directly. Raises `OSError` as `open` does.
    """
    path = path.resolve()
    if path.exists() and not path.is_file():
        with open(path, "wb") as stream:
            yield stream
        return
    handle, name = tempfile.mkstemp(dir=scratch or path.parent, prefix=f".{path.name[:_NAME_PREFIX]}.", suffix=".tmp")
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
    """Delete the temporary files beside ``path`` that killed processes left there."""
    for leftover in path.parent.glob(f".{glob.escape(path.name[:_NAME_PREFIX])}.*.tmp"):
        leftover.unlink(missing_ok=True)


def _mode(path: Path) -> int:
    """The permissions of a file; for a missing file, the permissions of a new file under the current umask."""
    try:
        return path.stat().st_mode & 0o7777
    except FileNotFoundError:
        mask = os.umask(0)
        os.umask(mask)
        return 0o666 & ~mask


@contextlib.contextmanager
def working_in(folder: Path) -> Iterator[Path]:
    """Lock ``folder``, creating it if it is missing, and make a scratch folder in it that is deleted at the end.

    Files that a killed process left in the scratch folder are deleted first. Raises `DataError` if another process has
    locked the folder.
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
    """Hold an advisory lock of the operating system, which is released even if the process is killed."""
    try:
        import fcntl
    except ImportError:  # Windows does not have these locks
        yield
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise DataError(
                f"{folder}: another run is writing there; wait until it has finished, or give another --output"
            ) from error
        except OSError:  # the file system does not support locks
            pass
        yield
    finally:
        os.close(handle)
