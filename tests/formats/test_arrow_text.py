"""Columns of texts in Arrow: every type, nulls, slices and structs; the command (Parquet) and `clean_batch` alike."""

from __future__ import annotations

import importlib.util
import io

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from rewriting import rewritten, shorter, texts

from detector.errors import DataError
from detector.formats import parquet
from detector.formats.base import Fields, Record
from detector.formats.registry import load_format

if importlib.util.find_spec("pyarrow") is None:
    pytest.skip("pyarrow is not installed here: it comes with the extra parquet", allow_module_level=True)

import pyarrow as pa
import pyarrow.parquet as pq

from detector.formats.arrow_text import find_column, find_text, from_texts, is_text, to_texts

PLAIN = [pa.string(), pa.large_string(), pa.string_view(), pa.binary(), pa.large_binary(), pa.binary_view()]
TYPES = [*PLAIN, *(pa.dictionary(pa.int8(), kind) for kind in PLAIN), pa.null()]
UNREADABLE = [
    pa.int64(),
    pa.bool_(),
    pa.binary(4),
    pa.timestamp("us"),
    pa.list_(pa.string()),
    pa.struct([("a", pa.string())]),
]
VALUES = st.none() | st.sampled_from(["", "Rain fell.\nSun later.", "Grüße aus Korvala", "\udcff caf\udce9 shut"])


class Named(pa.ExtensionType):
    """An extension type that is stored as another type."""

    def __init__(self, storage: pa.DataType) -> None:
        super().__init__(storage, f"korvala.{storage}")

    def __arrow_ext_serialize__(self) -> bytes:
        return b""

    @classmethod
    def __arrow_ext_deserialize__(cls, storage: pa.DataType, _: bytes) -> Named:
        return cls(storage)


def written(table: pa.Table, **options: object) -> bytes:
    out = io.BytesIO()
    pq.write_table(table, out, **options)
    return out.getvalue()


def can_be_written(kind: pa.DataType) -> bool:
    try:
        return bool(written(pa.table({"text": from_texts([None], kind)})))
    except pa.ArrowNotImplementedError:  # dictionaries of views, and views in older versions of pyarrow
        return False


def read(data: bytes) -> pa.Table:
    return pq.ParquetFile(io.BytesIO(data)).read()


def stored(column: pa.ChunkedArray) -> list[str | None]:
    return [text for chunk in column.chunks for text in to_texts(chunk)]


def nested(values: list[str | None], kind: pa.DataType) -> pa.Array:
    """A column of structs ``{"n": int, "page": {"body": kind}}``; every third struct, and every third page, is null."""
    rows = range(len(values))
    page = pa.StructArray.from_arrays(
        [from_texts(values, kind)],
        fields=[pa.field("body", kind, metadata={"lang": "en"})],
        mask=pa.array([row % 3 == 1 for row in rows], pa.bool_()),
    )
    return pa.StructArray.from_arrays(
        [pa.array(rows, pa.int64()), page],
        fields=[pa.field("n", pa.int64()), pa.field("page", page.type)],
        mask=pa.array([row % 3 == 2 for row in rows], pa.bool_()),
    )


# Types


@pytest.mark.parametrize("kind", TYPES, ids=str)
@given(st.lists(VALUES, max_size=6), st.data())
def test_texts_of_every_type_are_read_and_made_again(
    kind: pa.DataType, values: list[str | None], data: st.DataObject
) -> None:
    wanted = [None] * len(values) if kind == pa.null() else values
    start, stop = sorted((data.draw(st.integers(0, len(values))), data.draw(st.integers(0, len(values)))))
    for of_type in (kind, Named(kind)):
        column = from_texts(wanted, of_type)
        assert column.type == of_type
        column.slice(start, stop - start).validate()
        assert to_texts(column.slice(start, stop - start)) == wanted[start:stop]


def test_nulls_in_a_dictionary_are_nulls() -> None:
    column = pa.DictionaryArray.from_arrays(pa.array([0, 1, None, 0], pa.int8()), pa.array(["a", None]))
    assert to_texts(column) == ["a", None, None, "a"]


@pytest.mark.parametrize("kind", UNREADABLE, ids=str)
def test_other_types_are_not_texts(kind: pa.DataType) -> None:
    assert not is_text(kind)
    assert not is_text(pa.dictionary(pa.int32(), kind))


# Columns

SCHEMA = pa.schema([
    ("id", pa.int64()),
    ("article", pa.struct([("body", pa.string()), ("meta", pa.struct([("n", pa.int8()), ("body", pa.string())]))])),
    ("a.b", pa.string()),
    ("a", pa.struct([("b", pa.int64())])),
    ("lines", pa.list_(pa.string())),
    ("parts", pa.large_list(pa.struct([("body", pa.string())]))),
    ("twice", pa.string()),
    ("twice", pa.string()),
    ("same", pa.struct([("x", pa.string()), ("x", pa.string())])),
    ("digest", pa.binary(16)),
])  # fmt: skip


@pytest.mark.parametrize(
    ("name", "index", "path"),
    [("article.body", 1, (0,)), ("article.meta.body", 1, (1, 1)), ("a.b", 2, ()), ("article.meta.n", 1, (1, 0))],
)
def test_dots_lead_into_structs_unless_a_column_has_the_name(name: str, index: int, path: tuple[int, ...]) -> None:
    found = find_column(SCHEMA, name)
    assert (found.index, found.path) == (index, path)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("text", 'no column "text"; the columns: id, article, a.b'),
        ("article.text", 'no column "article.text"; the fields of "article": body, meta'),
        ("article.body.x", 'no column "article.body.x"; "article.body" is string'),
        ("parts.body", 'no column "parts.body"; "parts" is a list of struct'),
        ("twice", '2 columns are named "twice"'),
        ("same.x", 'no column "same.x"; the fields of "same": x, x'),
        ("id", 'column "id" is int64, not text (string or binary of any kind'),
        ("digest", 'column "digest" is fixed_size_binary[16], not text'),
        ("article", "is a struct, not text"),
        ("article", "name a field of it with a dot: article.body, article.meta"),
        ("lines", 'column "lines" is a list of string, not text'),
        ("lines", 'join each list into one text first, for example with pyarrow.compute.binary_join(column, "\\n")'),
        ("parts", "make each element a row of its own first"),
    ],
)  # fmt: skip
def test_columns_without_one_text_per_row_are_refused(name: str, message: str) -> None:
    with pytest.raises(DataError) as caught:
        find_text(SCHEMA, name)
    assert message in str(caught.value)


# Parquet


@pytest.mark.parametrize("kind", [*filter(can_be_written, TYPES)], ids=str)
@settings(max_examples=15)
@given(st.lists(VALUES, max_size=6), st.integers(1, 3))
def test_parquet_keeps_every_type_and_every_null(kind: pa.DataType, values: list[str | None], rows: int) -> None:
    values = [None] * len(values) if kind == pa.null() else values
    assume(
        not (pa.types.is_dictionary(kind) and any("\udcff" in value for value in values if value))
    )  # pyarrow's limit
    field = pa.field("text", kind, metadata={"lang": "en"})
    arrays = [
        from_texts(values, kind),
        pa.array([{"n": n} for n in range(len(values))], pa.struct([("n", pa.int64())])),
    ]
    table = pa.Table.from_arrays(
        arrays, schema=pa.schema([field, pa.field("other", arrays[1].type)], {"made by": "us"})
    )
    data = written(table, row_group_size=rows)
    same, changed = read(rewritten("parquet", data)), read(rewritten("parquet", data, shorter))
    original = read(data)
    assert same.schema.equals(original.schema, check_metadata=True)
    assert changed.schema.equals(original.schema, check_metadata=True)
    assert changed["other"].equals(table["other"])
    assert stored(same["text"]) == values
    assert stored(changed["text"]) == [None if value is None else shorter(value) for value in values]
    records = [r for r in load_format("parquet").read(io.BytesIO(data), "file", Fields()) if isinstance(r, Record)]
    assert [r.text for r in records if r.is_null or r.text is not None] == values


@pytest.mark.parametrize("kind", [*filter(can_be_written, PLAIN)], ids=str)
@settings(max_examples=15)
@given(st.lists(VALUES, max_size=6))
def test_parquet_with_nested_texts(kind: pa.DataType, values: list[str | None]) -> None:
    fields = Fields(text="article.page.body", id="article.n")
    table = pa.table({"article": nested(values, kind)})
    data = written(table)
    changed = read(rewritten("parquet", data, shorter, fields))
    assert changed.schema.equals(read(data).schema, check_metadata=True)
    visible = [value if row % 3 == 0 else None for row, value in enumerate(values)]
    assert texts("parquet", data, fields) == [value for value in visible if value is not None]
    wanted = [value if value is None else shorter(value) for value in visible]
    article = changed["article"].combine_chunks()
    assert article.is_null().to_pylist() == [row % 3 == 2 for row in range(len(values))]
    assert article.flatten()[1].is_null().to_pylist() == [row % 3 != 0 for row in range(len(values))]
    bodies = [find_text(changed.schema, "article.page.body").texts(chunk) for chunk in changed["article"].chunks]
    assert [text for body in bodies for text in to_texts(body)] == wanted
    assert article.field("n").equals(read(data)["article"].combine_chunks().field("n"))


def test_a_field_that_is_never_null_stays_so() -> None:
    body = pa.field("body", pa.string(), nullable=False)
    articles = pa.StructArray.from_arrays([pa.array(["Rain", "Sun"])], fields=[body], mask=pa.array([False, True]))
    data = written(pa.table({"article": articles}))
    changed = read(rewritten("parquet", data, shorter, Fields(text="article.body")))
    assert changed["article"].to_pylist() == [{"body": "Ra"}, None]
    assert changed.schema.equals(read(data).schema)


@pytest.mark.parametrize(
    ("column", "named"),
    [
        (pa.array([7, None]), ["7", "file:2"]),
        (pa.array(["x", None]), ["x", "file:2"]),
        (pa.array([b"x", b"y"]), ["x", "y"]),
        (pa.array([True, False]), ["file:1", "file:2"]),
        (pa.array([1.5, 2.0]), ["file:1", "file:2"]),
        (pa.array([1, 2], pa.timestamp("us")), ["file:1", "file:2"]),
        (pa.array([["x"], []]), ["file:1", "file:2"]),
    ],
    ids=lambda value: str(value.type) if isinstance(value, pa.Array) else "",
)
def test_ids_are_strings_and_integers(column: pa.Array, named: list[str]) -> None:
    data = written(pa.table({"id": column, "text": ["Rain", "Sun"]}))
    found = load_format("parquet").read(io.BytesIO(data), "file", Fields())
    assert [r.id for r in found if isinstance(r, Record) and r.text] == named


def test_types_that_pyarrow_cannot_write_are_named() -> None:
    kind = pa.dictionary(pa.int8(), pa.string_view())
    schema = pa.schema([("text", kind)])
    records = records_of(schema, [pa.record_batch([from_texts(["x"], kind)], schema=schema)])
    writer = load_format("parquet").writer(io.BytesIO(), Fields())
    with pytest.raises(DataError, match=r"^a\.parquet: pyarrow .* cannot write this \(.*\); upgrade pyarrow"):  # noqa: PT012
        for record in records:  # older versions of pyarrow refuse the schema, newer ones the rows
            writer.write(record, None)


def records_of(schema: pa.Schema, batches: list[pa.RecordBatch]) -> list[Record]:
    """The records of a file that this version of pyarrow cannot write, and that newer versions can."""
    columns = parquet._Columns.of(schema, "a.parquet", Fields())
    rows = [row for batch in batches for row in parquet._batch_records(batch, "a.parquet", 0, columns)]
    header = Record("", None, parquet._Header("a.parquet", schema, {}, columns.text))
    return [header, *rows, Record("", None, parquet._GroupEnd())]


@pytest.mark.parametrize(("name", "outcome"), [("list", "join each list"), ("null", None), ("view", None)])
def test_the_shared_cases(shared: object, name: str, outcome: str | None) -> None:
    path = shared / "cases" / "formats" / f"{name}.parquet"  # type: ignore[operator]
    if not path.is_file():
        pytest.skip("the cases are not beside the project")
    if outcome:
        with pytest.raises(DataError, match=outcome):
            rewritten("parquet", path.read_bytes())
        return
    before, after = read(path.read_bytes()), read(rewritten("parquet", path.read_bytes(), shorter))
    assert after.schema.equals(before.schema, check_metadata=True)
    assert after["text"].to_pylist() == [text and shorter(text) for text in before["text"].to_pylist()]
    assert after["id"].equals(before["id"])
