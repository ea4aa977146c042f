"""Texts that look like markup or like JSON."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from json import JSONDecodeError


class Look(NamedTuple):
    """What a file looks like, what to do about it, and the formats whose files look like this."""

    what: str
    advice: str
    formats: tuple[str, ...] = ()


_EXTRACT = "extract the text first, for example with trafilatura"
_HTML = Look("HTML", "give --format html to read its text", ("html",))
_MHTML = Look("a saved web page (MHTML)", "give --format mhtml to read its text", ("mhtml",))
_XML = Look("XML", _EXTRACT, ("html",))
_JSON = Look("JSON", "give --format json, and with --text-field the field that holds the text", ("json",))
_JSON_LINE = Look("JSON", _JSON.advice, ("json", "jsonl"))
_JSON_LINES = Look("JSON Lines", _JSON.advice.replace("json", "jsonl", 1), ("json", "jsonl"))

# Regular expressions, which are compiled when they are first needed: few texts begin as markup or JSON do.
_COMMENTS = r"(?s:(?:\s*<!--.*?-->)*\s*)"
_HTML_START = r"(?i:<!doctype\s+html\b|<(?:html|head|body|title|meta|link)[\s/>])"
_XML_START = r"(?i:<\?xml[\s?]|<!doctype\s)"
_XHTML_START = r"(?is:<\?xml\s[^<>]*>\s*(?:<!--.*?-->\s*)*(?:<!doctype\s+html\b|<html[\s>]))"
# The header of an archive of a page, as browsers save it
_MHTML_START = (
    r"(?i:(?:[\w-]+:[^\n]*\n(?:[ \t][^\n]*\n)*)*?content-type:\s*multipart/related;(?:[^\n]|\n[ \t])*text/html)"
)
_TAG = r"<([A-Za-z_][\w.:-]*)((?:\s+[\w.:-]+\s*=\s*(?:\"[^\"<]*\"|'[^'<]*'))*)\s*>"
_TAG_AFTER = r"\s*</?[A-Za-z_]"
_MARKDOWN_TAG = r"""(?ix:  # with these, HTML in Markdown begins
    a|abbr|address|article|aside|audio|b|blockquote|br|button|center|cite|code|dd|del|details|dfn|div|dl|dt|em|
    figure|figcaption|font|footer|form|h[1-6]|header|hr|i|iframe|img|ins|kbd|label|li|main|mark|nav|object|ol|p|
    picture|pre|q|s|samp|script|section|small|source|span|strong|strike|style|sub|summary|sup|svg|table|tbody|td|th|
    thead|time|tr|tt|u|ul|var|video)"""
_OBJECT_START = r'\{\s*"(?:[^"\\\n]|\\.)*"\s*:'
_LITERALS = ("true", "false", "null", "NaN", "Infinity", "-Infinity")
_NUMBER_CUT = r"\.|[Ee][+-]?"  # what is left of a number after what can be read of it
_ESCAPE_CUT = r"u[0-9A-Fa-f]{0,4}"  # with all four digits, the parser wants the character after them
_ARRAY_START = r'\[\s*(?:\{\s*"(?:[^"\\\n]|\\.)*"\s*:|"(?:[^"\\\n]|\\.)*"\s*,\s*")'


def look_of_markup(text: str) -> Look | None:
    """HTML or XML; None for a text that merely begins with a tag, as Markdown may."""
    if not text.lstrip().startswith("<"):
        return None
    start = re.match(_COMMENTS, text)
    at = start.end() if start else 0
    if re.compile(_HTML_START).match(text, at) or re.compile(_XHTML_START).match(text, at):
        return _HTML
    if re.compile(_XML_START).match(text, at):
        return _XML
    tag = re.compile(_TAG).match(text, at)
    if not tag or re.fullmatch(_MARKDOWN_TAG, tag[1]):
        return None
    is_xml = ":" in tag[1] or "xmlns" in tag[2] or ("</" in text and re.compile(_TAG_AFTER).match(text, tag.end()))
    return _XML if is_xml else None


def look_of_mail(text: str) -> Look | None:
    """A web page that a browser saved as MHTML; None for a text that merely begins as a mail does."""
    if not re.match(r"[\w-]+:", text):
        return None
    return _MHTML if re.compile(_MHTML_START).match(text) else None


def look_of_json(text: str) -> Look | None:
    """JSON or JSON Lines, of which the end may be missing; None for prose that begins with a bracket or a brace."""
    if not text.startswith(("{", "[")):
        return None
    from json import JSONDecodeError

    from detector.formats.json_values import DECODER

    try:
        value, stop = DECODER.raw_decode(text)
    except JSONDecodeError as error:
        return _look_of_start(text, error)
    except RecursionError:
        return _JSON
    rest = text[stop:].lstrip()
    if not _is_record(value) or not (not rest or rest.startswith(("{", "["))):
        return None
    if isinstance(value, list) or "\n" in text[:stop]:
        return _JSON
    return _JSON_LINES if rest else _JSON_LINE


def _is_record(value: object) -> bool:
    """Whether a value has names or strings, which a number in brackets, such as a reference, has not."""
    if isinstance(value, list):
        return any(isinstance(each, str | dict | list) for each in value)
    return isinstance(value, dict) and bool(value)


def _look_of_start(text: str, error: JSONDecodeError) -> Look | None:
    """The look of JSON that is an error, as it is where its end is missing, and only there."""
    begins = re.match(_OBJECT_START, text) or re.match(_ARRAY_START, text)
    if not begins or not _is_cut(text[error.pos :].rstrip(), error):
        return None
    return _JSON if text.startswith("[") or "\n" in text[: error.pos] else _JSON_LINE


def _is_cut(rest: str, error: JSONDecodeError) -> bool:
    """Whether JSON is an error only because its end is missing; ``rest`` is what follows the place of the error."""
    if error.msg.startswith("Invalid \\u"):
        return re.fullmatch(_ESCAPE_CUT, rest) is not None
    is_token = any(literal.startswith(rest) for literal in _LITERALS) or re.fullmatch(_NUMBER_CUT, rest) is not None
    return is_token or error.msg.startswith("Unterminated string")
