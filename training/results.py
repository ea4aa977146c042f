"""Measured tables in a file of results: each stands between two comments, and a command puts a new one there."""

from __future__ import annotations

from pathlib import Path

from detector.errors import DataError
from detector.util.atomic import replacing


def rewrite(path: Path, name: str, markdown: str) -> None:
    """Put ``markdown`` between ``<!-- NAME:begin -->`` and ``<!-- NAME:end -->``, each a line of its own.

    Raises `DataError` where the file cannot be read, or does not hold each of the comments once, in this order.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{path}: cannot be read ({error})") from error
    begin, end = f"<!-- {name}:begin -->\n", f"<!-- {name}:end -->\n"
    if text.count(begin) != 1 or text.count(end) != 1 or text.index(begin) > text.index(end):
        raise DataError(f"{path}: put {begin.strip()} and {end.strip()} where the table is to stand, each once")
    before, rest = text.split(begin)
    with replacing(path) as file:
        file.write(f"{before}{begin}\n{markdown.strip()}\n\n{end}{rest.split(end)[1]}".encode())
