"""JSON Lines: every line is preserved, and only the text changes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from json_variants import VARIANTS, variant
from rewriting import records, rewritten, shorter, texts

from detector.formats.base import Fields, Record, Rejected

LINES = [
    b'{"text":"Rain fell."}\n',
    b'{ "id" : 7 , "text" : "Caf\\u00e9" , "n":1.0, "big":123456789012345678901234567890, "e":1E5 }\r\n',
    '{"text":"Grüße\\nvom Deich","x":{"text":"inner","a":[1,{"text":2}]}}\n'.encode(),
    b'{"text":"first","text":"second one"}\n',
    b'{"x":NaN,"text":"lone \\ud800 half"}\n',
    b'\xef\xbb\xbf{"text":"after a mark"}\n',
    b'{"text":""}\n',
    b"\n",
    b"  \r\n",
    b'{"text":"no line end"}',
]


@pytest.fixture(autouse=True, scope="module", params=VARIANTS)
def _each_variant(request: pytest.FixtureRequest) -> Iterator[None]:
    with variant(request.param):
        yield


@pytest.mark.parametrize("line", LINES)
def test_unchanged_lines_are_preserved_byte_for_byte(line: bytes) -> None:
    assert rewritten("jsonl", line) == line


@pytest.mark.parametrize("line", [line for line in LINES if line.strip()])
def test_only_the_text_of_a_line_changes(line: bytes) -> None:
    new = 'a "new" text\nwith é and \ud801'
    changed = rewritten("jsonl", line, lambda _: new)
    before, after = (json.loads(part.decode("utf-8-sig")) for part in (line, changed))
    assert repr(after) == repr({**before, "text": new})
    kept = line.split(b'"text"', 1)[0]
    assert changed.startswith(kept)
    assert changed.rstrip(b"\r\n") == changed.rstrip() or line.endswith(b"\n")


@pytest.mark.parametrize(
    ("line", "changed"),
    [
        (b'{"x":"a","text":"a"}', b'{"x":"a","text":"N"}'),
        (b'{"text":"text","x":"text"}', b'{"text":"N","x":"text"}'),
        (b'{"a":{"text":"a"},"text":"a"}', b'{"a":{"text":"a"},"text":"N"}'),
        (b'{"x":"a","y":"b","text":","}', b'{"x":"a","y":"b","text":"N"}'),
        (b'{"x":"a","text":":"}', b'{"x":"a","text":"N"}'),
        (b'{"x":"/a","text":"\\/a"}', b'{"x":"/a","text":"N"}'),
        (b'{"text":"\\u0061","x":"a"}', b'{"text":"N","x":"a"}'),
        (b'{"N":1,"text":"N"}', b'{"N":1,"text":"N"}'),
    ],
)
def test_the_same_bytes_elsewhere_are_unchanged(line: bytes, changed: bytes) -> None:
    assert rewritten("jsonl", line, lambda _: "N") == changed


def test_a_line_that_had_escapes_keeps_them() -> None:
    assert rewritten("jsonl", b'{"text":"\\u00e9 x"}', lambda _: "é") == b'{"text":"\\u00e9"}'
    assert rewritten("jsonl", '{"text":"é x"}'.encode(), lambda _: "é") == '{"text":"é"}'.encode()


@pytest.mark.parametrize(
    ("line", "text", "changed"),
    [
        (b'{"text":"a\\/b","n":1}', "a/c", b'{"text":"a\\/c","n":1}'),
        (b'{"url":"https:\\/\\/rain.example","text":"a"}', "a/c", b'{"url":"https:\\/\\/rain.example","text":"a\\/c"}'),
        (b'{"text":"a/b"}', "a/c", b'{"text":"a/c"}'),
        (b'{"text":"\\u00E9 x"}', "\u00e9\u00ea", b'{"text":"\\u00E9\\u00EA"}'),
        (b'{"text":"\\u00e9 x"}', "\u00e9\u00ea", b'{"text":"\\u00e9\\u00ea"}'),
        (b'{"text":"\\u00E9 x"}', "\\u00ea", b'{"text":"\\\\u00ea"}'),
        (b'{"text":"\\u00E9 x"}', "\U0001f6a2", b'{"text":"\\uD83D\\uDEA2"}'),
        (b'{"text":"\\u2014A x"}', "\u00e9", b'{"text":"\\u00e9"}'),  # A is no digit of the escape
        (b'{"text":"x"}', "\x7f\x1f", b'{"text":"\\u007f\\u001f"}'),
    ],
)  # fmt: skip
@pytest.mark.parametrize("name", ["json", "jsonl"])
def test_texts_are_spelled_as_the_record_is(name: str, line: bytes, text: str, changed: bytes) -> None:
    assert rewritten(name, line, lambda _: text) == changed


def test_the_last_of_duplicate_fields_is_changed() -> None:
    changed = rewritten("jsonl", b'{"text":"first","text":"second"}', lambda _: "x")
    assert changed == b'{"text":"first","text":"x"}'


@pytest.mark.parametrize(
    ("field", "line", "text", "changed"),
    [
        ("article.body", b'{"article":{"id":1,"body":"x y"},"body":"z"}', "x y",
         b'{"article":{"id":1,"body":"N"},"body":"z"}'),
        ("a.b.c", b'{"a":{"b":{"c":"x"}, "c":1}}', "x", b'{"a":{"b":{"c":"N"}, "c":1}}'),
        ("a.b", b'{"a":{"b":"x"},"a.b":"y"}', "y", b'{"a":{"b":"x"},"a.b":"N"}'),
    ],
)  # fmt: skip
def test_nested_fields(field: str, line: bytes, text: str, changed: bytes) -> None:
    fields = Fields(text=field)
    assert texts("jsonl", line, fields) == [text]
    assert rewritten("jsonl", line, lambda _: "N", fields) == changed


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"{", "not JSON"),
        (b'{"text": "\xff"}', "not JSON in UTF-8"),
        (b"[1]", "an array, not a JSON object"),
        (b"7", "a number, not a JSON object"),
        (b"null", "null, not a JSON object"),
        (b"true", "true, not a JSON object"),
        (b'"x"', "a string, not a JSON object"),
        (b'{"body": "x"}', 'field "text" is missing'),
        (b'{"text": 5}', 'field "text" is a number, not a string'),
        (b"[" * 100_000, "nested too deeply|not JSON"),
    ],
)
def test_lines_that_are_not_records_are_rejected(line: bytes, reason: str) -> None:
    good = b'{"text":"x"}\n'
    first, rejected, last = records("jsonl", good + line + b"\n" + good)
    assert isinstance(first, Record)
    assert isinstance(last, Record)
    assert isinstance(rejected, Rejected)
    assert rejected.number == 2
    assert rejected.raw == line + b"\n"
    assert any(part in rejected.reason for part in reason.split("|"))


@pytest.mark.parametrize("depth", [10, 600, 900])
def test_nested_lines_are_changed_like_others(depth: int) -> None:
    line = b'{"x":' + b"[" * depth + b"]" * depth + b',"text":"a b"}'
    assert rewritten("jsonl", line, lambda _: "N") == line.replace(b"a b", b"N")


@pytest.mark.parametrize(
    ("given_id", "wanted"),
    [
        ('"a"', "a"),
        ('""', ""),
        ("7", "7"),
        ("123456789012345678901234567890", "123456789012345678901234567890"),
        ("1.5", "file:1"),
        ("true", "file:1"),
        ("null", "file:1"),
        ("[1]", "file:1"),
    ],
)
@pytest.mark.parametrize("text", ['"Rain."', "null"])
def test_ids_are_the_records_own_or_their_line(given_id: str, wanted: str, text: str) -> None:
    (record,) = (
        part
        for part in records("jsonl", f'{{"id":{given_id},"text":{text}}}\n'.encode())
        if isinstance(part, Record) and (part.text is not None or part.is_null)
    )
    assert record.id == wanted


@pytest.mark.parametrize(
    "line", [b'{"text": null, "n": 1}\n', b'\xef\xbb\xbf {"text":null}', b'{"a":{"text":null}}\r\n']
)
def test_a_text_that_is_null_stays_null(line: bytes) -> None:
    fields = Fields("a.text") if b"a" in line[:3] else Fields()
    found = [part for part in records("jsonl", line, fields) if isinstance(part, Record)]
    assert [part.text for part in found if part.is_null] == [None]
    assert rewritten("jsonl", line, lambda _: "N", fields) == line


@pytest.mark.parametrize(
    "line", [b'{"text":null}\n', b'{"text":null,"x":NaN}', b'{"id":1.5,"text":null}', b'{"x":"\\ud800","text":null}\n']
)
def test_a_null_is_one_part(line: bytes) -> None:
    """The places of rejected records are counted in parts, and must be the same where a result is restored."""
    assert [part.is_null for part in records("jsonl", line) if isinstance(part, Record)] == [True]


def test_public_cases(shared: Path) -> None:
    data = (shared / "cases" / "formats" / "nulls.jsonl").read_bytes()
    found = records("jsonl", data)
    assert [part.number for part in found if isinstance(part, Rejected)] == [2, 3]
    assert sum(part.is_null for part in found if isinstance(part, Record)) == 1
    assert len(texts("jsonl", data)) == 2
    assert rewritten("jsonl", data) == b"".join(
        line for number, line in enumerate(data.splitlines(keepends=True), 1) if number not in (2, 3)
    )


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(codec=None)),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=8,
)


@given(
    st.dictionaries(st.sampled_from(["id", "a", "b", "text", "text.x"]), JSON, max_size=5),
    st.text(st.characters(codec=None)),
    st.booleans(),
)
def test_any_record_is_read_and_written(record: dict[str, object], text: str, escaped: bool) -> None:
    line = json.dumps({**record, "text": text}, ensure_ascii=escaped).encode("utf-8", "surrogatepass")
    assert texts("jsonl", line) == [text]
    assert texts("jsonl", rewritten("jsonl", line, shorter)) == [shorter(text)]
