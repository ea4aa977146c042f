"""The engine: one window at a time, the same in threads and other processes, and an error for what is no encoder."""

from __future__ import annotations

import pickle
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from graphs import FOREIGN, random_graph, simple_graph
from tiny_encoder import WIDTH

from detector.encoder.engine import Engine, short
from detector.encoder.windows import LENGTH
from detector.errors import ModelError, UsageError
from detector.util.arrays import Floats


@pytest.fixture(scope="module")
def engine() -> Engine:
    return Engine(random_graph())


@pytest.fixture(scope="module")
def rows() -> list[Floats]:
    random = np.random.default_rng(2)
    return [random.normal(size=(tokens, WIDTH)).astype(np.float32) for tokens in (1, 2, 7, 64, 255, LENGTH)]


def test_one_row_for_each_token(engine: Engine, rows: list[Floats]) -> None:
    for each in rows:
        read = engine(each)
        assert (read.shape, read.dtype) == (each.shape, np.float32)
        assert np.isfinite(read).all()
    engine.check(WIDTH, WIDTH)


def test_the_same_each_time_and_in_any_order(engine: Engine, rows: list[Floats]) -> None:
    first = [engine(each).tobytes() for each in rows]
    assert [engine(each).tobytes() for each in reversed(rows)] == first[::-1]
    assert [Engine(engine.content)(each).tobytes() for each in rows] == first


def test_threads_share_an_engine(engine: Engine, rows: list[Floats]) -> None:
    expected = [engine(each).tobytes() for each in rows * 8]
    with ThreadPoolExecutor(4) as pool:
        assert [read.tobytes() for read in pool.map(Engine(engine.content), rows * 8)] == expected


def test_a_pickle_holds_the_graph_only(engine: Engine, rows: list[Floats]) -> None:
    expected = engine(rows[-1])
    again = pickle.loads(pickle.dumps(engine))
    assert vars(again) == {"content": engine.content}
    assert (again(rows[-1]) == expected).all()
    assert again == engine != Engine(simple_graph())


@pytest.mark.parametrize("content", [b"", b"no graph", random_graph()[:-100], simple_graph("NoSuchOperator")])
def test_what_is_no_graph(content: bytes) -> None:
    with pytest.raises(ModelError, match=r"ONNX Runtime cannot use the graph of the accurate model: .*update onnx"):
        Engine(content)(np.zeros((1, WIDTH), dtype=np.float32))


@pytest.mark.parametrize("name", FOREIGN)
def test_a_graph_of_something_else(name: str) -> None:
    with pytest.raises(ModelError, match=r"the graph (cannot read|does not return finite) rows of 16 numbers"):
        Engine(FOREIGN[name]).check(WIDTH, WIDTH)


def test_a_graph_of_another_width() -> None:
    with pytest.raises(ModelError, match="the graph cannot read rows of 16 numbers"):
        Engine(random_graph(2 * WIDTH)).check(WIDTH, WIDTH)


def test_without_the_library(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(UsageError, match=r"needs onnxruntime.*pip install 'boilerplate-detector\[accurate\]'"):
        Engine(random_graph())(np.zeros((1, WIDTH), dtype=np.float32))


def test_a_long_message_is_quoted_in_part() -> None:
    assert short(ValueError("one\n  two")) == "one two"
    assert len(short(ValueError("x " * 1000))) < 250
