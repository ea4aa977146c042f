"""Self-contained pages: what is in them, and what they forbid."""

from __future__ import annotations

import base64
import hashlib
import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from report_content import block

from detector.report.page import Page, asset, binary_block, escape, json_block


def made(page: Page) -> str:
    return b"".join(page.pieces()).decode()


def test_the_title_is_escaped_and_the_body_is_not() -> None:
    page = made(Page("a <b> & c", f"<p>{escape('<i>')}</p>"))
    assert "<title>a &lt;b&gt; &amp; c</title>" in page
    assert "<p>&lt;i&gt;</p>" in page


def test_the_policy_allows_the_style_and_the_script_of_the_page_and_nothing_else() -> None:
    page = made(Page("t", "", ("body { color: red }", "p { margin: 0 }"), ("const a = 1;", "a + 1;")))
    found = re.search('http-equiv="Content-Security-Policy" content="([^"]*)"', page)
    assert found
    policy = dict(part.strip().split(" ", 1) for part in found[1].split(";"))
    assert policy["default-src"] == policy["base-uri"] == policy["form-action"] == "'none'"
    assert policy["img-src"] == "data:"
    for element, directive in (("style", "style-src"), ('script type="module"', "script-src")):
        content = page.split(f"<{element}>")[1].split("</")[0]
        digest = base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()
        assert policy[directive] == f"'sha256-{digest}'"
    assert page.index("Content-Security-Policy") < page.index("<style>")


def test_lone_surrogates_are_shown_as_replacement_characters() -> None:
    assert "<title>&#55296;</title>" in made(Page("\ud800", "<p>\udfff</p>"))
    assert "<p>&#57343;</p>" in made(Page("\ud800", "<p>\udfff</p>"))


def test_scripts_are_joined_in_order() -> None:
    assert "const a = 1;\na + 1;" in made(Page("t", "", (), ("const a = 1;", "a + 1;")))


def test_a_page_without_a_script_has_none() -> None:
    assert 'type="module"' not in made(Page("t", "<p>text</p>"))


@pytest.mark.parametrize("content", ["x</script>", "x</SCRIPT >", "<!-- x", "<script>"])
def test_a_script_that_would_end_its_element_is_refused(content: str) -> None:
    with pytest.raises(ValueError, match="a script of a page holds"):
        made(Page("t", "", (), (content,)))


def test_a_style_that_would_end_its_element_is_refused() -> None:
    with pytest.raises(ValueError, match="a style of a page holds"):
        made(Page("t", "", ("</style>",)))


ODD = st.text(st.one_of(st.characters(), st.sampled_from('</>!-&"\u2028\u2029\ud800 script')))


@given(st.recursive(st.none() | st.booleans() | st.integers() | ODD, lambda value: st.lists(value, max_size=4)))
def test_any_json_survives_and_ends_no_element(value: object) -> None:
    page = made(Page("t", "", data={"values": json_block(value)}))
    assert json.loads(block(page, "values")) == value
    assert "<" not in block(page, "values")


@given(st.lists(st.binary(max_size=40)))
def test_bytes_survive_line_by_line(pieces: list[bytes]) -> None:
    lines = block(made(Page("t", "", data={"b": binary_block(pieces)})), "b").split("\n")
    assert [base64.b64decode(line) for line in lines] == (pieces or [b""])


def test_the_assets_load_nothing_from_elsewhere() -> None:
    from detector.report.report import SCRIPTS

    files = ["shared/style.css", "shared/theme.js", "page/report.css", "page/body.html"]
    for name in [*files, *(f"page/{script}.js" for script in SCRIPTS)]:
        text = asset(name).replace("http://www.w3.org/2000/svg", "")
        assert not re.search(
            r"https?://|@import|url\(|\bimport\b|\bfetch\(|innerHTML|insertAdjacentHTML|eval\(", text
        ), name


def test_the_body_has_no_style_and_no_handler_in_it() -> None:
    assert not re.search(r"""\s(style|on[a-z]+)\s*=""", asset("page/body.html"))
