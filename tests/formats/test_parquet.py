"""Parquet: rows, columns, metadata and row groups are preserved, and only the text changes."""

from __future__ import annotations

import errno
import gc
import io
import random
import struct
from collections import Counter
from collections.abc import Callable

import pytest
from rewriting import DEFAULT, records, rewritten, shorter, texts

from detector.errors import DataError
from detector.formats.base import Fields, Record
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
    try:
        pq.write_table(pa.Table.from_arrays(arrays, schema=schema), out, row_group_size=rows, **writing)
    except pa.ArrowNotImplementedError as error:
        pytest.skip(f"pyarrow {pa.__version__}: {error}")
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
    before, after = (
        pq.ParquetFile(io.BytesIO(b)) for b in (parquet_bytes([]), rewritten("parquet", parquet_bytes([])))
    )
    assert after.schema_arrow.equals(before.schema_arrow, check_metadata=True)
    assert after.metadata.num_row_groups == before.metadata.num_row_groups
    assert after.read().num_rows == 0


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


# Timestamps in the deprecated type INT96, as Spark wrote them

DAY = 86_400 * 10**6  # microseconds
UNIX_EPOCH = 2_440_588  # as a Julian day, by which INT96 counts
NEAR, FAR, EARLY = 19_723, 2_932_896, -719_162  # days since 1970: 2024-01-01, 9999-12-31, 0001-01-01


def int96_bytes(days: list[int | None], nanoseconds: int = 0, last: int = 0) -> bytes:
    """Timestamps in columns of several shapes.

    ``nanoseconds`` are added to all that are at `NEAR`; ``last`` is the Julian day that replaces those at `FAR`.
    """
    pa = pytest.importorskip("pyarrow")
    import pyarrow.parquet as pq

    times = pa.array([None if day is None else day * DAY for day in days], pa.timestamp("us"))
    offsets = list(range(len(days) + 1))
    table = pa.table({
        "text": pa.array([f"Day {day}." for day in days], pa.string()), "a.b": times,
        "list": pa.ListArray.from_arrays(offsets, times),
        "map": pa.MapArray.from_arrays(offsets, pa.array(["k"] * len(days), pa.string()), times),
        "struct": pa.StructArray.from_arrays([times, pa.array(range(len(days)))], ["at", "n"]),
    })  # fmt: skip
    out = io.BytesIO()
    pq.write_table(
        table, out, use_deprecated_int96_timestamps=True, store_schema=False, compression="NONE", row_group_size=2,
        use_dictionary=False,
    )  # fmt: skip
    data = out.getvalue().replace(int96(NEAR), int96(NEAR, nanoseconds))
    return data.replace(int96(FAR), struct.pack("<qI", 0, last)) if last else data


def int96(day: int, nanoseconds: int = 0) -> bytes:
    return struct.pack("<qI", nanoseconds, UNIX_EPOCH + day)


@pytest.mark.parametrize(
    ("days", "nanoseconds", "unit"),
    [
        ([NEAR, None, NEAR + 1], 0, "ns"),
        ([NEAR, NEAR, None], 1, "ns"),
        ([NEAR, None, FAR, EARLY], 0, "us"),
        ([NEAR, None, FAR, EARLY], 5000, "us"),
        ([None, None], 0, "ns"),
        ([], 0, "ns"),
    ],
)
def test_int96_timestamps_keep_their_values(days: list[int | None], nanoseconds: int, unit: str) -> None:
    pa, pq = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    after = pq.read_table(io.BytesIO(rewritten("parquet", int96_bytes(days, nanoseconds), shorter)))
    scale = 1000 if unit == "ns" else 1
    wanted = [
        None if day is None else day * DAY * scale + (nanoseconds * scale // 1000 if day == NEAR else 0) for day in days
    ]
    assert after["text"].to_pylist() == [shorter(f"Day {day}.") for day in days]
    for found in (after["a.b"], pa.compute.struct_field(after["struct"], "at"), pa.compute.list_flatten(after["list"])):
        assert found.type == pa.timestamp(unit)
        assert found.cast(pa.int64()).to_pylist() == wanted
    assert after["map"].combine_chunks().items.cast(pa.int64()).to_pylist() == wanted


@pytest.mark.parametrize(("nanoseconds", "last"), [(1, 0), (0, 2**31 - 1)])
def test_int96_timestamps_that_no_unit_holds(nanoseconds: int, last: int) -> None:
    with pytest.raises(DataError, match=r"^file: .*INT96 timestamps outside of the years 1677 to 2262"):
        records("parquet", int96_bytes([NEAR, None, FAR], nanoseconds, last))


class Pipe(io.BytesIO):
    def seekable(self) -> bool:
        return False


def encrypted() -> io.BytesIO:
    """A file that says that its footer is encrypted."""
    data = parquet_bytes(["x"])
    return io.BytesIO(b"PARE" + data[4:-4] + b"PARE")


def without_columns() -> io.BytesIO:
    out = io.BytesIO()
    pytest.importorskip("pyarrow.parquet").write_table(pytest.importorskip("pyarrow").table({}), out)
    return out


@pytest.mark.parametrize(
    ("stream", "fields", "message"),
    [
        (lambda: io.BytesIO(b"PAR1 nothing else"), DEFAULT, "damaged, or not Parquet"),
        (lambda: io.BytesIO(b""), DEFAULT, "damaged, or not Parquet"),
        (lambda: io.BytesIO(parquet_bytes(["x"])[:-20]), DEFAULT, "damaged, or not Parquet"),
        (lambda: Pipe(parquet_bytes(["x"])), DEFAULT, "cannot be read from a pipe"),
        (lambda: io.BytesIO(parquet_bytes(["x"])), Fields(text="body"), 'no column "body".*n, text, tags'),
        (lambda: io.BytesIO(parquet_bytes(["x"])), Fields(text="n"), 'column "n" is int64, not text'),
        (lambda: io.BytesIO(parquet_bytes(["x"])), Fields(text="tags"), "join each list into one text first"),
        (encrypted, DEFAULT, "the Parquet file is encrypted .*; decrypt it first"),
        (without_columns, DEFAULT, 'no column "text"; the columns: none'),
    ],
)
def test_parquet_that_cannot_be_read(stream: Callable[[], io.BytesIO], fields: Fields, message: str) -> None:
    pytest.importorskip("pyarrow")
    with pytest.raises(DataError, match=message):
        list(load_format("parquet").read(stream(), "file", fields))


class Disk(io.BytesIO):
    """A file on a disk that fails beyond its first bytes."""

    def read(self, size: int | None = -1, /) -> bytes:
        if self.tell() < 100:
            raise OSError(errno.EIO, "Input/output error")
        return super().read(size)


def test_errors_of_the_stream_are_not_called_damage() -> None:
    pytest.importorskip("pyarrow")
    with pytest.raises(OSError, match="Input/output error"):
        list(load_format("parquet").read(Disk(parquet_bytes(["x"])), "file", DEFAULT))


# Damage

SAMPLE = ["Rain fell in Korvala.", None, "", "Grüße", "x" * 50, None, "last"]


def test_a_file_that_is_cut_is_an_error() -> None:
    pytest.importorskip("pyarrow")
    data = parquet_bytes(SAMPLE)
    for size in range(0, len(data), 97):
        with pytest.raises(DataError):
            records("parquet", data[:size])


def test_a_flipped_bit_in_a_page_is_an_error_or_changes_nothing() -> None:
    pq = pytest.importorskip("pyarrow.parquet")
    data = parquet_bytes(SAMPLE, compression="zstd", write_page_checksum=True)
    chunks = pq.ParquetFile(io.BytesIO(data)).metadata.row_group(1)
    first, last = chunks.column(0), chunks.column(chunks.num_columns - 1)
    start = first.dictionary_page_offset or first.data_page_offset
    bits = range(start * 8, (last.data_page_offset + 8) * 8)
    whole = texts("parquet", data)
    outcomes = Counter(_outcome(data, random.Random(number).choice(bits), whole) for number in range(300))
    assert outcomes["changed"] == 0
    assert outcomes["error"] > 100


def _outcome(data: bytes, bit: int, whole: list[str | None]) -> str:
    damaged = bytearray(data)
    damaged[bit // 8] ^= 1 << bit % 8
    try:
        return "same" if texts("parquet", bytes(damaged)) == whole else "changed"
    except DataError:
        return "error"


def test_results_have_checksums() -> None:
    pytest.importorskip("pyarrow")
    data = bytearray(rewritten("parquet", parquet_bytes(["Rain fell in Korvala."], compression="NONE")))
    data[data.index(b"Korvala")] ^= 1
    with pytest.raises(DataError, match="checksum"):
        records("parquet", bytes(data))


@pytest.mark.parametrize("closed", [True, False])
def test_a_result_that_is_given_up_is_no_complete_file(closed: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("pyarrow")
    ignored: list[object] = []  # errors while pyarrow's writer is deleted
    monkeypatch.setattr("sys.unraisablehook", ignored.append)
    out = io.BytesIO()
    writer = load_format("parquet").writer(out, DEFAULT)
    for record in records("parquet", parquet_bytes(SAMPLE))[:6]:
        assert isinstance(record, Record)
        writer.write(record, None)
    part = out.getvalue()
    assert part.startswith(b"PAR1")
    if closed:
        out.close()
    del writer, record
    gc.collect()
    assert not ignored
    assert closed or out.getvalue() == part


# Sizes


def test_many_small_row_groups_are_kept() -> None:
    pq = pytest.importorskip("pyarrow.parquet")
    values = [f"line {number}" for number in range(300)]
    after = pq.ParquetFile(io.BytesIO(rewritten("parquet", parquet_bytes(values, rows=1), shorter)))
    assert after.metadata.num_row_groups == 300
    assert after.read()["text"].to_pylist() == [shorter(v) for v in values]


class Counting(io.BytesIO):
    """Counts the bytes of the largest read."""

    largest = 0

    def read(self, size: int | None = -1, /) -> bytes:
        data = super().read(size)
        self.largest = max(self.largest, len(data))
        return data


def test_a_row_group_is_not_read_at_once() -> None:
    pytest.importorskip("pyarrow")
    data = parquet_bytes([str(number) * 200 for number in range(30_000)], rows=30_000, compression="NONE", **PAGES)
    stream = Counting(data)
    read = [r for r in load_format("parquet").read(stream, "file", DEFAULT) if isinstance(r, Record) and r.text]
    assert len(read) == 30_000
    assert stream.largest < len(data) // 10


PAGES = {"use_dictionary": False, "data_page_size": 1 << 16}


def test_records_count_the_columns_beside_the_text() -> None:
    pa = pytest.importorskip("pyarrow")
    out = io.BytesIO()
    pytest.importorskip("pyarrow.parquet").write_table(pa.table({"text": [None, ""], "html": ["x" * 5000] * 2}), out)
    assert all(r.weight >= 5000 for r in records("parquet", out.getvalue()) if isinstance(r, Record) and r.id)


def test_a_dictionary_does_not_hide_how_long_texts_are() -> None:
    pytest.importorskip("pyarrow")
    data = parquet_bytes(["x" * 1000] * 20_000, rows=20_000, use_dictionary=True)
    weights = {r.raw.batch.nbytes for r in records("parquet", data) if isinstance(r, Record) and r.text}
    assert max(weights) < 3 << 20
