"""Graphs of ONNX that are not those of an encoder."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from onnx import TensorProto, helper, numpy_helper
from tiny_encoder import HEADS, LAYERS, WIDTH, random_layer

from detector.encoder.engine import INPUT, OUTPUT
from training.teacher.export import graph, quantized


def random_graph(width: int = WIDTH) -> bytes:
    """A graph as that of `tiny_encoder`, of any width."""
    random = np.random.default_rng(1)
    return quantized(graph([random_layer(random, width) for _ in range(LAYERS)], HEADS))


def simple_graph(
    kind: str = "Identity",
    input_name: str = INPUT,
    output_name: str = OUTPUT,
    other: float | None = None,
    shape: Sequence[int | str] = ("tokens", WIDTH),
    **attributes: int,
) -> bytes:
    """A graph of one node; ``other`` is its second input."""
    constants = [] if other is None else [numpy_helper.from_array(np.float32(other), "other")]
    node = helper.make_node(kind, [input_name, *(each.name for each in constants)], [output_name], **attributes)
    rows = helper.make_tensor_value_info(input_name, TensorProto.FLOAT, shape)
    result = helper.make_tensor_value_info(output_name, TensorProto.FLOAT, None)
    body = helper.make_graph([node], "simple", [rows], [result], constants)
    return bytes(helper.make_model(body, opset_imports=[helper.make_opsetid("", 20)], ir_version=9).SerializeToString())


FOREIGN = {
    "another name of the input": simple_graph(input_name="rows"),
    "another name of the output": simple_graph(output_name="rows"),
    "another width": simple_graph(shape=("tokens", WIDTH + 1)),
    "one row only": simple_graph(shape=(1, WIDTH)),
    "fewer numbers": simple_graph("ReduceMean", keepdims=0),
    "no numbers": simple_graph("Div", other=0.0),
}
