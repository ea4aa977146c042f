"""Moving networks towards a user's labels, while what they do elsewhere stays.

Only the input layer learns: which of the inputs tell what on this publisher's pages. Each change of its weights costs
the mean square by which the layer's outputs would change on documents in general (`detector.fit.general`). So what sets
the publisher apart is learnt, and what is common stays as it was. The idea is that of a quadratic penalty for what
matters to earlier tasks: Kirkpatrick et al., "Overcoming catastrophic forgetting in neural networks", 2017.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from detector.fit.adapt_config import AdaptConfig
from detector.fit.network import (
    Adam,
    Sequences,
    TrainingPass,
    document_batches,
    learning_rate_factor,
    loss_gradient,
    select,
)
from detector.inference.layers import Layer
from detector.inference.network import DocumentNetwork
from detector.inference.positions import Positions
from detector.util.arrays import Floats

_BATCH_ROWS = 2000  # paragraphs per step, about; a batch has whole documents
_EPOCHS = 3  # where there are more batches than steps


def adapt_network(network: DocumentNetwork, data: Sequences, pull: Floats, config: AdaptConfig) -> DocumentNetwork:
    """A network that has learnt the labels in ``data``; the same one where none of them has weight.

    ``pull``, ``(inputs + 1, inputs + 1)``, is symmetric: half of ``changes.T @ pull @ changes``, where the changes are
    those of the weights and the bias of the input layer, is added to the loss for each hidden unit.
    """
    if not data.label_weight.any():
        return network
    random = np.random.default_rng(config.seed)
    layers = list(network.layers)
    source = layers[0]
    layers[0] = Layer(source.weights.copy(), source.bias.copy())
    optimizer = Adam(layers[:1])
    batches = list(_batches(data, config, random))
    for step, documents in enumerate(batches):
        batch = select(data, documents)
        training_pass = TrainingPass(layers, Positions(batch.bounds), 0.0, random, learning=(0,))
        logits, backward = training_pass.logits(batch.rows)
        backward(loss_gradient(logits, batch, config.label_loss))
        gradient = _pulled(training_pass.gradients[0], layers[0], source, pull)
        optimizer.step(layers[:1], [gradient], config.learning_rate * learning_rate_factor(step / len(batches)))
    return DocumentNetwork.quantized(layers)


def _batches(data: Sequences, config: AdaptConfig, random: np.random.Generator) -> Iterator[NDArray[np.int64]]:
    """The documents with labels that have weight, for each step. Where they are few, every step has all of them."""
    documents = np.repeat(np.arange(len(data.bounds) - 1), np.diff(data.bounds))
    labelled = np.unique(documents[data.label_weight > 0])
    number, epochs = 0, 0
    while number < config.steps or (epochs < _EPOCHS and number > epochs):
        for chosen in document_batches(data, labelled, _BATCH_ROWS, random):
            yield chosen
            number += 1
        epochs += 1


def _pulled(gradient: Layer, layer: Layer, source: Layer, pull: Floats) -> Layer:
    """The gradient of a layer with that of what its changes cost."""
    costs = pull @ np.vstack([layer.weights - source.weights, layer.bias - source.bias])
    return Layer(gradient.weights + costs[:-1], gradient.bias + costs[-1])
