"""Inputs of any size for measurements, made of given texts, in a folder that is cleared away after."""

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
_SPARE = 0.2  # of the room that is needed, left over for the file system and for others


@contextlib.contextmanager
def room(megabytes: float, folder: Path | None = None) -> Iterator[Path]:
    """A temporary folder, in ``folder`` or where the system has them, for so many megabytes.

    Raises `UsageError`, before anything is written, where there is not room enough.
    """
    place = Path(folder or tempfile.gettempdir())
    free = shutil.disk_usage(place).free / MEGABYTE
    needed = megabytes * (1 + _SPARE)
    if free < needed:
        raise UsageError(
            f"{place}: {free:,.0f} MB are free and {needed:,.0f} MB needed: make room, or give another --folder"
        )
    with tempfile.TemporaryDirectory(prefix="detector-benchmark-", dir=place) as made:
        yield Path(made)


def size(texts: Sequence[str]) -> float:
    """Megabytes of texts in UTF-8."""
    return sum(len(text.encode("utf-8", "surrogatepass")) for text in texts) / MEGABYTE


def times(texts: Sequence[str], megabytes: float) -> int:
    """How often the texts have to be repeated for so many megabytes. Raises `UsageError` where there is no text."""
    once = size(texts)
    if not once:
        raise _no_text()
    return max(1, -int(-megabytes // once))


def sample(texts: Sequence[str], megabytes: float, seed: int = 0) -> list[str]:
    """Some of the texts, drawn at random, of at least so many megabytes (or all that there are)."""
    drawn = random.Random(seed).sample(texts, len(texts))
    chosen, held = [], 0.0
    for text in drawn:
        if held >= megabytes:
            break
        chosen.append(text)
        held += size([text])
    return chosen


def write_jsonl(path: Path, texts: Sequence[str], megabytes: float) -> float:
    """Write the texts again and again as JSON Lines, to at least so many megabytes; gives how many it became."""
    lines = [json_line({"id": f"text-{number}", "text": text}) for number, text in enumerate(texts)]
    with open(path, "wb") as file:
        for line in cycle(lines):
            file.write(line)
            if file.tell() >= megabytes * MEGABYTE:
                return file.tell() / MEGABYTE
    raise _no_text()


def write_lines(path: Path, texts: Sequence[str], number: int) -> float:
    """Write lines of the texts as so many documents of one line each, as JSON Lines; gives how many megabytes."""
    lines = [json_line({"text": line}) for text in texts for line in text.split("\n") if line.strip()]
    whole, rest = divmod(number, len(lines))
    with open(path, "wb") as file:
        block = b"".join(lines)
        for _ in range(whole):
            file.write(block)
        file.writelines(lines[:rest])
        return file.tell() / MEGABYTE


def write_text(path: Path, texts: Sequence[str], megabytes: float) -> float:
    """Write the texts again and again as one document of plain text; gives how many megabytes it became."""
    block = ("\n\n".join(texts) + "\n\n").encode("utf-8", "surrogateescape")
    with open(path, "wb") as file:
        while file.tell() < megabytes * MEGABYTE:
            file.write(block)
        return file.tell() / MEGABYTE


def _no_text() -> UsageError:
    return UsageError("there is no text to make an input of: give labelled documents")
