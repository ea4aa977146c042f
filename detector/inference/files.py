"""The files of a model's folder: reading and writing them, and what is no model's folder."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Iterable, Mapping
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

from detector.errors import ModelError, UsageError
from detector.inference.shipped import ARRAYS_FILE, METADATA_FILE
from detector.util.atomic import replacing
from detector.util.output import writing_to

CONTENTS = f"a model is a folder with {ARRAYS_FILE} and {METADATA_FILE}"
MAX_METADATA = 1 << 20  # bytes; those of models are far smaller
_DIGEST = 64  # hexadecimal digits


def read_file(file: Path, most: int) -> bytes:
    """The bytes of a regular file of a model; a pipe or a device is not waited for.

    Raises `ModelError` for anything else, and for more than ``most`` bytes.
    """
    try:
        with open(file, "rb", opener=_open_without_waiting) as stream:
            status = os.fstat(stream.fileno())
            if not stat.S_ISREG(status.st_mode):
                raise ModelError(f"{file}: not a regular file; {CONTENTS}")
            if status.st_size > most:
                raise ModelError(f"{file}: larger than any model ({status.st_size:,} bytes); copy the folder again")
            return stream.read(status.st_size)
    except FileNotFoundError as error:
        raise ModelError(f"{file}: no such file; {CONTENTS}") from error
    except (OSError, ValueError) as error:
        raise ModelError(f"{file}: cannot be read ({error}); {CONTENTS}") from error


def _open_without_waiting(file: str, flags: int) -> int:
    return os.open(file, flags | getattr(os, "O_NONBLOCK", 0))  # Windows has neither the flag nor such pipes


def read_metadata(folder: Path) -> dict[str, Any]:
    """The metadata of the model in a folder. Raises `ModelError` if they are missing or cannot be read."""
    file = folder / METADATA_FILE
    return parse_metadata(read_file(file, MAX_METADATA), file)


def parse_metadata(content: bytes, file: Path) -> dict[str, Any]:
    """Metadata from the content of a file. Raises `ModelError`."""
    try:
        metadata = json.loads(content.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise ModelError(f"{file}: cannot be read as JSON ({error}); copy or train the model again") from error
    if not isinstance(metadata, dict):
        raise ModelError(f"{file}: contains a {type(metadata).__name__}, not an object; copy or train the model again")
    return metadata


def encoded_metadata(metadata: Mapping[str, Any]) -> bytes:
    """The content of the file of metadata; lone surrogates are escaped.

    Raises `ValueError` for values that JSON does not have, and for more bytes than are read again.
    """
    try:
        text = json.dumps(metadata, indent=1, ensure_ascii=False)
    except (TypeError, RecursionError) as error:
        raise ValueError(f"its metadata are not values of JSON ({error})") from error
    content = f"{text}\n".encode("utf-8", "backslashreplace")
    if len(content) > MAX_METADATA:
        raise ValueError(f"its metadata have {len(content):,} bytes; {MAX_METADATA:,} are the most")
    return content


def write_files(folder: Path, contents: dict[str, bytes]) -> None:
    """Write files to a folder, which is made if it is missing.

    They replace older ones in the given order, the first of them when all are on the disk. Raises `ModelError` if the
    folder cannot be written, and `OutputError` if the disk is full.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with ExitStack() as stack:
            for name, content in reversed(contents.items()):  # the last one to be opened is the first one to replace
                file = stack.enter_context(replacing(folder / name))
                file.write(content)
                file.flush()
                with writing_to(folder / name):
                    os.fsync(file.fileno())
    except OSError as error:
        raise ModelError(f"{folder}: the model cannot be written there ({error})") from error


def write_metadata(folder: Path, metadata: Mapping[str, Any], others: Mapping[str, bytes] | None = None) -> None:
    """Write the metadata of a model, and ``others``, files by their names. Files appear complete or not at all.

    None is replaced unless all could be written to the disk; the metadata are replaced last. Raises `ModelError` if the
    metadata could not be read again or the folder cannot be written, and `OutputError` if the disk is full.
    """
    try:
        content = encoded_metadata(metadata)
    except ValueError as error:
        raise ModelError(f"{folder}: the metadata are not written, because they could not be read: {error}") from error
    write_files(folder, {**(others or {}), METADATA_FILE: content})


def check_folder(folder: Path, names: Iterable[str]) -> None:
    """Check that files of these names can be written to a folder as a model's. Nothing stays there from trying.

    Raises `ModelError` if the folder cannot be made or written, and `UsageError` if it is a file, or if the model would
    replace files that are not a model's.
    """
    if folder.is_file():
        raise UsageError(f"{folder}: is a file; choose another folder")
    _try_to_write(folder)
    there = [name for name in names if (folder / name).exists()]
    if there and not _holds_model(folder):
        raise UsageError(f"{folder}: has a {there[0]} and is no model; choose another folder")


def _try_to_write(folder: Path) -> None:
    import tempfile

    made = list[Path]()
    try:
        for each in reversed((folder, *folder.parents)):
            if not each.exists():
                each.mkdir()
                made.append(each)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except (OSError, ValueError) as error:
        raise ModelError(f"{folder}: a model cannot be written there ({error}); choose another folder") from error
    finally:
        for each in reversed(made):
            with suppress(OSError):
                each.rmdir()


def _holds_model(folder: Path) -> bool:
    """Whether the metadata in a folder are those of a model, of whatever version."""
    try:
        metadata = read_metadata(folder)
    except ModelError:
        return False
    digest = metadata.get("sha256")
    return isinstance(digest, str) and len(digest) == _DIGEST and type(metadata.get("format")) is int
