"""The arrays of every step of a prediction, by NumPy and by the compiled backend."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from detector.backend.reference import NUMPY_BACKEND
from detector.features.context import network_inputs
from detector.inference.calibration import softmax
from detector.inference.model import Model
from detector.inference.predict import first_stage
from detector.inference.scores import Scores
from detector.text.paragraphs import Batch
from detector.util.arrays import Floats

if TYPE_CHECKING:
    from detector.backend.compiled import CompiledBackend

Steps: TypeAlias = dict[str, Floats]


def numpy_steps(model: Model, batch: Batch, evidence: Floats | None = None) -> Steps:
    """The arrays of NumPy: the scores, and what is computed on the way to them, one row per paragraph."""
    first = first_stage(model, batch)
    logits, features = first.logits, first.features
    if evidence is not None:
        logits = logits + evidence
    steps = {
        "logits": logits, "shapes": features.shapes, "repeats": features.repeats, "known": features.known,
        "embeddings": features.embeddings,
    }  # fmt: skip
    if model.networks.members:
        inputs = network_inputs(features, logits, softmax(logits), model.membership)
        steps["inputs"] = inputs.copy()  # the networks overwrite them
        steps["network_logits"] = model.networks.logits(inputs, batch.bounds)
    return steps | scores_by_name(NUMPY_BACKEND.predict(model, batch, evidence))


def compiled_steps(
    backend: CompiledBackend, model: Model, batch: Batch, like: Steps, evidence: Floats | None = None
) -> Steps:
    """The same arrays of the compiled backend. What it does not fill in is not a number."""
    further = {name: np.full_like(array, np.nan) for name, array in like.items() if name not in Scores._fields}
    scores = backend.predict(model, batch, evidence, intermediate=further)
    return further | scores_by_name(scores)


def scores_by_name(scores: Scores) -> Steps:
    return {name: getattr(scores, name) for name in Scores._fields}


def assert_same_steps(
    backend: CompiledBackend, model: Model, batch: Batch, expected: Steps, evidence: Floats | None = None
) -> None:
    """Require the arrays of `numpy_steps`, to the last bit."""
    found = compiled_steps(backend, model, batch, expected, evidence)
    for name, array in expected.items():
        assert found[name].dtype == array.dtype == np.float32, name
        np.testing.assert_array_equal(bits(found[name]), bits(array), err_msg=f"{name}, {backend.name}", strict=True)


def bits(values: NDArray[Any]) -> NDArray[Any]:
    return np.ascontiguousarray(values).view(np.uint32)
