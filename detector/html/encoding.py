"""The encoding of an HTML page."""

from __future__ import annotations

import codecs
import re

from detector.util.libraries import load_library

_MARKS = {  # that of UTF-32 begins with that of UTF-16
    codecs.BOM_UTF8: "utf-8", codecs.BOM_UTF32_LE: "utf-32-le", codecs.BOM_UTF32_BE: "utf-32-be",
    codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be",
}  # fmt: skip
_DECLARED = re.compile(
    rb"""<meta\s[^>]*?charset\s*=\s*["']?\s*([\w.:-]+)|<\?xml\s[^>]*?encoding\s*=\s*["']([\w.:-]+)""", re.IGNORECASE
)
_HEAD = 8192  # bytes in which a page says its encoding; browsers read 1024, but pages with long heads exist
_COMMENT = re.compile(rb"<!--.*?(?:-->|\Z)", re.DOTALL)
# What the standard for encodings calls by the name of a smaller set, in the names of Python's codecs.
_LARGER = {
    "gbk": "gb18030", "gb2312": "gb18030", "shift_jis": "cp932", "euc_kr": "cp949", "big5": "big5hkscs",
    "utf-16": "utf-16-le",
}  # fmt: skip
_SIGNS = (b"\x1b", b"\0")  # in ASCII that may stand for other characters: ISO 2022, UTF-16


def decode(markup: bytes, encoding: str | None = None) -> str:
    """The characters of a page.

    A byte order mark decides. Then, what is valid UTF-8 is UTF-8, whatever is said of it: other encodings hardly ever
    look like it, and stored pages often keep the name of an encoding that they had once. Then come ``encoding``, what
    the page was sent as; what the page says of itself; and a guess from the bytes. Names that are not known are passed
    over, and so is UTF-8 where most of what is not ASCII is no UTF-8. Bytes that are invalid become U+FFFD.
    """
    for mark, codec in _MARKS.items():
        if markup.startswith(mark):
            return markup[len(mark) :].decode(codec, "replace")
    try:
        text = markup.decode()
    except UnicodeDecodeError:
        return _decode_other(markup, encoding)
    if text.isascii() and any(sign in markup for sign in _SIGNS):
        return _decode_other(markup, encoding)
    return text


def _decode_other(markup: bytes, encoding: str | None) -> str:
    for name, sent in ((encoding, True), (_declared(markup), False)):
        codec = _codec(name) if name else None
        if codec and codec.startswith("utf-16") and not sent:
            codec = "utf-8"  # a name that could be read as ASCII is not in UTF-16
        text = markup.decode(codec, "replace") if codec else ""
        if codec and not (codec == "utf-8" and _is_wrong(text)):
            return text
    return markup.decode(_guess(markup), "replace")


def _declared(markup: bytes) -> str | None:
    """The encoding that a page says it has."""
    found = _DECLARED.search(_COMMENT.sub(b"", markup[:_HEAD]))
    return (found[1] or found[2]).decode() if found else None


def _codec(name: str) -> str | None:
    """Python's codec for the name of an encoding; None where there is none."""
    library = load_library("resiliparse.parse.encoding", "reading HTML", "html")
    mapped = library.map_encoding_to_html5(name, fallback_utf8=False)
    try:
        codec = codecs.lookup(_LARGER.get(mapped, mapped)).name if mapped else None
    except (LookupError, ValueError):
        return None
    return codec


def _is_wrong(text: str) -> bool:
    """Whether most of what is not ASCII was no UTF-8."""
    other = sum(not character.isascii() for character in text)
    return 2 * text.count("�") > other


def _guess(markup: bytes) -> str:
    library = load_library("resiliparse.parse.encoding", "reading HTML", "html")
    guessed = library.detect_encoding(markup)
    return (_codec(guessed) if guessed else None) or "cp1252"
