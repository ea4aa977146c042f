"""A model as a folder of files: ``model.joblib``, ``metadata.json`` and ``README.md``, its card.

``model.joblib`` is a joblib file of one dictionary of plain values; an array is its dtype, shape and bytes. So it needs
no class of any library, outlives their versions, and is read here by an unpickler that admits no global at all: a file
that asks for one is refused before anything of it is built. Small arrays are compressed with zlib. The large tables are
not: decompressing them takes as long as importing NumPy, and wheels and Git compress them anyway.

The format number rises by one with every change of what the dictionary holds; `_FORMAT` and the reader change together,
and an older format that is still read has a file and a test of its own.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import pickle
import pickletools
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from detector.errors import ModelError
from detector.features import context
from detector.features.hashing import BUCKETS
from detector.features.version import FEATURE_VERSION
from detector.features.word_vectors import DIMENSIONS, WordVectors
from detector.inference.layers import Layer
from detector.inference.linear import LinearModel
from detector.inference.model import REPORTING, Model
from detector.inference.network import DocumentNetwork, Ensemble
from detector.util.atomic import replacing

_FORMAT = 4
ARRAYS_FILE, METADATA_FILE = "model.joblib", "metadata.json"
_LARGEST_FILE = 256 << 20  # bytes: far more than any model has
_COMPRESSED_UP_TO = 1 << 19  # bytes of an array that is stored compressed
_DTYPES = frozenset({"int8", "uint8", "uint32", "float32"})
# What the pickle of a model is made of. The rest is not let near the unpickler: it may build objects, or (a PUT with a
# large number) take all memory.
_INSTRUCTIONS = frozenset({
    "PROTO", "FRAME", "MARK", "MEMOIZE", "BINGET", "LONG_BINGET", "STOP",
    "EMPTY_DICT", "SETITEM", "SETITEMS", "EMPTY_LIST", "APPEND", "APPENDS",
    "BININT", "BININT1", "BININT2", "SHORT_BINUNICODE", "BINUNICODE", "SHORT_BINBYTES", "BINBYTES",
})  # fmt: skip


def shipped_model() -> Path:
    """The folder of the model that comes with the package."""
    package = Path(__file__).parent.parent
    inside = package / "models" / "default"
    return inside if inside.is_dir() else package.parent / "models" / "default"


def save(model: Model, folder: Path, metadata: Mapping[str, Any]) -> None:
    """Write a model; the same model gives the same bytes. Files appear whole or not at all.

    Raises `ModelError` where the folder cannot be written.
    """
    import joblib

    packed = io.BytesIO()
    joblib.dump(_payload(model), packed, protocol=4)
    content = packed.getvalue()
    own = {
        "format": _FORMAT,
        "features": FEATURE_VERSION,
        "labels": list(model.labels),
        "kinds": list(model.kinds),
        "thresholds": dict(model.thresholds),
        "sha256": hashlib.sha256(content).hexdigest(),
    }
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with replacing(folder / ARRAYS_FILE) as file:
            file.write(content)
    except OSError as error:
        raise ModelError(f"{folder}: the model cannot be written there ({error})") from error
    # in this order; what a loaded model's metadata says of its file is old
    write_metadata(folder, own | dict(metadata) | own)


def write_metadata(folder: Path, metadata: Mapping[str, Any]) -> None:
    """Write what a model says of itself, and leave the model as it is. Raises `ModelError` where that cannot be."""
    try:
        with replacing(folder / METADATA_FILE) as file:
            file.write((json.dumps(metadata, indent=1, ensure_ascii=False) + "\n").encode())
    except OSError as error:
        raise ModelError(f"{folder}: the model cannot be written there ({error})") from error


def load_model(folder: str | os.PathLike[str] | None = None) -> Model:
    """Read a model from its folder; without one, the shipped model.

    Raises `ModelError` where it is missing, damaged, unsafe, of another format or for other features.
    """
    path = Path(folder) if folder is not None else shipped_model()
    metadata = read_metadata(path)
    _check_versions(metadata, path)
    file = path / ARRAYS_FILE
    content = _read(file)
    payload = _unpickle(content, file)
    if hashlib.sha256(content).hexdigest() != metadata.get("sha256"):
        raise ModelError(
            f"{file}: its digest is not the one in {METADATA_FILE}: changed, or another model's; copy the folder again"
        )
    try:
        return _model(payload, metadata)
    except (KeyError, TypeError, ValueError, IndexError, AttributeError) as error:
        raise ModelError(
            f"{file}: what it holds is no model of format {_FORMAT} ({error!r}); train or copy it again"
        ) from error


def _read(file: Path) -> bytes:
    try:
        with open(file, "rb") as stream:
            content = stream.read(_LARGEST_FILE + 1)
    except OSError as error:
        raise ModelError(
            f"{file}: cannot be read ({error}); a model is a folder with {ARRAYS_FILE} and {METADATA_FILE}"
        ) from error
    if len(content) > _LARGEST_FILE:
        raise ModelError(f"{file}: larger than any model; copy the folder again")
    return content


def read_metadata(folder: Path) -> dict[str, Any]:
    """What a model's ``metadata.json`` says. Raises `ModelError` where there is none that can be read."""
    file = folder / METADATA_FILE
    try:
        metadata = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise ModelError(f"{file}: no such file; a model is a folder with {ARRAYS_FILE} and {METADATA_FILE}") from error
    except (OSError, ValueError, RecursionError) as error:
        raise ModelError(f"{file}: cannot be read as JSON ({error}); copy or train the model again") from error
    if not isinstance(metadata, dict):
        raise ModelError(f"{file}: holds a {type(metadata).__name__}, not an object; copy or train the model again")
    return metadata


def _check_versions(metadata: dict[str, Any], path: Path) -> None:
    format_number, features = metadata.get("format"), metadata.get("features")
    if format_number != _FORMAT:
        newer = isinstance(format_number, int) and format_number > _FORMAT
        remedy = "update the detector" if newer else "train it again with this version"
        raise ModelError(f"{path}: the model has format {format_number!r}, this version reads {_FORMAT}: {remedy}")
    if features != FEATURE_VERSION:
        raise ModelError(
            f"{path}: the model was trained on features of version {features!r}, this version makes "
            f"{FEATURE_VERSION}: train it again, or install the version that trained it"
        )


class _PlainUnpickler(pickle.Unpickler):
    """Builds numbers, texts, bytes, lists and dictionaries, and nothing else."""

    def find_class(self, module: str, name: str) -> NoReturn:
        raise ModelError(f"it asks for {module}.{name}, and a model needs no such thing")

    def persistent_load(self, pid: object) -> NoReturn:
        raise ModelError(f"it asks for the outside object {pid!r}, and a model needs no such thing")


def _check_instructions(content: bytes) -> None:
    names: list[str] = []  # the last two texts: what an instruction that follows asks for
    for instruction, argument, _ in pickletools.genops(content):
        if isinstance(argument, str):
            names = [*names[-1:], argument[:80]]
        if instruction.name not in _INSTRUCTIONS:
            raise ModelError(
                f"its pickle asks for {'.'.join(names)!r} by {instruction.name}, and a model needs no such thing"
            )


def _unpickle(content: bytes, file: Path) -> dict[str, Any]:
    try:
        _check_instructions(content)
        loaded = _PlainUnpickler(io.BytesIO(content)).load()
    except ModelError as error:
        raise ModelError(f"{file}: refused as unsafe: {error}; nothing of it was run") from None
    except Exception as error:  # a damaged pickle can raise nearly anything
        raise ModelError(f"{file}: damaged ({error!r}); copy the folder again") from error
    if not isinstance(loaded, dict):
        raise ModelError(f"{file}: holds a {type(loaded).__name__}, not a model; copy the folder again")
    return loaded


def _payload(model: Model) -> dict[str, Any]:
    return {
        "kind_labels": list(model.kind_labels),
        "linear": {
            "weights": _plain(model.linear.weights),
            "scale": _plain(model.linear.scale),
            "bias": _plain(model.linear.bias),
        },
        "idf": _plain(model.idf),
        "vectors": {
            "vectors": _plain(model.vectors.vectors),
            "buckets": _plain(model.vectors.buckets),
            "fingerprints": _plain(model.vectors.fingerprints),
        },
        "networks": {
            "mean": _plain(model.networks.mean),
            "factor": _plain(model.networks.factor),
            "members": [[_layer_payload(layer) for layer in member.layers] for member in model.networks.members],
        },
        "calibration": _plain(model.calibration),
    }


def _layer_payload(layer: Layer) -> dict[str, Any]:
    return {"weights": _plain(layer.weights), "bias": _plain(layer.bias)}


def _layer(payload: dict[str, Any]) -> Layer:
    return Layer(_array(payload["weights"]), _array(payload["bias"]))


def _model(payload: dict[str, Any], metadata: dict[str, Any]) -> Model:
    linear, networks = payload["linear"], payload["networks"]
    model = Model(
        labels=tuple(metadata["labels"]),
        kinds=tuple(metadata["kinds"]),
        kind_labels=tuple(payload["kind_labels"]),
        linear=LinearModel(_array(linear["weights"]), _array(linear["scale"]), _array(linear["bias"])),
        idf=_array(payload["idf"]),
        vectors=WordVectors(*(_array(payload["vectors"][name]) for name in ("vectors", "buckets", "fingerprints"))),
        networks=Ensemble(
            _array(networks["mean"]),
            _array(networks["factor"]),
            tuple(DocumentNetwork(tuple(map(_layer, layers))) for layers in networks["members"]),
        ),
        calibration=_array(payload["calibration"]),
        thresholds={str(name): float(value) for name, value in metadata["thresholds"].items()},
        metadata=metadata,
    )
    _check_shapes(model)
    return model


def _check_shapes(model: Model) -> None:
    """Raises `ValueError` where the parts of a model do not fit together, or are not of their dtype."""
    labels, kinds = len(model.labels), len(model.kinds)
    linear, vectors = model.linear, model.vectors
    inputs = context.input_width(labels, kinds)
    dtypes: dict[type, tuple[NDArray[Any], ...]] = {
        np.int8: (linear.weights, vectors.vectors),
        np.uint8: (model.idf,),
        np.uint32: (vectors.buckets, vectors.fingerprints),
        np.float32: (linear.scale, linear.bias, model.calibration),
    }
    fits = (
        all(array.dtype == dtype for dtype, arrays in dtypes.items() for array in arrays),
        model.labels[0] == REPORTING,
        set(model.kind_labels) == set(range(labels)),
        len(model.kind_labels) == kinds,
        linear.weights.shape == (BUCKETS, kinds),
        linear.scale.shape == linear.bias.shape == (kinds,),
        model.idf.shape == (BUCKETS,),
        vectors.vectors.shape == (len(vectors.fingerprints), DIMENSIONS),
        vectors.buckets.shape == vectors.fingerprints.shape,
        not len(vectors.buckets) or int(vectors.buckets.max()) < BUCKETS,
        model.networks.fits(inputs, kinds),
        model.calibration.shape == (labels + 1, labels),
        all(0 <= threshold <= 1 for threshold in model.thresholds.values()),
    )
    if not all(fits):
        raise ValueError(f"its arrays do not fit {labels} labels and {kinds} kinds, or each other")


def _plain(array: NDArray[Any]) -> dict[str, Any]:
    little = np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("<"))
    content = little.tobytes()
    small = len(content) <= _COMPRESSED_UP_TO
    return {
        "dtype": array.dtype.name,
        "shape": list(array.shape),
        "bytes": zlib.compress(content, 9) if small else content,
        "compressed": int(small),
    }


def _array(plain: dict[str, Any]) -> NDArray[Any]:
    if plain["dtype"] not in _DTYPES:
        raise ValueError(f"dtype {plain['dtype']!r}")
    dtype = np.dtype(plain["dtype"]).newbyteorder("<")
    content = _decompressed(plain["bytes"]) if plain["compressed"] else plain["bytes"]
    return np.frombuffer(content, dtype=dtype).astype(plain["dtype"], copy=False).reshape(plain["shape"])


def _decompressed(content: bytes) -> bytes:
    """The bytes of a small array. Raises `ValueError` where they are damaged, or more than a small array has."""
    stream = zlib.decompressobj()
    try:
        array = stream.decompress(content, _COMPRESSED_UP_TO + 1)
    except zlib.error as error:
        raise ValueError(f"compressed bytes are damaged: {error}") from error
    if not stream.eof or len(array) > _COMPRESSED_UP_TO:
        raise ValueError("compressed bytes are cut short, or too many")
    return array
