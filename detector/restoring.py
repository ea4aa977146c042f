"""Original texts from clean ones and from what was removed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from hashlib import blake2b
from itertools import chain
from numbers import Integral
from typing import NamedTuple

from detector.errors import DataError

_Removed = Mapping[str, object] | Sequence[object]


def restore(text: str, removed: Iterable[_Removed]) -> str:
    """The original of a clean text, character for character.

    ``removed`` is what was removed, in order: pairs as in `Cleaned.removed_spans`, also as lists that were read from
    JSON; or the lines of a sidecar (``--removed``) that belong to the text, as dictionaries with ``start`` and
    ``text``; a ``digest`` is checked. A line that says that the text was kept whole is passed over. Raises `DataError`
    where it does not fit the text.
    """
    return "".join(restore_pieces([text], removed))


def restore_pieces(chunks: Iterable[str], removed: Iterable[_Removed]) -> Iterator[str]:
    """The original of a clean text that comes in chunks, in pieces. Otherwise like `restore`."""
    entries = (_entry(given) for given in removed if not is_kept_whole(given))
    entry = next(entries, None)
    digest = TextDigest()
    wanted = entry.digest if entry else ""
    at = 0  # in the original
    for chunk in chain(chunks, [""]):  # what was removed may be all of the text
        rest = chunk
        while entry is not None and entry.start - at <= len(rest):
            for piece in (rest[: _distance(entry.start, at)], entry.text):
                digest.add(piece)
                yield piece
            rest = rest[entry.start - at :]
            at = entry.start + len(entry.text)
            wanted = entry.digest
            entry = next(entries, None)
        digest.add(rest)
        yield rest
        at += len(rest)
    if entry is not None:
        raise DataError(
            f"removed text begins at character {entry.start}, but the original ends at {at}: it was removed from "
            "another text"
        )
    if wanted not in ("", digest.value):
        raise DataError(
            "what was removed does not restore the original: lines are missing, or belong to another result; or "
            "another --text-field was cleaned"
        )


def is_kept_whole(line: object) -> bool:
    """Whether a line of a sidecar holds no removed text, but says that a text was kept whole."""
    return isinstance(line, Mapping) and line.get("kept_whole") is True


class TextDigest:
    """The digest of a text that comes in pieces: BLAKE2b of its UTF-8, 16 bytes."""

    def __init__(self) -> None:
        self._hash = blake2b(digest_size=16)

    def add(self, piece: str) -> None:
        """Add the next piece."""
        self._hash.update(piece.encode("utf-8", "surrogatepass"))

    @property
    def value(self) -> str:
        """The digest of all pieces: 32 hexadecimal digits."""
        return self._hash.hexdigest()


class _Entry(NamedTuple):
    """A removed text, and the digest of the original: empty where none is given, None in all lines but the last."""

    start: int
    text: str
    digest: str | None


def _distance(start: int, at: int) -> int:
    if start < at:
        raise DataError(
            f"removed text begins at character {start}, before the end of what was removed before it ({at}): give the "
            "lines of one text, in their order"
        )
    return start - at


def _entry(given: _Removed) -> _Entry:
    digest: object = ""
    if isinstance(given, Mapping):
        start, text, digest = given.get("start"), given.get("text"), given.get("digest", "")
    else:
        start, text = given if isinstance(given, tuple | list) and len(given) == 2 else (None, None)
    at = _whole_number(start)
    if at is None or at < 0 or not isinstance(text, str) or not (digest is None or isinstance(digest, str)):
        raise DataError('removed text needs a "start" (a whole number) and a "text" (a string)')
    return _Entry(at, text, digest)


def _whole_number(value: object) -> int | None:
    """An integer, also one of NumPy's, as an `int`; None for anything else."""
    if isinstance(value, bool):
        return None
    return int(value) if isinstance(value, Integral) else None
