"""The text of pages: blocks become lines, and what is in a line keeps its words."""

from __future__ import annotations

import html
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detector.errors import UsageError
from detector.html import page
from detector.html.page import page_text

CASES = {
    "paragraphs": ("<p>One.</p><p>Two.</p>", ["One.", "Two."]),
    "open paragraphs": ("<p>One.<p>Two.<div>Three.", ["One.", "Two.", "Three."]),
    "text between blocks": ("One.<p>Two.</p>Three.<div>Four.</div>Five.", ["One.", "Two.", "Three.", "Four.", "Five."]),
    "nested blocks": ("<div>a<div>b<section>c</section>d</div>e</div>", ["a", "b", "c", "d", "e"]),
    "headings and rules": ("<h1>a</h1><h2>b</h2>c<hr>d", ["a", "b", "c", "d"]),
    "inline elements do not split words": ("<p>un<b>believ</b>able <i>a</i><i>b</i>, <a href=x>c</a>.</p>",
                                           ["unbelievable ab, c."]),
    "inline elements keep spaces": ("<p><span>a</span>\n<span>b </span>c<span> d</span></p>", ["a b c d"]),
    "line breaks": ("<p>one<br>two<br/>three<br><br>four</p>", ["one", "two", "three", "four"]),
    "a place to break a word": ("<p>long<wbr>word</p>", ["longword"]),
    "white space": ("<p>  a \t\n  b\u00a0\u00a0c\r\nd </p>", ["a b c d"]),
    "blank blocks": ("<p> </p><p>&nbsp;</p><div><span></span></div><p>a</p>", ["a"]),
    "lists": ("<ul><li>a<li>b<ul><li>c</ul></ul><ol><li>d</ol><dl><dt>e<dd>f</dl>", ["a", "b", "c", "d", "e", "f"]),
    "items with paragraphs": ("<ol><li><p>a</p><p>b</p></li><li>c</li></ol>", ["a", "b", "c"]),
    "rows of a table": ("<table><caption>t</caption><thead><tr><th>a<th>b<tbody><tr><td>c<td>d</table>",
                        ["t", "a b", "c d"]),
    "blocks in cells": ("<table><tr><td><p>a</p><p>b</p><td>c</table>", ["a", "b", "c"]),
    "preformatted text": ("<pre>one\n  two\n\n<b>th</b>ree</pre>", ["one", "two", "three"]),
    "quotations": ("<blockquote>a<p>b</p><cite>c</cite></blockquote>", ["a", "b", "c"]),
    "captions": ("<figure><img alt='no'><figcaption>A <b>mill</b>.</figcaption></figure>", ["A mill."]),
    "tables in figures": ("<figure><table><tr><td>a<td>b</table><figcaption>c</figcaption></figure>", ["a b", "c"]),
    "quotations in figures": ("<figure><blockquote>a</blockquote></figure>", ["a"]),
    "pictures": ("<p>a<img alt='no' title='no'>b</p><svg><title>no</title><text>no</text></svg><area alt=no>", ["ab"]),
    "films": ("<video>no<track></video><audio>no</audio><object>no</object><iframe>no</iframe>a", ["a"]),
    "scripts": ("<script>no</script><style>no</style><template><p>no</p></template><body>a<noscript>no</noscript>",
                ["a"]),
    "forms": ("a<form><input value=no><button>no</button><select><option>no</select><textarea>no</textarea></form>b",
              ["a", "b"]),
    "the head": ("<head><title>no</title><meta name=description content=no></head><body>a", ["a"]),
    "comments": ("<p>a<!-- no -->b</p><!--[if IE]>no<![endif]--><![CDATA[no]]>c", ["ab", "c"]),
    "hidden text": ("<p hidden>a</p><p style='display:none'>b</p><p aria-hidden=true>c</p>", ["a", "b", "c"]),
    "a summary": ("<details><summary>a</summary>b</details>", ["a", "b"]),
    "a legend": ("<fieldset>x<legend>a</legend>b</fieldset>", ["x", "a", "b"]),
    "dialogs": ("<dialog open>a</dialog><dialog open>b</dialog>c", ["a", "b", "c"]),
    "a search": ("x<search>a</search>b", ["x", "a", "b"]),
    "parts of a page": ("<header>a</header><nav>b</nav><main>c<aside>d</aside></main><footer>e</footer>", [*"abcde"]),
    "blocks in inline elements": ("<a href=x><div>a</div><h3>b</h3></a><b><p>c</p></b>", ["a", "b", "c"]),
    "elements of other names": ("<my-card><p>a</p>b<x-y>c</x-y></my-card>", ["a", "bc"]),
    "characters by name": ("<p>a &amp; b &lt;c&gt; &eacute;&#233;&#xe9; &copy 2031 &no; AT&T</p>",
                           ["a & b <c> ééé © 2031 &no; AT&T"]),
    "ruby": ("<ruby>漢<rp>(</rp><rt>kan</rt><rp>)</rp></ruby>", ["漢(kan)"]),
    "wrong ends": ("<p>a</b>c</p></div>d</p>e", ["ac", "d", "e"]),
    "crossing elements": ("<b><i>a</b>b</i><p>c", ["ab", "c"]),
    "broken tags": ("<p>a < b and 3 <4 </><p <b>c</p>d", ["a < b and 3 <4", "c", "d"]),
    "a tag that does not end": ("<p>a</p><p title='b>c", ["a"]),
    "a quoted end of a tag": ("<p title='>'>a</p><a title=it's>b</a>'>c", ["a", "b'>c"]),
    "upper case": ("<P>a<BR>b</P><FIGURE><FIGCAPTION>c</FIGCAPTION></FIGURE><SCRIPT>no</SCRIPT>", ["a", "b", "c"]),
    "XHTML": ('<?xml version="1.0"?><!DOCTYPE html><html xmlns="http://www.w3.org/1999/xhtml"><body><p>a</p></body>',
              ["a"]),
    "frames": ("<frameset><frame src=x><noframes>no</noframes></frameset>", []),
    "only a head": ("<head><title>no</title></head>", []),
    "nothing": ("", []),
    "blank": (" \n ", []),
    "text without tags": ("One line,\n  and another < 3 > 2.\n\nThird & last.\n",
                          ["One line,", "and another < 3 > 2.", "Third & last."]),
    "other line breaks": ("<p>a\u2028b\x0bc\x0cd\x85e</p>", ["a", "b c d", "e"]),
    "a byte order mark": ("\ufeff<p>a", ["a"]),
    "an invalid character": ("<p>a&#0;\ud800b</p>", ["a\ufffd\ufffdb"]),
}  # fmt: skip

words = st.text(st.characters(categories=("L", "N", "P", "S")), min_size=1, max_size=12)
lines = st.lists(words, min_size=1, max_size=6).map(" ".join)
wrappers = st.sampled_from(["p", "div", "li", "section", "blockquote", "h2", "td", "article", "figcaption", "summary"])


@pytest.mark.parametrize("name", CASES)
def test_a_page_has_a_line_for_each_block(name: str) -> None:
    markup, expected = CASES[name]
    assert page_text(markup) == "".join(f"{line}\n" for line in expected)


@given(st.lists(st.tuples(wrappers, lines), max_size=8))
def test_paragraphs_come_out_as_they_are_written(blocks: list[tuple[str, str]]) -> None:
    markup = "".join(f"<div><{tag}>{html.escape(line)}</{tag}></div>\n" for tag, line in blocks)
    markup = markup.replace("<td>", "<table><tr><td>").replace("</td>", "</td></tr></table>")
    assert page_text(f"<!DOCTYPE html><body>{markup}").splitlines() == [line for _, line in blocks]


@given(lines, st.lists(st.sampled_from("abius"), max_size=6), st.integers(0, 40))
def test_inline_elements_change_no_line(line: str, tags: list[str], cut: int) -> None:
    before, after = (html.escape(part) for part in (line[:cut], line[cut:]))
    opened, closed = "".join(f"<{tag}>" for tag in tags), "".join(f"</{tag}>" for tag in reversed(tags))
    assert page_text(f"<p>{before}{opened}{after}{closed}</p>") == f"{line}\n"


pieces = st.sampled_from([
    "<p>", "</p>", "<b>", "</b>", "<table>", "<td>", "</table>", "<select>", "<svg>", "</svg>", "<math>", "<template>",
    "<script>", "</script>", "<!--", "-->", "<!", "<?", "</", "<", ">", "&", "&#", "<a ", "x='", '"', "=", "<title>",
    "<frameset>", "<body>", "<pre>", "\n", "<br>", "<textarea>", "<plaintext>", "<figure>", "<summary>", "<legend>",
    "<dialog>", "</dialog>", "</body>", "</html>", "<html>", "<head>", "<noscript>", "<![CDATA[", "\0", "\ud800", "é",
])  # fmt: skip


@given(st.lists(pieces | st.text(max_size=5), max_size=30).map("".join))
def test_any_text_has_lines(markup: str) -> None:
    text = page_text(markup)
    assert text == "".join(f"{line}\n" for line in text.splitlines())
    assert all(line == " ".join(line.split()) != "" for line in text.splitlines())
    assert page_text(markup) == text
    text.encode()


@given(st.binary(max_size=200))
def test_any_bytes_have_lines(markup: bytes) -> None:
    assert page_text(markup) == page_text(markup, "no such encoding")


@pytest.mark.parametrize("depth", [100, 20_000])
@pytest.mark.parametrize("tag", ["div", "span", "b", "ul", "table", "blockquote", "font color=red", "svg"])
def test_deep_pages_lose_no_text(tag: str, depth: int) -> None:
    markup = f"<p>before</p>{f'<{tag}>' * depth}inside"
    assert "before\n" in page_text(markup)
    assert "inside\n" in page_text(markup) or tag == "svg"  # pictures have no text


def test_a_large_page_is_read_to_its_end() -> None:
    assert page_text("<p>word " * 200_000).splitlines() == ["word"] * 200_000


def test_a_missing_library_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    page._library.cache_clear()
    monkeypatch.setitem(sys.modules, "resiliparse.parse.html", None)
    with pytest.raises(UsageError, match=r"resiliparse.*boilerplate-detector\[html\]"):
        page_text("<p>a")
    page._library.cache_clear()


def test_many_blocks_take_linear_time() -> None:
    page = "<details><summary>Why?</summary>Because.</details>" * 20_000
    assert page_text(page) == "Why?\nBecause.\n" * 20_000
    assert page_text("<dialog>a" * 20_000) == "a\n" * 20_000
