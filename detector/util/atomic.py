"""Atomic writing: files that appear complete or not at all, and a locked folder for unfinished files."""

from __future__ import annotations

import contextlib
import errno
import os
import re
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO

from detector.errors import DataError
from detector.util.output import open_output, writing_to

SCRATCH_FOLDER = ".detector-unfinished"
LOCK_FILE = ".detector-lock"
_NAME_PREFIX = 20  # characters of a file's name that the name of its temporary file begins with
_TEMPORARY = re.compile(r"\..*\.[0-9a-f]{16}\.detector\.tmp", re.DOTALL)
_DESCRIPTOR_FOLDERS = re.compile(r"/dev/fd|/proc/(self|thread-self|\d+)/fd")


@contextlib.contextmanager
def replacing(path: Path, scratch: Path | None = None) -> Iterator[BinaryIO]:
    """Open a temporary file that replaces ``path`` when the block ends. It is deleted if the block raises an error.

    A replaced file keeps its permissions; the umask decides the permissions of a new file. The temporary file is in the
    folder ``scratch``, which must be in the same file system; by default it is beside ``path``. Its data is on the disk
    before it replaces ``path``; without ``scratch``, so is the change of the folder when the block ends. If ``path`` is
    a stream (a pipe, ``/dev/null``, ``/dev/stdout``), it is written to directly. Raises `OSError` as `open` does, and
    `OutputError` if the data cannot be written.
    """
    if is_stream(path):
        with _open_stream(path) as stream:
            yield stream
        return
    target = _target(path)
    temporary = (scratch or target.parent) / f".{target.name[:_NAME_PREFIX]}.{os.urandom(8).hex()}.detector.tmp"
    try:
        with _open_temporary(temporary, path) as file:
            yield file
            file.flush()
            with writing_to(path):
                os.fsync(file.fileno())
        temporary.chmod(_mode(target))
        temporary.replace(target)
    except BaseException:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise
    if scratch is None:
        sync_folder(target.parent)


def _target(path: Path) -> Path:
    """The file that a path names, through links. Raises `OSError` for a folder, and for links that form a circle."""
    with contextlib.suppress(FileNotFoundError):
        if stat.S_ISDIR(path.stat().st_mode):
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    return Path(os.path.realpath(path))


def is_stream(path: Path) -> bool:
    """Whether a path names something to be written to as it is: a pipe, a device, or an open file descriptor."""
    if _descriptor(path) is not None:
        return True
    try:
        mode = path.stat().st_mode
    except (OSError, ValueError):
        return False
    return not stat.S_ISREG(mode) and not stat.S_ISDIR(mode)


def sync_folder(folder: Path) -> None:
    """Have the names of the files in a folder written to the disk. Does nothing where the system cannot do that."""
    with contextlib.suppress(OSError):  # Windows, and file systems that cannot
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def clear_unfinished(folders: Iterable[Path]) -> None:
    """Delete the temporary files in these folders that killed processes left there."""
    for folder in set(folders):
        with contextlib.suppress(OSError), os.scandir(folder) as entries:
            for entry in entries:
                if _TEMPORARY.fullmatch(entry.name) and not _is_in_use(Path(entry.path)):
                    with contextlib.suppress(OSError):  # Windows deletes no file that is open
                        Path(entry.path).unlink()


def _open_stream(path: Path) -> BinaryIO:
    number = _descriptor(path)
    return open_output(path if number is None else os.dup(number), name=path)


def _descriptor(path: Path) -> int | None:
    """The number of the open file that a path such as ``/dev/stdout`` or ``/dev/fd/3`` names; None for other paths.

    The path itself cannot be opened in every case: it may be that of a socket, and a file would be written from its
    start.
    """
    for _ in range(40):  # links, as the system itself allows
        if path.name.isdecimal() and _DESCRIPTOR_FOLDERS.fullmatch(str(path.parent)):
            return int(path.name) if _is_own(path.parent) else None
        try:
            path = path.parent / path.readlink()
        except (OSError, ValueError):
            return None
    return None


def _is_own(folder: Path) -> bool:
    """Whether a folder of file descriptors is that of this process."""
    return folder.parent.name in ("dev", "self", "thread-self", str(os.getpid()))


def _open_temporary(temporary: Path, path: Path) -> BinaryIO:
    """Open a new file that only its owner may read, locked for as long as it is open."""
    try:
        file = open_output(temporary, "xb", path, lambda name, flags: os.open(name, flags, 0o600))
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(path)) from error
    _lock(file.fileno())
    return file


def _lock(handle: int) -> bool:
    """Lock an open file against other processes until it is closed, or its process ends. False if it is locked.

    Also False if the file system has no locks. On Windows every open file is safe from deletion.
    """
    try:
        import fcntl

        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    except ImportError:
        pass
    return True


def _is_in_use(temporary: Path) -> bool:
    """Whether a process is writing this temporary file."""
    try:
        handle = os.open(temporary, os.O_WRONLY)
    except OSError:
        return True
    try:
        return not _lock(handle)
    finally:
        os.close(handle)


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
    locked the folder, or nothing can be written there.
    """
    import shutil

    with locked(folder / LOCK_FILE, folder, "there", "give another --output"):
        scratch = folder / SCRATCH_FOLDER
        shutil.rmtree(scratch, ignore_errors=True)
        scratch.mkdir()
        try:
            yield scratch
        finally:
            shutil.rmtree(scratch, ignore_errors=True)


@contextlib.contextmanager
def locked(lock_file: Path, name: Path, where: str, remedy: str) -> Iterator[None]:
    """Hold a lock of the operating system, which is released even if the process is killed. The lock file stays.

    Its folder is created if it is missing. Who holds the lock may delete the file. Raises `DataError` if another run
    holds the lock, or there can be none. The message names what is locked, ``name``, says that the other run is writing
    ``where`` ("to it", "there"), and what else to do, ``remedy``.
    """
    from filelock import FileLock, Timeout

    lock = FileLock(lock_file)
    try:
        lock_file.parent.mkdir(parents=True, exist_ok=True)
        lock_file.touch()
        found = lock_file.stat()
        lock.acquire(timeout=0)
        if not lock_file.exists() or not os.path.samestat(found, lock_file.stat()):  # deleted before it was locked
            lock.release()
            raise Timeout(str(lock_file))
    except Timeout as error:
        raise DataError(f"{name}: another run is writing {where}; wait until it has finished, or {remedy}") from error
    except (OSError, NotImplementedError) as error:
        reason = getattr(error, "strerror", None) or error
        raise DataError(f"{name}: cannot be written or locked: {reason}; {remedy}") from error
    try:
        yield
    finally:
        lock.release()
