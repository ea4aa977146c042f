"""Original texts from clean ones and from what was removed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import chain

from detector.errors import DataError

_Removed = Mapping[str, object] | tuple[int, str]


def restore(text: str, removed: Iterable[_Removed]) -> str:
    """The original of a clean text, character for character.

    ``removed`` is what was removed, in order: `Cleaned.removed_spans`, or the lines of a sidecar (``--removed``) that
    belong to the text, as dictionaries with ``start`` and ``text``. Raises `DataError` where it does not fit the text.
    """
    return "".join(restore_pieces([text], removed))


def restore_pieces(chunks: Iterable[str], removed: Iterable[_Removed]) -> Iterator[str]:
    """The original of a clean text that comes in chunks, in pieces. Otherwise like `restore`."""
    entries = (_entry(given) for given in removed)
    start, insertion = next(entries, (None, ""))
    at = 0  # in the original
    for chunk in chain(chunks, [""]):  # what was removed may be all of the text
        rest = chunk
        while start is not None and start - at <= len(rest):
            yield rest[: _distance(start, at)]
            yield insertion
            rest = rest[start - at :]
            at = start + len(insertion)
            start, insertion = next(entries, (None, ""))
        yield rest
        at += len(rest)
    if start is not None:
        raise DataError(
            f"removed text begins at character {start}, but the original ends at {at}: it was removed from another text"
        )


def _distance(start: int, at: int) -> int:
    if start < at:
        raise DataError(
            f"removed text begins at character {start}, before the end of what was removed before it ({at}): give the "
            "lines of one text, in their order"
        )
    return start - at


def _entry(given: _Removed) -> tuple[int, str]:
    start, text = (given.get("start"), given.get("text")) if isinstance(given, Mapping) else given
    if not isinstance(start, int) or isinstance(start, bool) or start < 0 or not isinstance(text, str):
        raise DataError('removed text needs a "start" (a whole number) and a "text" (a string)')
    return start, text
