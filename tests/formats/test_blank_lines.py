"""Blank lines between records: one part for each run of them, the same parts with and without rejected records."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detector.formats import blank_lines
from detector.formats.base import Record, Rejected
from detector.formats.blank_lines import with_blank_lines

pieces = st.lists(st.sampled_from([b"\n", b" \r\n", Record("r", "text", b"r\n"), Rejected(1, "bad", b"bad\n")]))


def joined(parts: list[Record | Rejected | bytes]) -> list[Record | Rejected]:
    return list(with_blank_lines(parts, lambda raw: Record("", None, raw)))


def raw(parts: list[Record | Rejected]) -> bytes:
    return b"".join(part.raw for part in parts)


@given(pieces)
def test_nothing_is_lost(parts: list[Record | Rejected | bytes]) -> None:
    found = joined(parts)
    assert raw(found) == b"".join(part if isinstance(part, bytes) else part.raw for part in parts)
    assert [part for part in found if isinstance(part, Record) and part.text] == [
        part for part in parts if isinstance(part, Record)
    ]


@given(pieces)
def test_the_other_parts_are_the_same_without_those_that_are_rejected(parts: list[Record | Rejected | bytes]) -> None:
    kept = [part for part in joined(parts) if isinstance(part, Record)]
    again: list[Record | Rejected | bytes] = [
        piece for part in kept for piece in ([part] if part.text else part.raw.splitlines(keepends=True))
    ]
    assert joined(again) == kept


def test_a_long_run_is_several_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blank_lines, "_MOST", 3)
    assert [part.raw for part in joined([b"\n"] * 7)] == [b"\n\n\n", b"\n\n\n", b"\n"]
    rejected, rest = joined([Rejected(1, "bad", b"bad\n"), *[b"\n"] * 5])
    assert (rejected, rest.raw) == (Rejected(1, "bad", b"bad\n\n\n\n", is_element=True), b"\n\n")
