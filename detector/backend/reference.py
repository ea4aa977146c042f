"""The NumPy backend: the reference that every other backend equals to the last bit."""

from __future__ import annotations

from detector.features import context
from detector.features.ngrams import ngrams
from detector.features.shapes import shapes
from detector.features.tokens import tokenize
from detector.inference import calibration, layers, pooling, quantization
from detector.inference.model import Model
from detector.inference.positions import Positions
from detector.inference.predict import FirstStage
from detector.text import paragraphs
from detector.text.paragraphs import Batch, Lines
from detector.util.arrays import Floats, Offsets


class NumpyBackend:
    """Computes with NumPy; see `detector.inference.predict.Backend`."""

    def split_lines(self, buffer: bytes, origin: Offsets) -> Lines:
        """`detector.text.paragraphs.split_lines`."""
        return paragraphs.split_lines(buffer, origin)

    def first_stage(self, batch: Batch, model: Model) -> FirstStage:
        """The features of each paragraph, and its logits by the linear model."""
        tokens = tokenize(batch)
        features = context.document_features(batch, tokens, shapes(batch, tokens), model.idf, model.vectors)
        return FirstStage(model.linear.logits(ngrams(batch, tokens), features.known), features)

    def network_inputs(
        self, features: context.DocumentFeatures, logits: Floats, probabilities: Floats, model: Model
    ) -> Floats:
        """`detector.features.context.network_inputs`."""
        return context.network_inputs(features, logits, probabilities, model.membership)

    def softmax(self, logits: Floats) -> Floats:
        """`detector.inference.calibration.softmax`."""
        return calibration.softmax(logits)

    def standardize(self, rows: Floats, mean: Floats, factor: Floats) -> None:
        """`detector.inference.quantization.standardize`."""
        quantization.standardize(rows, mean, factor)

    def rectify(self, values: Floats, bias: Floats) -> None:
        """`detector.inference.layers.rectify`."""
        layers.rectify(values, bias)

    def convolve(self, parts: Floats, bias: Floats, positions: Positions, dilation: int, hidden: Floats) -> None:
        """`detector.inference.layers.convolve`."""
        layers.convolve(parts, bias, positions, dilation, hidden)

    def sigmoid(self, values: Floats) -> Floats:
        """`detector.inference.layers.sigmoid`."""
        return layers.sigmoid(values)

    def pool(self, peaks: Floats, means: Floats, positions: Positions, out: Floats) -> None:
        """`detector.inference.pooling.pool`."""
        pooling.pool(peaks, means, positions, out)


NUMPY_BACKEND = NumpyBackend()
