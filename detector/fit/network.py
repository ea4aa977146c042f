"""Fitting a `detector.inference.network.DocumentNetwork` by stochastic gradient descent over whole documents.

scikit-learn's networks take rows, not sequences, so the gradients are computed here. The optimizer is Adam (Kingma and
Ba, "Adam: A Method for Stochastic Optimization", 2015). The learning rate rises and falls once, there is dropout before
every layer except the first, and the norm of the gradients is clipped.
"""

from __future__ import annotations

from collections.abc import Container, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detector.fit import pooling_gradients
from detector.fit.config import FitConfig
from detector.fit.pooling_gradients import HIDDEN_LIMIT, Backward
from detector.inference.calibration import softmax
from detector.inference.layers import Layer, sigmoid
from detector.inference.network import FAR_DILATIONS, LAYERS, NEAR_DILATIONS, DocumentNetwork, layer_shapes
from detector.inference.positions import Positions
from detector.util.arrays import Floats, Offsets

_WARM_UP = 0.1  # share of the steps over which the learning rate rises
_INITIAL_DIVISOR = 25.0  # the learning rate starts at its maximum divided by this
_ADAM_DECAYS = 0.9, 0.999  # of the running means of the gradients, and of their squares
_MAX_NORM = 1.0  # of the gradients of all layers together


@dataclass(frozen=True)
class Sequences:
    """Training documents as arrays with one row per paragraph.

    ``rows`` are the standardized inputs, ``(paragraphs, inputs)``. ``kind`` and ``label`` are indices, ``label_weight``
    is the weight of a paragraph in the loss; each has the shape ``(paragraphs,)``. Where only the label is known, the
    kind is -1; where the weight is 0, both are ignored. Document ``d`` has the rows ``bounds[d]`` to ``bounds[d + 1]``.
    ``kind_labels`` is the label of each kind, ``(kinds,)``. ``teacher`` are the probabilities that another model gives
    the kinds, ``(paragraphs, kinds)``, zeros in rows that it has not read; or None.
    """

    rows: Floats
    kind: NDArray[np.int64]
    label: NDArray[np.int64]
    label_weight: Floats
    bounds: Offsets
    kind_labels: NDArray[np.int64]
    teacher: Floats | None = None


def fit_network(data: Sequences, documents: NDArray[np.int64], config: FitConfig, seed: int) -> DocumentNetwork:
    """Fit a network to some of the documents, given by their indices. The same ``seed`` makes the same network."""
    random = np.random.default_rng(seed)
    layers = _initial_layers(data.rows.shape[1], len(data.kind_labels), config, random)
    rows = int(np.diff(data.bounds)[documents].sum())
    batch_rows = max(1, min(config.batch_rows, config.network_epochs * rows // config.min_steps))
    batches = [b for _ in range(config.network_epochs) for b in document_batches(data, documents, batch_rows, random)]
    optimizer = Adam(layers)
    for step, chosen in enumerate(batches):
        batch = select(data, chosen)
        training_pass = TrainingPass(layers, Positions(batch.bounds), config.dropout, random)
        logits, backward = training_pass.logits(batch.rows)
        backward(loss_gradient(logits, batch, config.label_loss, config.distillation))
        rate = config.learning_rate * learning_rate_factor(step / len(batches))
        optimizer.step(layers, training_pass.gradients, rate)
    return DocumentNetwork.quantized(layers)


def _initial_layers(inputs: int, kinds: int, config: FitConfig, random: np.random.Generator) -> list[Layer]:
    """Random layers, uniform between -1 / sqrt(n) and 1 / sqrt(n) for a layer of n inputs.

    The formula is equation 1 of Glorot and Bengio, "Understanding the difficulty of training deep feedforward neural
    networks", 2010.
    """
    layers = []
    for rows, columns in layer_shapes(inputs, kinds, config.hidden, config.pools):
        reach = 1 / np.sqrt(rows)
        weights, bias = random.uniform(-reach, reach, (rows, columns)), random.uniform(-reach, reach, columns)
        layers.append(Layer(weights.astype(np.float32), bias.astype(np.float32)))
    return layers


def document_batches(
    data: Sequences, documents: NDArray[np.int64], batch_rows: int, random: np.random.Generator
) -> Iterator[NDArray[np.int64]]:
    """All documents in random order, in batches of whole documents with about ``batch_rows`` rows.

    A new batch begins with each document at which the number of rows so far reaches another multiple of ``batch_rows``.
    So a large document is the first of its batch, and the documents after it have fewer than ``batch_rows`` rows.
    """
    order = random.permutation(documents)
    rows = np.cumsum(np.diff(data.bounds)[order])
    yield from np.split(order, np.flatnonzero(np.diff(rows // batch_rows)) + 1)


def select(data: Sequences, documents: NDArray[np.int64]) -> Sequences:
    """Some of the documents, in the given order."""
    sizes = np.diff(data.bounds)[documents]
    bounds = np.concatenate(([0], np.cumsum(sizes)))
    at = np.arange(bounds[-1]) + np.repeat(data.bounds[documents] - bounds[:-1], sizes)
    return Sequences(
        data.rows[at], data.kind[at], data.label[at], data.label_weight[at], bounds, data.kind_labels,
        None if data.teacher is None else data.teacher[at],
    )  # fmt: skip


def loss_gradient(logits: Floats, data: Sequences, label_loss: float, distillation: float = 0.0) -> Floats:
    """The gradient of the loss with respect to the logits, ``(paragraphs, kinds)``.

    The loss of a paragraph is the cross-entropy of its kind, where that is known, plus ``label_loss`` times the
    cross-entropy of its label: confusing two kinds of appeal matters less than classifying an appeal as reporting. The
    loss is the mean over paragraphs, weighted by ``label_weight``; it is the weighted sum where the weights sum to less
    than 1.

    Where there is a teacher, the share ``distillation`` of the loss is its cross-entropy with the teacher's
    probabilities, as heavy as the two others together; all of the loss is, where the label is unknown (Hinton, Vinyals
    and Dean, "Distilling the Knowledge in a Neural Network", 2015).
    """
    guess = softmax(logits)
    siblings = guess * (data.kind_labels == data.label[:, None])  # the kinds of the true label
    within = siblings / np.maximum(siblings.sum(axis=1, keepdims=True), np.float32(1e-6))
    gradient: Floats = np.float32(label_loss) * (guess - within)
    known = np.flatnonzero(data.kind >= 0)
    gradient[known] += guess[known]
    gradient[known, data.kind[known]] -= 1
    if data.teacher is not None:
        share = np.where(data.label >= 0, distillation, 1.0) * data.teacher.any(axis=1)
        gradient += share[:, None].astype(np.float32) * ((1 + label_loss) * (guess - data.teacher) - gradient)
    gradient *= (data.label_weight / max(float(data.label_weight.sum()), 1.0))[:, None].astype(guess.dtype)
    return gradient


def learning_rate_factor(progress: float) -> float:
    """The learning rate as a share of its maximum, at ``progress`` from 0 to 1 of the steps.

    It rises along half a cosine during `_WARM_UP` and then falls to 0 along another (the 1cycle policy: Smith and
    Topin, "Super-Convergence", 2018).
    """
    low, high = (1 / _INITIAL_DIVISOR, 1.0) if progress < _WARM_UP else (0.0, 1.0)
    turn = progress / _WARM_UP if progress < _WARM_UP else 1 - (progress - _WARM_UP) / (1 - _WARM_UP)
    return float(low + (high - low) * (1 - np.cos(np.pi * turn)) / 2)


class TrainingPass:
    """A forward and a backward pass through the layers; `DocumentNetwork.logits` has the same variables.

    The backward pass computes ``gradients``, those of all layers, or of the layers with the numbers in ``learning``.
    Each method returns its outputs and a function that computes their backward pass.
    """

    def __init__(
        self,
        layers: list[Layer],
        positions: Positions,
        dropout: float,
        random: np.random.Generator,
        learning: Container[int] = range(LAYERS),
    ) -> None:
        self._layers, self._positions, self._dropout, self._random = layers, positions, dropout, random
        self._learning = learning
        self.gradients: list[Layer] = list(layers)  # each is replaced in the backward pass

    def logits(self, rows: Floats) -> tuple[Floats, Backward]:
        """The logits of each kind, ``(paragraphs, kinds)``. Their backward pass fills ``gradients``."""
        near, far = len(NEAR_DILATIONS), len(FAR_DILATIONS)
        own, own_backward = self._rectified(0, rows)
        hidden, backward_passes = own, []
        for number, dilation in enumerate(NEAR_DILATIONS, 1):
            hidden, backward_pass = self._convolution(number, hidden, dilation)
            backward_passes.append(backward_pass)
        hidden, backward_pass = self._pools(1 + near, hidden)
        backward_passes.append(backward_pass)
        for number, dilation in enumerate(FAR_DILATIONS, 4 + near):
            hidden, backward_pass = self._convolution(number, hidden, dilation)
            backward_passes.append(backward_pass)
        logits, last_backward = self._layer(4 + near + far, np.concatenate([hidden, own], axis=1))

        def backward(gradient: Floats) -> Floats:
            gradient, own_gradient = np.hsplit(last_backward(gradient), 2)
            for backward_pass in reversed(backward_passes):
                gradient = backward_pass(gradient)
            return own_backward(gradient + own_gradient)

        return logits, backward

    def _layer(self, number: int, rows: Floats) -> tuple[Floats, Backward]:
        """The outputs of a layer, with dropout of its inputs. The backward pass stores the gradient of the layer."""
        weights, mask = self._layers[number].weights, None
        if number and self._dropout:
            kept = self._random.random(rows.shape, dtype=np.float32) >= self._dropout
            mask = kept * np.float32(1 / (1 - self._dropout))
            rows = rows * mask

        def backward(gradient: Floats) -> Floats:
            if number in self._learning:
                self.gradients[number] = Layer(rows.T @ gradient, gradient.sum(axis=0))
            if not number:
                return gradient  # nothing before the first layer needs one
            gradient = gradient @ weights.T
            return gradient if mask is None else gradient * mask

        return rows @ weights + self._layers[number].bias, backward

    def _rectified(self, number: int, rows: Floats) -> tuple[Floats, Backward]:
        """The outputs of a layer, clipped to the range of hidden units: 0 to `HIDDEN_LIMIT`."""
        values, layer_backward = self._layer(number, rows)
        inside = (values > 0) & (values < HIDDEN_LIMIT)
        clipped = np.clip(values, 0, HIDDEN_LIMIT, dtype=values.dtype)
        return clipped, lambda gradient: layer_backward(gradient * inside)

    def _convolution(self, number: int, hidden: Floats, dilation: int) -> tuple[Floats, Backward]:
        """``hidden`` plus the outputs of a convolution, a layer over each paragraph and its two neighbours."""
        values, values_backward = self._rectified(number, _neighbours(hidden, self._positions, dilation))
        has_before, has_after = self._positions.before >= dilation, self._positions.after >= dilation
        output, clip_backward = pooling_gradients.clip(hidden + values, HIDDEN_LIMIT)

        def backward(gradient: Floats) -> Floats:
            gradient = clip_backward(gradient)
            before, own, after = np.hsplit(values_backward(gradient), 3)
            gradient = gradient + own
            inside = max(len(gradient) - dilation, 0)  # a batch may have fewer rows than the dilation
            gradient[:inside] += (before * has_before[:, None])[dilation:]
            gradient[dilation:] += (after * has_after[:, None])[:inside]
            return gradient

        return output, backward

    def _pools(self, number: int, hidden: Floats) -> tuple[Floats, Backward]:
        """``hidden`` plus the outputs of three layers: peaks and means, which are pooled, and mix."""
        peaks, peaks_backward = self._layer(number, hidden)
        peaks = sigmoid(peaks)
        means, means_backward = self._rectified(number + 1, hidden)
        peaks_before, peaks_after, maxima_backward = pooling_gradients.running_maxima(peaks, self._positions)
        pooled_means, pooling_backward = pooling_gradients.running_means(means, self._positions)
        mix_inputs = np.concatenate([hidden, peaks_before, peaks_after, *pooled_means], axis=1)
        values, mix_backward = self._rectified(number + 2, mix_inputs)
        width, pool = hidden.shape[1], peaks.shape[1]
        output, clip_backward = pooling_gradients.clip(hidden + values, HIDDEN_LIMIT)

        def backward(gradient: Floats) -> Floats:
            gradient = clip_backward(gradient)
            own, before, after, *mean_gradients = np.split(mix_backward(gradient), width + pool * np.arange(5), axis=1)
            peak_gradient = maxima_backward(before, after) * peaks * np.subtract(1, peaks, dtype=peaks.dtype)
            return gradient + own + peaks_backward(peak_gradient) + means_backward(pooling_backward(*mean_gradients))

        return output, backward


def _neighbours(values: Floats, positions: Positions, dilation: int) -> Floats:
    """The values of the paragraph ``dilation`` before each paragraph, of itself, and of the one ``dilation`` after it.

    A neighbour outside the document counts as zeros. From ``(paragraphs, columns)`` to ``(paragraphs, 3 * columns)``.
    """
    number, columns = values.shape
    inside = max(number - dilation, 0)
    out = np.zeros((number, 3 * columns), dtype=values.dtype)
    out[dilation:, :columns] = values[:inside]
    out[:, columns : 2 * columns] = values
    out[:inside, 2 * columns :] = values[dilation:]
    out[positions.before < dilation, :columns] = 0
    out[positions.after < dilation, 2 * columns :] = 0
    return out


class Adam:
    """The Adam optimizer: it keeps running means of the gradients and of their squares."""

    def __init__(self, layers: list[Layer]) -> None:
        self._means = [[np.zeros_like(p) for p in (layer.weights, layer.bias)] for layer in layers]
        self._squares = [[np.zeros_like(p) for p in (layer.weights, layer.bias)] for layer in layers]
        self._steps = 0

    def step(self, layers: list[Layer], gradients: list[Layer], rate: float) -> None:
        """Move the weights, in place, against the gradients, after clipping the gradients' norm to `_MAX_NORM`."""
        self._steps += 1
        decay, square_decay = _ADAM_DECAYS
        norm = np.sqrt(sum(float((g.weights**2).sum() + (g.bias**2).sum()) for g in gradients))
        factor = min(1.0, _MAX_NORM / max(norm, 1e-12))
        rate *= np.sqrt(1 - square_decay**self._steps) / (1 - decay**self._steps)
        for layer, layer_gradient, means, squares in zip(layers, gradients, self._means, self._squares, strict=True):
            pairs = ((layer.weights, layer_gradient.weights * factor), (layer.bias, layer_gradient.bias * factor))
            for (parameters, gradient), mean, square in zip(pairs, means, squares, strict=True):
                np.add(mean, (1 - decay) * (gradient - mean), out=mean)
                np.add(square, (1 - square_decay) * (gradient**2 - square), out=square)
                change = np.float32(rate) * mean / (np.sqrt(square) + np.float32(1e-8))
                np.subtract(parameters, change, out=parameters)
