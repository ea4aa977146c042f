"""Saving and loading a model, a folder with ``model.joblib``, ``metadata.json`` and ``README.md``, the model card.

``model.joblib`` is a pickle, as joblib writes it, of one dictionary of plain values; an array is stored as its dtype,
shape and bytes. So the file does not depend on the versions of any library. It is read by an unpickler that allows no
global (class or function): a file that requests one is refused before anything in it is built. Small arrays are
compressed with zlib. The large tables are not: decompressing them takes as long as importing NumPy, and wheels and Git
compress them anyway.

Raise the format number `_FORMAT` by one with every change of the dictionary, and change the reader with it. For an
older format that can still be read, keep a file and a test.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

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
from detector.inference.plain_pickle import pack, unpack, unpickle
from detector.util.atomic import replacing

_FORMAT = 4
ARRAYS_FILE, METADATA_FILE = "model.joblib", "metadata.json"
_MAX_FILE = 256 << 20  # bytes; models are far smaller


def shipped_model() -> Path:
    """The folder of the model that is shipped with the package."""
    package = Path(__file__).parent.parent
    inside = package / "models" / "default"
    return inside if inside.is_dir() else package.parent / "models" / "default"


def save(model: Model, folder: Path, metadata: Mapping[str, Any]) -> None:
    """Write a model with its metadata. Equal models make equal bytes. Files appear complete or not at all.

    Raises `ModelError` if the folder cannot be written.
    """
    import joblib

    pickled = io.BytesIO()
    joblib.dump(_payload(model), pickled, protocol=4)
    content = pickled.getvalue()
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
    # `own` comes first for the order of keys, and last because the metadata of a loaded model describe its old file
    write_metadata(folder, own | dict(metadata) | own)


def write_metadata(folder: Path, metadata: Mapping[str, Any]) -> None:
    """Write only the metadata of a model. Raises `ModelError` if the folder cannot be written."""
    try:
        with replacing(folder / METADATA_FILE) as file:
            file.write((json.dumps(metadata, indent=1, ensure_ascii=False) + "\n").encode())
    except OSError as error:
        raise ModelError(f"{folder}: the model cannot be written there ({error})") from error


def load_model(folder: str | os.PathLike[str] | None = None) -> Model:
    """Load the model in a folder, or the shipped model.

    Raises `ModelError` if it is missing, damaged, unsafe, or of another version of the format or of the features.
    """
    path = Path(folder) if folder is not None else shipped_model()
    metadata = read_metadata(path)
    _check_versions(metadata, path)
    file = path / ARRAYS_FILE
    content = _read(file)
    payload = unpickle(content, file)
    if hashlib.sha256(content).hexdigest() != metadata.get("sha256"):
        raise ModelError(
            f"{file}: its SHA-256 digest differs from the one in {METADATA_FILE}: the file was changed, or belongs to "
            "another model; copy the folder again"
        )
    try:
        return _model(payload, metadata)
    except (KeyError, TypeError, ValueError, IndexError, AttributeError) as error:
        raise ModelError(
            f"{file}: its content is not a model of format {_FORMAT} ({error!r}); train the model or copy it again"
        ) from error


def _read(file: Path) -> bytes:
    try:
        with open(file, "rb") as stream:
            size = os.fstat(stream.fileno()).st_size
            content = stream.read(min(size, _MAX_FILE))
    except OSError as error:
        raise ModelError(
            f"{file}: cannot be read ({error}); a model is a folder with {ARRAYS_FILE} and {METADATA_FILE}"
        ) from error
    if size > _MAX_FILE:
        raise ModelError(f"{file}: larger than any model; copy the folder again")
    return content


def read_metadata(folder: Path) -> dict[str, Any]:
    """The metadata of the model in a folder. Raises `ModelError` if they are missing or cannot be read."""
    file = folder / METADATA_FILE
    if folder.exists() and not folder.is_dir():
        raise ModelError(f"{folder}: not a model; a model is a folder with {ARRAYS_FILE} and {METADATA_FILE}")
    try:
        metadata = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise ModelError(f"{file}: no such file; a model is a folder with {ARRAYS_FILE} and {METADATA_FILE}") from error
    except (OSError, ValueError, RecursionError) as error:
        raise ModelError(f"{file}: cannot be read as JSON ({error}); copy or train the model again") from error
    if not isinstance(metadata, dict):
        raise ModelError(f"{file}: contains a {type(metadata).__name__}, not an object; copy or train the model again")
    return metadata


def _check_versions(metadata: dict[str, Any], path: Path) -> None:
    format_number, features = metadata.get("format"), metadata.get("features")
    if format_number != _FORMAT:
        newer = isinstance(format_number, int) and format_number > _FORMAT
        remedy = "update the detector" if newer else "train it again with this version"
        raise ModelError(f"{path}: the model has format {format_number!r}, this version reads {_FORMAT}: {remedy}")
    if features != FEATURE_VERSION:
        raise ModelError(
            f"{path}: the model was trained on features of version {features!r}, this version computes version "
            f"{FEATURE_VERSION}: train it again, or install the version that trained it"
        )


def _payload(model: Model) -> dict[str, Any]:
    return {
        "kind_labels": list(model.kind_labels),
        "linear": {
            "weights": pack(model.linear.weights),
            "scale": pack(model.linear.scale),
            "bias": pack(model.linear.bias),
        },
        "idf": pack(model.idf),
        "vectors": {
            "vectors": pack(model.vectors.vectors),
            "buckets": pack(model.vectors.buckets),
            "fingerprints": pack(model.vectors.fingerprints),
        },
        "networks": {
            "mean": pack(model.networks.mean),
            "factor": pack(model.networks.factor),
            "members": [[_layer_payload(layer) for layer in member.layers] for member in model.networks.members],
        },
        "calibration": pack(model.calibration),
    }


def _layer_payload(layer: Layer) -> dict[str, Any]:
    return {"weights": pack(layer.weights), "bias": pack(layer.bias)}


def _layer(payload: dict[str, Any]) -> Layer:
    return Layer(unpack(payload["weights"]), unpack(payload["bias"]))


def _model(payload: dict[str, Any], metadata: dict[str, Any]) -> Model:
    linear, networks = payload["linear"], payload["networks"]
    model = Model(
        labels=tuple(metadata["labels"]),
        kinds=tuple(metadata["kinds"]),
        kind_labels=tuple(payload["kind_labels"]),
        linear=LinearModel(unpack(linear["weights"]), unpack(linear["scale"]), unpack(linear["bias"])),
        idf=unpack(payload["idf"]),
        vectors=WordVectors(*(unpack(payload["vectors"][name]) for name in ("vectors", "buckets", "fingerprints"))),
        networks=Ensemble(
            unpack(networks["mean"]),
            unpack(networks["factor"]),
            tuple(DocumentNetwork(tuple(map(_layer, layers))) for layers in networks["members"]),
        ),
        calibration=unpack(payload["calibration"]),
        thresholds={str(name): float(value) for name, value in metadata["thresholds"].items()},
        metadata=metadata,
    )
    _check_shapes(model)
    return model


def _check_shapes(model: Model) -> None:
    """Raise `ValueError` if arrays of a model have the wrong dtype, or shapes that do not fit the others."""
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
