"""The compiled backend: allocates arrays and has the kernels fill them in.

Each method returns the arrays of the NumPy backend's method of the same name, to the last bit.
`detector.backend.switch` decides which backend is used.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from detector.backend.kernels import context as context_kernels
from detector.backend.kernels import elementary, lines, network, words
from detector.backend.kernels.inputs import (
    SHAPES_INPUT,
    BatchInput,
    FeaturesInput,
    LinearInput,
    RareInput,
    VocabularyInput,
    characters_input,
    context_input,
    vectors_input,
)
from detector.features import context
from detector.features.context import DocumentFeatures, Vocabulary
from detector.features.shapes import SHAPE_NAMES
from detector.features.tokens import eight_bytes
from detector.features.word_vectors import DIMENSIONS
from detector.inference import quantization
from detector.inference.model import Model
from detector.inference.positions import Positions
from detector.inference.predict import FirstStage
from detector.text.paragraphs import Batch, Lines
from detector.util.arrays import Floats, Number, Offsets


def _read_only(array: NDArray[Number]) -> NDArray[Number]:
    """The array as a read-only view: arrays of a file are read-only and others are not; Numba compiles for one type."""
    view = array.view()
    view.flags.writeable = False
    return view


class CompiledBackend:
    """Computes with loops that Numba compiles; see `detector.inference.predict.Backend`."""

    def split_lines(self, buffer: bytes, origin: Offsets) -> Lines:
        """`detector.text.paragraphs.split_lines`."""
        most = buffer.count(b"\n") + buffer.count(b"\r")
        classes, folded = np.empty((2, len(buffer)), dtype=np.uint8)
        columns = np.empty((5, most), dtype=np.int64)
        after_blank = np.empty(most, dtype=np.bool_)
        raw = np.frombuffer(buffer, dtype=np.uint8)
        number = lines.split_lines(raw, origin, characters_input(), classes, folded, columns, after_blank)
        document, start, end, char_start, char_end = columns[:, :number]
        return Lines(classes, folded, document, start, end, char_start, char_end, after_blank[:number])

    def first_stage(self, batch: Batch, model: Model) -> FirstStage:
        """The features of each paragraph, and its logits by the linear model."""
        number, linear = len(batch), model.linear
        most = len(batch.classes) // 2 + 1  # words of a buffer
        rare = RareInput(
            _read_only(model.idf), np.empty(number + 1, np.int64), np.empty(most, np.int64), np.empty(most, np.bool_),
            np.empty(most, np.uint64),
        )  # fmt: skip
        line_hashes = np.empty(number, dtype=np.uint64)
        shapes = np.empty((number, len(SHAPE_NAMES)), dtype=np.float32)
        logits = np.empty((number, len(linear.scale)), dtype=np.float32)
        known = np.empty((number, 1), dtype=np.float32)
        embeddings = np.empty((number, DIMENSIONS), dtype=np.float32)
        words.read(
            BatchInput(
                batch.classes, batch.folded, eight_bytes(batch), batch.start, batch.end, batch.char_start,
                batch.char_end,
            ),
            LinearInput(linear.table.padded, linear.scale.astype(np.float64), _read_only(linear.bias)),
            rare, vectors_input(model.vectors), SHAPES_INPUT, shapes, line_hashes, logits, known,
            embeddings,
        )  # fmt: skip
        repeats = np.empty((number, 1), dtype=np.float32)
        context_kernels.repeats(line_hashes, batch.document, SHAPES_INPUT.logarithms, repeats)
        features = DocumentFeatures(batch, shapes, repeats, _vocabulary(batch, rare), known, embeddings)
        return FirstStage(logits, features)

    def network_inputs(self, features: DocumentFeatures, logits: Floats, probabilities: Floats, model: Model) -> Floats:
        """`detector.features.context.network_inputs`."""
        batch, labels = features.batch, len(model.labels)
        number, kinds = logits.shape
        sums = np.empty((number, labels), dtype=np.int64)
        paragraphs = FeaturesInput(
            batch.bounds,
            batch.char_end - batch.char_start,
            features.shapes,
            features.repeats,
            features.known,
            features.embeddings,
        )
        out = np.empty((number, context.input_width(labels, kinds)), dtype=np.float32)
        context_kernels.label_sums(probabilities, np.array(model.kind_labels), sums)
        context_kernels.network_inputs(
            paragraphs, _vocabulary_input(features.vocabulary), logits, sums, context_input(), out
        )
        return out

    def softmax(self, logits: Floats) -> Floats:
        """`detector.inference.calibration.softmax`."""
        powers = np.empty(logits.shape, dtype=np.float32)
        elementary.softmax(logits, powers)
        return powers

    def standardize(self, rows: Floats, mean: Floats, factor: Floats) -> None:
        """`detector.inference.quantization.standardize`."""
        network.standardize(rows, _read_only(mean), factor * np.float32(quantization.INPUT_STEPS))

    def rectify(self, values: Floats, bias: Floats) -> None:
        """`detector.inference.layers.rectify`."""
        network.rectify(values, _read_only(bias))

    def convolve(self, parts: Floats, bias: Floats, positions: Positions, dilation: int, hidden: Floats) -> None:
        """`detector.inference.layers.convolve`."""
        network.convolve(parts, _read_only(bias), positions.bounds, dilation, hidden)

    def sigmoid(self, values: Floats) -> Floats:
        """`detector.inference.layers.sigmoid`."""
        elementary.sigmoid(values.ravel())
        return values

    def pool(self, peaks: Floats, means: Floats, positions: Positions, out: Floats) -> None:
        """`detector.inference.pooling.pool`."""
        network.pool(peaks, means, positions.bounds, out)


def _vocabulary(batch: Batch, rare: RareInput) -> Vocabulary:
    number = int(rare.bounds[-1])
    slot, origin = np.empty(number, dtype=np.int64), np.zeros(batch.documents + 1, dtype=np.int64)
    elsewhere, earlier = np.empty((2, number), dtype=np.bool_)
    found = Vocabulary(rare.bounds, rare.weight[:number], rare.capital[:number], slot, origin, elsewhere, earlier)
    context_kernels.slots(rare.hashes, batch.bounds, _vocabulary_input(found))
    return found


def _vocabulary_input(of: Vocabulary) -> VocabularyInput:
    return VocabularyInput(of.bounds, of.weight, of.capital, of.slot, of.origin, of.elsewhere, of.earlier)
