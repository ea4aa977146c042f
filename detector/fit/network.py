"""Fitting a `detector.inference.network.DocumentNetwork`: stochastic gradient descent over whole documents.

scikit-learn's networks see rows, not sequences; so the gradient is taken here. Adam (Kingma and Ba, 2015) with
a learning rate that rises and falls once, dropout before every layer but the first, and gradients cut to a norm of 1.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detector.fit.config import FitConfig
from detector.fit.pooling_gradients import LARGEST_HIDDEN, Backward, bounded, largest, pooled_means
from detector.inference.calibration import softmax
from detector.inference.layers import Layer, sigmoid
from detector.inference.network import DocumentNetwork, layer_shapes
from detector.inference.positions import FAR_DILATIONS, NEAR_DILATIONS, Positions
from detector.util.arrays import Floats, Offsets

_RISE = 0.1  # share of the steps in which the learning rate rises
_LOWEST = 25.0  # the learning rate begins at so small a part of the highest
_DECAYS = 0.9, 0.999  # of Adam's means
_NORM = 1.0  # gradients are cut to


@dataclass(frozen=True)
class Sequences:
    """Documents to learn from: a row of numbers (standardized), a kind, a label and the weight of these a paragraph.

    ``rows`` has the shape ``(paragraphs, inputs)``, ``kind``, ``label`` and ``label_weight`` ``(paragraphs,)``; document ``d``
    has those from ``bounds[d]`` to ``bounds[d + 1]``. ``kind`` and ``label`` are indices, of no account where ``label_weight``
    is 0; the kind is -1 where the label alone is known. ``kind_labels`` is the label of each kind, ``(kinds,)``.
    """

    rows: Floats
    kind: NDArray[np.int64]
    label: NDArray[np.int64]
    label_weight: Floats
    bounds: Offsets
    kind_labels: NDArray[np.int64]


def fit_sequences(data: Sequences, documents: NDArray[np.int64], config: FitConfig, seed: int) -> DocumentNetwork:
    """A network fitted to some of the documents, its result the same for the same ``seed``."""
    random = np.random.default_rng(seed)
    layers = _first_layers(data.rows.shape[1], len(data.kind_labels), config, random)
    rows = int(np.diff(data.bounds)[documents].sum())
    size = max(1, min(config.batch_rows, config.network_epochs * rows // config.min_steps))
    epochs = [list(_batches(data, documents, size, random)) for _ in range(config.network_epochs)]
    steps = sum(map(len, epochs))
    optimizer = _Adam(layers)
    for step, chosen in enumerate(batch for epoch in epochs for batch in epoch):
        part = _part(data, chosen)
        forward = _TrainingPass(layers, Positions(part.bounds), config.dropout, random)
        logits, back = forward.logits(part.rows)
        back(_loss_slope(logits, part, config.label_loss))
        optimizer.step(layers, forward.gradients, config.learning_rate * _schedule(step / steps))
    return DocumentNetwork.quantized(layers)


def _first_layers(inputs: int, kinds: int, config: FitConfig, random: np.random.Generator) -> list[Layer]:
    """Layers before any learning, uniform within 1 / sqrt(inputs), as Glorot and others have it."""
    layers = []
    for rows, columns in layer_shapes(inputs, kinds, config.hidden, config.pools):
        reach = 1 / np.sqrt(rows)
        weights, bias = random.uniform(-reach, reach, (rows, columns)), random.uniform(-reach, reach, columns)
        layers.append(Layer(weights.astype(np.float32), bias.astype(np.float32)))
    return layers


def _batches(
    data: Sequences, documents: NDArray[np.int64], size: int, random: np.random.Generator
) -> Iterator[NDArray[np.int64]]:
    """All documents in an order of chance, so many at a time that their rows come to some ``size``.

    A batch ends before the document with which the rows so far reach another multiple of it: a large one stands first,
    the small ones that follow beside it.
    """
    order = random.permutation(documents)
    rows = np.cumsum(np.diff(data.bounds)[order])
    yield from np.split(order, np.flatnonzero(np.diff(rows // size)) + 1)


def _part(data: Sequences, documents: NDArray[np.int64]) -> Sequences:
    """Some of the documents, in the order given."""
    sizes = np.diff(data.bounds)[documents]
    bounds = np.concatenate(([0], np.cumsum(sizes)))
    at = np.arange(bounds[-1]) + np.repeat(data.bounds[documents] - bounds[:-1], sizes)
    return Sequences(data.rows[at], data.kind[at], data.label[at], data.label_weight[at], bounds, data.kind_labels)


def _loss_slope(logits: Floats, data: Sequences, label_loss: float) -> Floats:
    """The slope of the mean loss by the logits, ``(paragraphs, kinds)``; label_weight weighs the paragraphs.

    The loss is the cross-entropy of the kinds, where they are known, and ``label_loss`` times that of the labels: which
    kind of appeal it is matters less than that it is one.
    """
    guess = softmax(logits)
    siblings = guess * (data.kind_labels == data.label[:, None])  # the kinds of the true label
    within = siblings / np.maximum(siblings.sum(axis=1, keepdims=True), np.float32(1e-6))
    slope: Floats = np.float32(label_loss) * (guess - within)
    known = np.flatnonzero(data.kind >= 0)
    slope[known] += guess[known]
    slope[known, data.kind[known]] -= 1
    slope *= (data.label_weight / max(float(data.label_weight.sum()), 1.0))[:, None].astype(guess.dtype)
    return slope


def _schedule(progress: float) -> float:
    """The part of the learning rate at a point from 0 to 1 of the fit (Smith and Topin, "Super-convergence", 2018)."""
    low, high = (1 / _LOWEST, 1.0) if progress < _RISE else (0.0, 1.0)
    turn = progress / _RISE if progress < _RISE else 1 - (progress - _RISE) / (1 - _RISE)
    return float(low + (high - low) * (1 - np.cos(np.pi * turn)) / 2)


class _TrainingPass:
    """A pass forward through the layers, and one back. The names are those of `DocumentNetwork.scores`."""

    def __init__(self, layers: list[Layer], positions: Positions, dropout: float, random: np.random.Generator) -> None:
        self._layers, self._positions, self._dropout, self._random = layers, positions, dropout, random
        self.gradients: list[Layer] = list(layers)  # each replaced in the pass back

    def logits(self, rows: Floats) -> tuple[Floats, Backward]:
        """Logits of each kind, and the pass back, which takes the slope of the loss by them."""
        near, far = len(NEAR_DILATIONS), len(FAR_DILATIONS)
        own, own_back = self._rectified(0, rows)
        hidden, backs = own, []
        for number, step in enumerate(NEAR_DILATIONS, 1):
            hidden, back = self._convolution(number, hidden, step)
            backs.append(back)
        hidden, back = self._pools(1 + near, hidden)
        backs.append(back)
        for number, step in enumerate(FAR_DILATIONS, 4 + near):
            hidden, back = self._convolution(number, hidden, step)
            backs.append(back)
        logits, last_back = self._layer(4 + near + far, np.concatenate([hidden, own], axis=1))

        def all_back(slope: Floats) -> Floats:
            slope, of_own = np.hsplit(last_back(slope), 2)
            for back in reversed(backs):
                slope = back(slope)
            return own_back(slope + of_own)

        return logits, all_back

    def _layer(self, number: int, rows: Floats) -> tuple[Floats, Backward]:
        """The outputs of a layer, and its pass back, which keeps the gradient and gives the slope by ``rows``."""
        weights, mask = self._layers[number].weights, None
        if number and self._dropout:
            kept = self._random.random(rows.shape, dtype=np.float32) >= self._dropout
            mask = kept * np.float32(1 / (1 - self._dropout))
            rows = rows * mask

        def back(slope: Floats) -> Floats:
            self.gradients[number] = Layer(rows.T @ slope, slope.sum(axis=0))
            if not number:
                return slope  # nothing is learnt before the first layer
            slope = slope @ weights.T
            return slope if mask is None else slope * mask

        return rows @ weights + self._layers[number].bias, back

    def _rectified(self, number: int, rows: Floats) -> tuple[Floats, Backward]:
        """`_layer` with what is below zero set to zero, and what is too large for prediction to the largest."""
        values, layer_back = self._layer(number, rows)
        inside = (values > 0) & (values < LARGEST_HIDDEN)
        return np.clip(values, 0, LARGEST_HIDDEN, dtype=values.dtype), lambda slope: layer_back(slope * inside)

    def _convolution(self, number: int, hidden: Floats, step: int) -> tuple[Floats, Backward]:
        """`hidden`, and added to it what a layer makes of it and of its neighbours."""
        values, values_back = self._rectified(number, _neighbours(hidden, self._positions, step))
        from_before, from_after = self._positions.before >= step, self._positions.after >= step

        whole, inside_back = bounded(hidden + values, LARGEST_HIDDEN)

        def back(slope: Floats) -> Floats:
            slope = inside_back(slope)
            before, own, after = np.hsplit(values_back(slope), 3)
            slope = slope + own
            inside = max(len(slope) - step, 0)  # a batch may be smaller than the step
            slope[:inside] += (before * from_before[:, None])[step:]
            slope[step:] += (after * from_after[:, None])[:inside]
            return slope

        return whole, back

    def _pools(self, number: int, hidden: Floats) -> tuple[Floats, Backward]:
        """`hidden`, and added to it what the layers of peaks, means and mix make of the whole document."""
        peaks, peaks_back = self._layer(number, hidden)
        peaks = sigmoid(peaks)
        means, means_back = self._rectified(number + 1, hidden)
        peaks_before, peaks_after, largest_back = largest(peaks, self._positions)
        pooled, pooled_back = pooled_means(means, self._positions)
        every = np.concatenate([hidden, peaks_before, peaks_after, *pooled], axis=1)
        values, mix_back = self._rectified(number + 2, every)
        width, pool = hidden.shape[1], peaks.shape[1]
        whole, inside_back = bounded(hidden + values, LARGEST_HIDDEN)

        def back(slope: Floats) -> Floats:
            slope = inside_back(slope)
            own, before, after, *of_means = np.split(mix_back(slope), width + pool * np.arange(5), axis=1)
            of_peaks = largest_back(before, after) * peaks * np.subtract(1, peaks, dtype=peaks.dtype)
            return slope + own + peaks_back(of_peaks) + means_back(pooled_back(*of_means))

        return whole, back


def _neighbours(values: Floats, positions: Positions, step: int) -> Floats:
    """The values of the paragraph ``step`` before, of the paragraph, and of the one after; zeros beyond the document.

    From ``(paragraphs, columns)`` to ``(paragraphs, 3 * columns)``.
    """
    number, columns = values.shape
    inside = max(number - step, 0)
    out = np.zeros((number, 3 * columns), dtype=values.dtype)
    out[step:, :columns] = values[:inside]
    out[:, columns : 2 * columns] = values
    out[:inside, 2 * columns :] = values[step:]
    out[positions.before < step, :columns] = 0
    out[positions.after < step, 2 * columns :] = 0
    return out


class _Adam:
    """Adam's means of the gradients and of their squares."""

    def __init__(self, layers: list[Layer]) -> None:
        self._means = [[np.zeros_like(p) for p in (layer.weights, layer.bias)] for layer in layers]
        self._squares = [[np.zeros_like(p) for p in (layer.weights, layer.bias)] for layer in layers]
        self._steps = 0

    def step(self, layers: list[Layer], gradients: list[Layer], rate: float) -> None:
        """Move the weights, in place, against the gradients."""
        self._steps += 1
        first, second = _DECAYS
        norm = np.sqrt(sum(float((g.weights**2).sum() + (g.bias**2).sum()) for g in gradients))
        cut = min(1.0, _NORM / max(norm, 1e-12))
        rate *= np.sqrt(1 - second**self._steps) / (1 - first**self._steps)
        for layer, gradient, means, squares in zip(layers, gradients, self._means, self._squares, strict=True):
            pairs = ((layer.weights, gradient.weights * cut), (layer.bias, gradient.bias * cut))
            for (parameters, slope), mean, square in zip(pairs, means, squares, strict=True):
                np.add(mean, (1 - first) * (slope - mean), out=mean)
                np.add(square, (1 - second) * (slope**2 - square), out=square)
                step = np.float32(rate) * mean / (np.sqrt(square) + np.float32(1e-8))
                np.subtract(parameters, step, out=parameters)
