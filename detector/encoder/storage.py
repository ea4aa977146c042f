"""Saving and loading an encoder, a folder with five files.

``encoder.onnx`` and ``document.onnx`` hold the networks, ``tokenizer.json`` the tokenizer as the library ``tokenizers``
writes it, and ``encoder.joblib`` the embedding and the calibration, as a pickle of plain values
(`detector.inference.storage`). The metadata in ``metadata.json`` name the small model by its digest: an encoder
corrects the scores of that model, and is of no use with another.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from detector.encoder.engine import Engine
from detector.encoder.model import SEPARATOR, Embedding, Encoder
from detector.encoder.tokens import DESCRIBED, ParagraphTokenizer
from detector.encoder.windows import LENGTH
from detector.errors import ModelError, UsageError
from detector.inference.checks import MAX_NAMES, check_numbers, check_thresholds
from detector.inference.model import Model
from detector.inference.plain_pickle import pack, unpack, unpickle
from detector.inference.storage import METADATA_FILE, NOT_A_MODEL, read_file, read_metadata, write_metadata

GRAPH_FILE, DOCUMENT_FILE = "encoder.onnx", "document.onnx"
TOKENIZER_FILE, ARRAYS_FILE = "tokenizer.json", "encoder.joblib"
FILES = (GRAPH_FILE, DOCUMENT_FILE, TOKENIZER_FILE, ARRAYS_FILE)
_FORMAT = 1
_MAX_BYTES = 128 << 20  # of a file
_REMEDY = "install the package again"


@dataclass(frozen=True)
class Stored:
    """An encoder, and the metadata of its folder: thresholds, the default effort, and the digest of the small model."""

    encoder: Encoder
    metadata: Mapping[str, Any]

    @property
    def effort(self) -> float:
        """The effort that is used where none is given, from 0 to 1."""
        return float(self.metadata["effort"])

    def model(self, small: Model) -> Model:
        """The small model with the thresholds that were chosen for it together with the encoder.

        Raises `ModelError` if the encoder belongs to another one.
        """
        if small.metadata.get("sha256") != self.metadata["small"]:
            raise ModelError(
                f"the encoder belongs to the small model {self.metadata['small'][:12]}, and this one is "
                f"{str(small.metadata.get('sha256'))[:12]}; {_REMEDY}"
            )
        return replace(small, thresholds=dict(self.metadata["thresholds"]))


def save(encoder: Encoder, folder: Path, metadata: Mapping[str, Any]) -> None:
    """Write an encoder with its metadata. Equal encoders make equal bytes. Files appear complete or not at all.

    ``metadata`` has the digest of the small model (``small``), ``thresholds`` and the default ``effort``. Everything is
    checked and encoded before the first file is replaced.

    Raises `ModelError` if the folder cannot be written, or if the encoder could not be loaded again; `OutputError` if
    the disk is full.
    """
    import joblib

    own = {"format": _FORMAT, "doubts": encoder.doubts.tolist()}
    try:
        _check_metadata({**metadata, **own})
        _check_encoder(encoder)
    except NOT_A_MODEL as error:
        raise ModelError(f"{folder}: the encoder is not written, because it could not be loaded: {error!r}") from error
    pickled = io.BytesIO()
    joblib.dump(_payload(encoder), pickled, protocol=4)
    contents = {
        GRAPH_FILE: encoder.engine.content,
        DOCUMENT_FILE: encoder.document.content,
        TOKENIZER_FILE: encoder.tokenizer.content.encode(),
        ARRAYS_FILE: pickled.getvalue(),
    }
    digests = {name: hashlib.sha256(content).hexdigest() for name, content in contents.items()}
    write_metadata(folder, own | dict(metadata) | own | {"sha256": digests}, contents)


def load(folder: Path, digests: Mapping[str, str] | None = None) -> Stored:
    """Load the encoder in a folder.

    ``digests`` are the SHA-256 digests of its files. Without them, those in its metadata count, and the graphs and the
    tokenizer are tried, which needs the libraries of the extra.

    Raises `ModelError` if it is damaged, of another format, or no encoder.
    """
    missing = [name for name in (METADATA_FILE, *FILES) if not (folder / name).is_file()]
    if missing:
        raise ModelError(f"{folder}: no encoder is there: it has no file {', '.join(missing)}; {_REMEDY}")
    metadata = read_metadata(folder)
    with _naming(folder / METADATA_FILE):
        _check_metadata(metadata)
        expected = {name: (digests or metadata["sha256"])[name] for name in FILES}
    contents = {name: read_file(folder / name, _MAX_BYTES) for name in FILES}
    for name, content in contents.items():
        if hashlib.sha256(content).hexdigest() != expected[name]:
            raise ModelError(f"{folder / name}: damaged or changed: its SHA-256 digest is another; {_REMEDY}")
    payload = unpickle(contents[ARRAYS_FILE], folder / ARRAYS_FILE)
    with _naming(folder / TOKENIZER_FILE):
        tokenizer = ParagraphTokenizer(contents[TOKENIZER_FILE].decode("utf-8"))
    with _naming(folder / ARRAYS_FILE):
        graphs = Engine(contents[GRAPH_FILE]), Engine(contents[DOCUMENT_FILE])
        encoder = _encoder(payload, tokenizer, graphs, metadata)
        _check_encoder(encoder)
    if digests is None:
        _try(encoder, folder)
    return Stored(encoder, metadata)


@contextmanager
def _naming(file: Path) -> Iterator[None]:
    """Turn the errors of values that are not those of an encoder into a `ModelError` that names the file."""
    try:
        yield
    except UsageError:  # a library is missing
        raise
    except (ModelError, *NOT_A_MODEL) as error:
        reason = str(error) if type(error) in (ModelError, ValueError) else repr(error)
        raise ModelError(f"{file}: not that of an encoder ({reason}); {_REMEDY}") from error


def _try(encoder: Encoder, folder: Path) -> None:
    """Raise `ModelError` if the libraries of the extra cannot use the tokenizer or a graph."""
    words, width = encoder.embedding.words.shape
    kinds = len(encoder.kind_labels)
    with _naming(folder / TOKENIZER_FILE):
        encoder.tokenizer.check(words)
    with _naming(folder / GRAPH_FILE):
        encoder.engine.check(width, width)
    with _naming(folder / DOCUMENT_FILE):
        encoder.document.check(width + 1 + DESCRIBED + kinds, kinds)


def _payload(encoder: Encoder) -> dict[str, Any]:
    embedding = {field.name: pack(getattr(encoder.embedding, field.name)) for field in fields(Embedding)}
    return {
        "embedding": embedding, "kind_labels": list(encoder.kind_labels), "calibration": pack(encoder.calibration),
    }  # fmt: skip


def _encoder(
    payload: Mapping[str, Any],
    tokenizer: ParagraphTokenizer,
    graphs: tuple[Engine, Engine],
    metadata: Mapping[str, Any],
) -> Encoder:
    embedding = {field.name: unpack(payload["embedding"][field.name]) for field in fields(Embedding)}
    return Encoder(
        tokenizer, Embedding(**embedding), *graphs, tuple(payload["kind_labels"]), unpack(payload["calibration"]),
        np.array(metadata["doubts"], dtype=np.float64),
    )  # fmt: skip


def _check_metadata(metadata: Mapping[str, Any]) -> None:
    """Raise `ValueError` for metadata that are not those of an encoder."""
    if metadata.get("format") != _FORMAT:
        raise ValueError(f'"format" is {metadata.get("format")!r}, and this version reads {_FORMAT}')
    if not isinstance(metadata.get("small"), str):
        raise ValueError('"small" is not the digest of a model')
    check_thresholds(metadata["thresholds"])
    effort = metadata["effort"]
    if isinstance(effort, bool) or not isinstance(effort, int | float) or not 0 <= effort <= 1:
        raise ValueError(f'"effort" is {effort!r:.40}, not a number from 0 to 1')
    _check_doubts(np.array(metadata["doubts"], dtype=np.float64))


def _check_doubts(doubts: NDArray[np.float64]) -> None:
    """Raise `ValueError` unless more effort reads more, and an effort of 1 everything."""
    fits = doubts.ndim == 2 and doubts.shape[1] == 2 and len(doubts) > 1 and ((doubts >= 0) & (doubts <= 1)).all()
    if not fits or not (np.diff(doubts[:, 0]) > 0).all() or not (np.diff(doubts[:, 1]) <= 0).all():
        raise ValueError('"doubts" are not pairs of an effort that rises and a doubt that falls, both from 0 to 1')
    if doubts[0, 0] != 0 or doubts[-1].tolist() != [1, 0]:
        raise ValueError(
            '"doubts" do not begin with an effort of 0, or do not end with an effort of 1 and a doubt of 0'
        )


def _check_encoder(encoder: Encoder) -> None:
    """Raise `ValueError` if arrays of an encoder have another dtype, shape or range, or do not fit each other."""
    if not all(type(label) is int for label in encoder.kind_labels):
        raise ValueError("the labels of the kinds are not whole numbers")
    kinds, labels = len(encoder.kind_labels), len(set(encoder.kind_labels))
    if not 1 <= kinds <= MAX_NAMES or set(encoder.kind_labels) != set(range(labels)):
        raise ValueError(f"it has {kinds:,} kinds, of which not all labels are there")
    if encoder.embedding.words.ndim != 2 or encoder.embedding.words.dtype != np.int8:
        raise ValueError("its words are no table of int8")
    words, width = encoder.embedding.words.shape
    if words <= SEPARATOR or not width:
        raise ValueError(f"its table of words has the shape {encoder.embedding.words.shape}")
    shapes = {
        "scale": (words,), "described": (DESCRIBED + kinds, width), "described_bias": (width,), "weight": (width,),
        "bias": (width,), "calibration": (labels + 1, labels), "positions": (LENGTH, width),
    }  # fmt: skip
    for name, shape in shapes.items():
        array = getattr(encoder if hasattr(encoder, name) else encoder.embedding, name)
        if array.dtype != np.float32 or array.shape != shape:
            raise ValueError(f"{name} has the shape {array.shape} in {array.dtype}, not {shape} in float32")
        check_numbers(name, array)
