"""Runs of blank lines between records, which are no records: each run is one part of a file."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from detector.formats.base import Record, Rejected

_MOST = 1 << 16  # bytes of blank lines in one part


def with_blank_lines(
    parts: Iterable[Record | Rejected | bytes], record: Callable[[bytes], Record]
) -> Iterator[Record | Rejected]:
    """The parts of a file, of which blank lines are given as their bytes: ``record`` makes a record of a run of them.

    Blank lines after a rejected record belong to it. So the parts of the file without it are the same. If they are too
    many to be held, it cannot be put back.
    """
    blank = bytearray()
    held: Rejected | None = None  # its blank lines may follow
    for part in parts:
        if isinstance(part, bytes):
            blank += part
            if len(blank) < _MOST:
                continue
            held = held and held._replace(is_element=True)
        yield from _before(held, blank, record)
        held = None
        blank.clear()
        if isinstance(part, Rejected):
            held = part
        elif isinstance(part, Record):
            yield part
    yield from _before(held, blank, record)


def _before(held: Rejected | None, blank: bytearray, record: Callable[[bytes], Record]) -> Iterator[Record | Rejected]:
    if held is not None:
        yield held._replace(raw=held.raw + blank) if blank else held
    elif blank:
        yield record(bytes(blank))
