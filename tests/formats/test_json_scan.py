"""The compiled code for JSON Lines returns what the Python code does, and leaves to it what is not plain."""

from __future__ import annotations

import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from json_variants import IS_COMPILED, VARIANTS, variant
from rewriting import shorter

from detector.formats import json_strings, jsonl
from detector.formats.base import DEFAULT_FIELDS, Fields, Record, Rejected

if not IS_COMPILED:
    pytest.skip("the compiled backend was not built", allow_module_level=True)

from detector.backend import core

FIELDS = [
    DEFAULT_FIELDS,
    Fields("a.text", "a.id"),
    Fields("a.b.text", "id"),
    Fields("a.text", "a"),
    Fields("text", "text"),
    Fields("a.", ".id"),
    Fields("", "é"),
]
NAMES = ["text", "id", "a", "b", "a.text", "a.", "", "é", "te\\u0078t", "\\u00e9", "x"]
# what stands in strings, and what is not allowed there, or only half of it
CHARACTERS = [
    r"\/", r"\\", r"\"", r"\n", r"\b", r"\u0041", r"\u00e9", r"\u00E9", r"\u00eA", r"\u2014A", r"\ud83d\ude00",
    r"\u0000", r"\u001F", *"a /\x7fé漢\U0001f600\u2028\ufeff", "x" * 15, "é" * 9,
]  # fmt: skip
ODD_CHARACTERS = [r"\ud800", r"\udc00", r"\ud800\u0041", r"\u12g4", r"\x", *'\\"\n\x00\x1f\ud800']
NUMBERS = ["0", "-7", "1.5", "-0.0", "1e5", "1E+5", "1e400", "9" * 19, "9" * 100]
ODD_NUMBERS = ["-0", "9" * 101, "9" * 4100, "01", "1.", "-", ".5", "+1", "1e", "NaN", "-Infinity", "nul", "truex"]
NOT_UTF8 = ["80", "c1bf", "c3", "e09fbf", "e282", "eda080", "f08fbfbf", "f4908080", "f5808080", "ff", "c3c3a9"]


def joined(parts: list[str]) -> st.SearchStrategy[str]:
    return st.lists(st.sampled_from(parts), max_size=6).map("".join)


SPACE = st.sampled_from(["", "", "", " ", "\t\r\n", "\x0b"])
STRINGS = (joined(CHARACTERS) | joined([*CHARACTERS, *ODD_CHARACTERS])).map('"{}"'.format)
NAMED = st.sampled_from(NAMES).map('"{}"'.format) | STRINGS
SIMPLE = STRINGS | st.sampled_from([*NUMBERS, *ODD_NUMBERS, "true", "false", "null", "[]", "{}"])


def objects(values: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    member = st.tuples(SPACE, NAMED, SPACE, values, SPACE).map(lambda m: f"{m[0]}{m[1]}:{m[2]}{m[3]}{m[4]}")
    return st.lists(member, max_size=5).map(lambda members: f"{{{','.join(members)}}}")


def arrays(values: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.lists(values, max_size=3).map(lambda elements: f"[{','.join(elements)}]")


VALUES = st.recursive(SIMPLE, lambda inner: objects(inner) | arrays(inner), max_leaves=12)
LINES = st.tuples(SPACE, objects(VALUES), SPACE).map(lambda parts: "".join(parts).encode("utf-8", "surrogatepass"))
BYTES = b'{}[]":,\\/u0dDeE.+-ntrf \n\t\x00\x1f\x7f\x80\xbf\xc0\xc2\xc3\xe0\xed\xa0\xf0\xf4\x90\xf5\xff\xefAa9'
IDS = st.sampled_from([*NUMBERS, '"é"', '"\\u00e9"', "null", "[1]"])
EDITS = st.lists(st.tuples(st.integers(0, 200), st.integers(0, 3), st.sampled_from(BYTES)), max_size=3)
TEXTS = st.text(st.sampled_from('a/\\"\n\t\b\f\r\x00\x1f\x7fé\x80\u07ff\u0800\uffff\u2028\U0001f600\ud800')) | st.text()


def edited(line: bytes, edits: list[tuple[int, int, int]]) -> bytes:
    """The line with some bytes replaced by a byte."""
    changed = bytearray(line)
    for at, size, byte in edits:
        start = at % (len(changed) + 1)
        changed[start : start + size] = bytes([byte])
    return bytes(changed)


def in_python(line: bytes, fields: Fields) -> list[Record | Rejected]:
    """The records of a line, which may have line breaks in it, as Python reads it."""
    with variant("standard"):
        return list(jsonl._records(line, "file", 1, fields))


def check(line: bytes, fields: Fields, text: str) -> bool:
    """Whether the line is read by the compiled code. Asserts that it has the results of the Python code."""
    found = core.read_json_line(line, fields.text.encode(), fields.id.encode())
    if found is None:
        return False
    (record,) = in_python(line, fields)
    assert isinstance(record, Record)
    assert (record.text, record.id) == (found[0], "file:1" if found[1] is None else found[1])
    assert record.is_null == (found[0] is None)
    if found[0] is not None:
        compiled = jsonl._Line(line, (), *found[2:])
        for each in (text, shorter(found[0])):
            with variant("standard"):
                wanted = record.raw.with_text(each).line
                restored = jsonl._Line(wanted, record.raw.keys).with_text(found[0]).line
            changed = compiled.with_text(each)
            assert changed.line == wanted
            assert changed.with_text(found[0]).line == restored
    return True


@given(LINES, st.sampled_from(FIELDS), TEXTS)
def test_lines(line: bytes, fields: Fields, text: str) -> None:
    check(line, fields, text)


@given(st.tuples(joined(CHARACTERS), IDS, VALUES), EDITS, TEXTS)
def test_lines_with_changed_bytes(parts: tuple[str, str, str], edits: list[tuple[int, int, int]], text: str) -> None:
    line = '{{"text": "{}", "id": {}, "x": {}}}'.format(*parts).encode("utf-8", "surrogatepass")
    for given_line in (line, edited(line, edits)):
        for fields in FIELDS:
            check(given_line, fields, text)


@pytest.mark.parametrize(
    "line",
    [
        '{"text":"Rain fell.","id":7}\n',
        ' { "id" : "\\u00e9" , "text" : "Caf\\u00e9 \\ud83d\\ude00" , "n":[1.0,-2e-9,true,false,null,{}] } \r\n',
        '{"text":"Grüße\\nvom Deich","x":{"text":"inner","a":[1,{"text":2}]}}',
        '{"text":1,"te\\u0078t":"the last one","id":null}',
        '{"text":null}',
        '{"text":"","x":"\\\\"}',
        '{"text":"' + "nested" * 100 + '","x":' + "[" * 63 + "]" * 63 + "}",
    ],
)
def test_plain_lines_are_compiled(line: str) -> None:
    assert check(line.encode(), DEFAULT_FIELDS, "é")


@pytest.mark.parametrize(
    ("fields", "line", "text", "known"),
    [
        (Fields("a.b", "a.id"), '{"a":{"b":"x","id":1},"b":"y"}', "x", "1"),
        (Fields("a.b", "a.id"), '{"a":{"b":"x","id":1},"a.b":"y","a.id":"z"}', "y", "z"),
        (Fields("a.b", "a.id"), '{"a":{"b":"x","id":1},"a":{"b":"y"}}', "y", None),
        (Fields("a.b", "a.id"), '{"a":{"b":"x"},"a.id":null,"a":{"id":1,"b":"y"}}', "y", None),
        (Fields("a.b.c"), '{"a":{"b":[],"b":{"c":"x"}}}', "x", None),
        (Fields("a..c"), '{"a":{"":{"c":"x"}}}', "x", None),
        (Fields("text", "text"), '{"text":"x"}', "x", "x"),
        (Fields("é", "ü"), '{"\\u00e9":"x","ü":2}', "x", "2"),
    ],
)
def test_fields(fields: Fields, line: str, text: str, known: str | None) -> None:
    found = core.read_json_line(line.encode(), fields.text.encode(), fields.id.encode())
    assert found is not None
    assert found[:2] == (text, known)
    assert check(line.encode(), fields, "é")


@pytest.mark.parametrize(
    "line",
    [
        '{"a":{"b":"x"},"a":5}',
        '{"a":{"b":null}}',
        '{"a":{"b":"x"},"a.b":null,"a.b":[]}',
        '{"a":[{"b":"x"}]}',
        '{"b":"x"}',
    ],
)
def test_lines_whose_last_value_is_no_text(line: str) -> None:
    assert core.read_json_line(line.encode(), b"a.b", b"id") is None


@pytest.mark.parametrize("odd", NOT_UTF8)
def test_lines_that_are_not_utf8(odd: str) -> None:
    assert check(b'{"id":"1","text":"x"}', DEFAULT_FIELDS, "x")
    for place in (b"1", b"x", b"id", b"text"):
        assert (
            core.read_json_line(b'{"id":"1","text":"x"}'.replace(place, place + bytes.fromhex(odd)), b"text", b"id")
            is None
        )


@pytest.mark.parametrize(
    "line",
    [
        b'\xef\xbb\xbf{"text":"x"}',
        b'{"text":"\\ud800"}',
        b'{"text":"x","n":NaN}',
        b'{"text":"x","id":-0}',
        b'{"text":"x","id":' + b"9" * 101 + b"}",
        b'{"text":["x"]}',
        b'{"text":"x","n":' + b"[" * 64 + b"]" * 64 + b"}",
    ],
)
def test_lines_that_are_left_to_python(line: bytes) -> None:
    assert core.read_json_line(line, b"text", b"id") is None
    assert all(isinstance(part, Record) for part in in_python(line, DEFAULT_FIELDS))


@pytest.mark.parametrize(
    "line", ['{"text":"é\\u00e9 漢\\n","id":-12,"n":[1.5e3,true]}', '{"id":"\\ud83d\\ude00","text":"a"}']
)
def test_a_line_that_is_cut_is_left_to_python(line: str) -> None:
    data = line.encode()
    for stop in range(len(data)):
        assert core.read_json_line(data[:stop], b"text", b"id") is None
        assert core.read_json_line(data[:stop] + b"\x00" + data[stop:], b"text", b"id") is None
    for byte in range(256):
        for at in range(len(data)):
            check(data[:at] + bytes([byte]) + data[at + 1 :], DEFAULT_FIELDS, "x")


@pytest.mark.parametrize("size", range(40))
def test_characters_at_each_place_of_a_text(size: int) -> None:
    """Bytes are compared in blocks, of which a text has a part at its end."""
    for character in '\\"/\n\x1f\x7fé漢\U0001f600':
        text = "x" * size + character + "x" * (40 - size)
        for like in ('"a"', '"é"', '"\\u00e9\\/"', '"\\u00E9"', '"\\u00eA"'):
            line = f'{{"text":{json.dumps(text)},"like":{like}}}'.encode()
            assert check(line, DEFAULT_FIELDS, text[size // 2 :])
            assert check(line[:-1] + f',"text":{json.dumps(text, ensure_ascii=False)}}}'.encode(), DEFAULT_FIELDS, text)


@given(TEXTS, st.booleans(), st.booleans(), st.booleans())
def test_strings(text: str, ascii_only: bool, slashes: bool, capitals: bool) -> None:
    string = core.write_json_string(text, ascii_only, slashes, capitals)
    with variant("standard"):
        assert string in (None, json_strings.Spelling(ascii_only, slashes, capitals).string(text))
    assert (string is None) == any("\ud800" <= character <= "\udfff" for character in text)


@given(st.lists(LINES, max_size=4), st.sampled_from(FIELDS))
def test_files_are_the_same_in_all_variants(lines: list[bytes], fields: Fields) -> None:
    data = b"\n".join([*lines, b'{"text":"x"}'])
    results = []
    for name in VARIANTS:
        with variant(name):
            parts = list(jsonl.JsonLinesFormat().read(io.BytesIO(data), "file", fields))
            results.append([_seen(part) for part in parts])
    assert results[1:] == results[:-1]


def _seen(part: Record | Rejected) -> tuple[object, ...]:
    """What is seen of a part, but its ``raw`` and the reasons, which are those of a parser."""
    if isinstance(part, Rejected):
        return part.number, part.raw
    original = jsonl.JsonLinesFormat().original(part, shorter(part.text)) if isinstance(part.text, str) else None
    out = io.BytesIO()
    jsonl.JsonLinesFormat().writer(out, DEFAULT_FIELDS).write(part, part.text and shorter(str(part.text)))
    return part.id, part.text, part.is_null, original, out.getvalue()


def test_wrong_arguments() -> None:
    for start, stop in ((3, 2), (0, 12)):
        with pytest.raises(ValueError, match="of a line of 11"):
            core.write_json_line(b'{"text":""}', start, stop, "x")
    with pytest.raises(TypeError):
        core.read_json_line(None, b"text", b"id")
    with pytest.raises(TypeError):
        core.write_json_line(b'{"text":""}', 8, 10, None)
