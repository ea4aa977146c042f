"""Texts in JSON values: where they are, and how others are written in their place. All other characters stay."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from json import JSONDecoder

from detector.formats.base import Fields
from detector.formats.json_strings import Spelling, literal

_SPACE = re.compile(r"[ \t\n\r]*")
_MAX_DIGITS = 4000  # Python reads no longer whole number; it is no text and no id, so that its value does not matter
_SHOWN_NAMES = 10

Keys = tuple[str, ...]


def _whole_number(digits: str) -> int | float:
    return int(digits) if len(digits) < _MAX_DIGITS else float("inf")


DECODER = JSONDecoder(parse_int=_whole_number)


class NoTextError(Exception):
    """A value that holds no text where its field leads. The message is the reason."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A text in a value: the JSON before it that no other piece has, and its own JSON.

    A part that has no text, as the last of each value, has only the JSON ``before``, and the text None. A text that is
    null is None, too, with ``is_null``. ``id`` is the id in the object that the text belongs to; None if it has none.
    ``start`` is where that object begins in the JSON that was read.
    """

    before: str
    json: str = ""
    text: str | None = None
    id: str | None = None
    is_null: bool = False
    start: int = 0

    def with_text(self, text: str | None) -> str:
        """The JSON of the piece with another text; with None or the same text, unchanged."""
        if text is None or text == self.text:
            return self.before + self.json
        like = self.before + self.json
        return self.before + (_list(self.json, text, like) if self.json[0] == "[" else literal(text, like))

    def original(self, text: str) -> bytes | None:
        """The JSON of the piece in UTF-8, if writing another text and then its own again does not restore it."""
        whole = self.before + self.json
        written = replace(self, json=self.with_text(text)[len(self.before) :], text=text)
        return None if written.with_text(self.text) == whole else whole.encode("utf-8", "surrogatepass")


@dataclass(frozen=True, slots=True)
class RejectedPiece:
    """An element of an array that is left out, because it has no text: its JSON, where that begins, and the reason."""

    json: str
    reason: str
    start: int


def pieces(
    source: str, start: int, stop: int, record: object, fields: Fields, before: str = ""
) -> list[Piece | RejectedPiece]:
    """The texts of a record, whose JSON is from ``start`` to ``stop``.

    Together, the pieces have the JSON ``before`` and all of the record's. Dots in the name of the text's field lead
    into objects. Where an array is on the way, each of its elements has a text of its own; an element without one is
    left out of the pieces. An array of strings is one text, one line per string. Raises `NoTextError` if the record has
    no text, `RecursionError` if it is nested too deeply.
    """
    if not isinstance(record, dict):
        raise NoTextError(f"it is {json_type(record)}, not a JSON object")
    walk = _Walk(source, start, record, fields, before)
    walk.value(start, record, keys_of(record, fields.text))
    walk.copy(stop)
    return [*walk.found, Piece(walk.before)]


class _Walk:
    """Follows the keys of the text's field to all texts of a record."""

    def __init__(self, source: str, start: int, record: dict[str, object], fields: Fields, before: str) -> None:
        self._source = source
        self._fields = fields
        self._keys = keys_of(record, fields.text)
        self._owner: object = record  # the innermost object that is the record or an element of an array
        self._owner_keys: Keys = ()  # lead to the owner
        self._owner_start = start
        self.found: list[Piece | RejectedPiece] = []
        self.before = before  # what was copied since the last text
        self._done = start  # what was copied or left out ends here

    def copy(self, stop: int) -> None:
        """Copy the JSON up to ``stop``."""
        self.before += self._source[self._done : stop]
        self._done = stop

    def value(self, start: int, value: object, keys: Keys) -> None:
        """Find the texts of the value that begins at ``start``; ``keys`` lead from there to the text."""
        if not keys:
            self._text(start, value)
        elif isinstance(value, list):
            self._array(start, keys)
        elif not isinstance(value, dict) or keys[0] not in value:
            raise NoTextError(missing(self._fields.text, self._owner))
        else:
            self.value(span(self._source, keys[:1], start)[0], value[keys[0]], keys[1:])

    def _array(self, start: int, keys: Keys) -> None:
        kept = False
        owner = self._owner, self._owner_keys, self._owner_start
        for begin, stop, element in elements(self._source, start):
            if not kept and self._done <= start:
                self.copy(begin)  # the bracket before the first element
            before = len(self.found), self.before, self._done
            if kept:
                self.copy(begin)  # the comma
            self._done = begin
            self._owner, self._owner_keys = element, self._keys[: len(self._keys) - len(keys)]
            self._owner_start = begin
            try:
                self.value(begin, element, keys)
                self.copy(stop)
                kept = True
            except NoTextError as error:
                found, self.before, _ = before
                self._done = stop
                self.found[found:] = [RejectedPiece(self._source[begin:stop], str(error), begin)]
        self._owner, self._owner_keys, self._owner_start = owner

    def _text(self, start: int, value: object) -> None:
        if isinstance(value, list):
            text: str | None = self._joined(value)
        elif isinstance(value, str) or value is None:
            text = value
        else:
            raise NoTextError(wrong_type(self._fields.text, value))
        self.copy(start)
        _, self._done = DECODER.raw_decode(self._source, start)
        own = self._source[start : self._done]
        self.found.append(Piece(self.before, own, text, self._id(), value is None, self._owner_start))
        self.before = ""

    def _joined(self, values: list[object]) -> str:
        """The strings of an array as the lines of one text."""
        strings = [each for each in values if isinstance(each, str) and _is_line(each)]
        if len(strings) == len(values):
            return "".join(f"{each}\n" for each in strings)
        other = next(each for each in values if not isinstance(each, str) or not _is_line(each))
        what = "a string with a line break" if isinstance(other, str) else json_type(other)
        inside = "; name the field in it with dots" if isinstance(other, dict) else ""
        raise NoTextError(f'field "{self._fields.text}" is an array with {what}, not of strings of one line{inside}')

    def _id(self) -> str | None:
        keys, prefix = tuple(self._fields.id.split(".")), self._owner_keys
        inside = bool(prefix) and len(keys) > len(prefix) and keys[: len(prefix)] == prefix
        return id_of(value_at(self._owner, keys[len(prefix) :] if inside else keys_of(self._owner, self._fields.id)))


def _is_line(text: str) -> bool:
    """Whether a text is one line, of which no part can be removed; it may end in CR, as a line that ended in CRLF."""
    return "\n" not in text and "\r" not in text.rstrip("\r")


def keys_of(record: object, field: str) -> Keys:
    """The keys that lead to a field: its name if the record has such a key, else its name split at the dots."""
    return (field,) if not isinstance(record, dict) or field in record else tuple(field.split("."))


def value_at(record: object, keys: Keys) -> object:
    """The value that the keys lead to, one nested object per key; None if one of them is missing."""
    for key in keys:
        record = record.get(key) if isinstance(record, dict) else None
    return record


def id_of(value: object) -> str | None:
    """An id that is a string or a whole number; None for other values."""
    return str(value) if isinstance(value, str | int) and not isinstance(value, bool) else None


def json_type(value: object) -> str:
    """JSON's name for the type of a parsed value, with its article: ``an array``."""
    if value is None or isinstance(value, bool):
        return json.dumps(value)
    names = ((dict, "an object"), (list, "an array"), (str, "a string"))
    return next((name for kind, name in names if isinstance(value, kind)), "a number")


def missing(field: str, record: object) -> str:
    """The reason to reject a record without the text's field, with the names of the fields that it has."""
    names = [name[:40] for name in record][:_SHOWN_NAMES] if isinstance(record, dict) else []
    return f'field "{field}" is missing; name the text\'s field with --text-field: {", ".join(names) or "none here"}'


def wrong_type(field: str, value: object) -> str:
    """The reason to reject a record whose text is no string."""
    return f'field "{field}" is {json_type(value)}, not a string; name the text\'s field with --text-field'


def _list(source: str, text: str, like: str) -> str:
    """An array of strings, ``source``, with the lines of a text in place of its strings, spaced as they were."""
    spans = [(start, stop) for start, stop, _ in elements(source, 0)]
    (first, end), (_, last) = (spans[0], spans[-1]) if spans else ((1, 1), (1, 1))
    between = source[end : spans[1][0]] if len(spans) > 1 else ", "
    lines = text.removesuffix("\n").split("\n") if text else []
    spelling = Spelling.of(like)
    return source[:first] + between.join(map(spelling.string, lines)) + source[last:]


def span(source: str, keys: Keys, at: int) -> tuple[int, int]:
    """The start and the end of the value at ``keys`` in the JSON object that begins at ``at``.

    Of a repeated key the last counts, as for parsers.
    """
    found = (at, at)
    at = skip_space(source, skip_space(source, at) + 1)
    while source[at] != "}":
        key, at = DECODER.raw_decode(source, at)
        start = skip_space(source, skip_space(source, at) + 1)
        _, stop = DECODER.raw_decode(source, start)
        if key == keys[0]:
            found = start, stop
        at = skip_space(source, stop)
        if source[at] == ",":
            at = skip_space(source, at + 1)
    return found if len(keys) == 1 else span(source, keys[1:], found[0])


def elements(source: str, at: int) -> Iterator[tuple[int, int, object]]:
    """The start, the end and the value of each element of the JSON array that begins at ``at``."""
    at = skip_space(source, at + 1)
    while source[at] != "]":
        value, stop = DECODER.raw_decode(source, at)
        yield at, stop, value
        at = skip_space(source, stop)
        if source[at] == ",":
            at = skip_space(source, at + 1)


def skip_space(source: str, at: int) -> int:
    """The first position from ``at`` on that is not white space."""
    match = _SPACE.match(source, at)
    return match.end() if match else at
