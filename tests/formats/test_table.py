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


# Rows that are not valid: (bytes below the header "id,text", texts that are read, rejected (line, bytes, reason))
BAD_ROWS = {
    "no text": (b"2\n3,fine\n", ["fine"], [(2, b"2\n", 'the row has 1 fields, but the column "text" is number 2')]),
    "a quote that is not written twice": (
        b'3,"a"b\n4,fine\n',
        ["fine"],
        [(2, b'3,"a"b\n', "text follows a quoted field in line 2; a quote inside a field is written twice")],
    ),
    "an unclosed quote, then rows without quotes": (
        b'5,"never closed\n6,fine\n7,too\n',
        ["fine", "too"],
        [(2, b'5,"never closed\n', "the quote that opens in line 2 is never closed")],
    ),
    "an unclosed quote, then quoted rows": (
        b'1,"two\nlines"\n5,"never closed\n6,plain\n7,"fine"\n',
        ["two\nlines", "plain", "fine"],
        [(4, b'5,"never closed\n', "text follows a quoted field that opens in line 4 and closes in line 6")],
    ),
    "only unclosed quotes": (b'1,"a\n2,"b\n', [], [(2, b'1,"a\n', "opens in line 2"), (3, b'2,"b\n', "line 3")]),
    "an unclosed quote at the end": (b'1,fine\n2,"', ["fine"], [(3, b'2,"', "opens in line 3 is never closed")]),
    "a valid field before the unclosed one": (
        b'"a\nb","c\n4,fine\n',
        ["fine"],
        [(2, b'"a\nb","c\n', "the quote that opens in line 3 is never closed")],
    ),
    "too many fields": (
        b"5,Rain, then sun\n6,fine\n7,empty ones,,\n",
        ["fine", "empty ones"],
        [(2, b"5,Rain, then sun\n", "more fields than the 2 of the header; quote texts with a separator")],
    ),
    "a carriage return": (b"1,a\rb\n2,fine\n", ["fine"], [(2, b"1,a\rb\n", "a carriage return is outside quotes")]),
}  # fmt: skip


@pytest.mark.parametrize(("rows", "read", "rejected"), BAD_ROWS.values(), ids=BAD_ROWS)
def test_bad_rows_are_rejected_one_by_one(rows: bytes, read: list[str], rejected: list[tuple[int, bytes, str]]) -> None:
    found = records("csv", b"id,text\n" + rows)
    assert [r.text for r in found if isinstance(r, Record)] == [None, *read]
    bad = [r for r in found if isinstance(r, Rejected)]
    assert [(r.number, r.raw) for r in bad] == [(number, raw) for number, raw, _ in rejected]
    assert all(reason in r.reason for r, (_, _, reason) in zip(bad, rejected, strict=True))


def test_an_unclosed_quote_costs_one_row() -> None:
    rows = b"".join(b"%d,Rain fell\n" % number for number in range(20_000))
    found = records("csv", b'id,text\n1,"open\n' + rows)
    assert [(r.number, r.raw) for r in found if isinstance(r, Rejected)] == [(2, b'1,"open\n')]
    assert sum(isinstance(r, Record) for r in found) == 20_001


def test_rows_and_lines_beyond_the_limit_are_rejected_and_nothing_is_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("detector.formats.table_rows.MAX_ROW", 1000)
    monkeypatch.setattr("detector.formats.table_rows._BLOCK", 100)
    unclosed, long = b'1,"open\n', b"3," + b"x" * 5000 + b"\n"
    data = b"id,text\n" + unclosed + b"2,fine\n" * 500 + long + b"4,also\n"
    found = records("csv", data)
    assert [r.text for r in found if isinstance(r, Record)] == [None, *["fine"] * 500, "also"]
    first, *rest = [r for r in found if isinstance(r, Rejected)]
    assert (first.number, first.raw) == (2, unclosed)
    assert "is not closed within" in first.reason
    assert {r.number for r in rest} == {503}
    assert b"".join(r.raw for r in rest) == long


# Arbitrary bytes


@given(
    st.lists(st.sampled_from([b'"', b'""', b",", b"\n", b"\r\n", b"\r", b"a", b"\xff", b"\0", b"text,n\n"])),
    st.booleans(),
)
def test_every_byte_is_in_a_record_or_rejected(pieces: list[bytes], alone: bool) -> None:
    data = (b"text\n" if alone else b"id,text\n") + b"".join(pieces)
    found = records("csv", data)
    assert b"".join(r.raw if isinstance(r, Rejected) else r.raw.raw for r in found) == data
    lines = [r.number for r in found if isinstance(r, Rejected)]
    assert lines == sorted(set(lines))


@given(
    st.lists(st.lists(CELL, min_size=2, max_size=3), max_size=5),
    st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
    st.sampled_from([",", ";", "\t", "|"]),
    st.sampled_from(["\n", "\r\n", "\r"]),
    st.booleans(),
    CELL,
)
def test_replaced_text_is_read_again(
    rows: list[list[str]], quoting: int, delimiter: str, end: str, marked: bool, text: str
) -> None:
    out = io.StringIO()
    writer = csv.writer(out, delimiter=delimiter, quoting=quoting, lineterminator=end)  # type: ignore[arg-type]
    writer.writerows([["a", "text", "c"], *rows])
    data = b"\xef\xbb\xbf" * marked + out.getvalue().encode()
    before = texts("csv", data)
    assert rewritten("csv", data) == data
    changed = rewritten("csv", data, lambda _: text)
    assert texts("csv", changed) == [text] * len(before)
    old = iter(before)
    assert rewritten("csv", rewritten("csv", data, shorter), lambda _: next(old)) == data


# Separators, line ends and encodings

OTHER_TABLES = {
    "a mark and a quoted header": b'\xef\xbb\xbf"text","n"\n"Rain",1\n',
    "semicolons": b"n;text\n1,5;Rain\n",
    "tabs": b"n\ttext\n1\tRain\n",
    "bars": b"n|text\n1|Rain\n",
    "the separator named": b"sep=;\r\nn;text\r\n1;Rain\r\n",
    "blank lines first": b"\n\r\nn,text\n1,Rain\n",
    "carriage returns": b"n,text\r1,Rain\r",
    "carriage returns and no end": b"n,text\r1,Rain",
    "NUL bytes": b"n,text\n\0,Rain\n",
    "two carriage returns": b"n,text\r\r\n1,Rain\r\r\n",
}


@pytest.mark.parametrize("data", OTHER_TABLES.values(), ids=OTHER_TABLES)
def test_other_tables(data: bytes) -> None:
    assert texts("csv", data) == ["Rain"]
    assert rewritten("csv", data) == data
    assert rewritten("csv", data, lambda _: "Sun") == data.replace(b"Rain", b"Sun")
    assert rewritten("csv", data, lambda _: "") == data.replace(b"Rain", b"")


def test_a_comma_comes_before_other_separators() -> None:
    assert texts("csv", b"text,a;text\nRain;fell,1\n") == ["Rain;fell"]
    assert texts("tsv", b"a,text\tb\ttext\n1\t2\tRain\n") == ["Rain"]


HEADERS = {
    b"id;body\n1;x\n": 'no column "text"; choose one with --text-field: id, body',
    b"text,id,text\na,b,c\n": '2 columns are named "text"; rename one',
    b'"id,text\n1,x\n': "file:1: the header is not valid CSV: the quote that opens in line 1 is never closed",
    "id,text\n1,x\n".encode("utf-16"): "not UTF-8, but UTF-16",
    "id,text\n1,x\n".encode("utf-16-le"): "not UTF-8, but UTF-16",
    b"Rain fell in Korvala, and the ferry to Aldermoor ran late; nobody minded\n": "looks like no header: \"Rain fell",
    b"Rain fell, and nobody minded it much, while the ferry ran late, as ever\n": (
        'the first line looks like no header: "Rain fell  and nobody minded it much  w…"; put'
    ),
    b"Rain fell on us,x\n": 'looks like no header: "Rain fell on us x"; put',
    b",".join(b"c%d" % number for number in range(50)): "c19, and 30 more",
}  # fmt: skip


@pytest.mark.parametrize(("data", "message"), HEADERS.items())
def test_headers_that_are_refused(data: bytes, message: str) -> None:
    with pytest.raises(DataError) as caught:
        records("csv", data)
    assert message in str(caught.value)


def test_the_process_keeps_its_limit_of_fields() -> None:
    limit = csv.field_size_limit()
    texts("csv", b"text\nRain\n")
    assert csv.field_size_limit() == limit


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
