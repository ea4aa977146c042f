"""Pickles of plain values: arrays as dictionaries of dtype, shape and bytes, and an unpickler that executes nothing.

The unpickler admits no global at all: a pickle that asks for a class or a function is refused before anything of it is
built. Small arrays are compressed with zlib.
"""

from __future__ import annotations

import io
import pickle
import pickletools
import zlib
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from detector.errors import ModelError

_MAX_COMPRESSED = 1 << 19  # bytes of an array; larger arrays are stored uncompressed
_DTYPES = frozenset({"int8", "uint8", "uint32", "float32"})
# The opcodes in the pickle of a model. Others never reach the unpickler: they might build objects, or use up all memory
# (a PUT with a large index).
_OPCODES = frozenset({
    "PROTO", "FRAME", "MARK", "MEMOIZE", "BINGET", "LONG_BINGET", "STOP",
    "EMPTY_DICT", "SETITEM", "SETITEMS", "EMPTY_LIST", "APPEND", "APPENDS",
    "BININT", "BININT1", "BININT2", "SHORT_BINUNICODE", "BINUNICODE", "SHORT_BINBYTES", "BINBYTES",
})  # fmt: skip


class _PlainUnpickler(pickle.Unpickler):
    """Builds only numbers, strings, bytes, lists and dictionaries."""

    def find_class(self, module: str, name: str) -> NoReturn:
        raise ModelError(f"it requests {module}.{name}, which no model needs")

    def persistent_load(self, pid: object) -> NoReturn:
        raise ModelError(f"it requests the persistent object {pid!r}, which no model needs")


def _check_opcodes(content: bytes) -> None:
    """Raise `ModelError` for an opcode that is not among `_OPCODES`."""
    names: list[str] = []  # the last two strings: for most forbidden opcodes, the module and name of a global
    for opcode, argument, _ in pickletools.genops(content):
        if isinstance(argument, str):
            names = [*names[-1:], argument[:80]]
        if opcode.name not in _OPCODES:
            raise ModelError(f"its pickle has the opcode {opcode.name} for {'.'.join(names)!r}, which no model needs")


def unpickle(content: bytes, file: Path) -> dict[str, Any]:
    """The dictionary in a pickle of plain values. Raises `ModelError` if the pickle is damaged, or asks for more."""
    try:
        _check_opcodes(content)
        loaded = _PlainUnpickler(io.BytesIO(content)).load()
    except ModelError as error:
        raise ModelError(f"{file}: refused as unsafe: {error}; nothing in it was run") from None
    except Exception as error:  # a damaged pickle can raise almost any error
        raise ModelError(f"{file}: damaged ({error!r}); copy the folder again") from error
    if not isinstance(loaded, dict):
        raise ModelError(f"{file}: contains a {type(loaded).__name__}, not a model; copy the folder again")
    return loaded


def pack(array: NDArray[Any]) -> dict[str, Any]:
    """An array as plain values, in little-endian byte order."""
    little_endian = np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("<"))
    content = little_endian.tobytes()
    small = len(content) <= _MAX_COMPRESSED
    return {
        "dtype": array.dtype.name,
        "shape": list(array.shape),
        "bytes": zlib.compress(content, 9) if small else content,
        "compressed": int(small),
    }


def unpack(stored: dict[str, Any]) -> NDArray[Any]:
    """The array that `pack` stored. Raises `ValueError` if the values are not those of an array."""
    if stored["dtype"] not in _DTYPES:
        raise ValueError(f"dtype {stored['dtype']!r} is not one of {', '.join(sorted(_DTYPES))}")
    dtype = np.dtype(stored["dtype"]).newbyteorder("<")
    content = _decompress(stored["bytes"]) if stored["compressed"] else stored["bytes"]
    return np.frombuffer(content, dtype=dtype).astype(stored["dtype"], copy=False).reshape(stored["shape"])


def _decompress(content: bytes) -> bytes:
    """Decompress a small array. Raises `ValueError` for damaged bytes, or for more than `_MAX_COMPRESSED`."""
    stream = zlib.decompressobj()
    try:
        decompressed = stream.decompress(content, _MAX_COMPRESSED + 1)
    except zlib.error as error:
        raise ValueError(f"compressed bytes are damaged: {error}") from error
    if not stream.eof or len(decompressed) > _MAX_COMPRESSED:
        raise ValueError("compressed bytes are truncated, or too many")
    return decompressed
