"""Checks of a model: what its file must hold so that every prediction ends, in little memory, with numbers.

The bounds are far above those of any model that was trained. Within them, no sum or product of a prediction leaves the
range of float32, and every matrix product is exact (`detector.inference.quantization`).
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from detector.features import context
from detector.features.hashing import BUCKETS, VECTOR_BUCKETS
from detector.features.word_vectors import DIMENSIONS
from detector.inference.model import REPORTING, Model

MAX_NAMES, MAX_NAME_LENGTH = 100, 100  # labels, kinds or thresholds, and the characters of one
MAX_NETWORKS, MAX_HIDDEN, MAX_POOL = 16, 256, 64
MAX_NUMBER = 1e6  # of weights, biases, means and factors; products of two, and sums of those, stay in the range
MAX_NESTING = 20  # of metadata
_IN_ORDER = ("gentle", "balanced", "strict")  # thresholds, from the lowest to the highest


def check_metadata(metadata: Mapping[str, Any]) -> None:
    """Raise `ValueError` if a field of the metadata that prediction uses has another type or range."""
    for field in ("labels", "kinds"):
        if not isinstance(metadata.get(field), list):
            raise ValueError(f'"{field}" is missing or not a list')
        check_names(field, metadata[field])
    if len(set(metadata["labels"])) < len(metadata["labels"]):
        raise ValueError('"labels" has a name twice')
    if metadata["labels"][0] != REPORTING:
        raise ValueError(f'the first of "labels" is not {REPORTING!r}')
    if not isinstance(metadata.get("thresholds"), dict):
        raise ValueError('"thresholds" is missing or not an object')
    check_thresholds(metadata["thresholds"])
    _check_nesting(metadata)


def check_names(field: str, names: list[Any]) -> None:
    """Raise `ValueError` unless there are names, not too many, each a short printable string."""
    if not 1 <= len(names) <= MAX_NAMES:
        raise ValueError(f'"{field}" has {len(names):,} names; it may have 1 to {MAX_NAMES}')
    for number, name in enumerate(names, 1):
        if not is_name(name):
            raise ValueError(
                f'name {number} of "{field}" is not a string of 1 to {MAX_NAME_LENGTH} printable characters'
            )


def is_name(name: object) -> bool:
    """Whether a label, a kind or a threshold may have this name: a short printable string."""
    return isinstance(name, str) and 1 <= len(name) <= MAX_NAME_LENGTH and name.isprintable()


def check_thresholds(thresholds: Mapping[str, Any]) -> None:
    """Raise `ValueError` unless thresholds have names, lie between 0 and 1, and the usual ones are in order."""
    if thresholds:
        check_names("thresholds", list(thresholds))
    for name, value in thresholds.items():
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
            raise ValueError(f"the threshold {name} is not a number from 0 to 1")
    for lower, higher in pairwise(name for name in _IN_ORDER if name in thresholds):
        if thresholds[lower] > thresholds[higher]:
            raise ValueError(f"the threshold {lower} is above {higher}")


def _check_nesting(metadata: Mapping[str, Any]) -> None:
    level: list[Any] = [metadata]
    for _ in range(MAX_NESTING):
        level = [
            inner
            for outer in level
            if isinstance(outer, dict | list)
            for inner in (outer.values() if isinstance(outer, dict) else outer)
        ]
    if level:
        raise ValueError(f"values are nested more than {MAX_NESTING} levels deep")


def check_model(model: Model) -> None:
    """Raise `ValueError` if parts of a model have another dtype, shape or range, or do not fit each other."""
    _check_linear(model)
    _check_vectors(model)
    _check_networks(model)


def _check_linear(model: Model) -> None:
    labels, kinds, linear = len(model.labels), len(model.kinds), model.linear
    if not all(type(label) is int for label in model.kind_labels):
        raise ValueError("the labels of the kinds are not whole numbers")
    fits = (
        set(model.kind_labels) == set(range(labels)),
        len(model.kind_labels) == kinds,
        _is(linear.weights, np.int8, BUCKETS, kinds),
        _is(linear.scale, np.float32, kinds),
        _is(linear.bias, np.float32, kinds),
        _is(model.idf, np.uint8, BUCKETS),
        _is(model.calibration, np.float32, labels + 1, labels),
    )
    if not all(fits):
        raise ValueError(f"its arrays do not fit {labels} labels and {kinds} kinds")
    if len(set(zip(model.kinds, model.kind_labels, strict=True))) < kinds:
        raise ValueError("a label has a kind twice")  # two labels may have kinds of one name
    check_numbers("the scale of the linear model", linear.scale)
    check_numbers("the bias of the linear model", linear.bias)
    check_numbers("the calibration", model.calibration)


def _check_vectors(model: Model) -> None:
    vectors = model.vectors
    words = len(vectors.vectors)
    fits = (
        words <= VECTOR_BUCKETS,
        _is(vectors.vectors, np.int8, words, DIMENSIONS),
        _is(vectors.buckets, np.uint32, words),
        _is(vectors.fingerprints, np.uint32, words),
    )
    if not all(fits):
        raise ValueError("the arrays of its word vectors do not fit each other")
    if words and int(vectors.buckets.max()) >= VECTOR_BUCKETS:
        raise ValueError(f"a bucket of its word vectors is not below {VECTOR_BUCKETS:,}")
    taken = np.zeros(VECTOR_BUCKETS, dtype=np.bool_)
    taken[vectors.buckets] = True
    if np.count_nonzero(taken) < words:
        raise ValueError("two of its word vectors have the same bucket")


def _check_networks(model: Model) -> None:
    networks, labels, kinds = model.networks, len(model.labels), len(model.kinds)
    if not networks.fits(context.input_width(labels, kinds), kinds):
        raise ValueError(f"the arrays of its networks do not fit {labels} labels and {kinds} kinds, or each other")
    check_numbers("the mean of the inputs", networks.mean)
    check_numbers("the factor of the inputs", networks.factor)
    for number, member in enumerate(networks.members, 1):
        if member.hidden > MAX_HIDDEN or member.pool > MAX_POOL:
            raise ValueError(
                f"network {number} has {member.hidden} hidden units and {member.pool} pools; "
                f"{MAX_HIDDEN} and {MAX_POOL} are the most"
            )
        for layer in member.layers:
            check_numbers(f"the weights of network {number}", layer.weights)
            check_numbers(f"the bias of network {number}", layer.bias)
        if not member.is_exact():
            raise ValueError(f"the weights of network {number} are not quantized: its products would not be exact")


def _is(array: NDArray[Any], dtype: type, *shape: int) -> bool:
    return array.dtype == dtype and array.shape == shape


def check_numbers(name: str, array: NDArray[np.floating]) -> None:
    """Raise `ValueError` if an array holds a number that is not one (NaN), or beyond `MAX_NUMBER` on either side."""
    if not (np.abs(array) <= MAX_NUMBER).all():
        raise ValueError(f"{name} has a number that is not between -{MAX_NUMBER:,.0f} and {MAX_NUMBER:,.0f}")
