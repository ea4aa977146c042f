"""A trained model as plain arrays.

Prediction (`detector.inference.predict`) needs nothing but NumPy. `detector.fit` trains a model,
`detector.inference.storage` saves and loads it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from detector.features.word_vectors import WordVectors
from detector.inference.linear import LinearModel
from detector.inference.network import Ensemble
from detector.util.arrays import Floats
from detector.util.equality import equal
from detector.util.pickling import PickledFields

REPORTING = "reporting"


@dataclass(frozen=True, eq=False, repr=False)
class Model(PickledFields):
    """Everything that prediction needs.

    ``labels`` begins with ``reporting``; ``kind_labels`` is the label, an index, of each of ``kinds``. ``idf`` is the
    inverse document frequency of each bucket of words, from 0 (in most documents) to 255 (in hardly any). The
    ``networks`` read the document and their mean logits count; without networks, those of the linear model.
    ``calibration`` has the shape ``(labels + 1, labels)``: weights of the logarithms of the labels' probabilities, and
    a last row that is added. ``thresholds`` are the named ones, from 0 to 1; ``metadata`` is what the model's file says
    of itself. Two models are equal when all their parts are.
    """

    labels: tuple[str, ...]
    kinds: tuple[str, ...]
    kind_labels: tuple[int, ...]
    linear: LinearModel
    idf: NDArray[np.uint8]
    vectors: WordVectors
    networks: Ensemble
    calibration: Floats
    thresholds: Mapping[str, float]
    metadata: Mapping[str, Any]

    @cached_property
    def membership(self) -> Floats:
        """1 where a kind belongs to a label, of shape ``(kinds, labels)``."""
        return kind_membership(self.kind_labels, len(self.labels))

    def __eq__(self, other: object) -> bool:
        return equal(self, other)

    def __hash__(self) -> int:
        return hash((self.labels, self.kinds, self.metadata.get("sha256")))

    def __repr__(self) -> str:
        digest = str(self.metadata.get("sha256", ""))[:12]
        return f"Model(labels={self.labels}, kinds={len(self.kinds)}, sha256={digest!r})"


def kind_membership(kind_labels: tuple[int, ...], labels: int) -> Floats:
    """1 where a kind belongs to a label, of shape ``(kinds, labels)``."""
    return np.eye(labels, dtype=np.float32)[list(kind_labels)]
