"""JSON Lines beside a result, also compressed or as Parquet, and over several runs."""

from __future__ import annotations

import contextlib
import json
import shutil
import tempfile
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO

from detector.formats.compression import compression_of, packing, unpacking
from detector.formats.compression import require as require_compression
from detector.util.atomic import clear_unfinished, replacing
from detector.util.json_lines import json_line, read_json_lines
from detector.util.libraries import load_library

_PARQUET = (".parquet", ".pq")
_ROWS = 10_000  # of a row group


def require(path: Path | None) -> None:
    """Raise `UsageError` where a library that a sidecar of this ending needs is not installed."""
    if path and _is_parquet(path):
        load_library("pyarrow.parquet", "Parquet", "parquet")
    require_compression(compression_of(path))


@contextlib.contextmanager
def sidecar(path: Path | None) -> Iterator[BinaryIO | None]:
    """A stream for JSON Lines that become the file when the block ends; without a path, none."""
    if path is None:
        yield None
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    if _log(path) == path:
        with replacing(path) as file:
            yield file
        return
    with replacing(path) as file, tempfile.TemporaryFile() as lines:
        yield lines
        lines.seek(0)
        _pack(lines, file, path)


@contextlib.contextmanager
def continued(path: Path | None, current: Callable[[dict[str, Any]], bool]) -> Iterator[BinaryIO | None]:
    """A stream that adds JSON Lines to those of earlier runs for which ``current`` holds.

    Each addition that is flushed outlives the process, however that ends. Where the ending asks for more than plain
    lines, these stand in a hidden file beside it until the block ends.
    """
    if path is None:
        yield None
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    log = _log(path)
    if log != path and path.exists() and not log.exists():
        with replacing(log) as file, open(path, "rb") as packed:
            _unpack(packed, file, path)
    keep_lines(log, current)
    with open(log, "ab") as lines:
        yield lines
    if log != path:
        with replacing(path) as file, open(log, "rb") as whole:
            _pack(whole, file, path)
        log.unlink()


def exists(path: Path) -> bool:
    """Whether an earlier run left such a sidecar, whole or not."""
    return path.exists() or _log(path).exists()


def keep_lines(path: Path, current: Callable[[dict[str, Any]], bool]) -> None:
    """Leave out of a file of JSON Lines the objects for which ``current`` does not hold, and torn lines."""
    clear_unfinished(path)
    with replacing(path) as file:
        file.writelines(json_line(record) for record in read_json_lines(path) if current(record))


def _log(path: Path) -> Path:
    plain = not compression_of(path) and not _is_parquet(path)
    return path if plain else path.with_name(f".{path.name}.unfinished")


def _is_parquet(path: Path) -> bool:
    return path.suffix.lower() in _PARQUET


def _pack(lines: BinaryIO, file: BinaryIO, path: Path) -> None:
    with packing(file, compression_of(path)) as packed:
        if not _is_parquet(path):
            shutil.copyfileobj(lines, packed)
            return
        import pyarrow as pa
        import pyarrow.parquet as pq

        writer = None
        while rows := [_representable(json.loads(line)) for line in islice(lines, _ROWS)]:
            table = pa.Table.from_pylist(rows, schema=writer.schema if writer else None)
            writer = writer or pq.ParquetWriter(packed, table.schema)
            writer.write_table(table)
        (writer or pq.ParquetWriter(packed, pa.schema([]))).close()


def _representable(record: dict[str, Any]) -> dict[str, Any]:
    """With ``?`` for lone surrogates, which stand for bytes that were no UTF-8: Parquet's strings cannot hold them."""
    return {k: v.encode("utf-8", "replace").decode() if isinstance(v, str) else v for k, v in record.items()}


def _unpack(packed: BinaryIO, file: BinaryIO, path: Path) -> None:
    with unpacking(packed, compression_of(path)) as stream:
        if not _is_parquet(path):
            shutil.copyfileobj(stream, file)
            return
        import pyarrow.parquet as pq

        for batch in pq.ParquetFile(stream).iter_batches():
            file.writelines(map(json_line, batch.to_pylist()))
