"""The file of repeated paragraphs: in how many documents of a site each occurs. It holds no text, only keys.

Raise `FORMAT` by one with every change of the file.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from detector.errors import DataError, UsageError
from detector.evidence.paragraph_keys import KEY_VERSION
from detector.util.arrays import Hashes
from detector.util.stored_arrays import ArrayReader, ArrayWriter, StoredArraysError

FORMAT = 1
MAX_PARAGRAPHS = 1 << 26
PARTIAL_ROWS = "rows"  # the array of a file of unpruned counts, which `detector.repeats.partial` writes
_COLUMNS = {"keys": "<u8", "documents": "<u4", "of": "<u4", "sites": "<u4"}
_ABOUT = "about"
_RELEARN = "make it again with 'detector repeats learn'"


@dataclass(frozen=True, slots=True)
class Totals:
    """What was counted, before anything was left out: documents, sites, and distinct paragraphs of sites."""

    documents: int
    sites: int
    paragraphs: int


@dataclass(frozen=True, slots=True)
class RepeatedParagraphs:
    """Repeated paragraphs, in the order of their ``keys``, with one entry per paragraph in each array.

    ``documents`` is the number of documents with the paragraph at the site where it is most at home, ``of`` the number
    of that site's documents, ``sites`` the number of sites where it repeats.
    """

    keys: Hashes
    documents: NDArray[np.uint32]
    of: NDArray[np.uint32]
    sites: NDArray[np.uint32]
    totals: Totals

    def __len__(self) -> int:
        return len(self.keys)


def write_repeats(repeats: RepeatedParagraphs, stream: BinaryIO) -> None:
    """Write repeated paragraphs; the same ones make the same bytes."""
    totals = repeats.totals
    about = [FORMAT, KEY_VERSION, totals.documents, totals.sites, totals.paragraphs]
    with ArrayWriter(stream) as writer:
        writer.write(_ABOUT, np.array(about, dtype="<i8"))
        for name, dtype in _COLUMNS.items():
            writer.write(name, getattr(repeats, name).astype(dtype))


def read_repeats(path: str | os.PathLike[str]) -> RepeatedParagraphs:
    """Read repeated paragraphs. Raises `UsageError` if there is no such file, `DataError` if it cannot be used."""
    path = Path(path)
    with opened(path) as reader:
        if PARTIAL_ROWS in reader.names:
            raise DataError(
                f"{path}: has the counts of a part of a corpus; 'detector repeats merge' makes a file of it"
            )
        try:
            if reader.names != {_ABOUT, *_COLUMNS}:
                raise StoredArraysError("it has other arrays")
            totals = Totals(*about_of(reader, path, 5))
            columns = {name: reader.array(name, dtype) for name, dtype in _COLUMNS.items()}
            repeats = RepeatedParagraphs(**columns, totals=totals)
            _check(repeats)
        except StoredArraysError as error:
            raise DataError(f"{path}: is no file of repeated paragraphs, or damaged: {error}; {_RELEARN}") from error
    return repeats


def opened(path: Path) -> ArrayReader:
    """A reader of a file's arrays. Raises `UsageError` if there is no such file, `DataError` if it has no arrays."""
    try:
        return ArrayReader(path)
    except FileNotFoundError as error:
        raise UsageError(f"{path}: no such file") from error
    except StoredArraysError as error:
        raise DataError(f"{path}: is no file of repeated paragraphs, or damaged: {error}; {_RELEARN}") from error
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror or error})") from error


def about_of(reader: ArrayReader, path: Path, length: int) -> list[int]:
    """What a file says of itself, after the versions. Raises `DataError` for other versions, `StoredArraysError`."""
    about: list[int] = reader.array(_ABOUT, "<i8").tolist()
    if len(about) < 2 or (about[:2] == [FORMAT, KEY_VERSION] and len(about) != length) or min(about) < 0:
        raise StoredArraysError("what it says of itself is not understood")
    if about[:2] != [FORMAT, KEY_VERSION]:
        raise DataError(
            f"{path}: has counts of version {about[0]}.{about[1]}, and {FORMAT}.{KEY_VERSION} is read; {_RELEARN}"
        )
    return about[2:]


def _check(repeats: RepeatedParagraphs) -> None:
    arrays: list[NDArray[Any]] = [repeats.keys, repeats.documents, repeats.of, repeats.sites]
    if len({len(array) for array in arrays}) > 1:
        raise StoredArraysError("its arrays have different lengths")
    if len(repeats) > MAX_PARAGRAPHS:
        raise StoredArraysError(f"it has {len(repeats):,} paragraphs; {MAX_PARAGRAPHS:,} is the most")
    if len(repeats) and (not repeats.keys[0] or (repeats.keys[1:] <= repeats.keys[:-1]).any()):
        raise StoredArraysError("its keys are not in order")
    if (repeats.documents < 1).any() or (repeats.documents > repeats.of).any() or (repeats.sites < 1).any():
        raise StoredArraysError("its counts contradict each other")
