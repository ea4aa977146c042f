"""Counts in how many documents of a site each paragraph occurs, in bounded memory."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np

from detector.errors import DataError, UsageError
from detector.evidence.paragraph_keys import NO_KEY, hashes_of, letters, lines_of, name_hash
from detector.evidence.repeats_file import RepeatedParagraphs, write_repeats
from detector.repeats.partial import add_partials, write_partial
from detector.repeats.rows import COLUMNS, DOCUMENT, PARAGRAPH, SITE, sorted_rows
from detector.repeats.runs import Runs
from detector.repeats.summing import ALL, Pruning, repeated_paragraphs
from detector.text.paragraphs import ParagraphBreak
from detector.text.sections import given_chunks
from detector.util.atomic import replacing

BUFFER_ROWS = 1 << 19  # in memory: 12 MB, and some three times as much while they are sorted
MAX_PARAGRAPHS = 1 << 16  # of a document: the rest counts as another one
_CHUNK = 1 << 20  # characters of a long text that are read at a time
_LINE_END = r"(?:\r\n|\r(?!\n)|\n)"
_BLANK_LINE = re.compile(rf"{_LINE_END}[^\S\r\n]*{_LINE_END}\s*")


class RepeatCounter:
    """Counts the paragraphs of documents. The result depends neither on the order of documents nor on their parts.

    A paragraph counts once per document. Documents of a site with the same paragraphs count as one, in whatever order
    these are: an article that was crawled ten times does not repeat. Sorted rows are kept in temporary files inside
    ``folder``, until the counter is closed; ``rows`` is the number of rows in memory. Use it in a ``with`` block.
    """

    def __init__(
        self, folder: str | os.PathLike[str] | None = None, paragraphs: ParagraphBreak = "line", rows: int = BUFFER_ROWS
    ) -> None:
        if paragraphs not in ("line", "blank"):
            raise UsageError(f"paragraphs {paragraphs!r}: choose line or blank")
        self._paragraphs = paragraphs
        self._runs = Runs(Path(folder) if folder is not None else None)
        self._buffer = np.empty((max(rows, 1), COLUMNS), dtype=np.uint64)
        self._filled = 0

    def __enter__(self) -> RepeatCounter:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def add(self, site: str, text: str | Iterable[str]) -> None:
        """Count a document of a site, given as its text or as consecutive chunks of it.

        Raises `UsageError` for anything but strings, `OutputError` if a temporary file cannot be written.
        """
        if not isinstance(site, str):
            raise UsageError(f"a site is a str, not a {type(site).__name__}")
        keys: set[int] = set()
        for lines in self._lines(text):
            found = hashes_of(filter(None, lines)).tolist()
            if len(keys) + len(found) < MAX_PARAGRAPHS:
                keys.update(found)
                continue
            for key in found:
                keys.add(key)
                if len(keys) == MAX_PARAGRAPHS:
                    self._add(site, keys)
                    keys = set()
        self._add(site, keys)

    def merge(self, other: RepeatCounter) -> None:
        """Take over all that another counter has counted, which is closed."""
        self.take(other.release())

    def add_files(self, paths: Sequence[str | os.PathLike[str]]) -> None:
        """Add what `write_partial` has written. Raises `UsageError` or `DataError` for what is no such file."""
        add_partials(self._runs, [Path(path) for path in paths])

    def write(self, path: str | os.PathLike[str], pruning: Pruning = ALL) -> RepeatedParagraphs:
        """Write the paragraphs that repeat to a file for ``clean --repeats``; also returns them.

        The file appears complete or not at all. Raises `DataError` if too many repeat, or it cannot be written.
        """
        self._spill()
        repeats = repeated_paragraphs(self._runs.rows(), pruning)
        try:
            with replacing(Path(path)) as file:
                write_repeats(repeats, file)
        except OSError as error:
            raise _cannot_write(path, error) from error
        return repeats

    def write_partial(self, path: str | os.PathLike[str]) -> None:
        """Write all counts to a file that can be merged with others. Raises `DataError` if it cannot be written."""
        self._spill()
        try:
            write_partial(self._runs, Path(path))
        except OSError as error:
            raise _cannot_write(path, error) from error

    def release(self) -> list[Path]:
        """The temporary files with all counts, for `take` in this or another process; the counter is empty then."""
        self._spill()
        paths, self._runs.paths = self._runs.paths, []
        return paths

    def take(self, paths: Sequence[Path]) -> None:
        """Take over the temporary files that another counter released."""
        self._runs.take(paths)

    def close(self) -> None:
        """Delete the temporary files."""
        self._runs.close()

    def _lines(self, text: str | Iterable[str]) -> Iterator[list[bytes]]:
        """The letters of the paragraphs of a text, some at a time."""
        end_of = _end_of_blank_line if self._paragraphs == "blank" else _end_of_line
        chunks = given_chunks(text)
        for chunk in chunks if isinstance(text, str) else _whole_paragraphs(chunks, end_of):
            if self._paragraphs == "blank":
                yield [letters(paragraph) for paragraph in _BLANK_LINE.split(chunk)]
            else:
                yield lines_of(chunk.replace("\r", "\n") if "\r" in chunk else chunk)

    def _add(self, site: str, keys: set[int]) -> None:
        """Add the rows of a document, unless it has no paragraphs."""
        number = len(keys) + 1
        if number == 1:
            return
        if self._filled + number > len(self._buffer):
            self._spill()
            if number > len(self._buffer):
                self._buffer = np.empty((number, COLUMNS), dtype=np.uint64)
        rows = self._buffer[self._filled : self._filled + number]
        rows[:, SITE] = name_hash(site)
        rows[0, PARAGRAPH] = NO_KEY
        rows[1:, PARAGRAPH] = np.fromiter(keys, dtype=np.uint64, count=len(keys))
        rows[:, DOCUMENT] = rows[:, PARAGRAPH].sum(dtype=np.uint64)
        self._filled += number

    def _spill(self) -> None:
        """Write the rows in memory to a temporary file."""
        if self._filled:
            self._runs.add([sorted_rows(self._buffer[: self._filled])])
            self._filled = 0


def _whole_paragraphs(chunks: Iterable[str], end_of: Callable[[str], int]) -> Iterator[str]:
    """Consecutive chunks of a text, cut where paragraphs end; one of more than a megabyte is cut inside."""
    rest = ""
    for chunk in chunks:
        rest += chunk
        if len(rest) >= _CHUNK:
            end = end_of(rest) or len(rest)
            yield rest[:end]
            rest = rest[end:]
    yield rest


def _end_of_line(text: str) -> int:
    """The end of the last line that ends in a text; 0 for none."""
    return max(text.rfind("\n"), text.rfind("\r")) + 1


def _end_of_blank_line(text: str) -> int:
    """The end of the last blank line in a text; 0 for none."""
    return max((match.end() for match in _BLANK_LINE.finditer(text)), default=0)


def _cannot_write(path: str | os.PathLike[str], error: OSError) -> DataError:
    return DataError(f"{os.fspath(path)}: cannot be written: {error.strerror or error}; choose another file")
