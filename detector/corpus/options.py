"""The options of a run."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from detector.util.urls import Place, local


class Copies(Protocol):
    """Local copies of files that have URLs: a `detector.corpus.mirror.Mirror`."""

    def shown(self, path: Path | None) -> Place | None:
        """What a local file stands for."""

    def publish_if_due(self) -> None:
        """Write what has changed to its URLs, unless it was done a short time ago. Raises `DataError`."""


@dataclass(frozen=True)
class Options:
    """The options of a run.

    ``jobs`` is the number of processes, or of threads where there are fewer inputs. ``force`` makes results again that
    are up to date. ``removed`` and ``rejected`` are the files for removed text and for records that cannot be read.
    ``quiet`` shows no progress. ``terminal`` tells whether messages go to a terminal. With a ``mirror``, some of the
    files are local copies of others.
    """

    jobs: int = 1
    force: bool = False
    removed: Place | None = None
    rejected: Place | None = None
    quiet: bool = True
    terminal: bool = False
    mirror: Copies | None = None

    @property
    def removed_file(self) -> Path | None:
        """The local file for removed text."""
        return local(self.removed)

    @property
    def rejected_file(self) -> Path | None:
        """The local file for records that cannot be read."""
        return local(self.rejected)

    @property
    def shown_removed(self) -> Place | None:
        """The file for removed text as it was named."""
        return self.mirror.shown(self.removed_file) if self.mirror else self.removed
