"""Changing the files of a saved model, and files that no model has."""

from __future__ import annotations

import hashlib
import json
import pickle
import pickletools
import struct
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from detector.errors import DetectorError, ModelError
from detector.features.context import input_width
from detector.features.hashing import BUCKETS
from detector.features.tokens import tokenize
from detector.features.word_vectors import DIMENSIONS, WordVectors
from detector.inference.layers import Layer
from detector.inference.linear import LinearModel
from detector.inference.model import Model
from detector.inference.network import DocumentNetwork, Ensemble, layer_shapes
from detector.inference.storage import ARRAYS_FILE, METADATA_FILE, load_model
from detector.text.paragraphs import split
from detector.util.arrays import Floats

PARTS = ("linear", "networks", "calibration")


def change_metadata(folder: Path, **changes: Any) -> None:
    file = folder / METADATA_FILE
    file.write_text(json.dumps(json.loads(file.read_text("utf-8")) | changes), encoding="utf-8")


def write_arrays(folder: Path, content: bytes) -> None:
    """Replace ``model.joblib`` and its digest, as an attacker would who wants it to be loaded."""
    (folder / ARRAYS_FILE).write_bytes(content)
    change_metadata(folder, sha256=hashlib.sha256(content).hexdigest())


def change_arrays(folder: Path, change: Callable[[dict[str, Any]], object]) -> None:
    """Change the dictionary in ``model.joblib``, and its digest."""
    content = pickle.loads((folder / ARRAYS_FILE).read_bytes())
    change(content)
    write_arrays(folder, pickle.dumps(content, 4))


def message(folder: Path) -> str:
    """The message of the error that loading the folder must raise."""
    with pytest.raises(ModelError) as caught:
        load_model(folder)
    assert isinstance(caught.value, DetectorError)
    return str(caught.value)


def error_of(folder: Path) -> str | None:
    """The message of the `ModelError` that loading the folder raises, if any; other errors propagate."""
    try:
        load_model(folder)
    except ModelError as error:
        return str(error)
    return None


# A model whose file has a few thousand bytes


def small_model() -> Model:
    """A model of one kind with weights of zero, whose large arrays compress to almost nothing."""
    inputs = input_width(1, 1)
    words = tokenize(split(["ferry harbour"])).hashes
    network = DocumentNetwork(tuple(Layer(zeros(*shape), zeros(shape[1])) for shape in layer_shapes(inputs, 1, 2, 1)))
    return Model(
        ("reporting",), ("body",), (0,), LinearModel(np.zeros((BUCKETS, 1), np.int8), zeros(1) + 1, zeros(1)),
        np.zeros(BUCKETS, np.uint8), WordVectors.from_hashes(words, np.ones((len(words), DIMENSIONS), np.int8)),
        Ensemble(zeros(inputs), zeros(inputs) + 1, (network,)), zeros(2, 1), {"balanced": 0.5}, {},
    )  # fmt: skip


def zeros(*shape: int) -> Floats:
    return np.zeros(shape, dtype=np.float32)


# Pickles that are no model


def forbidden_opcodes() -> dict[str, bytes]:
    """A pickle for each opcode that no model has, with an argument and a stack that suit most of them."""
    stack = b"(\x8c\x05posix\x8c\x06getpid"  # two strings above a mark: what asks for a global finds a harmless one
    much = struct.pack("<Q", 1 << 62)
    argument = {
        "GLOBAL": b"posix\ngetpid\n", "INST": b"posix\ngetpid\n", "FLOAT": b"1.0\n", "INT": b"1\n", "LONG": b"1L\n",
        "STRING": b"'a'\n", "UNICODE": b"a\n", "PERSID": b"a\n", "PUT": b"2147483647\n", "GET": b"0\n",
        "LONG_BINPUT": b"\xff\xff\xff\xff", "BINBYTES8": much, "BINUNICODE8": much, "BYTEARRAY8": much,
        "BINSTRING": b"\0\0\0\x40", "LONG4": b"\0\0\0\x40", "BINUNICODE": b"\0\0\0\x80",
    }  # fmt: skip
    allowed = {opcode.name for opcode, _, _ in pickletools.genops(pickle.dumps({"a": [1, 300, 1 << 20, b"b"]}, 4))}
    allowed |= {"MARK", "BINGET", "LONG_BINGET", "SHORT_BINBYTES", "BINBYTES", "SETITEMS", "APPENDS", "APPEND"}
    return {
        opcode.name: b"\x80\x04" + stack + opcode.code.encode("latin-1") + argument.get(opcode.name, bytes(8)) + b"."
        for opcode in pickletools.opcodes
        if opcode.name not in allowed
    }


def bombs() -> dict[str, bytes]:
    """Small pickles of allowed opcodes that would grow, or nest, or loop."""
    doubled = b"]\x94" + b"".join(b"](h%ch%ce\x94" % (at, at) for at in range(40))
    return {
        "nested lists": b"\x80\x04" + b"]" * 4_999 + b"a" * 4_998 + b".",
        "more nested lists": b"\x80\x04" + b"]" * 200_000 + b"a" * 199_999 + b".",
        "a list in itself": b"\x80\x04]\x94h\x00a.",
        "doubled lists": b"\x80\x04" + doubled + b".",
        "marks": b"\x80\x04" + b"(" * 300_000 + b".",
        "a dictionary in itself": b"\x80\x04}\x94\x8c\x06linearh\x00s.",
        "bytes of four gigabytes": b"\x80\x04B\xff\xff\xff\xff.",
        "a frame of everything": b"\x80\x04\x95" + b"\xff" * 8 + b"}.",
        "a memo that is not there": b"\x80\x04j\xff\xff\xff\xff.",
        "nothing": b"",
        "a stop": b".",
        "a newer protocol": b"\x80\x7f}.",
        "a string that is no text": b"\x80\x04\x8c\x02\xff\xfe.",
    }


def grown_arrays() -> dict[str, Callable[[dict[str, Any]], object]]:
    """Changes that make arrays declare, or decompress to, far more than the file holds."""
    packed = zlib.compress(bytes(1 << 26), 9)
    huge = {"dtype": "float32", "shape": [1 << 30, 1 << 30], "bytes": packed, "compressed": 1}
    return {
        "a huge shape": lambda p: p["idf"].update(shape=[1 << 31]),
        "a shape beyond 64 bits": lambda p: p["calibration"].update(huge),
        "a shape of many sizes": lambda p: p["idf"].update(shape=[1] * 64),
        "a shape of lists": lambda p: p["idf"].update(shape=[[[BUCKETS]]]),
        "a zlib bomb": lambda p: p["calibration"].update(bytes=packed),
        "a zlib bomb of the size it declares": lambda p: p["idf"].update(bytes=packed, shape=[1 << 26]),
        "one network many times": lambda p: p["networks"].update(members=p["networks"]["members"] * 300),
        "one layer many times": lambda p: p["networks"]["members"][0].extend(p["networks"]["members"][0] * 300),
        "wide layers": lambda p: widen(p, 300, 1),
        "many pools": lambda p: widen(p, 2, 65),
    }


def widen(payload: dict[str, Any], hidden: int, pool: int) -> None:
    """Replace the first network by one of the given numbers of units."""
    layers = payload["networks"]["members"][0]
    inputs, kinds = layers[0]["weights"]["shape"][0], layers[-1]["weights"]["shape"][1]
    for layer, shape in zip(layers, layer_shapes(inputs, kinds, hidden, pool), strict=True):
        for name, size in (("weights", shape), ("bias", shape[1:])):
            content = bytes(4 * int(np.prod(size)))
            layer[name] = {"dtype": "float32", "shape": list(size), "bytes": content, "compressed": 0}


def with_number(array: dict[str, Any], number: float) -> None:
    """Replace the last number of an array of float32."""
    content = zlib.decompress(array["bytes"]) if array["compressed"] else array["bytes"]
    array.update(bytes=content[:-4] + struct.pack("<f", number), compressed=0)
