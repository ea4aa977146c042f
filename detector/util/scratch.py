"""A temporary folder that is made only if something needs it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tempfile import TemporaryDirectory


class Scratch:
    """A temporary folder, made when its path is first asked for, and deleted when the block ends.

    Another process that it is sent to gets the path.
    """

    def __init__(self) -> None:
        self._folder: TemporaryDirectory[str] | None = None

    def __enter__(self) -> Scratch:
        return self

    def __exit__(self, *_: object) -> None:
        if self._folder is not None:
            self._folder.cleanup()

    def __reduce__(self) -> tuple[type[Path], tuple[Path]]:
        return Path, (self.path,)

    @property
    def path(self) -> Path:
        """The path of the folder. Raises `OSError` if there can be none."""
        if self._folder is None:
            import tempfile

            self._folder = tempfile.TemporaryDirectory(prefix="detector-")
        return Path(self._folder.name)
