"""The stamps of files, by which changes are noticed."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from detector.util.urls import Place


class Stamp(NamedTuple):
    """The size (bytes) of a file, and its version: of a local file, the modification time (nanoseconds).

    The version of another file is what its listing tells, None if it tells nothing that changes with the content.
    """

    size: int
    version: int | str | None

    @classmethod
    def of(cls, place: Place | None) -> Stamp | None:
        """The stamp of a file; None for no place, and for a file that does not exist or cannot be accessed.

        Of a remote file it is what was listed: no file system is asked.
        """
        if place is None:
            return None
        if not isinstance(place, Path):
            return cls(place.listed.size or 0, place.listed.version) if place.listed else None
        try:
            found = place.stat()
        except OSError:
            return None
        return cls(found.st_size, found.st_mtime_ns)
