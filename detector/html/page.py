"""The text of an HTML page, one paragraph per line."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

from detector.html.encoding import decode
from detector.html.limits import without_floods
from detector.util.libraries import load_library

# The model was trained on page text of this library with these settings, except for figures.
_SETTINGS = {
    "preserve_formatting": True, "main_content": False, "list_bullets": False, "links": False, "form_fields": False,
    "noscript": False,
    # Without alternative texts the library leaves out all figures, with their captions, tables and quotations. So it
    # is asked for these texts, and what has one is skipped.
    "alt_texts": True, "skip_elements": ["img", "area", "svg", "object", "video", "audio"],
}  # fmt: skip
_TAG = re.compile(r"<[a-zA-Z/!?]")
# Blocks that the library joins with what is beside them are read as <div>. (Changing the tree takes quadratic time.)
_BLOCKS = re.compile(r"<(/?)(?:summary|legend|dialog|search)(?=[\s/>])", re.IGNORECASE)


def page_text(markup: bytes | str, encoding: str | None = None) -> str:
    r"""All text of a page but that of scripts, forms and pictures, in the order of the page.

    Every block is a line, which ends with ``\n`` and has no white space at its ends and no runs of it: a paragraph, a
    heading, an item of a list, a row of a table, a caption, a line of preformatted text, what is between two ``<br>``.
    Text that is hidden until a script shows it is taken, too: articles often are.

    ``encoding`` is what the page was sent as (the charset of an HTTP header), as `detector.html.encoding.decode` takes
    it. Any input has a text. Where there is no tag, it is the input's, line by line.
    Raises `UsageError` where the extra ``html`` is not installed.
    """
    html = decode(markup, encoding) if isinstance(markup, bytes) else _encodable(markup)
    text = _extract(without_floods(html)) if _TAG.search(html) else html
    lines = [*filter(None, map(" ".join, map(str.split, text.splitlines()))), ""]
    return "\n".join(lines)


def _extract(html: str) -> str:
    parse, extract = _library()
    return str(extract(parse(_BLOCKS.sub(r"<\1div", html)), **_SETTINGS))


@cache
def _library() -> tuple[Any, Any]:
    """The functions that parse a page and that extract its text."""
    tree = load_library("resiliparse.parse.html", "reading HTML", "html").HTMLTree
    return tree.parse, load_library("resiliparse.extract.html2text", "reading HTML", "html").extract_plain_text


def _encodable(text: str) -> str:
    """The text without a byte order mark, and with U+FFFD in place of each lone surrogate, which is no character."""
    text = text.removeprefix("\ufeff")
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text
