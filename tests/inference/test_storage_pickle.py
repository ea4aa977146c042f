"""The reader of plain pickles returns what `pickle` does, and knows no other opcodes."""

from __future__ import annotations

import pickle
import pickletools
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detector.errors import ModelError
from detector.inference import plain_pickle
from detector.inference.plain_pickle import unpickle

FILE = Path("model.joblib")
NAMES = {
    "PROTO", "FRAME", "STOP", "MARK", "MEMOIZE", "BINGET", "LONG_BINGET", "EMPTY_DICT", "SETITEM", "SETITEMS",
    "EMPTY_LIST", "APPEND", "APPENDS", "BININT", "BININT1", "BININT2", "SHORT_BINUNICODE", "SHORT_BINBYTES", "BINBYTES",
}  # fmt: skip

names = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
numbers = st.integers(-(1 << 31), (1 << 31) - 1)
values: st.SearchStrategy[Any] = st.recursive(
    numbers | names | st.binary(max_size=300),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(names, inner, max_size=4),
    max_leaves=20,
)


def plain(value: Any) -> Any:
    """A value with its views of bytes as bytes."""
    if isinstance(value, memoryview):
        return bytes(value)
    if isinstance(value, list):
        return [plain(each) for each in value]
    return {key: plain(each) for key, each in value.items()} if isinstance(value, dict) else value


@given(value=st.dictionaries(names, values, max_size=5))
def test_plain_values_are_read_as_pickle_reads_them(value: dict[str, Any]) -> None:
    repeated = {"one": value, "other": value}
    assert plain(unpickle(pickle.dumps(repeated, 4), FILE)) == repeated


def test_a_value_that_occurs_again_is_the_same_object() -> None:
    shared: list[int] = [1]
    read = unpickle(
        pickle.dumps({"one": shared, "other": shared, "more": [{} for _ in range(300)], "last": shared}, 4), FILE
    )
    assert read["one"] is read["other"] is read["last"]


def test_bytes_are_views_into_the_content() -> None:
    content = pickle.dumps({"small": b"x" * 10, "large": b"y" * 1000}, 4)
    assert all(view.obj is content and view.readonly for view in unpickle(content, FILE).values())


def test_the_opcodes_are_those_of_pickle() -> None:
    codes = {opcode.name: ord(opcode.code) for opcode in pickletools.opcodes}
    assert {*plain_pickle._OPCODES, plain_pickle._STOP} == {codes[name] for name in NAMES}
    assert plain_pickle._PROTOCOL == pickle.HIGHEST_PROTOCOL


HEAD = b"\x80\x04"


@pytest.mark.parametrize(
    "content",
    [
        b"}", HEAD, HEAD + b"}", HEAD + b"}}.", HEAD + b"(}.", HEAD + b"}..", HEAD + b"}K\x01K\x02s.", HEAD + b"}u.",
        HEAD + b"}(\x8c\x01au.", HEAD + b"}\x8c\x01aK\x01a.", HEAD + b"]K\x01K\x02s.", HEAD + b"}C\x01aK\x01s.",
        HEAD + b"}h\x00.", HEAD + b"\x94}.", HEAD + b"K", HEAD + b"B\xff\xff\xff\x7fx.", HEAD + b"\x8c\x05abc.",
        HEAD + b"\x95\x10\0\0\0\0\0\0\0}.", HEAD + b"\xff.", b"\x80\x06}.",
    ],
)  # fmt: skip
def test_a_pickle_that_is_damaged(content: bytes) -> None:
    with pytest.raises(ModelError, match=r"model.joblib: damaged \("):
        unpickle(content, FILE)


@pytest.mark.parametrize("content", [HEAD + b"].", HEAD + b"K\x01.", HEAD + b"C\x01a."])
def test_a_pickle_of_another_value(content: bytes) -> None:
    with pytest.raises(ModelError, match="not a model"):
        unpickle(content, FILE)
