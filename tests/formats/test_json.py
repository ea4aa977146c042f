"""JSON: only texts change, every other byte stays, and what is no JSON is an error with its place."""

from __future__ import annotations

import contextlib
import io
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rewriting import records, rewritten, shorter, texts

from detector.errors import DataError
from detector.formats.base import Fields, Record, Rejected
from detector.formats.registry import load_format

FILES = [
    b'{"text":"Rain fell."}',
    b'{"text":"Rain fell."}\n',
    b'[{"text":"Rain fell."},{"text":"Then sun."}]',
    b'\xef\xbb\xbf[\r\n\t{ "id" : 7 , "text" : "Caf\\u00e9" , "n":1.0 } ,\r\n {"text":""}\r\n]\r\n\r\n',
    '{\n  "text": "Grüße\\nvom Deich",\n  "x": {"text": "inner", "a": [1, {"text": 2}]}\n}\n'.encode(),
    b'{"text":"a"}\n{"text":"b"}\n\n{"text":"c"}',
    b'{"text":"a"}{"text":"b"}[{"text":"c"}][]',
    b'[{"text":"first","text":"second one"}]',
    b'{"x":NaN,"text":"lone \\ud800 half", "big":' + b"9" * 5000 + b"}",
    b"[]",
    b"[ \n ]\n",
    b"",
    b" \n",
]


@pytest.mark.parametrize("data", FILES)
def test_unchanged_files_are_preserved_byte_for_byte(data: bytes) -> None:
    assert rewritten("json", data) == data


@pytest.mark.parametrize(
    ("data", "changed"),
    [
        (b'[{"x":"a","text":"a"} , {"text":"b"}]', b'[{"x":"a","text":"N"} , {"text":"N"}]'),
        (b'{\n "text": "a",\n "x": "a"\n}\n', b'{\n "text": "N",\n "x": "a"\n}\n'),
        (b'{"text":"first","text":"second"}', b'{"text":"first","text":"N"}'),
        (b'{"text":"a"}\n{"text":"b"}\n', b'{"text":"N"}\n{"text":"N"}\n'),
        (b'[{"text":null,"n":null},{"text":"b"}]', b'[{"text":null,"n":null},{"text":"N"}]'),
    ],
)
def test_only_texts_change(data: bytes, changed: bytes) -> None:
    assert rewritten("json", data, lambda _: "N") == changed


NESTED = [
    ("article.body", b'{"article": {"id": 1, "body": "x y"}, "body": "z"}', ["x y"],
     b'{"article": {"id": 1, "body": "N"}, "body": "z"}'),
    ("articles.body", b'{"n": 1, "articles": [ {"body": "x"}, {"body": "y", "n": 2} ], "m": 3}', ["x", "y"],
     b'{"n": 1, "articles": [ {"body": "N"}, {"body": "N", "n": 2} ], "m": 3}'),
    ("a.b.c", b'[{"a": [{"b": {"c": "x"}}, {"b": {"c": "y"}}]}, {"a": {"b": [{"c": "z"}]}}]', ["x", "y", "z"],
     b'[{"a": [{"b": {"c": "N"}}, {"b": {"c": "N"}}]}, {"a": {"b": [{"c": "N"}]}}]'),
    ("a.b", b'{"a":{"b":"x"},"a.b":"y"}', ["y"], b'{"a":{"b":"x"},"a.b":"N"}'),
    ("a.b", b'{"a": []}', [], b'{"a": []}'),
]  # fmt: skip


@pytest.mark.parametrize(("field", "data", "found", "changed"), NESTED)
def test_dots_lead_into_objects_and_through_arrays(field: str, data: bytes, found: list[str], changed: bytes) -> None:
    fields = Fields(text=field)
    for name in ("json",) if data.startswith(b"[") else ("json", "jsonl"):
        assert texts(name, data, fields) == found
        assert rewritten(name, data, lambda _: "N", fields) == changed


# An array of strings as one text


@pytest.mark.parametrize(
    ("data", "change", "changed"),
    [
        (b'{"text": ["a", "b", "c"]}', lambda text: text.replace("b\n", ""), b'{"text": ["a", "c"]}'),
        (b'{"text":["a","b","c"]}', lambda text: "c\n", b'{"text":["c"]}'),
        (b'{"text": [\n  "a",\n  "b"\n ],\n "n": 1}', lambda text: "b\n", b'{"text": [\n  "b"\n ],\n "n": 1}'),
        (b'{"text": ["a", "b"]}', lambda text: "", b'{"text": []}'),
        (b'{"text": ["", "a", ""]}', lambda text: text, b'{"text": ["", "a", ""]}'),
        (b'{"text": []}', lambda text: "new\n", b'{"text": ["new"]}'),
        (b'{"text": ["\\u00e9", "b"]}', lambda text: "é\n", b'{"text": ["\\u00e9"]}'),
        ('{"text": ["é", "b"]}'.encode(), lambda text: "é\n", '{"text": ["é"]}'.encode()),
        (b'{"text": ["a\\r", "b\\r\\r", "c"]}', lambda text: text.replace("b\r\r\n", ""), b'{"text": ["a\\r", "c"]}'),
    ],
)  # fmt: skip
@pytest.mark.parametrize("name", ["json", "jsonl"])
def test_an_array_of_strings_is_a_text_of_lines(name: str, data: bytes, change: object, changed: bytes) -> None:
    if name == "jsonl":
        data, changed = data.replace(b"\n", b" "), changed.replace(b"\n", b" ")
    assert rewritten(name, data) == data
    assert rewritten(name, data, change) == changed


@given(st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\n\r"))), st.sampled_from([None, 0, 2]))
def test_lines_become_the_array_that_they_come_from(strings: list[str], indent: int | None) -> None:
    data = json.dumps({"text": strings}, indent=indent, ensure_ascii=False).encode()
    found = texts("json", data)
    assert found == ["".join(f"{each}\n" for each in strings)]
    assert json.loads(rewritten("json", data, lambda _: "x\n\ny\n"))["text"] == ["x", "", "y"]
    if len(strings) > 1:
        other = json.dumps({"text": ["x", *strings]}, indent=indent, ensure_ascii=False).encode()
        assert rewritten("json", other, lambda text: text.removeprefix("x\n")) == data


# What is rejected


@pytest.mark.parametrize(
    ("data", "written", "line"),
    [
        (b'[7, {"text":"b"}, {"text":"c"}]', b'[{"text":"b"}, {"text":"c"}]', 1),
        (b'[{"text":"a"},\n"x",\n{"text":"c"}\n]', b'[{"text":"a"},\n{"text":"c"}\n]', 2),
        (b'[{"text":"a"},\n{"text":"b"},\n[1]\n]', b'[{"text":"a"},\n{"text":"b"}\n]', 3),
        (b'{"text":"a"}\n\n{"n":1}\n{"text":"b"}\n', b'{"text":"a"}\n{"text":"b"}\n', 3),
    ],
)
def test_values_without_a_text_are_left_out(data: bytes, written: bytes, line: int) -> None:
    (rejected,) = (part for part in records("json", data) if isinstance(part, Rejected))
    assert rejected.number == line
    assert rejected.raw in data
    assert rewritten("json", data) == written


def test_lines_of_elements() -> None:
    """Records and rejected elements have the line on which they begin, also where several are in one value."""
    data = b"""{"n": 1,
 "a": [
  {"t": "x"},
  {"t": 5}, {"n": 1,
   "t": "y"},
  7]}
{"a": {"t":
 "z"}}
{"a": 8}
"""
    found = records("json", data, Fields("a.t"))
    assert [part.number for part in found if isinstance(part, Rejected)] == [4, 6, 9]
    assert [part.number for part in found if isinstance(part, Record) and part.text is not None] == [3, 4, 7]


def test_elements_without_a_text_are_left_out() -> None:
    data = b'{"a": [ {"n": 1} , {"t": "x"}, {"t": 5}, 7, {"t": null}, {"t": "y"}, {} ], "n": 1}'
    fields = Fields(text="a.t")
    found = records("json", data, fields)
    assert [part.raw for part in found if isinstance(part, Rejected)] == [b'{"n": 1}', b'{"t": 5}', b"7", b"{}"]
    assert texts("json", data, fields) == ["x", "y"]
    assert sum(part.is_null for part in found if isinstance(part, Record)) == 1
    assert rewritten("json", data, fields=fields) == b'{"a": [ {"t": "x"}, {"t": null}, {"t": "y"} ], "n": 1}'


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("7", "it is a number, not a JSON object"),
        ('"x"', "it is a string, not a JSON object"),
        ("[[1]]", "it is an array, not a JSON object"),
        ("null", "it is null, not a JSON object"),
        ('{"body": "x", "n": 1}', 'field "text" is missing; name the text\'s field with --text-field: body, n'),
        ("{}", 'field "text" is missing'),
        ('{"text": 5}', 'field "text" is a number, not a string'),
        ('{"text": true}', 'field "text" is true, not a string'),
        ('{"text": ["a", 5]}', "an array with a number, not of strings"),
        ('{"text": ["a", "b\\nc"]}', "an array with a string with a line break"),
        ('{"text": ["a\\rb", "c"]}', "an array with a string with a line break"),
        ('{"text": ["a", "\\rb"]}', "an array with a string with a line break"),
        ('{"text": [{"body": "a"}]}', "an array with an object.*with dots"),
    ],
)
def test_a_file_without_a_text_is_an_error(value: str, reason: str) -> None:
    data = f"\n[{value}]" if value[0] != "{" else f"\n{value}"
    with pytest.raises(DataError, match=f"^file:2: .*{reason}"):
        records("json", data.encode())


# Damage


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"Rain fell.", "line 1, column 1: Expecting value"),
        (b'{"text": "a"', "line 1, column 13"),
        (b'{"text": "a', "line 1, column 10: Unterminated string"),
        (b'{"text": "a\n', "line 1, column 12: Invalid control character"),
        (b'[{"text": "a"}', "line 1, column 15: expected a comma or ]"),
        (b'[{"text": "a"}\n {"text": "b"}]', "line 2, column 2: expected a comma or ]"),
        (b'[{"text": "a"},\n]', "line 2, column 1: Expecting value"),
        (b'[{"text": "a"}]]', "line 1, column 16: Expecting value"),
        (b'{"text": "a"},{"text": "b"}', "line 1, column 14: Expecting value"),
        (b'\n\n{"text": "\xff"}', "line 3, column 11: a byte that is not UTF-8"),
        (b'{"text": "\xc3', "line 1, column 11: a byte that is not UTF-8"),
        (b"[" * 200_000, "line 1, column"),
        (b'{"text": ' * 200_000, "line 1, column 1: a value is nested too deeply"),
    ],
)
def test_damage_is_an_error_with_its_place(data: bytes, message: str) -> None:
    with pytest.raises(DataError, match=f"file: not valid JSON: {message}"):
        records("json", data)


@pytest.mark.parametrize("data", [b'[{"text": "a", "n": [1, 2.5e3, true]},\n {"text": "b\\u00e9"}]', b'{"text": "a"}'])
def test_a_cut_file_is_an_error(data: bytes) -> None:
    for stop in range(1, len(data)):
        with pytest.raises(DataError, match="not valid JSON"):
            records("json", data[:stop])


@given(
    st.lists(st.tuples(st.integers(0, 99), st.integers(0, 3), st.sampled_from(list('[]{}:," \\\n7tx'))), min_size=1),
    st.sampled_from(["text", "a.text"]),
)
def test_damage_ends_in_one_kind_of_error(edits: list[tuple[int, int, str]], field: str) -> None:
    data = '[{"text": "x", "a": [{"text": "y"}, {"text": null}]},\n {"text": ["z"], "a": {"text": "w"}}]'
    for at, size, new in edits:
        data = data[:at] + new + data[at + size :]
    fields = Fields(field)
    with contextlib.suppress(DataError):
        rejected = any(isinstance(part, Rejected) for part in records("json", data.encode(), fields))
        assert rejected or rewritten("json", data.encode(), fields=fields) == data.encode()


def test_an_error_is_found_without_reading_on() -> None:
    stream = io.BytesIO(b'[{"text": "a", oops},' + b'{"text": "b"},' * 100_000)
    with pytest.raises(DataError, match="column 16"):
        list(load_format("json").read(stream, "file", Fields()))
    assert stream.tell() < 1 << 17


# Names, memory


def test_ids_are_the_records_own_or_their_number() -> None:
    data = b'[{"id":"a","text":""},{"id":' + b"1" * 30 + b',"text":""},{"id":true,"text":""},{"id":"","text":""}]'
    assert [part.id for part in records("json", data) if isinstance(part, Record) and part.text is not None] == [
        "a", "1" * 30, "file:3", "",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("id_field", "ids"),
    [("id", ["a", "file:2", "c"]), ("a.id", ["a", "file:2", "c"]), ("x", ["file:1", "file:2", "5"])],
)
def test_elements_have_ids_of_their_own(id_field: str, ids: list[str]) -> None:
    data = b'{"id": "r", "a": [{"id": "a", "t": ""}, {"t": ""}, {"id": "c", "x": 5, "t": ""}]}'
    found = records("json", data, Fields("a.t", id_field))
    assert [part.id for part in found if isinstance(part, Record) and part.text is not None] == ids


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(codec="utf-8")),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=8,
)
RECORDS = st.lists(
    st.tuples(st.dictionaries(st.sampled_from(["id", "a", "text.x"]), VALUES), st.none() | st.text(max_size=30)),
    max_size=6,
)


@given(RECORDS, st.sampled_from([None, 1]), st.booleans(), st.integers(1, 40))
def test_any_records_in_any_pieces(
    values: list[tuple[dict[str, object], str | None]], indent: int | None, escaped: bool, size: int
) -> None:
    data = json.dumps([{**rest, "text": text} for rest, text in values], indent=indent, ensure_ascii=escaped).encode(
        "utf-8", "surrogatepass"
    )

    class Slow(io.BytesIO):
        def read(self, _: int | None = -1, /) -> bytes:
            return super().read(size)

    assert rewritten("json", data) == data
    given_texts = [text for _, text in values if text is not None]
    assert texts("json", data) == given_texts
    slow = load_format("json").read(Slow(data), "file", Fields())
    assert [part.text for part in slow if isinstance(part, Record) and part.text is not None] == given_texts
    assert texts("json", rewritten("json", data, shorter)) == [shorter(text) for text in given_texts]


def test_no_more_than_a_record_is_read_ahead() -> None:
    data = b"[" + b'{"text": "Rain fell."},\n' * 100_000 + b"{}]"
    stream = io.BytesIO(data)
    found = load_format("json").read(stream, "file", Fields())
    for _ in range(1000):
        next(found)
    assert stream.tell() < 1 << 18


@pytest.mark.parametrize(("file", "field", "count"), [("array.json", "text", 3), ("newsplease.json", "paragraphs", 1)])
def test_public_cases(shared: Path, file: str, field: str, count: int) -> None:
    data = (shared / "cases" / "formats" / file).read_bytes()
    fields = Fields(field)
    assert len(texts("json", data, fields)) == count
    assert rewritten("json", data, fields=fields) == data
    before, after = (
        json.loads(data),
        json.loads(rewritten("json", data, lambda text: text.split("\n")[0] + "\n", fields)),
    )
    if isinstance(before, dict):
        assert after == {**before, "paragraphs": before["paragraphs"][:1]}
