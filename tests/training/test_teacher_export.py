"""The graph computes the layers of BERT, as NumPy does; with int8 weights it is close to them."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import onnx
import onnxruntime
import pytest
from bert_layers import by_numpy, document_by_numpy
from tiny_encoder import HEADS, INNER, LAYERS, WIDTH, document_arrays, random_layer

from detector.encoder.engine import INPUT, OUTPUT, Engine
from detector.encoder.windows import LENGTH
from detector.util.arrays import Floats
from training.teacher.export import document_graph, graph, quantized


def layers_of(seed: int, width: int = WIDTH, inner: int = INNER, count: int = LAYERS) -> list[Mapping[str, Floats]]:
    random = np.random.default_rng(seed)
    return [random_layer(random, width, inner) for _ in range(count)]


def run(content: bytes, rows: Floats) -> Floats:
    session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
    [read] = session.run([OUTPUT], {INPUT: rows})
    return np.asarray(read)


@pytest.mark.parametrize("tokens", [1, 2, 31, LENGTH])
@pytest.mark.parametrize(("width", "inner", "heads", "count"), [(16, 32, 2, 2), (24, 40, 12, 1), (32, 8, 1, 3)])
def test_the_graph_before_quantization(tokens: int, width: int, inner: int, heads: int, count: int) -> None:
    layers = layers_of(tokens, width, inner, count)
    rows = np.random.default_rng(tokens).normal(size=(tokens, width)).astype(np.float32)
    found = run(graph(layers, heads).SerializeToString(), rows)
    np.testing.assert_allclose(found, by_numpy(rows, layers, heads), rtol=1e-5, atol=1e-5)


def test_a_graph_is_valid_and_has_no_other_inputs() -> None:
    model = graph(layers_of(0), HEADS)
    onnx.checker.check_model(model, full_check=True)
    assert [each.name for each in model.graph.input] == [INPUT]
    assert [each.name for each in model.graph.output] == [OUTPUT]


@pytest.mark.parametrize("tokens", [1, 31, LENGTH])
def test_the_quantized_graph_is_close(tokens: int) -> None:
    layers = layers_of(3, 64, 128)
    rows = np.random.default_rng(5).normal(size=(tokens, 64)).astype(np.float32)
    exact = by_numpy(rows, layers, 4)
    found = Engine(quantized(graph(layers, 4)))(rows)
    assert np.corrcoef(found.ravel(), exact.ravel())[0, 1] > 0.985
    assert np.abs(found - exact).mean() < 0.15 * np.abs(exact).mean()


def test_the_weights_are_quantized_to_seven_bits_and_small() -> None:
    model = graph(layers_of(0, 64, 256), 4)
    content = quantized(model)
    stored = {each.name: onnx.numpy_helper.to_array(each) for each in onnx.load_from_string(content).graph.initializer}
    weights = [array for array in stored.values() if array.dtype == np.int8 and array.ndim == 2]
    assert len(weights) == 4 * LAYERS  # attention, its output, and two dense layers
    assert all(-64 <= array.min() < -40 and 40 < array.max() <= 64 for array in weights)
    assert len(content) < 0.35 * len(model.SerializeToString())


def test_equal_layers_make_equal_bytes() -> None:
    assert quantized(graph(layers_of(1), HEADS)) == quantized(graph(layers_of(1), HEADS))
    assert quantized(graph(layers_of(1), HEADS)) != quantized(graph(layers_of(2), HEADS))


@pytest.mark.parametrize("paragraphs", [1, 2, 30])
def test_the_graph_of_documents(paragraphs: int) -> None:
    random = np.random.default_rng(paragraphs)
    arrays = document_arrays(random, WIDTH, 5)
    rows = random.normal(size=(paragraphs, arrays["entry.weight"].shape[1])).astype(np.float32)
    model = document_graph(arrays)
    onnx.checker.check_model(model, full_check=True)
    found = run(model.SerializeToString(), rows)
    assert found.shape == (paragraphs, 5)
    np.testing.assert_allclose(found, document_by_numpy(rows, arrays, WIDTH), rtol=1e-4, atol=1e-5)
