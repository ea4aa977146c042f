"""Writing files and folders of labelled documents: complete, or not at all."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from detector.errors import DataError, UsageError
from detector.formats.compression import compressing, compression_of, require
from detector.util.atomic import replacing
from detector.util.output import OutputError, standard_output

STDOUT = Path("-")


@contextlib.contextmanager
def writing(path: Path) -> Iterator[BinaryIO]:
    """A stream of bytes for a file that appears when the block ends; compressed as its extension says.

    The path ``-`` is standard output. Raises `OutputError` if nothing can be written there.
    """
    if path == STDOUT:
        with standard_output() as stream:
            yield stream
        return
    require(compression_of(path))
    try:
        with replacing(path) as file, compressing(file, compression_of(path)) as stream:
            yield stream
    except OSError as error:
        raise OutputError(f"{path}: cannot be written: {error.strerror or error}; choose another place") from error


@contextlib.contextmanager
def writing_folder(path: Path) -> Iterator[Path]:
    """A folder to fill, which gets the name ``path`` when the block ends. It is deleted if the block raises an error.

    Raises `DataError` if there is something in ``path``, `UsageError` if that is standard output, and `OutputError` if
    nothing can be written there.
    """
    if path == STDOUT:
        raise UsageError("-: standard output is no folder, which this format is; name a new folder")
    try:
        if path.exists() and (not path.is_dir() or any(path.iterdir())):
            raise DataError(f"{path}: exists, and is not an empty folder; name a new folder")
        temporary = path.parent / f".{path.name[:20]}.{os.urandom(8).hex()}.detector.tmp"
        temporary.mkdir(parents=True)
        try:
            yield temporary
            with contextlib.suppress(FileNotFoundError):
                path.rmdir()
            temporary.rename(path)
        except BaseException:
            shutil.rmtree(temporary, ignore_errors=True)
            raise
    except OSError as error:
        raise OutputError(f"{path}: cannot be written: {error.strerror or error}; choose another place") from error
