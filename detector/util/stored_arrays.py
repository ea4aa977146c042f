"""Arrays in a file that NumPy reads as ``.npz``: stored uncompressed, without pickles, with the same bytes each time.

A reader knows from the size of the file how much memory its arrays need, whatever the file says of itself.
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from tokenize import TokenError
from typing import IO, Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

_DATE = (1980, 1, 1, 0, 0, 0)  # the first one that a zip file can hold
_UNIX = 3  # on every system, so that the bytes are the same
_SUFFIX = ".npy"
_BLOCK = 1 << 20  # bytes


class StoredArraysError(ValueError):
    """A file that is not what this module writes. The message is the reason."""


class ArrayWriter:
    """Writes arrays to a stream, one after the other."""

    def __init__(self, stream: BinaryIO) -> None:
        self._zip = zipfile.ZipFile(stream, "w", zipfile.ZIP_STORED)

    def __enter__(self) -> ArrayWriter:
        return self

    def __exit__(self, *_: object) -> None:
        self._zip.close()

    def write(self, name: str, array: NDArray[Any]) -> None:
        """Write an array."""
        self.write_blocks(name, array.dtype, array.shape, [array])

    def write_blocks(
        self, name: str, dtype: np.dtype[Any], shape: tuple[int, ...], blocks: Iterable[NDArray[Any]]
    ) -> None:
        """Write an array that is given as consecutive blocks of its rows, together of this shape."""
        info = zipfile.ZipInfo(name + _SUFFIX, _DATE)
        info.create_system = _UNIX
        with self._zip.open(info, "w", force_zip64=True) as member:
            header = {"descr": np.lib.format.dtype_to_descr(dtype), "fortran_order": False, "shape": shape}
            np.lib.format.write_array_header_1_0(member, header)
            for block in blocks:
                member.write(np.ascontiguousarray(block, dtype=dtype).tobytes())


class ArrayReader:
    """Reads the arrays of a file. Raises `StoredArraysError` where it is not what `ArrayWriter` writes, or damaged."""

    def __init__(self, path: Path) -> None:
        if path.exists() and not path.is_file() and not path.is_dir():  # opening a pipe could wait for ever
            raise StoredArraysError("it is a pipe or a device, not a file")
        try:
            self._zip = zipfile.ZipFile(path)
        except (zipfile.BadZipFile, ValueError, NotImplementedError) as error:
            raise StoredArraysError(str(error)) from error
        size, members = path.stat().st_size, self._zip.infolist()
        self.names = frozenset(member.filename.removesuffix(_SUFFIX) for member in members)
        stored = all(m.compress_type == zipfile.ZIP_STORED and m.file_size == m.compress_size for m in members)
        if not stored or len(self.names) < len(members) or sum(member.file_size for member in members) > size:
            self._zip.close()
            raise StoredArraysError("it has members that are compressed, double or larger than the file")

    def __enter__(self) -> ArrayReader:
        return self

    def __exit__(self, *_: object) -> None:
        self._zip.close()

    def array(self, name: str, dtype: str) -> NDArray[Any]:
        """The one-dimensional array of this name and type, which can be written to."""
        with self._open(name) as member:
            rows = self._rows(name, member, dtype, ())
            content = self._read(member)
            if len(content) != rows * np.dtype(dtype).itemsize:
                raise StoredArraysError(f"{name} has {len(content):,} bytes of {rows:,} numbers")
            return np.frombuffer(bytearray(content), dtype=dtype)

    def blocks(self, name: str, dtype: str, columns: int, rows: int) -> Iterator[NDArray[Any]]:
        """The rows of a two-dimensional array of this name and type, at most ``rows`` at a time."""
        width = columns * np.dtype(dtype).itemsize
        with self._open(name) as member:
            left = self._rows(name, member, dtype, (columns,))
            while left:
                content = self._read(member, min(rows, left) * width)
                if len(content) != min(rows, left) * width:
                    raise StoredArraysError(f"{name} ends early")
                left -= len(content) // width
                yield np.frombuffer(content, dtype=dtype).reshape(-1, columns)
            if self._read(member, 1):
                raise StoredArraysError(f"{name} has more rows than it says")

    def _open(self, name: str) -> IO[bytes]:
        try:
            return self._zip.open(name + _SUFFIX)
        except (KeyError, zipfile.BadZipFile, NotImplementedError, RuntimeError, OSError) as error:
            raise StoredArraysError(f"{name} cannot be read ({error})") from error

    @staticmethod
    def _rows(name: str, member: IO[bytes], dtype: str, row_shape: tuple[int, ...]) -> int:
        """The number of rows by the header of an array."""
        try:
            if np.lib.format.read_magic(member) != (1, 0):
                raise ValueError("another version of the format")
            shape, fortran_order, found = np.lib.format.read_array_header_1_0(member)
        except (ValueError, TypeError, EOFError, TokenError, zipfile.BadZipFile, RecursionError, MemoryError) as error:
            raise StoredArraysError(f"{name} has no valid header ({error})") from error
        if found != np.dtype(dtype) or fortran_order or len(shape) != 1 + len(row_shape) or shape[1:] != row_shape:
            raise StoredArraysError(f"{name} is {found} of shape {shape}")
        return int(shape[0])

    @staticmethod
    def _read(member: IO[bytes], size: int = -1) -> bytes:
        """So many bytes of a member, fewer at its end. A wrong checksum is found at the end."""
        try:
            return member.read(size)
        except (zipfile.BadZipFile, EOFError) as error:
            raise StoredArraysError(str(error)) from error
