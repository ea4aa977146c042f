"""Saving and loading a model, a folder with ``model.joblib``, ``metadata.json`` and ``README.md``, the model card.

``model.joblib`` is a pickle, as joblib writes it, of one dictionary of plain values; an array is stored as its dtype,
shape and bytes. So the file does not depend on the versions of any library. The reader (`plain_pickle`) knows no opcode
that asks for a global (a class or function): a file that has one is refused.

Small arrays are compressed with zlib. The large tables are not: decompressing them takes as long as importing NumPy,
and wheels and Git compress them anyway. They are not copied: they are views into the mapped file of the shipped model,
or into the bytes of another model's file, which are read once. Files of other models are not mapped, because a program
that writes into one would change decisions, or end the process.

Raise the format number `_FORMAT` by one with every change of the dictionary, and change the reader with it. For an
older format that can still be read, keep a file and a test.
"""

from __future__ import annotations

import hashlib
import io
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from detector.errors import ModelError, UsageError
from detector.features.version import FEATURE_VERSION
from detector.features.word_vectors import WordVectors
from detector.inference.checks import MAX_NETWORKS, check_metadata, check_model
from detector.inference.files import (
    CONTENTS,
    encoded_metadata,
    parse_metadata,
    read_file,
    read_metadata,
    write_files,
    write_metadata,
)
from detector.inference.layers import Layer
from detector.inference.linear import LinearModel
from detector.inference.model import Model
from detector.inference.network import LAYERS, DocumentNetwork, Ensemble
from detector.inference.plain_pickle import pack, unpack, unpickle
from detector.inference.shipped import ARRAYS_FILE, METADATA_FILE, ShippedFile, shipped_arrays, shipped_model

__all__ = [
    "ARRAYS_FILE", "METADATA_FILE", "load_model", "read_file", "read_metadata", "save", "shipped_model",
    "write_metadata",
]  # fmt: skip

_FORMAT = 4
_MAX_ARRAYS = 64 << 20  # bytes; models are far smaller
NOT_A_MODEL = (KeyError, TypeError, ValueError, IndexError, AttributeError)  # what values of other types raise


def save(model: Model, folder: Path, metadata: Mapping[str, Any], others: Mapping[str, bytes] | None = None) -> None:
    """Write a model with its metadata, and ``others``, files by their names. Equal models make equal bytes.

    Everything is checked and encoded before the first file is replaced. Files appear complete or not at all.

    Raises `ModelError` if the folder cannot be written, or if the model could not be loaded again; `OutputError` if the
    disk is full.
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
    # `own` comes first for the order of keys, and last because the metadata of a loaded model describe its old file
    described = own | dict(metadata) | own
    try:
        check_metadata(described)
        check_model(model)
        encoded = encoded_metadata(described)
        if len(content) > _MAX_ARRAYS:
            raise ValueError(f"its arrays have {len(content):,} bytes; {_MAX_ARRAYS:,} are the most")
    except ValueError as error:
        raise ModelError(f"{folder}: the model is not written, because it could not be loaded: {error}") from error
    write_files(folder, {ARRAYS_FILE: content, METADATA_FILE: encoded, **(others or {})})


def load_model(folder: str | os.PathLike[str] | None = None) -> Model:
    """Load the model in a folder, or the shipped model.

    Raises `ModelError` if it is damaged, unsafe, or of another version of the format or of the features; `UsageError`
    if there is no such folder.
    """
    if folder is None:
        return _load_shipped()
    path = _folder(folder)
    arrays_file, metadata_file = path / ARRAYS_FILE, path / METADATA_FILE
    metadata = read_metadata(path)
    _check_versions(metadata, path)
    with _naming(metadata_file):
        check_metadata(metadata)
    content = read_file(arrays_file, _MAX_ARRAYS)
    if hashlib.sha256(content).hexdigest() != metadata.get("sha256"):
        raise ModelError(
            f"{arrays_file}: damaged or changed: its SHA-256 digest differs from the one in {METADATA_FILE}, or it "
            "belongs to another model; copy the folder again"
        )
    payload = unpickle(content, arrays_file)
    with _naming(arrays_file):
        model = _model(payload, metadata)
        check_model(model)
        return model


def _load_shipped() -> Model:
    """Load the shipped model. Its digests stand for the checks of its values, which a test makes.

    Nothing is returned before the digests are known, and a file that differs is called damaged, whatever its content.
    """
    described, arrays = ShippedFile(METADATA_FILE), shipped_arrays()
    described.check()
    metadata = parse_metadata(described.content[:], described.path)
    _check_versions(metadata, described.path.parent)
    try:
        with _naming(arrays.path):
            return _model(unpickle(arrays.content, arrays.path), metadata)
    finally:
        arrays.check()


@contextmanager
def _naming(file: Path) -> Iterator[None]:
    """Turn the errors of values that are not those of a model into a `ModelError` that names the file."""
    try:
        yield
    except NOT_A_MODEL as error:
        reason = str(error) if type(error) is ValueError else repr(error)
        raise ModelError(
            f"{file}: its content is not a model of format {_FORMAT} ({reason}); train the model or copy it again"
        ) from error


def _folder(folder: str | os.PathLike[str]) -> Path:
    try:
        path = Path(folder)
        there = path.exists()
    except TypeError:
        raise UsageError(f"model {folder!r}: give the path of a folder; {CONTENTS}") from None
    except (OSError, ValueError) as error:
        raise ModelError(f"{folder}: cannot be read ({error}); {CONTENTS}") from error
    if not there:
        raise UsageError(f"{folder}: no such file or folder; {CONTENTS}")
    if not path.is_dir():
        raise ModelError(f"{folder}: not a folder; {CONTENTS}")
    return path


def _check_versions(metadata: dict[str, Any], path: Path) -> None:
    format_number, features = metadata.get("format"), metadata.get("features")
    if type(format_number) is not int or format_number != _FORMAT:
        newer = isinstance(format_number, int) and format_number > _FORMAT
        remedy = "update the detector" if newer else "train it again with this version"
        raise ModelError(
            f"{path}: the model has format {_short(format_number)}, this version reads {_FORMAT}: {remedy}"
        )
    if type(features) is not int or features != FEATURE_VERSION:
        raise ModelError(
            f"{path}: the model was trained on features of version {_short(features)}, this version computes version "
            f"{FEATURE_VERSION}: train it again, or install the version that trained it"
        )


def _short(value: object) -> str:
    text = repr(value) if isinstance(value, str | int | float | None) else type(value).__name__
    return text if len(text) <= 40 else f"{text[:40]}…"


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


def _network(layers: list[Any]) -> DocumentNetwork:
    if len(layers) != LAYERS:
        raise ValueError(f"a network has {len(layers):,} layers, not {LAYERS}")
    return DocumentNetwork(tuple(map(_layer, layers)))


def _model(payload: dict[str, Any], metadata: dict[str, Any]) -> Model:
    linear, networks = payload["linear"], payload["networks"]
    if len(networks["members"]) > MAX_NETWORKS:
        raise ValueError(f"it has {len(networks['members']):,} networks; {MAX_NETWORKS} is the most")
    return Model(
        labels=tuple(metadata["labels"]),
        kinds=tuple(metadata["kinds"]),
        kind_labels=tuple(payload["kind_labels"]),
        linear=LinearModel(unpack(linear["weights"]), unpack(linear["scale"]), unpack(linear["bias"])),
        idf=unpack(payload["idf"]),
        vectors=WordVectors(*(unpack(payload["vectors"][name]) for name in ("vectors", "buckets", "fingerprints"))),
        networks=Ensemble(
            unpack(networks["mean"]), unpack(networks["factor"]), tuple(map(_network, networks["members"]))
        ),
        calibration=unpack(payload["calibration"]),
        thresholds={name: float(value) for name, value in metadata["thresholds"].items()},
        metadata=metadata,
    )
