"""The NumPy backend: the reference that the compiled backend equals to the last bit."""

from __future__ import annotations

from detector.inference import predict
from detector.inference.model import Model
from detector.inference.scores import Scores
from detector.text import paragraphs
from detector.text.paragraphs import Batch, Lines
from detector.util.arrays import Floats, Offsets


class NumpyBackend:
    """Computes with NumPy; see `detector.inference.scores.Backend`."""

    name = "NumPy"

    def split_lines(self, buffer: bytes, origin: Offsets) -> Lines:
        """`detector.text.paragraphs.split_lines`."""
        return paragraphs.split_lines(buffer, origin)

    def predict(self, model: Model, batch: Batch, evidence_logits: Floats | None = None) -> Scores:
        """`detector.inference.predict.predict`."""
        return predict.predict(model, batch, evidence_logits)

    def linear_logits(self, model: Model, batch: Batch) -> Floats:
        """`detector.inference.predict.first_stage`."""
        return predict.first_stage(model, batch).logits


NUMPY_BACKEND = NumpyBackend()
