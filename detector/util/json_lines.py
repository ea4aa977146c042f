"""JSON Lines that this package writes itself: one object per line."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any


def json_line(record: dict[str, Any]) -> bytes:
    """An object as a line in UTF-8; lone surrogates (bytes of the input that were not UTF-8) become escapes.

    Two of them that escapes would turn into one character are written as the bytes that stand for them, as Python's
    error handler ``surrogatepass`` does.
    """
    line = json.dumps(record, ensure_ascii=False) + "\n"
    try:
        return line.encode()
    except UnicodeEncodeError:
        escaped = json.dumps(record)
        return f"{escaped}\n".encode() if json.loads(escaped) == record else line.encode("utf-8", "surrogatepass")


def read_json_lines(path: Path) -> Iterator[dict[str, Any]]:
    """The objects of a file of JSON Lines; none where the file is missing. A torn line is skipped."""
    with contextlib.suppress(FileNotFoundError), open(path, "rb") as lines:
        yield from parse_json_lines(lines)


def parse_json_lines(lines: Iterable[bytes]) -> Iterator[dict[str, Any]]:
    """The objects of JSON Lines. A torn line is skipped."""
    for line in lines:
        with contextlib.suppress(ValueError, RecursionError):
            record = json.loads(line)
            if isinstance(record, dict) and line.endswith(b"\n"):
                yield record
