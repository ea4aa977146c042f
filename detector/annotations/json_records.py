"""JSON Lines, an array of records, or one record after the other: read one at a time."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from json import JSONDecodeError
from typing import TYPE_CHECKING, NamedTuple

from detector.annotations.source import Source, text_stream
from detector.errors import DataError
from detector.formats.compression import without_compression
from detector.formats.json_values import DECODER, skip_space

if TYPE_CHECKING:
    from detector.annotations.reading import Reading

JSON_LINES = (".jsonl", ".ndjson")  # extensions of JSON Lines
_CHUNK = 1 << 16  # characters read at a time, at least
_PASSED_OVER = 100  # lines that cannot be read before the first record, while a format is recognized
_ARRAY = re.compile(rb'\[\s*[\[{"\]\d-]')  # the beginning of one, unlike that of a line of a log
_NEAR = 16  # characters; an error so near to the end of what was read may come from reading too little


class JsonRecord(NamedTuple):
    """A value, where it is (``file:line``), and its number in the file, from 1 on."""

    value: object
    where: str
    number: int


def records(source: Source, reading: Reading) -> Iterator[JsonRecord]:
    """The records of a file, lazily. A line that is not JSON, or not UTF-8, is rejected alone.

    Raises `DataError`, with the line, for what is not JSON.
    """
    return _of_lines(source, reading) if _is_lines(source.head) else _one_by_one(source)


def first_record(source: Source) -> object:
    """The first value of a file; None if it is not JSON. Some JSON Lines that cannot be read are passed over."""
    start = source.head.removeprefix(b"\xef\xbb\xbf").lstrip()[:1]
    if start not in (b"{", b"[") and without_compression(source.path).suffix.lower() not in JSON_LINES:
        return None
    from detector.annotations.reading import Reading

    try:
        return next((record.value for record in records(source, Reading(rejected=_passing_over()))), None)
    except DataError:
        return None


def _passing_over() -> Callable[[object], None]:
    """Takes rejected lines, as many as `_PASSED_OVER`; raises `DataError` for one more."""
    left = iter(range(_PASSED_OVER))

    def rejected(_: object) -> None:
        if next(left, None) is None:
            raise DataError("no line is JSON")

    return rejected


def first_object(source: Source) -> dict[str, object]:
    """The first record of a file if it is a JSON object, else an empty one."""
    value = first_record(source)
    return value if isinstance(value, dict) else {}


def _is_lines(head: bytes) -> bool:
    """Whether each line holds a record.

    So it does where the first line ends like an object, does not end in the head, or begins no JSON object or array;
    and where the first value is damaged, but a later line is a whole object.
    """
    data = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    line, end, rest = data.partition(b"\n")
    if not line.startswith((b"{", b"[")):
        return True
    if line.startswith(b"{") and (not end or line.rstrip().endswith(b"}")):
        return True
    is_array = _ARRAY.match(data) is not None  # no record is an array
    return not is_array and _is_damaged(data.decode("utf-8", "replace")) and any(map(_is_object, rest.split(b"\n")))


def _is_damaged(text: str) -> bool:
    """Whether a text does not begin with a JSON value, even if it goes on after its end."""
    try:
        DECODER.raw_decode(text)
    except JSONDecodeError as error:
        return not error.msg.startswith("Unterminated string") and len(text) - error.pos >= _NEAR
    except RecursionError:
        return False
    return False


def _is_object(line: bytes) -> bool:
    """Whether a line, from its first column on, is a JSON object."""
    try:
        return line.startswith(b"{") and isinstance(json.loads(line), dict)
    except (ValueError, RecursionError):
        return False


def _of_lines(source: Source, reading: Reading) -> Iterator[JsonRecord]:
    number = 0
    for line, where in source.lines(reading):
        if line.strip():
            number += 1
            with reading.record(where, line):
                yield JsonRecord(_parsed(line, where), where, number)


def _parsed(line: str, where: str) -> object:
    try:
        return json.loads(line)
    except (ValueError, RecursionError) as error:
        raise DataError(f"{where}: not JSON ({error})") from error


def _one_by_one(source: Source) -> Iterator[JsonRecord]:
    with source.opened() as stream:
        values = _Values(source, text_stream(stream).read)
        number = 0
        while values.next():
            number += 1
            where = values.where()
            yield JsonRecord(values.value(), where, number)


class _Values:
    """The values of a text, and the elements of its arrays. ``_text`` was read, and is taken up to ``_at``."""

    def __init__(self, source: Source, read: Callable[[int], str]) -> None:
        self._name = source.path
        self._read = read
        self._text, self._at, self._line = "", 0, 1
        self._at_end = self._in_array = False
        self._first = True  # in an array

    def where(self) -> str:
        """The place of the next value."""
        return f"{self._name}:{self._line + self._text.count(chr(10), 0, self._at)}"

    def next(self) -> bool:
        """Go to the next value. False at the end of the text."""
        while character := self._skip():
            if self._in_array:
                if character == "]":
                    self._in_array = False
                    self._at += 1
                    continue
                if not self._first:
                    self._expect(",", character)
                self._first = False
                return True
            if character != "[":
                return True
            self._at += 1
            self._in_array = self._first = True
        if self._in_array:
            raise DataError(f"{self.where()}: the array does not end; the file is cut off: get it again")
        return False

    def value(self) -> object:
        """The value that begins here. As much is read as it needs."""
        while True:
            try:
                value, stop = DECODER.raw_decode(self._text, self._at)
            except (JSONDecodeError, RecursionError) as error:
                if self._at_end or not self._in_part(error):
                    raise DataError(f"{self._place(error)}: not JSON ({error})") from error
            else:
                if stop < len(self._text) or self._at_end:  # else a number may go on
                    self._at = stop
                    return value
            self._fill(len(self._text) - self._at)

    def _in_part(self, error: JSONDecodeError | RecursionError) -> bool:
        """Whether an error may come from reading too little."""
        if isinstance(error, RecursionError):
            return False
        return error.msg.startswith("Unterminated string") or len(self._text) - error.pos < _NEAR

    def _place(self, error: JSONDecodeError | RecursionError) -> str:
        at = error.pos if isinstance(error, JSONDecodeError) else self._at
        return f"{self._name}:{self._line + self._text.count(chr(10), 0, at)}"

    def _expect(self, character: str, found: str) -> None:
        if found != character:
            raise DataError(f'{self.where()}: "{found}" where "{character}" or "]" was expected in the array')
        self._at += 1
        self._skip()

    def _skip(self) -> str:
        """Skip white space. Returns the next character, empty at the end."""
        while (at := skip_space(self._text, self._at)) == len(self._text) and not self._at_end:
            self._at = at
            self._fill(0)
        self._at = at
        return self._text[at : at + 1]

    def _fill(self, size: int) -> None:
        data = self._read(max(size, _CHUNK))
        self._line += self._text.count("\n", 0, self._at)
        self._text, self._at, self._at_end = self._text[self._at :] + data, 0, not data
