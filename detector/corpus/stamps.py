"""The stamps of files, by which changes are noticed."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple


class Stamp(NamedTuple):
    """The size (bytes) and the modification time (nanoseconds) of a file."""

    size: int
    mtime_ns: int

    @classmethod
    def of(cls, path: Path | None) -> Stamp | None:
        """The stamp of a file; None for no path, and for a file that does not exist or cannot be accessed."""
        try:
            found = path.stat() if path else None
        except OSError:
            return None
        return cls(found.st_size, found.st_mtime_ns) if found else None
