"""Local files in the place of URLs, while a task runs: fetched before it, published after it."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from detector.corpus.stamps import Stamp
from detector.util.urls import Place, Url

if TYPE_CHECKING:
    from detector.corpus.plan import Task
    from detector.util.scratch import Scratch

_EXTENSIONS = r"(\.[A-Za-z0-9]{1,10}){0,2}$"  # the content types of objects are known by them


class Stage:
    """A folder for the local files of one task, made when it is needed. Use it in `staging`.

    ``source`` is the stamp of the input from before it was fetched, ``written`` that of the result once it is
    published; None for local ones.
    """

    def __init__(self, scratch: Callable[[], Path]) -> None:
        self.source: Stamp | None = None
        self.written: Stamp | None = None
        self._scratch = scratch
        self._folder: Path | None = None
        self._target: tuple[Path, Url] | None = None

    def fetched(self, place: Place) -> Path:
        """A place to read. Raises `DataError` if it cannot be fetched, `OutputError` if there is no room for it."""
        if isinstance(place, Path):
            return place
        from detector.util.remote import fetch

        file = self._file("source", place)
        self.source = Stamp.of(place.with_listed(fetch(place, file)))
        return file

    def target(self, place: Place) -> Path:
        """A place to write; a URL is written to by `publish`."""
        if isinstance(place, Path):
            return place
        self._target = self._file("result", place), place
        return self._target[0]

    def publish(self) -> None:
        """Write the result to its URL, if it has one. Raises `DataError`."""
        if self._target is not None:
            from detector.util.remote import publish

            file, url = self._target
            self.written = Stamp.of(url.with_listed(publish(file, url)))

    def task(self, task: Task) -> Task:
        """A task with local files in the place of its URLs."""
        source = self.fetched(task.source) if task.source else None
        target = self.target(task.target) if task.target else None
        return task._replace(source=source, target=target, shown=task.name)

    def close(self) -> None:
        """Delete the local files."""
        if self._folder is not None:
            import shutil

            shutil.rmtree(self._folder, ignore_errors=True)

    def _file(self, name: str, url: Url) -> Path:
        if self._folder is None:
            self._folder = self._scratch() / f"{os.urandom(8).hex()}.stage"
            self._folder.mkdir()
        return self._folder / with_extensions(name, url)


def with_extensions(name: str, url: Url) -> str:
    """A name with the extensions of a URL."""
    found = re.search(_EXTENSIONS, url.name)
    return name + (found[0] if found else "")


@contextlib.contextmanager
def staging(scratch: Path | Scratch) -> Iterator[Stage]:
    """A stage whose files are in a folder of the scratch folder, and deleted at the end."""
    stage = Stage(lambda: scratch if isinstance(scratch, Path) else scratch.path)
    try:
        yield stage
    finally:
        stage.close()
