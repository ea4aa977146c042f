"""Benchmark inputs of any size, made by repeating given texts, and a temporary folder to write them to."""

from __future__ import annotations

import contextlib
import random
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from itertools import cycle
from pathlib import Path

from detector.errors import UsageError
from detector.util.json_lines import json_line

MEGABYTE = 1_000_000
_SPARE = 0.2  # share of the needed space that has to be free on top of it


@contextlib.contextmanager
def temporary_folder(megabytes: float, parent: Path | None = None) -> Iterator[Path]:
    """A temporary folder with space for ``megabytes``, in ``parent`` or in the system's folder of temporary files.

    Raises `UsageError`, before anything is written, where there is too little space.
    """
    parent = parent or Path(tempfile.gettempdir())
    free = shutil.disk_usage(parent).free / MEGABYTE
    needed = megabytes * (1 + _SPARE)
    if free < needed:
        raise UsageError(
            f"{parent}: {free:,.0f} MB are free and {needed:,.0f} MB are needed: free some space, or choose another "
            "folder with --folder"
        )
    with tempfile.TemporaryDirectory(prefix="detector-benchmark-", dir=parent) as folder:
        yield Path(folder)


def size_in_megabytes(texts: Sequence[str]) -> float:
    """The size of texts in UTF-8."""
    return sum(len(text.encode("utf-8", "surrogatepass")) for text in texts) / MEGABYTE


def repetitions(texts: Sequence[str], megabytes: float) -> int:
    """How often texts have to be repeated to reach a size. Raises `UsageError` where there is no text."""
    size = size_in_megabytes(texts)
    if not size:
        raise _no_text()
    return max(1, -int(-megabytes // size))


def sample(texts: Sequence[str], megabytes: float, seed: int = 0) -> list[str]:
    """A random sample of the texts of at least the given size, or all of them where they are smaller."""
    shuffled = random.Random(seed).sample(texts, len(texts))
    chosen, size = [], 0.0
    for text in shuffled:
        if size >= megabytes:
            break
        chosen.append(text)
        size += size_in_megabytes([text])
    return chosen


def articles(texts: Sequence[str], size: int, number: int) -> list[str]:
    """Make ``number`` texts of up to ``size`` bytes: consecutive lines of a sample of the given texts.

    Blank lines and larger ones are left out. Raises `UsageError` where there are no others.
    """
    lines = [
        f"{line}\n" for text in sample(texts, size * number / MEGABYTE) for line in text.split("\n") if line.strip()
    ]
    sized = [(line, len(line.encode("utf-8", "surrogatepass"))) for line in lines]
    made: list[str] = []
    article, free = "", size
    for line, needed in cycle((line, needed) for line, needed in sized if needed <= size):
        if needed > free:
            made.append(article)
            article, free = "", size
            if len(made) == number:
                return made
        article += line
        free -= needed
    raise _no_text()


def write_jsonl(path: Path, texts: Sequence[str], megabytes: float) -> float:
    """Write the texts repeatedly, as JSON Lines of at least the given size. Returns the size in megabytes."""
    lines = [json_line({"id": f"text-{number}", "text": text}) for number, text in enumerate(texts)]
    with open(path, "wb") as file:
        for line in cycle(lines):
            file.write(line)
            if file.tell() >= megabytes * MEGABYTE:
                return file.tell() / MEGABYTE
    raise _no_text()


def write_one_line_documents(path: Path, texts: Sequence[str], number: int) -> float:
    """Write ``number`` documents of one line each, as JSON Lines. Returns the size in megabytes."""
    lines = [json_line({"text": line}) for text in texts for line in text.split("\n") if line.strip()]
    rounds, rest = divmod(number, len(lines))
    with open(path, "wb") as file:
        block = b"".join(lines)
        for _ in range(rounds):
            file.write(block)
        file.writelines(lines[:rest])
        return file.tell() / MEGABYTE


def write_text(path: Path, texts: Sequence[str], megabytes: float) -> float:
    """Write the texts repeatedly, as one plain text of at least the given size. Returns the size in megabytes."""
    block = ("\n\n".join(texts) + "\n\n").encode("utf-8", "surrogateescape")
    with open(path, "wb") as file:
        while file.tell() < megabytes * MEGABYTE:
            file.write(block)
        return file.tell() / MEGABYTE


def _no_text() -> UsageError:
    return UsageError("there is no text to make an input from: give labelled documents")
