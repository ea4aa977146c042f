"""Update the generated tables in RESULTS.md, each of which is between two comments."""

from __future__ import annotations

from pathlib import Path

from detector.errors import DataError
from detector.util.atomic import replacing


def rewrite(path: Path, name: str, markdown: str) -> None:
    """Replace what is between the lines ``<!-- NAME:begin -->`` and ``<!-- NAME:end -->`` with ``markdown``.

    Raises `DataError` where the file cannot be read, or does not have each of these lines once, in this order.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{path}: cannot be read ({error})") from error
    begin, end = f"<!-- {name}:begin -->\n", f"<!-- {name}:end -->\n"
    if text.count(begin) != 1 or text.count(end) != 1 or text.index(begin) > text.index(end):
        raise DataError(
            f"{path}: the lines {begin.strip()} and {end.strip()} must occur once each, in this order; add them where "
            "the tables belong"
        )
    before, rest = text.split(begin)
    with replacing(path) as file:
        file.write(f"{before}{begin}\n{markdown.strip()}\n\n{end}{rest.split(end)[1]}".encode())
