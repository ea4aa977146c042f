"""Parquet: rows, columns, metadata and row groups are preserved, and only the text changes."""

from __future__ import annotations

import io
from collections.abc import Callable

import pytest
from rewriting import DEFAULT, rewritten, shorter

from detector.errors import DataError
from detector.formats.base import Fields
from detector.formats.registry import load_format


def parquet_bytes(values: list[str | None], kind: str = "string", rows: int = 3, **writing: object) -> bytes:
    pa = pytest.importorskip("pyarrow")
    import pyarrow.parquet as pq

    types = {
        "string": pa.string(),
        "large_string": pa.large_string(),
        "string_view": pa.string_view(),
        "dictionary": pa.dictionary(pa.int32(), pa.string()),
    }
    schema = pa.schema(
        [
            pa.field("n", pa.int64(), metadata={"unit": "piece"}),
            pa.field("text", types[kind]),
            pa.field("tags", pa.list_(pa.string())),
        ],
        metadata={"made by": "an invented archive"},
    )
    columns = [list(range(len(values))), values, [["a", str(n)] for n in range(len(values))]]
    arrays = [pa.array(column, type=field.type) for column, field in zip(columns, schema, strict=True)]
    out = io.BytesIO()
    pq.write_table(pa.Table.from_arrays(arrays, schema=schema), out, row_group_size=rows, **writing)
    return out.getvalue()


@pytest.mark.parametrize("kind", ["string", "large_string", "string_view", "dictionary"])
@pytest.mark.parametrize(
    "compression", ["NONE", "snappy", "zstd", {"text": "gzip", "n": "NONE", "tags.list.element": "lz4"}]
)
def test_parquet_keeps_everything_but_the_text(kind: str, compression: object) -> None:
    pq = pytest.importorskip("pyarrow.parquet")
    values = ["Rain fell in Korvala.", None, "", "Grüße", "x" * 50, None, "last"]
    data = parquet_bytes(values, kind, compression=compression)
    before, after = (pq.ParquetFile(io.BytesIO(b)) for b in (data, rewritten("parquet", data, shorter)))
    assert after.schema_arrow.equals(before.schema_arrow, check_metadata=True)
    old, new = before.read().to_pydict(), after.read().to_pydict()
    assert new["text"] == [None if v is None else shorter(v) for v in values]
    assert (new["n"], new["tags"]) == (old["n"], old["tags"])
    groups = [
        [
            (g.num_rows, [g.column(c).compression for c in range(g.num_columns)])
            for g in map(f.metadata.row_group, range(3))
        ]
        for f in (before, after)
    ]
    assert groups[0] == groups[1]


def test_parquet_without_rows() -> None:
    pq = pytest.importorskip("pyarrow.parquet")
    data = parquet_bytes([])
    after = pq.ParquetFile(io.BytesIO(rewritten("parquet", data)))
    assert after.schema_arrow.equals(pq.ParquetFile(io.BytesIO(data)).schema_arrow, check_metadata=True)
    assert after.metadata.num_rows == 0


def test_large_row_groups_are_read_and_written_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    pq = pytest.importorskip("pyarrow.parquet")
    monkeypatch.setattr("detector.formats.parquet._BATCH_BYTES", 2000)
    monkeypatch.setattr("detector.formats.parquet._GROUP_BYTES", 10_000)
    values = [f"line {n} " * 10 for n in range(1000)]
    after = pq.ParquetFile(io.BytesIO(rewritten("parquet", parquet_bytes(values, rows=1000), shorter)))
    assert after.read()["text"].to_pylist() == [shorter(v) for v in values]
    assert 1 < after.metadata.num_row_groups < 50


def test_parquet_rows_that_are_not_utf8_keep_their_bytes() -> None:
    pa = pytest.importorskip("pyarrow")
    import pyarrow.parquet as pq

    values = [b"good", b"\xff\xfe", b"caf\xe9 shut"]
    out = io.BytesIO()
    pq.write_table(pa.table({"id": [1, 2, 3], "text": pa.array(values, pa.binary()).view(pa.string())}), out)

    def stored(data: bytes) -> list[bytes]:
        rows: list[bytes] = pq.read_table(io.BytesIO(data))["text"].cast(pa.binary()).to_pylist()
        return rows

    assert stored(rewritten("parquet", out.getvalue())) == values
    assert stored(rewritten("parquet", out.getvalue(), shorter)) == [value[: len(value) // 2] for value in values]


class Pipe(io.BytesIO):
    def seekable(self) -> bool:
        return False


@pytest.mark.parametrize(
    ("stream", "fields", "message"),
    [
        (lambda: io.BytesIO(b"PAR1 nothing else"), DEFAULT, "damaged, or not Parquet"),
        (lambda: io.BytesIO(b""), DEFAULT, "damaged, or not Parquet"),
        (lambda: io.BytesIO(parquet_bytes(["x"])[:-20]), DEFAULT, "damaged, or not Parquet"),
        (lambda: Pipe(parquet_bytes(["x"])), DEFAULT, "cannot be read from a pipe"),
        (lambda: io.BytesIO(parquet_bytes(["x"])), Fields(text="body"), 'no column "body".*n, text, tags'),
        (lambda: io.BytesIO(parquet_bytes(["x"])), Fields(text="n"), 'column "n" is int64, not string'),
    ],
)
def test_parquet_that_cannot_be_read(stream: Callable[[], io.BytesIO], fields: Fields, message: str) -> None:
    pytest.importorskip("pyarrow")
    with pytest.raises(DataError, match=message):
        list(load_format("parquet").read(stream(), "file", fields))
