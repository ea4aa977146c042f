"""What keeps a parser of HTML from quadratic time.

The standard has parsers copy formatting elements and compare attributes, so that some pages need far more time than
their size suggests. Without attributes, which change no text, they do not.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice

MAX_FORMATTED = 64  # tags with attributes of elements that are copied or, where HTML forbids a second one, merged
MAX_ATTRIBUTES = 256  # of one tag
_LONG, _MAX_LONG = 4096, 32  # characters of a tag: as many attributes as fit in fewer are compared quickly

_FORMATTING = "b|big|body|code|em|font|html|i|nobr|s|small|strike|strong|tt|u"
_FIRST_LETTERS = r"[bisuBISU][\s/]|[bcefhnstBCEFHNST][aimotrAIMOTR]"  # of them, and of few others: a quick look
_FORMATTED = re.compile(rf"<(?={_FIRST_LETTERS})(?i:{_FORMATTING})[\s/]")

# Tags, as the standard reads them. Matches are as long as can be, so that no character is read twice.
_VALUE = r"""(?:"[^"]*+"?+|'[^']*+'?+|[^\s>"'][^\s>]*+)"""
_ATTRIBUTE = rf"[\s/]*+[^\s/>][^\s/>=]*+(?:\s*+=\s*+{_VALUE}?+)?+"
_TAG = rf"(/?[a-z][^\s/>]*+)(?:{_ATTRIBUTE})*+[\s/]*+(>?+)"
_RAW = "script|style|textarea|title|xmp|iframe|noembed|noframes"  # elements whose content has no tags
_PIECES = re.compile(rf"<(?:!--(?s:.*?)(?:-->|\Z)|({_RAW})(?=[\s/>])(?s:.*?)(?:</\1|\Z)|{_TAG})", re.IGNORECASE)
_TAG_START = re.compile(r"</?[a-zA-Z]")
_TAG_NAME, _ONE_ATTRIBUTE = re.compile(r"</?[^\s/>]*+"), re.compile(_ATTRIBUTE)


def without_floods(html: str) -> str:
    """The page; without any attributes where one tag, or formatting elements, have so many that parsing takes long.

    Attributes change nothing in a page's text.
    """
    if not _is_flooded(html):
        return html
    return _PIECES.sub(lambda piece: f"<{piece[2]}{piece[3]}" if piece[2] else piece[0], html)


def _is_flooded(html: str) -> bool:
    if next(islice(_FORMATTED.finditer(html), MAX_FORMATTED, None), None):
        return True
    long = list(islice(_long_tags(html), _MAX_LONG + 1))
    return len(long) > _MAX_LONG or any(_has_many_attributes(html, start) for start in long)


def _long_tags(html: str) -> Iterator[int]:
    """Where tags begin that go on for `_LONG` characters without a ``>``. Most characters are not looked at."""
    at = 0
    while at + _LONG <= len(html):
        last = html.rfind(">", at, at + _LONG)
        if last >= 0:
            at = last + 1
            continue
        end = html.find(">", at)
        end = end if end >= 0 else len(html)
        tag = _TAG_START.search(html, at, end)
        if tag and end - tag.start() >= _LONG:
            yield tag.start()
        at = end + 1


def _has_many_attributes(html: str, start: int) -> bool:
    """Whether the tag at ``start`` has more than `MAX_ATTRIBUTES`."""
    place, number = _TAG_NAME.match(html, start), 0
    while place and number <= MAX_ATTRIBUTES:
        place, number = _ONE_ATTRIBUTE.match(html, place.end()), number + 1
    return place is not None
