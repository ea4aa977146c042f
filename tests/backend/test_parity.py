"""Every method of the compiled backend returns what the NumPy backend returns, to the last bit."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from bounds import bounds_of
from hypothesis import given, settings
from hypothesis import strategies as st
from odd_texts import KINDS, ODD_TEXTS, WITHOUT_VECTORS, model_of
from same import assert_same
from texts import text_lists

from detector.backend.reference import NUMPY_BACKEND, NumpyBackend
from detector.features.tokens import tokenize
from detector.inference.layers import BLOCK
from detector.inference.model import Model
from detector.inference.network import FAR_DILATIONS, NEAR_DILATIONS
from detector.inference.pooling import POOLS
from detector.inference.positions import Positions
from detector.inference.predict import Backend, predict
from detector.inference.quantization import HIDDEN_MAX, HIDDEN_STEPS, INPUT_STEPS
from detector.text.paragraphs import BACK, FRONT, Batch, ParagraphBreak, split
from detector.util.arrays import Floats

pytest.importorskip("numba", reason="numba is not installed: pip install 'boilerplate-detector[speed]'")

from detector.backend.compiled import CompiledBackend

COMPILED_BACKEND = CompiledBackend()


def assert_backends_agree(call: Callable[[Backend], Any]) -> None:
    assert_same(call(NUMPY_BACKEND), call(COMPILED_BACKEND))


# Methods that take texts


@dataclass(frozen=True)
class Texts:
    """Texts, and a model to read them."""

    texts: list[str]
    paragraph_break: ParagraphBreak
    model: Model

    def batch(self, backend: Backend) -> Batch:
        return split(self.texts, self.paragraph_break, backend.split_lines)


def split_lines(backend: Backend, case: Texts) -> Any:
    blobs = [text.encode("utf-8", "surrogatepass") for text in case.texts]
    buffer = b"\n" * FRONT + b"\n".join(blobs) + b"\n" * BACK
    return backend.split_lines(buffer, FRONT + bounds_of([len(blob) + 1 for blob in blobs]))


def first_stage(backend: Backend, case: Texts) -> Any:
    return backend.first_stage(case.batch(backend), case.model)


def network_inputs(backend: Backend, case: Texts) -> Any:
    first = backend.first_stage(case.batch(backend), case.model)
    return backend.network_inputs(first.features, first.logits, NUMPY_BACKEND.softmax(first.logits), case.model)


def prediction(backend: Backend, case: Texts) -> Any:
    return predict(case.model, case.batch(backend), backend)


def every_stage(backend: Backend, case: Texts) -> Any:
    """The results of all the calls above."""
    batch = case.batch(backend)
    first = backend.first_stage(batch, case.model)
    inputs = backend.network_inputs(first.features, first.logits, backend.softmax(first.logits), case.model)
    return split_lines(backend, case), first, inputs, predict(case.model, batch, backend)


OF_TEXTS = {call.__name__: call for call in (split_lines, first_stage, network_inputs)}
WITH_PREDICTION = {**OF_TEXTS, "predict": prediction}
PARAGRAPH_BREAKS: tuple[ParagraphBreak, ...] = ("line", "blank")


@pytest.mark.parametrize("method", WITH_PREDICTION)
@given(texts=text_lists, paragraph_break=st.sampled_from(PARAGRAPH_BREAKS), kinds=st.sampled_from(KINDS))
def test_any_texts(method: str, texts: list[str], paragraph_break: ParagraphBreak, kinds: int) -> None:
    case = Texts(texts, paragraph_break, model_of(kinds))
    assert_backends_agree(lambda backend: WITH_PREDICTION[method](backend, case))


@pytest.mark.parametrize(("paragraph_break", "kinds"), [*(("line", kinds) for kinds in KINDS), ("blank", KINDS[-1])])
@pytest.mark.parametrize("name", ODD_TEXTS)
def test_odd_texts(name: str, paragraph_break: ParagraphBreak, kinds: int) -> None:
    case = Texts(ODD_TEXTS[name], paragraph_break, model_of(kinds))
    assert_backends_agree(lambda backend: every_stage(backend, case))


def test_some_words_of_the_odd_texts_are_known_and_some_are_not() -> None:
    batch = split(ODD_TEXTS["many paragraphs"])
    rows = model_of(6).vectors.rows(tokenize(batch).hashes)
    assert (rows > 0).any()
    assert (rows == 0).any()
    assert NUMPY_BACKEND.first_stage(batch, model_of(6)).features.embeddings.any()
    assert not NUMPY_BACKEND.first_stage(batch, model_of(WITHOUT_VECTORS)).features.embeddings.any()


# Methods that take numbers


@dataclass(frozen=True)
class Numbers:
    """Documents with the given numbers of rows, and random numbers for them; each call draws the same ones."""

    sizes: list[int]
    width: int
    dilation: int
    seed: int

    @property
    def positions(self) -> Positions:
        return Positions(bounds_of(self.sizes))

    @property
    def rows(self) -> int:
        """The rows of all documents, rounded up to a whole block."""
        return -(-sum(self.sizes) // BLOCK) * BLOCK

    @property
    def random(self) -> np.random.Generator:
        return np.random.default_rng(self.seed)


def filled(random: np.random.Generator, *shape: int) -> Floats:
    """Numbers of very different sizes, some of them zero."""
    values = random.normal(size=shape) * 2.0 ** random.integers(-12, 24, shape)
    return np.where(random.random(shape) < 0.1, 0, values).astype(np.float32)


def hidden_units(random: np.random.Generator, rows: int, width: int) -> Floats:
    """Quantized hidden units, some columns at the lowest or highest value."""
    steps = random.integers(0, HIDDEN_MAX + 1, (rows, width))
    steps[:, random.random(width) < 0.2] = random.choice([0, HIDDEN_MAX])
    return (steps / HIDDEN_STEPS).astype(np.float32)


def softmax(backend: Backend, case: Numbers) -> Any:
    return backend.softmax(filled(case.random, sum(case.sizes), case.width))


def standardize(backend: Backend, case: Numbers) -> Any:
    random = case.random
    rows, mean, factor = filled(random, sum(case.sizes), case.width), *filled(random, 2, case.width)
    backend.standardize(rows, mean, np.abs(factor))
    return rows


def rectify(backend: Backend, case: Numbers) -> Any:
    random = case.random
    values, bias = filled(random, case.rows, case.width), filled(random, case.width)
    backend.rectify(values, bias)
    return values


def convolve(backend: Backend, case: Numbers) -> Any:
    """Ignores rows beyond the last document."""
    random = case.random
    parts, bias = filled(random, 3, case.rows, case.width), filled(random, case.width)
    hidden = hidden_units(random, case.rows, case.width)
    backend.convolve(parts, bias, case.positions, case.dilation, hidden)
    return hidden[: sum(case.sizes)]


def sigmoid(backend: Backend, case: Numbers) -> Any:
    return backend.sigmoid(filled(case.random, case.rows, case.width))


def pool(backend: Backend, case: Numbers) -> Any:
    random = case.random
    peaks, means = random.random((case.rows, case.width), np.float32), hidden_units(random, case.rows, case.width)
    out = np.zeros((case.rows, POOLS * case.width), dtype=np.float32)
    backend.pool(peaks, means, case.positions, out)
    return out


OF_NUMBERS = {call.__name__: call for call in (softmax, standardize, rectify, convolve, sigmoid, pool)}
numbers = st.builds(
    Numbers, sizes=st.lists(st.one_of(st.integers(0, 20), st.integers(BLOCK - 1, 2 * BLOCK)), max_size=6),
    width=st.integers(1, 20), dilation=st.sampled_from([*NEAR_DILATIONS, *FAR_DILATIONS]), seed=st.integers(0, 1000),
)  # fmt: skip


@pytest.mark.parametrize("method", OF_NUMBERS)
@settings(max_examples=100)
@given(case=numbers)
def test_any_numbers(method: str, case: Numbers) -> None:
    assert_backends_agree(lambda backend: OF_NUMBERS[method](backend, case))


HALVES = np.arange(-4, 4, 0.5, dtype=np.float32)  # steps; every other value is halfway between two
ROUNDED: dict[str, tuple[int, Callable[[Backend, Floats, Floats], None]]] = {
    "standardize": (INPUT_STEPS, lambda backend, values, none: backend.standardize(values, none, none + 1)),
    "rectify": (HIDDEN_STEPS, lambda backend, values, none: backend.rectify(values, none)),
}


@pytest.mark.parametrize("method", ROUNDED)
def test_halves_of_steps_are_rounded_the_same(method: str) -> None:
    steps, call = ROUNDED[method]

    def rounded(backend: Backend) -> Floats:
        values = np.tile(HALVES / np.float32(steps), (BLOCK, 1))
        call(backend, values, np.zeros(len(HALVES), dtype=np.float32))
        return values

    assert_backends_agree(rounded)
    assert (rounded(NUMPY_BACKEND) * steps == np.maximum(np.rint(HALVES), -4 if method == "standardize" else 0)).all()


# Every method is tested


def public(of: type) -> set[str]:
    return {name for name in dir(of) if not name.startswith("_")}


def test_every_method_of_a_backend_is_tested() -> None:
    """A new method of the protocol needs a call above, in `OF_TEXTS` or `OF_NUMBERS`."""
    assert OF_TEXTS.keys() | OF_NUMBERS.keys() == public(Backend)


@pytest.mark.parametrize("backend", [NumpyBackend, CompiledBackend])
def test_a_backend_has_the_methods_of_the_protocol_and_no_others(backend: type) -> None:
    assert public(backend) == public(Backend)
