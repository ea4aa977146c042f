"""Pickles of plain values: arrays as dictionaries of dtype, shape and bytes, and a reader that executes nothing.

A pickle is a program. The reader here knows only the opcodes that build whole numbers, short strings, bytes, lists and
dictionaries, and runs only so many of them. None of these asks for a class or a function, or reserves memory that the
file does not fill. The bytes of an array are not copied: they are a view into the content of the file.

An array declares its dtype and shape. They are checked against the number of bytes before anything is reserved. Small
arrays are compressed with zlib.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Callable
from mmap import mmap
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from detector.errors import ModelError

_MAX_COMPRESSED = 1 << 19  # bytes of an array; larger arrays are stored uncompressed
_DTYPES = frozenset({"int8", "uint8", "uint32", "float32"})
_MAX_DIMENSIONS = 2
_ARRAY_FIELDS = frozenset({"dtype", "shape", "bytes", "compressed"})

_STOP = ord(".")
_PROTOCOL = 5  # the newest one
_MAX_OPCODES = 10_000  # ten times as many as in the shipped model; also the bound of objects, memo and nesting


class _Reader:
    """Runs the opcodes of a pickle. It has a method for each opcode of a model, and none for others."""

    def __init__(self, content: memoryview) -> None:
        self._content, self._at = content, 0
        self._stack: list[Any] = []
        self._marks: list[int] = []  # heights of the stack
        self._memo: list[Any] = []
        self._names = [""]  # the last two strings: for most forbidden opcodes, the module and name of a global

    def read(self) -> object:
        """The value of the pickle. Raises `ModelError` for what no model needs, and any other error for damage."""
        for _ in range(_MAX_OPCODES):
            opcode = self._content[self._at]
            if opcode == _STOP:
                return self._end()
            if opcode not in _OPCODES:
                raise _forbidden(bytes(self._content[self._at : self._at + 400]), self._names)
            self._at += 1
            _OPCODES[opcode](self)
        raise ModelError(f"its pickle has more than {_MAX_OPCODES:,} opcodes, which no model needs")

    def _end(self) -> object:
        if self._at + 1 != len(self._content):
            raise ValueError(f"its pickle ends at byte {self._at + 1:,} of {len(self._content):,}")
        if len(self._stack) != 1 or self._marks:
            raise ValueError("its pickle is not one value")
        return self._stack[0]

    def _take(self, size: int) -> memoryview:
        start, self._at = self._at, self._at + size
        if self._at > len(self._content):
            raise ValueError("its pickle is cut off")
        return self._content[start : self._at]

    def _number(self, size: int, signed: bool = False) -> int:
        return int.from_bytes(self._take(size), "little", signed=signed)

    def _above_mark(self) -> list[Any]:
        """The values above the last mark, which are taken from the stack."""
        mark = self._marks.pop()
        values = self._stack[mark:]
        del self._stack[mark:]
        return values

    def protocol(self) -> None:
        """Check the number of the protocol."""
        if self._number(1) > _PROTOCOL:
            raise ValueError("its pickle has a newer protocol")

    def frame(self) -> None:
        """Check that a frame, which needs no other treatment, is not longer than the file."""
        if self._number(8) > len(self._content) - self._at:
            raise ValueError("its pickle is cut off")

    def mark(self) -> None:
        """Note the height of the stack."""
        self._marks.append(len(self._stack))

    def memoize(self) -> None:
        """Note a value that occurs again."""
        self._memo.append(self._stack[-1])

    def recall(self, size: int) -> None:
        """Push a value that was noted before, given its number."""
        self._stack.append(self._memo[self._number(size)])

    def integer(self, size: int, signed: bool = False) -> None:
        """Push a whole number."""
        self._stack.append(self._number(size, signed))

    def string(self) -> None:
        """Push a short string."""
        text = str(self._take(self._number(1)), "utf-8")
        self._names = [self._names[-1], text[:80]]
        self._stack.append(text)

    def data(self, size: int) -> None:
        """Push bytes, as a view, after their length in ``size`` bytes."""
        self._stack.append(self._take(self._number(size)))

    def new(self, kind: Callable[[], object]) -> None:
        """Push an empty list or dictionary."""
        self._stack.append(kind())

    def append(self) -> None:
        """Append one value to a list."""
        self._extend([self._stack.pop()])

    def appends(self) -> None:
        """Append the values above the mark to a list."""
        self._extend(self._above_mark())

    def item(self) -> None:
        """Put one key and its value into a dictionary."""
        value = self._stack.pop()
        self._update([self._stack.pop(), value])

    def items(self) -> None:
        """Put the keys and values above the mark into a dictionary."""
        self._update(self._above_mark())

    def _extend(self, values: list[Any]) -> None:
        target = self._stack[-1]
        if not isinstance(target, list):
            raise TypeError("something is appended to what is no list")
        target.extend(values)

    def _update(self, values: list[Any]) -> None:
        target, keys = self._stack[-1], values[::2]
        if not isinstance(target, dict) or not all(isinstance(key, str) for key in keys):
            raise TypeError("an item is put into what is no dictionary, or its key is no string")
        target.update(zip(keys, values[1::2], strict=True))


_OPCODES: dict[int, Callable[[_Reader], None]] = {
    0x80: _Reader.protocol,  # PROTO
    0x95: _Reader.frame,  # FRAME
    ord("("): _Reader.mark,  # MARK
    0x94: _Reader.memoize,  # MEMOIZE
    ord("h"): lambda reader: reader.recall(1),  # BINGET
    ord("j"): lambda reader: reader.recall(4),  # LONG_BINGET
    ord("K"): lambda reader: reader.integer(1),  # BININT1
    ord("M"): lambda reader: reader.integer(2),  # BININT2
    ord("J"): lambda reader: reader.integer(4, signed=True),  # BININT
    0x8C: _Reader.string,  # SHORT_BINUNICODE
    ord("C"): lambda reader: reader.data(1),  # SHORT_BINBYTES
    ord("B"): lambda reader: reader.data(4),  # BINBYTES
    ord("]"): lambda reader: reader.new(list),  # EMPTY_LIST
    ord("}"): lambda reader: reader.new(dict),  # EMPTY_DICT
    ord("a"): _Reader.append,  # APPEND
    ord("e"): _Reader.appends,  # APPENDS
    ord("s"): _Reader.item,  # SETITEM
    ord("u"): _Reader.items,  # SETITEMS
}


def _forbidden(rest: bytes, names: list[str]) -> Exception:
    """The error for an opcode that is not allowed: it names the opcode and what it requests."""
    import pickletools

    name = {opcode.code: opcode.name for opcode in pickletools.opcodes}.get(chr(rest[0]))
    if name is None:
        return ValueError(f"byte {rest[0]} is no opcode")
    if name in ("GLOBAL", "INST"):
        names = [line.decode("utf-8", "replace")[:80] for line in rest[1:].split(b"\n")[:2]]
    return ModelError(f"its pickle has the opcode {name} for {'.'.join(names)!r}, which no model needs")


def unpickle(content: bytes | mmap, file: Path) -> dict[str, Any]:
    """The dictionary in a pickle of plain values, whose bytes are views into ``content``.

    Raises `ModelError` if the pickle is damaged, or asks for more.
    """
    try:
        loaded = _Reader(memoryview(content)).read()
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
    """The array that `pack` stored, read-only, and in the same memory where its alignment allows that.

    Raises `ValueError` if the values are not those of an array.
    """
    if not isinstance(stored, dict) or stored.keys() != _ARRAY_FIELDS:
        raise ValueError(f"an array does not have the fields {', '.join(sorted(_ARRAY_FIELDS))}")
    name, shape, content, compressed = (stored[field] for field in ("dtype", "shape", "bytes", "compressed"))
    if not isinstance(name, str) or name not in _DTYPES:
        raise ValueError(f"the dtype of an array is not one of {', '.join(sorted(_DTYPES))}")
    if not _is_shape(shape):
        raise ValueError(f"the shape of an array is not a list of at most {_MAX_DIMENSIONS} sizes")
    if not isinstance(content, bytes | memoryview) or compressed not in (0, 1):
        raise ValueError("the bytes of an array are something else")
    dtype = np.dtype(name).newbyteorder("<")
    size = math.prod(shape) * dtype.itemsize
    if compressed:
        content = _decompress(content, size)
    if len(content) != size:
        raise ValueError(f"an array of shape {tuple(shape)} and dtype {name} has {len(content):,} bytes, not {size:,}")
    array = np.frombuffer(content, dtype=dtype).astype(name, copy=False)
    if not array.flags.aligned:
        array = array.copy()
        array.flags.writeable = False
    return array.reshape(shape)


def _is_shape(shape: object) -> bool:
    return (
        isinstance(shape, list)
        and len(shape) <= _MAX_DIMENSIONS
        and all(isinstance(size, int) and size >= 0 for size in shape)
    )


def _decompress(content: bytes | memoryview, size: int) -> bytes:
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
