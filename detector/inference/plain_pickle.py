"""Pickles of plain values: arrays as dictionaries of dtype, shape and bytes, and an unpickler that executes nothing.

A pickle is a program, so it is checked before any of it runs. It may hold only the opcodes that build whole numbers,
short strings, bytes, lists and dictionaries, and only so many of them. None of these asks for a class or a function, or
reserves memory that the file does not fill.

An array declares its dtype and shape. They are checked against the number of bytes before anything is reserved. Small
arrays are compressed with zlib.
"""

from __future__ import annotations

import io
import math
import pickle
import zlib
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from detector.errors import ModelError

_MAX_COMPRESSED = 1 << 19  # bytes of an array; larger arrays are stored uncompressed
_DTYPES = frozenset({"int8", "uint8", "uint32", "float32"})
_MAX_DIMENSIONS = 2
_ARRAY_FIELDS = frozenset({"dtype", "shape", "bytes", "compressed"})

# The opcodes in the pickle of a model, with the bytes of their arguments. Others never reach the unpickler.
_FIXED = {
    pickle.PROTO[0]: 1, pickle.FRAME[0]: 8, pickle.STOP[0]: 0,
    pickle.MARK[0]: 0, pickle.MEMOIZE[0]: 0, pickle.BINGET[0]: 1, pickle.LONG_BINGET[0]: 4,
    pickle.EMPTY_DICT[0]: 0, pickle.SETITEM[0]: 0, pickle.SETITEMS[0]: 0,
    pickle.EMPTY_LIST[0]: 0, pickle.APPEND[0]: 0, pickle.APPENDS[0]: 0,
    pickle.BININT[0]: 4, pickle.BININT1[0]: 1, pickle.BININT2[0]: 2,
}  # fmt: skip
# Opcodes whose argument follows its length, with the bytes of that length.
_COUNTED = {pickle.SHORT_BINUNICODE[0]: 1, pickle.SHORT_BINBYTES[0]: 1, pickle.BINBYTES[0]: 4}
_MAX_OPCODES = 10_000  # ten times as many as in the shipped model; also the bound of objects, memo and nesting


class _PlainUnpickler(pickle.Unpickler):
    """Builds only numbers, strings, bytes, lists and dictionaries, even if an opcode escaped the check."""

    def find_class(self, module: str, name: str) -> NoReturn:
        raise ModelError(f"it requests {module[:80]}.{name[:80]}, which no model needs")

    def persistent_load(self, pid: object) -> NoReturn:
        raise ModelError("it requests a persistent object, which no model needs")


def _check_opcodes(content: bytes) -> None:
    """Raise `ModelError` for an opcode that no model needs, or for too many of them; `ValueError` for damage."""
    at, names = 0, [""]  # the last two strings: for most forbidden opcodes, the module and name of a global
    for _ in range(_MAX_OPCODES):
        if at >= len(content):
            raise ValueError("its pickle is cut off")
        opcode, start = content[at], at + 1
        if opcode in _FIXED:
            at = start + _FIXED[opcode]
        elif opcode in _COUNTED:
            start += _COUNTED[opcode]
            at = start + int.from_bytes(content[at + 1 : start], "little")
            if opcode == pickle.SHORT_BINUNICODE[0]:
                names = [*names[-1:], content[start:at].decode("utf-8", "replace")[:80]]
        else:
            raise _forbidden(content[at : at + 400], names)
        if opcode == pickle.STOP[0]:
            break
    else:
        raise ModelError(f"its pickle has more than {_MAX_OPCODES:,} opcodes, which no model needs")
    if at != len(content):
        raise ValueError(f"its pickle ends at byte {at:,} of {len(content):,}")


def _forbidden(rest: bytes, names: list[str]) -> Exception:
    """The error for an opcode that is not allowed: it names the opcode and what it requests."""
    import pickletools

    name = {opcode.code: opcode.name for opcode in pickletools.opcodes}.get(chr(rest[0]))
    if name is None:
        return ValueError(f"byte {rest[0]} is no opcode")
    if name in ("GLOBAL", "INST"):
        names = [line.decode("utf-8", "replace")[:80] for line in rest[1:].split(b"\n")[:2]]
    return ModelError(f"its pickle has the opcode {name} for {'.'.join(names)!r}, which no model needs")


def unpickle(content: bytes, file: Path) -> dict[str, Any]:
    """The dictionary in a pickle of plain values. Raises `ModelError` if the pickle is damaged, or asks for more."""
    try:
        _check_opcodes(content)
        loaded = _PlainUnpickler(io.BytesIO(content)).load()
    except ModelError as error:
        raise ModelError(f"{file}: refused as unsafe: {error}; nothing in it was run") from None
    except Exception as error:  # a damaged pickle can raise almost any error
        reason = f"{type(error).__name__}: {str(error)[:80]}"  # some errors quote all that they could not read
        raise ModelError(f"{file}: damaged ({reason}); copy the folder again") from None
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


def unpack(stored: object) -> NDArray[Any]:
    """The array that `pack` stored. Raises `ValueError` if the values are not those of an array."""
    if not isinstance(stored, dict) or stored.keys() != _ARRAY_FIELDS:
        raise ValueError(f"an array does not have the fields {', '.join(sorted(_ARRAY_FIELDS))}")
    name, shape, content, compressed = (stored[field] for field in ("dtype", "shape", "bytes", "compressed"))
    if not isinstance(name, str) or name not in _DTYPES:
        raise ValueError(f"the dtype of an array is not one of {', '.join(sorted(_DTYPES))}")
    if not _is_shape(shape):
        raise ValueError(f"the shape of an array is not a list of at most {_MAX_DIMENSIONS} sizes")
    if not isinstance(content, bytes) or compressed not in (0, 1):
        raise ValueError("the bytes of an array are something else")
    dtype = np.dtype(name).newbyteorder("<")
    size = math.prod(shape) * dtype.itemsize
    if compressed:
        content = _decompress(content, size)
    if len(content) != size:
        raise ValueError(f"an array of shape {tuple(shape)} and dtype {name} has {len(content):,} bytes, not {size:,}")
    return np.frombuffer(content, dtype=dtype).astype(name, copy=False).reshape(shape)


def _is_shape(shape: object) -> bool:
    return (
        isinstance(shape, list)
        and len(shape) <= _MAX_DIMENSIONS
        and all(isinstance(size, int) and size >= 0 for size in shape)
    )


def _decompress(content: bytes, size: int) -> bytes:
    """Decompress a small array of ``size`` bytes. Raises `ValueError` for damaged bytes, or for more or fewer."""
    if size > _MAX_COMPRESSED:
        raise ValueError(f"a compressed array declares {size:,} bytes, more than {_MAX_COMPRESSED:,}")
    stream = zlib.decompressobj()
    try:
        decompressed = stream.decompress(content, size + 1)
    except zlib.error as error:
        raise ValueError(f"compressed bytes are damaged: {error}") from error
    if not stream.eof or stream.unused_data or len(decompressed) != size:
        raise ValueError("compressed bytes are truncated, or too many")
    return decompressed
