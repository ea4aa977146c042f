"""Sidecars: JSON Lines beside a result, plain, compressed or as Parquet by the extension of the file."""

from __future__ import annotations

import contextlib
import io
import os
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, BinaryIO

from detector.errors import DataError, UsageError
from detector.formats.compression import compressing, compression_of, decompressing
from detector.formats.compression import require as require_compression
from detector.formats.registry import format_by_extension
from detector.util.atomic import is_stream, locked, replacing
from detector.util.json_lines import json_line, parse_json_lines, read_json_lines
from detector.util.libraries import load_library
from detector.util.output import open_output
from detector.util.urls import Place, Url, named

_FORMATS = (None, "jsonl", "parquet")  # those that the name of a sidecar may have; None for an unknown extension
_LONGEST_NAME = 240  # bytes of a name that a hidden file's name can hold, where names have up to 255

Condition = Callable[[dict[str, Any]], bool]  # on the object of a line


def require(place: Place | None) -> None:
    """Raise `UsageError` if a sidecar cannot have this name, or needs a library that is not installed."""
    if place is None:
        return
    if isinstance(place, Url):
        from detector.corpus.remote_walk import is_remote_folder

        if is_remote_folder(place):
            raise UsageError(f"{place}: is a folder; name a file in it")
    path = named(place)
    if format_by_extension(path) not in _FORMATS:
        raise UsageError(
            f"{place}: this file gets JSON Lines or Parquet, but its name is that of another format; name it .jsonl, "
            ".jsonl.gz or .parquet"
        )
    if _is_parquet(path):
        if compression_of(path):
            raise UsageError(f"{place}: Parquet files are compressed inside; leave out {compression_of(path)}")
        load_library("pyarrow.parquet", "Parquet", "parquet")
    require_compression(compression_of(path))


def read_sidecar(path: Path, strict: bool = False) -> Iterator[dict[str, Any]]:
    """The lines of a sidecar, as they were written.

    A torn line, which a killed run leaves, is skipped; with ``strict``, it raises `DataError`, as does any line that is
    no JSON object. Raises `OSError` if the file cannot be read, `DataError` if it is compressed or Parquet and damaged.
    """
    with open(path, "rb") as file:
        if _is_plain(path):
            yield from _parsed(file, path, strict)
            return
        import tempfile

        with tempfile.TemporaryFile() as lines:
            _read_final(file, lines, path)
            lines.seek(0)
            yield from _parsed(lines, path, strict)


def _parsed(lines: BinaryIO, path: Path, strict: bool) -> Iterator[dict[str, Any]]:
    if not strict:
        yield from parse_json_lines(lines)
        return
    for number, line in enumerate(lines, 1):
        record = next(parse_json_lines([line]), None)
        if record is None:
            raise DataError(
                f"{path}: line {number} is no line of a file of removed text; the file was cut or changed: get it "
                "again, or mend the line"
            )
        yield record


def lines_by_file(path: Path | None) -> Counter[str]:
    """The number of lines for each file in a sidecar that earlier runs left, complete or as a working copy.

    Raises `DataError` if the sidecar is damaged.
    """
    counts: Counter[str] = Counter()
    if path is None or is_stream(path):
        return counts
    found = working_copy(path) if working_copy(path).exists() else path
    with contextlib.suppress(FileNotFoundError):
        counts.update(str(record.get("file")) for record in read_sidecar(found))
    return counts


@contextlib.contextmanager
def sidecar(path: Path | None) -> Iterator[BinaryIO | None]:
    """A stream for JSON Lines. They become the file ``path`` when the block ends; with None, there is no stream.

    If the block raises an error, an earlier file stays as it is.
    """
    if path is None:
        yield None
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    if _is_plain(path):
        with replacing(path) as file:
            yield file
        return
    import tempfile

    with replacing(path) as file, tempfile.TemporaryFile(buffering=0) as lines:
        with open_output(os.dup(lines.fileno()), name=f"{path}, in {tempfile.gettempdir()}") as stream:
            yield stream
        lines.seek(0)
        _write_final(lines, file, path)


@contextlib.contextmanager
def append_to_sidecar(
    path: Path | None, surplus: Counter[str] | None = None, is_replaced: Condition = lambda record: False
) -> Iterator[BinaryIO | None]:
    """A stream that appends JSON Lines to those of earlier runs.

    Of those, the first lines of each file are deleted, as many as ``surplus`` tells. When the block ends, so are the
    lines of earlier runs for which ``is_replaced`` is true by then. Lines that are flushed survive even if the process
    is killed. A compressed or Parquet file cannot be appended to: until the block ends, its lines are in a hidden
    working copy beside it, where the next run finds them. A stream (``/dev/stdout``) gets the new lines only.

    Raises `DataError` if another process is appending to the file, or it is damaged.
    """
    if path is None or is_stream(path):
        with sidecar(path) as stream:
            yield stream
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    with _locked(path), _appending(path, surplus or Counter(), is_replaced) as stream:
        yield stream


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[None]:
    lock_file = _hidden(Path(os.path.realpath(path)), "lock")  # the same for all links to a file
    with locked(lock_file, path, "to it", "name another file"):
        try:
            yield
        finally:
            with contextlib.suppress(OSError):  # Windows deletes no file that is open
                lock_file.unlink()


@contextlib.contextmanager
def _appending(path: Path, surplus: Counter[str], is_replaced: Condition) -> Iterator[BinaryIO]:
    copy = working_copy(path)
    if copy != path and path.exists() and not copy.exists():
        with replacing(copy) as lines, open(path, "rb") as file:
            _read_final(file, lines, path)
    _rewrite(copy, _without(surplus))
    earlier = copy.stat().st_size
    with open_output(copy, "ab", path) as stream:
        yield stream
    _delete_replaced(copy, earlier, lambda record: _names_file(record) and is_replaced(record))
    if copy != path:
        with replacing(path) as file, open(copy, "rb") as all_lines:
            _write_final(all_lines, file, path)
        copy.unlink()


def keep_lines(path: Path, keep: Condition) -> None:
    """Delete the lines of a file of JSON Lines that are incomplete, name no file, or for which ``keep`` is false."""
    _rewrite(path, lambda record: _names_file(record) and keep(record))


def _names_file(record: dict[str, Any]) -> bool:
    return isinstance(record.get("file"), str)


def _rewrite(path: Path, keep: Condition) -> None:
    with replacing(path) as file:
        file.writelines(json_line(record) for record in read_json_lines(path) if keep(record))


def _without(surplus: Counter[str]) -> Condition:
    """Whether a line stays, if the first ``surplus`` lines of each file go."""
    left = surplus.copy()

    def keep(record: dict[str, Any]) -> bool:
        file = str(record.get("file"))
        left[file] -= 1
        return left[file] < 0

    return keep


def _delete_replaced(path: Path, earlier: int, is_replaced: Condition) -> None:
    """Delete the lines among the first ``earlier`` bytes for whose objects ``is_replaced`` is true."""
    with open(path, "rb") as file:
        if not any(map(is_replaced, parse_json_lines(_until(file, earlier)))):
            return
    import shutil

    with replacing(path) as replacement, open(path, "rb") as file:
        kept = (record for record in parse_json_lines(_until(file, earlier)) if not is_replaced(record))
        replacement.writelines(map(json_line, kept))
        file.seek(earlier)
        shutil.copyfileobj(file, replacement)


def _until(file: BinaryIO, size: int) -> Iterator[bytes]:
    """The lines among the first ``size`` bytes of a file."""
    while size > 0 and (line := file.readline()):
        size -= len(line)
        yield line


def working_copy(path: Path) -> Path:
    """The file that lines are appended to: the sidecar itself if it holds plain lines, else a hidden file beside it."""
    return path if _is_plain(path) else _hidden(path, "unfinished")


def _hidden(path: Path, extension: str) -> Path:
    """A hidden file beside a file."""
    name = path.name
    if len(os.fsencode(name)) > _LONGEST_NAME:
        import hashlib

        name = hashlib.sha256(os.fsencode(name)).hexdigest()
    return path.with_name(f".{name}.{extension}")


def _is_plain(path: Path) -> bool:
    return not compression_of(path) and not _is_parquet(path)


def _is_parquet(path: Path) -> bool:
    return format_by_extension(path) == "parquet"


def _write_final(lines: BinaryIO | io.RawIOBase, file: BinaryIO, path: Path) -> None:
    """Write JSON Lines to ``file`` in the form that the name ``path`` asks for."""
    if _is_parquet(path):
        from detector.corpus import sidecar_parquet

        sidecar_parquet.write(lines, file)
        return
    import shutil

    with compressing(file, compression_of(path)) as stream:
        shutil.copyfileobj(lines, stream)


def _read_final(file: BinaryIO, lines: BinaryIO, path: Path) -> None:
    """Write to ``lines`` the JSON Lines that `_write_final` wrote to ``file``. Raises `DataError` if it is damaged."""
    if _is_parquet(path):
        from detector.corpus import sidecar_parquet

        lines.writelines(map(json_line, sidecar_parquet.read(file, str(path))))
        return
    import shutil

    try:
        shutil.copyfileobj(decompressing(file, compression_of(path)), lines)
    except OSError as error:
        if error.errno is not None:  # the file cannot be read; damaged data has no number
            raise
        raise DataError(f"{path}: {error}") from error
