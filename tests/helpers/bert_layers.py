"""The layers of BERT and the network over documents in NumPy, step by step: what graphs and networks must compute."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from detector.util.arrays import Floats

Numbers = np.ndarray[tuple[int, ...], np.dtype[np.float64]]


def softmax(logits: Numbers) -> Numbers:
    powers = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return powers / powers.sum(axis=-1, keepdims=True)


def normalized(rows: Numbers, weight: Floats, bias: Floats) -> Numbers:
    moved = rows - rows.mean(axis=1, keepdims=True)
    return moved / np.sqrt((moved**2).mean(axis=1, keepdims=True) + 1e-12) * weight + bias


def gelu(rows: Numbers) -> Numbers:
    return rows * np.vectorize(lambda value: (1 + math.erf(value / math.sqrt(2))) / 2)(rows)


def by_numpy(rows: Floats, layers: Sequence[Mapping[str, Floats]], heads: int) -> Numbers:
    """The layers of BERT in float64, head by head."""
    hidden = rows.astype(np.float64)
    for layer in layers:

        def dense(name: str, given: Numbers, layer: Mapping[str, Floats] = layer) -> Numbers:
            return given @ layer[f"{name}.weight"].T.astype(np.float64) + layer[f"{name}.bias"]

        size = hidden.shape[1] // heads
        query, key, value = np.split(dense("attended", hidden), 3, axis=1)
        mixed = np.zeros_like(query)
        for head in range(heads):
            own = slice(head * size, (head + 1) * size)
            mixed[:, own] = softmax(query[:, own] @ key[:, own].T / math.sqrt(size)) @ value[:, own]
        first = normalized(hidden + dense("output", mixed), layer["first.weight"], layer["first.bias"])
        outer = dense("outer", gelu(dense("inner", first)))
        hidden = normalized(first + outer, layer["second.weight"], layer["second.bias"])
    return hidden


def document_by_numpy(rows: Floats, arrays: Mapping[str, Floats], width: int) -> Numbers:
    """What `training.teacher.network.Reader` makes of the vectors and numbers of a document's paragraphs."""
    given = rows.astype(np.float64)
    entered = gelu(given @ arrays["entry.weight"].T + arrays["entry.bias"])
    states = [_gru(entered, arrays, "l0"), _gru(entered[::-1], arrays, "l0_reverse")[::-1]]
    joined = np.concatenate([given[:, :width], *states], axis=1)
    found: Numbers = joined @ arrays["head.weight"].T + arrays["head.bias"]
    return found


def _gru(rows: Numbers, arrays: Mapping[str, Floats], way: str) -> Numbers:
    weights, biases = (
        [arrays[f"around.{name}_{part}_{way}"].astype(np.float64) for part in ("ih", "hh")]
        for name in ("weight", "bias")
    )
    state = np.zeros(weights[1].shape[1])
    states = []
    for row in rows:
        given, kept = (
            np.split(weight @ value + bias, 3)
            for weight, value, bias in zip(weights, (row, state), biases, strict=True)
        )
        reset, update = (1 / (1 + np.exp(-given[gate] - kept[gate])) for gate in (0, 1))
        state = (1 - update) * np.tanh(given[2] + reset * kept[2]) + update * state
        states.append(state)
    return np.array(states).reshape(len(rows), -1)
