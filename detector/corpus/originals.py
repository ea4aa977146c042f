"""The originals of files that are cleaned in place."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from detector.corpus.plan import ORIGINAL_SUFFIX
from detector.errors import DataError
from detector.util.atomic import replacing


def _original(path: Path) -> Path:
    return path.with_name(path.name + ORIGINAL_SUFFIX)


def check_original(path: Path) -> None:
    """Raise `DataError` if a file already has the original of an earlier run beside it.

    A hard link to the file itself is no obstacle: an interrupted run made it before it could replace the file.
    """
    original = _original(path)
    if original.exists() and not original.samefile(path):
        raise DataError(f"{original}: already exists, as the original of an earlier run; move it elsewhere first")


def keep_original(path: Path) -> None:
    """Keep a file under its name with `ORIGINAL_SUFFIX`, before it is replaced: as a hard link if possible."""
    original = _original(path)
    if original.exists():
        return
    try:
        os.link(path, original)
    except OSError:  # the file system has no hard links
        with replacing(original) as copy, open(path, "rb") as file:
            shutil.copyfileobj(file, copy)
        shutil.copystat(path, original)
