"""Hard-wrapped text is recognised, and text with a paragraph in each line is not taken for it."""

from __future__ import annotations

import textwrap

import pytest

from detector.text.paragraphs import split
from detector.text.wrapping import looks_wrapped

STORY = (
    "The ferry to Hollow Quay did not sail on Monday because of the wind, and the second boat was already in the yard "
    "at Brannock for its yearly inspection, so that nobody could leave the island until the evening. "
) * 6
POEM = "The wind went down at evening,\nThe ferry did not sail,\nAnd all of us were grieving.\n" * 6
CASES = {
    "wrapped at 72": (textwrap.fill(STORY, 72), True),
    "wrapped at 100, with blank lines": ("\n\n".join([textwrap.fill(STORY, 100)] * 3), True),
    "a paragraph per line": ("\n".join([STORY] * 12), False),
    "a sentence per line": ("\n".join(["The boat sailed in the evening, when the wind had gone down."] * 12), False),
    "a short text": (textwrap.fill(STORY[:300], 72), False),
    "a list of names": ("\n".join(["Ada Brannock", "Bo", "Cyril of Hollow Quay", "Dee Lee"] * 6), False),
    "a poem": (POEM, False),
    "nothing": ("", False),
}  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), CASES.values(), ids=CASES)
def test_wrapping(text: str, expected: bool) -> None:
    batch = split([text])
    assert looks_wrapped(text, batch.char_start, batch.char_end) is expected
