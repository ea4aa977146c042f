"""The networks of a trained encoder as ONNX graphs: the layers with int8 weights, and what reads a document.

A graph takes the rows of one window or one document and returns as many. The embedding stays outside
(`detector.encoder.model`).

`onnxruntime.quantization.quantize_dynamic` quantizes the weights, by output, to seven bits in int8: eight bits overflow
in the 16-bit sums of processors without VNNI. The inputs of each product are quantized when it is computed, with one
scale for the whole window. So a window is computed by itself, and its result does not depend on others.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from onnx import ModelProto, NodeProto, TensorProto, helper, numpy_helper

from detector.encoder.engine import INPUT, OUTPUT
from detector.util.arrays import Floats

_OPSET = 20  # the first one with Gelu
_EPSILON = 1e-12  # of the normalization of layers, as in BERT


@dataclass
class _Graph:
    nodes: list[NodeProto] = field(default_factory=list)
    arrays: list[TensorProto] = field(default_factory=list)

    def constant(self, array: Floats | Sequence[int]) -> str:
        name = f"array{len(self.arrays)}"
        self.arrays.append(numpy_helper.from_array(np.asarray(array), name))
        return name

    def __call__(self, kind: str, *inputs: str, outputs: int = 1, **attributes: object) -> list[str]:
        names = [f"{kind}{len(self.nodes)}_{number}" for number in range(outputs)]
        options: dict[str, Any] = attributes
        self.nodes.append(helper.make_node(kind, inputs, names, **options))
        return names

    def dense(self, rows: str, weights: Floats, bias: Floats) -> str:
        [product] = self("MatMul", rows, self.constant(weights))
        [moved] = self("Add", product, self.constant(bias))
        return moved

    def normalized(self, rows: str, weight: Floats, bias: Floats) -> str:
        [out] = self("LayerNormalization", rows, self.constant(weight), self.constant(bias), axis=-1, epsilon=_EPSILON)
        return out

    def layer(self, hidden: str, arrays: Mapping[str, Floats], heads: int) -> str:
        width = len(arrays["output.bias"])
        scale = np.ones(3 * width, dtype=np.float32)
        scale[:width] = (width // heads) ** -0.5
        packed = self.dense(hidden, arrays["attended.weight"].T * scale, arrays["attended.bias"] * scale)
        parts = self("Split", packed, outputs=3, axis=-1, num_outputs=3)
        shape = self.constant(np.array([-1, heads, width // heads], dtype=np.int64))
        query, key, value = (
            self("Transpose", self("Reshape", part, shape)[0], perm=order)[0]
            for part, order in zip(parts, ([1, 0, 2], [1, 2, 0], [1, 0, 2]), strict=True)
        )
        [weights] = self("Softmax", self("MatMul", query, key)[0], axis=-1)
        [mixed] = self("Transpose", self("MatMul", weights, value)[0], perm=[1, 0, 2])
        [rows] = self("Reshape", mixed, self.constant(np.array([-1, width], dtype=np.int64)))
        attended = self.dense(rows, arrays["output.weight"].T, arrays["output.bias"])
        first = self.normalized(self("Add", hidden, attended)[0], arrays["first.weight"], arrays["first.bias"])
        [inner] = self("Gelu", self.dense(first, arrays["inner.weight"].T, arrays["inner.bias"]))
        outer = self.dense(inner, arrays["outer.weight"].T, arrays["outer.bias"])
        return self.normalized(self("Add", first, outer)[0], arrays["second.weight"], arrays["second.bias"])

    def model(self, output: str, inputs: int, outputs: int) -> ModelProto:
        """A model that returns ``output``, with as many rows as it is given; the numbers are those of a row."""
        self("Identity", output)
        self.nodes[-1].output[0] = OUTPUT
        ends = [
            helper.make_tensor_value_info(name, TensorProto.FLOAT, ["rows", width])
            for name, width in ((INPUT, inputs), (OUTPUT, outputs))
        ]
        body = helper.make_graph(self.nodes, "encoder", ends[:1], ends[1:], self.arrays)
        return helper.make_model(body, opset_imports=[helper.make_opsetid("", _OPSET)], ir_version=9)


def graph(layers: Sequence[Mapping[str, Floats]], heads: int) -> ModelProto:
    """The graph of layers, each given by the arrays of `training.teacher.network.Layer`, before quantization."""
    width = len(layers[0]["output.bias"])
    made = _Graph()
    hidden = INPUT
    for arrays in layers:
        hidden = made.layer(hidden, arrays, heads)
    return made.model(hidden, width, width)


def document_graph(arrays: Mapping[str, Floats]) -> ModelProto:
    """The graph of what `training.teacher.network.Reader` does with the paragraphs of a document, given its arrays.

    It takes rows of a vector, 1 or 0 (whether it was read) and the numbers that describe it.
    """
    inputs, (kinds, joined) = arrays["entry.weight"].shape[1], arrays["head.weight"].shape
    around = arrays["around.weight_hh_l0"].shape[1]
    made = _Graph()
    [entered] = made("Gelu", made.dense(INPUT, arrays["entry.weight"].T, arrays["entry.bias"]))
    one, both = (made.constant(np.array(values, dtype=np.int64)) for values in ([1], [-1, 2 * around]))
    [sequence] = made("Unsqueeze", entered, one)  # (paragraphs, 1, numbers): a batch of one
    weights = [made.constant(_in_order(arrays, name)) for name in ("weight_ih", "weight_hh", "bias")]
    [states] = made("GRU", sequence, *weights, hidden_size=around, direction="bidirectional", linear_before_reset=1)
    [state] = made("Reshape", made("Transpose", states, perm=[0, 2, 1, 3])[0], both)
    start, stop = (made.constant(np.array([at], dtype=np.int64)) for at in (0, joined - 2 * around))
    [vectors] = made("Slice", INPUT, start, stop, one)
    rows = made("Concat", vectors, state, axis=1)[0]
    return made.model(made.dense(rows, arrays["head.weight"].T, arrays["head.bias"]), inputs, kinds)


def _in_order(arrays: Mapping[str, Floats], name: str) -> Floats:
    """Arrays of a GRU of PyTorch, both directions, with the gates in the order of ONNX: update, reset, new."""
    parts = []
    for direction in ("l0", "l0_reverse"):
        for each in ("bias_ih", "bias_hh") if name == "bias" else (name,):
            reset, update, new = np.split(arrays[f"around.{each}_{direction}"], 3)
            parts.append(np.concatenate([update, reset, new]))
    return np.stack(parts).reshape(2, -1, *parts[0].shape[1:])


def quantized(model: ModelProto) -> bytes:
    """The graph with int8 weights, as the content of a file."""
    from onnxruntime.quantization import QuantType, quantize_dynamic

    with tempfile.TemporaryDirectory() as folder:
        output = Path(folder) / "encoder.onnx"
        quantize_dynamic(
            model, output, per_channel=True, reduce_range=True, weight_type=QuantType.QInt8,
            op_types_to_quantize=["MatMul"], extra_options={"MatMulConstBOnly": True},
        )  # fmt: skip
        return output.read_bytes()
