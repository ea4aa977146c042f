"""Long paragraphs are read in parts, and documents of tiny paragraphs are not read."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detector.text.paragraphs import split
from detector.text.reading import PART_BYTES, TINY_BYTES, TINY_PARAGRAPHS, divide_long, is_read

LONG = ["word " * PART_BYTES, "x" * (3 * PART_BYTES), "東京の店。" * PART_BYTES, "ä" * PART_BYTES, "😀 " * PART_BYTES]


def test_paragraphs_of_a_usual_length_are_not_divided() -> None:
    assert divide_long(split(["", "One.\nTwo.", "x" * PART_BYTES])) is None
    assert divide_long(split([""])) is None


@given(st.lists(st.sampled_from([*LONG, "Short.", ""]), min_size=1, max_size=4), st.sampled_from(["\n", "\r\n"]))
def test_parts_are_the_paragraph(lines: list[str], line_end: str) -> None:
    text = line_end.join(lines)
    batch = split([text, "Another text.", text])
    parts = divide_long(batch)
    if parts is None:
        assert not any(line in LONG for line in lines)
        return
    rows = parts.batch
    assert int((rows.end - rows.start).max()) <= PART_BYTES
    assert np.array_equal(rows.document, batch.document[parts.paragraph])
    assert np.array_equal(np.searchsorted(rows.document, np.arange(4)), rows.bounds)
    for paragraph in range(len(batch)):
        of_it = np.flatnonzero(parts.paragraph == paragraph)
        assert rows.start[of_it[0]] == batch.start[paragraph]
        assert rows.char_start[of_it[0]] == batch.char_start[paragraph]
        assert rows.end[of_it[-1]] == batch.end[paragraph]
        assert rows.char_end[of_it[-1]] == batch.char_end[paragraph]
        assert np.array_equal(rows.start[of_it[1:]], rows.end[of_it[:-1]])
        assert np.array_equal(rows.char_start[of_it[1:]], rows.char_end[of_it[:-1]])
    source = [text, "Another text.", text]
    pieces = [source[d][a:b] for d, a, b in zip(rows.document, rows.char_start, rows.char_end, strict=True)]
    sizes = [len(piece.encode()) for piece in pieces]
    assert sizes == (rows.end - rows.start).tolist()  # so no character is cut


def test_a_paragraph_is_cut_at_spaces() -> None:
    parts = divide_long(split(["word " * PART_BYTES]))
    assert parts is not None
    assert all((parts.batch.char_end[:-1]) % len("word ") == 0)


def test_the_best_part_is_the_first_with_the_highest_score() -> None:
    parts = divide_long(split(["Short.\n" + "x" * (2 * PART_BYTES) + "\nEnd."]))
    assert parts is not None
    assert parts.paragraph.tolist() == [0, 1, 1, 1, 2]
    assert parts.best(np.array([0.1, 0.2, 0.7, 0.7, 0.3])).tolist() == [0, 2, 4]


TINY = "x" * (TINY_BYTES - 1)
READ_CASES = [
    ("", True),
    ("A single word", True),
    ("\n".join([TINY] * (TINY_PARAGRAPHS - 1)), True),
    ("\n".join([TINY] * TINY_PARAGRAPHS), False),
    ("\n\n".join([TINY] * 1000), False),
    ("\n".join([TINY + "x"] * 1000), True),
    ("\n".join([TINY] * TINY_PARAGRAPHS + ["One paragraph of the usual length makes up for sixteen tiny ones."]), True),
]


@pytest.mark.parametrize(("text", "expected"), READ_CASES)
def test_documents_of_tiny_paragraphs_are_not_read(text: str, expected: bool) -> None:
    assert is_read(split([text])).tolist() == [expected]
    assert is_read(split(["Before.", text, ""])).tolist() == [True, expected, True]
