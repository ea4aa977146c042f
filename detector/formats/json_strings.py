"""JSON strings, written as the strings of other JSON are."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import NamedTuple

_write_string: Callable[[str, bool, bool, bool], str | None] | None
try:
    from detector.backend.core import write_json_string

    _write_string = write_json_string
except ImportError:
    _write_string = None

_UPPER = re.compile(r"\\u(?=[0-9A-F]{4})[0-9]{0,3}[A-F]")  # a character that is escaped with upper-case hex
_ESCAPE = re.compile(r"\\(?:u([0-9a-f]{4})|.)")


class Spelling(NamedTuple):
    """How strings are written: whether all but ASCII is escaped, slashes are, and hexadecimal digits are capitals."""

    ascii: bool
    slashes: bool
    capitals: bool

    @classmethod
    def of(cls, like: str) -> Spelling:
        """The spelling of JSON."""
        return cls(like.isascii(), "\\/" in like, "\\u" in like and _UPPER.search(like) is not None)

    def string(self, text: str) -> str:
        """A text as a JSON string."""
        if _write_string and (string := _write_string(text, *self)) is not None:
            return string
        quoted = _quoted(text, self.ascii)
        if self.slashes:
            quoted = quoted.replace("/", "\\/")
        if self.capitals:
            quoted = _ESCAPE.sub(lambda found: f"\\u{found[1].upper()}" if found[1] else found[0], quoted)
        return quoted


def literal(text: str, like: str) -> str:
    """A text as a JSON string, with characters escaped as they are in the JSON ``like``."""
    return Spelling.of(like).string(text)


def _quoted(text: str, escaped: bool) -> str:
    quoted = json.dumps(text, ensure_ascii=escaped)
    return quoted if quoted.isascii() or _is_utf8(quoted) else json.dumps(text)


def _is_utf8(text: str) -> bool:
    """Whether UTF-8 can encode a text; it cannot encode lone surrogates, which must be escaped."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
