"""Pages that would take parsers quadratic time."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detector.html.limits import MAX_ATTRIBUTES, MAX_FORMATTED, without_floods
from detector.html.page import page_text

MANY, LONG = MAX_FORMATTED + 8, 6 * MAX_ATTRIBUTES  # just beyond the limits: no parser minds them
FLOODS = {
    "formatting in paragraphs": "".join(f"<font color={i}><p>x" for i in range(MANY)),
    "formatting, then paragraphs": "".join(f"<b id={i}>" for i in range(MANY)) + "<p>x" * MANY,
    "formatting in upper case": "".join(f'<STRONG\nID="{i}"><P>x' for i in range(MANY)),
    "attributes of one tag": f"<p {' '.join(f'a{i}=1' for i in range(LONG))}>x",
    "attributes of an end tag": f"<p>x</p {' '.join(f'a{i}' for i in range(LONG))}>",
    "attributes without spaces": "<p " + "".join(f'a{i}=""' for i in range(LONG)) + ">x",
    "merged elements": "".join(f"<body a{i}=1>" for i in range(MANY)) + "x",
    "a tag that does not end": f"<p>x<p {' '.join(f'a{i}' for i in range(LONG))}",
    "a quotation that does not end": f"<p>x<p {' '.join(f'a{i}' for i in range(LONG))} b='",
    "long tags": f"<p a={'y' * 5000}>" * 40 + "x",
}
ORDINARY = {
    "a page": "<html lang=en><body class=x><p>a <b class=y>b</b></p>",
    "much formatting without attributes": "<b>a</b> " * 10 * MAX_FORMATTED,
    "a long attribute": f'<p data-x="{"y z=1 " * 5000}">a</p>',
    "attributes": f"<p {' '.join(f'a{i}=1' for i in range(MAX_ATTRIBUTES))}>a",
    "other elements": "<span class=x>a</span><section class=y>b</section>" * 10 * MAX_FORMATTED,
}


@pytest.mark.parametrize("name", FLOODS)
def test_floods_of_attributes_are_left_out(name: str) -> None:
    page = without_floods(FLOODS[name])
    assert "=" not in page
    assert len(page) < len(FLOODS[name])


@pytest.mark.parametrize("name", FLOODS)
def test_floods_have_their_text(name: str) -> None:
    text = page_text(FLOODS[name])
    assert text.count("x") == re.sub("<[^>]*(>|$)", "", FLOODS[name]).count("x")


@pytest.mark.parametrize("name", ORDINARY)
def test_ordinary_pages_stay_as_they_are(name: str) -> None:
    assert without_floods(ORDINARY[name]) is ORDINARY[name]


def test_scripts_are_no_tags() -> None:
    script = f"<script>{'if (i<n) x = 1; ' * 5000}</script>"
    assert without_floods(f"{script}<p a=1>b") == f"{script}<p>b"


def test_only_tags_lose_their_attributes() -> None:
    page = (
        "<!-- <b id=1> --><script src=s>x = '<b id=\"' + y</script><style>a{}</style><p title='a > b'>1 < 2 <I id=it's>"
        'a = b</i></p><br/><img alt="x"/><textarea><b id=2></textarea>'
    )
    flood = "<b id=1></b>" * (MAX_FORMATTED + 1)
    assert without_floods(flood + page) == "<b></b>" * (MAX_FORMATTED + 1) + (
        "<!-- <b id=1> --><script src=s>x = '<b id=\"' + y</script><style>a{}</style><p>1 < 2 <I>a = b</i></p><br>"
        "<img><textarea><b id=2></textarea>"
    )


attributes = st.sampled_from(
    ["", " class=x", " title='a > b'", ' data-x="<p>"', " hidden", " a=it's", " href=/x/y/", "/"]
)
tags = st.sampled_from(["p", "b", "/b", "/p", "td", "table", "/table", "a", "/a", "svg", "/svg", "li", "br", "figure"])
pieces = st.builds("<{}{}>".format, tags, attributes) | st.sampled_from(
    ["text ", "a < b ", "&amp;", "<!-- <p a=1> -->"]
)


@given(st.lists(pieces, max_size=25).map("".join))
def test_attributes_change_nothing_in_the_text(markup: str) -> None:
    flood = "<b id=1></b>" * (MAX_FORMATTED + 1)
    assert page_text(f"{flood}<p>{markup}") == page_text(f"<p>{markup}")
