"""Extractors of other projects: each one extracts by our interface, and what they are known to do is still so.

What is known of them stands in docs/html.md.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from detector.errors import UsageError
from detector.extractors import EXTRACTORS, extract, is_installed, require, version

STORY = (
    "The ferry to Aldermoor sails again after three years, the harbour board said on Monday, and about 90 people were "
    "on board for the first crossing of the year, among them Ida Marlow, who has run the café on the quay since the "
    "flood and who sold, as she said, twice as much coffee as on any other day of the winter."
)
SECOND = (
    "The council has paid two million for the new pier, which was damaged when the river rose, and it expects that the "
    "crossing will have paid for itself within ten years if as many people use it as did before the flood, a number "
    "that the chair of the board called careful but not, as some have said, far too low for a town of this size."
)
LETTERS = "Grüße: ﬁn, naïve, 雨"
RUN_BY = ".ci/integrations runs this"


def page(*blocks: str, head: str = '<meta charset="utf-8">') -> str:
    body = "".join(block if block.startswith("<") else f"<p>{block}</p>" for block in blocks)
    return (
        f"<!DOCTYPE html><html><head>{head}<title>A ferry</title></head><body><article>{body}</article></body></html>"
    )


def lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]


@pytest.fixture(params=EXTRACTORS)
def name(request: pytest.FixtureRequest) -> str:
    pytest.importorskip(EXTRACTORS[request.param].module, reason=RUN_BY)
    return str(request.param)


def test_an_extractor_extracts(name: str) -> None:
    found = lines(extract(page("<h1>The ferry sails again</h1>", STORY, SECOND), name))
    assert STORY in found
    assert SECOND in found


@pytest.mark.parametrize("as_bytes", [True, False])
def test_characters_survive(name: str, as_bytes: bool) -> None:
    text = page(STORY, f"{SECOND} {LETTERS}", STORY.replace("Monday", "Tuesday"))
    assert LETTERS in extract(text.encode() if as_bytes else text, name)


@pytest.mark.parametrize("declared", ["iso-8859-1", "windows-1252"])
def test_an_encoding_that_the_page_names_is_read(name: str, declared: str) -> None:
    text = page(STORY, f"{SECOND} Grüße", SECOND, head=f'<meta charset="{declared}">')
    assert "Grüße" in extract(text.encode(declared), name)


@pytest.mark.parametrize("as_bytes", [True, False])
def test_xhtml_with_a_declaration_is_read(name: str, as_bytes: bool) -> None:
    text = '<?xml version="1.0" encoding="utf-8"?>\n' + page(STORY, SECOND)
    assert STORY in extract(text.encode() if as_bytes else text, name)


@pytest.mark.parametrize("text", ["", " \n", "<html>", "<html><body><script>go()</script></body></html>"])
def test_of_an_empty_page_there_is_nothing(name: str, text: str) -> None:
    assert extract(text, name).strip() == ""
    assert extract(text.encode(), name).strip() == ""


def test_the_version_is_known(name: str) -> None:
    assert is_installed(name)
    assert version(name)[0].isdigit()


@pytest.mark.parametrize("call", [is_installed, version, require])
def test_an_unknown_name(call: Callable[[str], object]) -> None:
    with pytest.raises(UsageError, match="extractor 'none': choose one of trafilatura"):
        call("none")
