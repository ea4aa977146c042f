"""Sidecars: JSON Lines beside a result, plain, compressed or as Parquet by the extension of the file."""

from __future__ import annotations

import contextlib
import json
import shutil
import tempfile
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO

from detector.errors import UsageError
from detector.formats.compression import compressing, compression_of, decompressing
from detector.formats.compression import require as require_compression
from detector.formats.registry import format_by_extension
from detector.util.atomic import clear_unfinished, replacing
from detector.util.json_lines import json_line, read_json_lines
from detector.util.libraries import load_library

_GROUP_ROWS = 10_000


def require(path: Path | None) -> None:
    """Raise `UsageError` if a sidecar cannot have this name, or needs a library that is not installed."""
    if path and _is_parquet(path):
        if compression_of(path):
            raise UsageError(f"{path}: Parquet files are compressed inside; leave out {compression_of(path)}")
        load_library("pyarrow.parquet", "Parquet", "parquet")
    require_compression(compression_of(path))


@contextlib.contextmanager
def sidecar(path: Path | None) -> Iterator[BinaryIO | None]:
    """A stream for JSON Lines. They become the file ``path`` when the block ends; with None, there is no stream."""
    if path is None:
        yield None
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    if _working_copy(path) == path:
        with replacing(path) as file:
            yield file
        return
    with replacing(path) as file, tempfile.TemporaryFile() as lines:
        yield lines
        lines.seek(0)
        _write_final(lines, file, path)


@contextlib.contextmanager
def append_to_sidecar(path: Path | None, keep: Callable[[dict[str, Any]], bool]) -> Iterator[BinaryIO | None]:
    """A stream that appends JSON Lines to those of earlier runs for which ``keep`` is true; the others are deleted.

    Lines that are flushed survive even if the process is killed. A compressed or Parquet file cannot be appended to:
    until the block ends, its lines are in a hidden working copy beside it, where the next run finds them.
    """
    if path is None:
        yield None
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    working_copy = _working_copy(path)
    if working_copy != path and path.exists() and not working_copy.exists():
        with replacing(working_copy) as lines, open(path, "rb") as file:
            _read_final(file, lines, path)
    keep_lines(working_copy, keep)
    with open(working_copy, "ab") as lines:
        yield lines
    if working_copy != path:
        with replacing(path) as file, open(working_copy, "rb") as all_lines:
            _write_final(all_lines, file, path)
        working_copy.unlink()


def exists(path: Path) -> bool:
    """Whether an earlier run left this sidecar, or a working copy of it."""
    return path.exists() or _working_copy(path).exists()


def keep_lines(path: Path, keep: Callable[[dict[str, Any]], bool]) -> None:
    """Delete the lines of a file of JSON Lines that are incomplete, or for whose objects ``keep`` is false."""
    clear_unfinished(path)
    with replacing(path) as file:
        file.writelines(json_line(record) for record in read_json_lines(path) if keep(record))


def _working_copy(path: Path) -> Path:
    """The file that lines are appended to: the sidecar itself if it holds plain lines, else a hidden file beside it."""
    plain = not compression_of(path) and not _is_parquet(path)
    return path if plain else path.with_name(f".{path.name}.unfinished")


def _is_parquet(path: Path) -> bool:
    return format_by_extension(path) == "parquet"


def _write_final(lines: BinaryIO, file: BinaryIO, path: Path) -> None:
    """Write JSON Lines to ``file`` in the form that the name ``path`` asks for."""
    with compressing(file, compression_of(path)) as stream:
        if not _is_parquet(path):
            shutil.copyfileobj(lines, stream)
            return
        import pyarrow as pa
        import pyarrow.parquet as pq

        writer = None
        while rows := [_without_surrogates(json.loads(line)) for line in islice(lines, _GROUP_ROWS)]:
            table = pa.Table.from_pylist(rows, schema=writer.schema if writer else None)
            writer = writer or pq.ParquetWriter(stream, table.schema)
            writer.write_table(table)
        (writer or pq.ParquetWriter(stream, pa.schema([]))).close()


def _without_surrogates(record: dict[str, Any]) -> dict[str, Any]:
    """The record with ``?`` for lone surrogates (bytes that were not UTF-8), which Parquet's strings cannot hold."""
    return {k: v.encode("utf-8", "replace").decode() if isinstance(v, str) else v for k, v in record.items()}


def _read_final(file: BinaryIO, lines: BinaryIO, path: Path) -> None:
    """Write to ``lines`` the JSON Lines that `_write_final` wrote to ``file``."""
    with decompressing(file, compression_of(path)) as stream:
        if not _is_parquet(path):
            shutil.copyfileobj(stream, lines)
            return
        import pyarrow.parquet as pq

        for batch in pq.ParquetFile(stream).iter_batches():
            lines.writelines(map(json_line, batch.to_pylist()))
