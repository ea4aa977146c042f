"""CSV and TSV: every row is preserved, and only the text changes."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from rewriting import records, rewritten, same, shorter, texts

from detector.errors import DataError
from detector.formats.base import Fields, Record, Rejected
from detector.formats.registry import load_format

CELL = st.text(st.characters(codec="utf-8"), max_size=12) | st.sampled_from(['a "b", c', "x\ny\r\nz", "1;2", "", "\t"])


def table(rows: list[list[str]], name: str, **style: object) -> bytes:
    out = io.StringIO()
    csv.writer(out, delimiter=load_format(name).delimiter, **style).writerows(rows)  # type: ignore[attr-defined, call-overload]
    return out.getvalue().encode()


def parsed(data: bytes, name: str) -> list[list[str]]:
    stream = io.StringIO(data.decode(), newline="")
    return list(csv.reader(stream, delimiter=load_format(name).delimiter))  # type: ignore[attr-defined]


@pytest.mark.parametrize("name", ["csv", "tsv"])
@given(
    st.lists(st.tuples(CELL, CELL, CELL), max_size=6),
    st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
    st.sampled_from(["\n", "\r\n"]),
    st.integers(0, 2),
)
def test_only_the_text_of_a_row_changes(
    name: str, rows: list[tuple[str, str, str]], quoting: int, end: str, at: int
) -> None:
    header = ["a", "b", "c"]
    data = table([header, *map(list, rows)], name, quoting=quoting, lineterminator=end)
    assume(parsed(data, name) == [header, *map(list, rows)])  # older versions of csv do not quote every carriage return
    fields = Fields(text=header[at], id="none")
    assert texts(name, data, fields) == [row[at] for row in rows]
    assert rewritten(name, data, same, fields) == data
    wanted = [[shorter(cell) if n == at else cell for n, cell in enumerate(row)] for row in rows]
    changed = rewritten(name, data, shorter, fields)
    assert parsed(changed, name) == [header, *wanted]
    if quoting == csv.QUOTE_ALL:
        assert changed == table([header, *wanted], name, quoting=quoting, lineterminator=end)


def test_a_single_column_that_becomes_empty_is_not_a_blank_row() -> None:
    assert rewritten("csv", b"text\nAdvert\n\nNews\n", lambda t: "" if t == "Advert" else t) == b'text\n""\n\nNews\n'


def test_tables_keep_marks_bad_bytes_and_a_missing_line_end() -> None:
    data = b'\xef\xbb\xbftext,n\r\n"caf\xe9, ""shut""",1\r\nopen,2'
    assert rewritten("csv", data) == data
    assert rewritten("csv", data, lambda t: t[:5]) == b'\xef\xbb\xbftext,n\r\n"caf\xe9,",1\r\nopen,2'


def test_long_fields_are_read() -> None:
    text = "A line of the report.\n" * 20_000
    data = table([["id", "text"], ["1", text]], "csv")
    assert texts("csv", data) == [text]


def test_bad_rows_are_rejected_with_line_numbers() -> None:
    data = b'id,text\n1,"two\nlines"\n2\n3,"a"b\n4,fine\n5,"never closed\n6,lost\n'
    found = records("csv", data)
    assert [r.text for r in found if isinstance(r, Record)] == [None, "two\nlines", "fine"]
    rejected = [r for r in found if isinstance(r, Rejected)]
    assert [(r.number, r.raw) for r in rejected] == [
        (4, b"2\n"), (5, b'3,"a"b\n'), (7, b'5,"never closed\n6,lost\n'),
    ]  # fmt: skip


def test_a_table_needs_the_column() -> None:
    with pytest.raises(DataError, match='no column "text"; choose one with --text-field: id, body'):
        records("csv", b"id,body\n1,x\n")
    assert records("csv", b"") == []


def test_rows_are_named_by_the_id_column() -> None:
    named = records("csv", b"id,text\nx7,hello\n")[1]
    assert isinstance(named, Record)
    assert named.id == "x7"
    unnamed = records("csv", b"text\nhello\n")[1]
    assert isinstance(unnamed, Record)
    assert unnamed.id == "file:2"
