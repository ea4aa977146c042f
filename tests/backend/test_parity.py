"""Every array of the compiled backend equals that of NumPy, to the last bit, at every level of instructions."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from bounds import bounds_of
from hypothesis import given, settings
from hypothesis import strategies as st
from odd_texts import MODELS, ODD_TEXTS, model_of
from prediction_steps import assert_same_steps, numpy_steps
from same import assert_same
from texts import WORDS, long_text_lists, text_lists

from detector.backend.reference import NUMPY_BACKEND
from detector.cleaner import Cleaner
from detector.features.tokens import tokenize
from detector.inference.model import Model
from detector.inference.scores import Backend
from detector.text.paragraphs import BACK, FRONT, Batch, ParagraphBreak, split
from detector.text.reading import PART_BYTES, divide_long
from detector.util.arrays import Floats

pytest.importorskip("detector.backend.core", reason="the compiled kernels were not built")

from detector.backend import core
from detector.backend.compiled import CompiledBackend

BACKENDS = [CompiledBackend(level) for level in core.levels()]
PARAGRAPH_BREAKS: tuple[ParagraphBreak, ...] = ("line", "blank")


def assert_backends_agree(texts: list[str], model: Model, paragraph_break: ParagraphBreak = "line") -> None:
    """The contract, at every level: the same lines, and from the same paragraphs, the same arrays of every step."""
    blobs = [text.encode("utf-8", "surrogatepass") for text in texts]
    buffer = b"\n" * FRONT + b"\n".join(blobs) + b"\n" * BACK
    origin = FRONT + bounds_of([len(blob) + 1 for blob in blobs])
    lines = NUMPY_BACKEND.split_lines(buffer, origin)
    for backend in BACKENDS:
        assert_same(lines, backend.split_lines(buffer, origin), backend.name)
    assert_same_of_batch(split(texts, paragraph_break), model)


def assert_same_of_parts(text: str, model: Model) -> None:
    """The same arrays from the parts of a text whose paragraphs are long."""
    parts = divide_long(split([text]))
    assert parts is not None
    assert_same_of_batch(parts.batch, model)


def assert_same_of_batch(batch: Batch, model: Model, evidence: Floats | None = None) -> None:
    expected = numpy_steps(model, batch, evidence)
    for backend in BACKENDS:
        assert_same_steps(backend, model, batch, expected, evidence)


# Random models


@settings(max_examples=150)
@given(texts=text_lists, model=st.sampled_from(list(MODELS)), paragraph_break=st.sampled_from(PARAGRAPH_BREAKS))
def test_any_texts(texts: list[str], model: str, paragraph_break: ParagraphBreak) -> None:
    assert_backends_agree(texts, model_of(model), paragraph_break)


@given(texts=long_text_lists, model=st.sampled_from(list(MODELS)))
def test_any_long_texts(texts: list[str], model: str) -> None:
    assert_backends_agree(texts, model_of(model))


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("name", ODD_TEXTS)
def test_odd_texts(name: str, model: str) -> None:
    assert_backends_agree(ODD_TEXTS[name], model_of(model))


@pytest.mark.parametrize("name", ODD_TEXTS)
def test_odd_texts_in_paragraphs_of_several_lines(name: str) -> None:
    assert_backends_agree(ODD_TEXTS[name], model_of("two networks"), "blank")


@pytest.mark.parametrize("model", ["two networks", "no networks", "more than whole blocks"])
@pytest.mark.parametrize("piece", [*(word + " " for word in WORDS), "\u3000東", " " * 300 + "a", "漢字tower", "🎉"])
def test_parts_of_long_paragraphs(piece: str, model: str) -> None:
    size = len(piece.encode("utf-8", "surrogatepass"))
    assert_same_of_parts(f"Before\n{piece * (2 * PART_BYTES // size + 9)}\nAfter", model_of(model))


@pytest.mark.parametrize("letter", ["x", "Ж", "e\u0301"])
def test_parts_that_cut_a_word(letter: str) -> None:
    assert_same_of_parts(letter * (2 * PART_BYTES), model_of("two networks"))


# Evidence


def evidence_on(batch: Batch, model: Model, seed: int, size: float = 20) -> Floats:
    """Random evidence, on half of the paragraphs and kinds."""
    random = np.random.default_rng(seed)
    values = random.uniform(-size, size, (len(batch), len(model.kinds)))
    return (values * random.integers(0, 2, values.shape)).astype(np.float32)


@settings(max_examples=80)
@given(texts=text_lists, model=st.sampled_from(list(MODELS)), seed=st.integers(0, 1000))
def test_evidence_on_any_texts(texts: list[str], model: str, seed: int) -> None:
    batch = split(texts)
    assert_same_of_batch(batch, model_of(model), evidence_on(batch, model_of(model), seed))


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize(
    "name", ["nothing", "many paragraphs", "a whole block", "documents of a few lines, some of none"]
)
@pytest.mark.parametrize("size", [0, 20, 1e6])
def test_evidence_on_odd_texts(name: str, model: str, size: float) -> None:
    batch = split(ODD_TEXTS[name])
    assert_same_of_batch(batch, model_of(model), evidence_on(batch, model_of(model), 0, size))


@pytest.mark.parametrize("model", ["two networks", "no networks"])
def test_evidence_changes_what_it_is_on_and_its_neighbours(model: str) -> None:
    batch = split(["\n".join(f"Line {number} of the Ferry Post" for number in range(7))])
    evidence = np.zeros((7, len(model_of(model).kinds)), dtype=np.float32)
    evidence[3, 0] = 5
    before, after = numpy_steps(model_of(model), batch), numpy_steps(model_of(model), batch, evidence)
    changed = (before["kinds"] != after["kinds"]).any(axis=1).tolist()
    assert changed[3]
    assert any(changed[:3] + changed[4:]) == bool(MODELS[model].networks)
    assert after["logits"][3, 0] == before["logits"][3, 0] + np.float32(5)


@pytest.mark.parametrize("backend", [NUMPY_BACKEND, BACKENDS[-1]], ids=lambda backend: backend.name)
@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (lambda e: e.astype(np.float64), "in float64"),
        (lambda e: e[:-1], "one row per paragraph"),
        (lambda e: e[:, 1:], "one column per kind"),
        (lambda e: e[0], "shape"),
        (lambda e: np.where(e == e[0, 0], np.float32(np.nan), e), "is not between"),
        (lambda e: np.where(e == e[0, 0], np.float32(np.inf), e), "is not between"),
        (lambda e: e + np.float32(2e6), "is not between"),
    ],
)
def test_evidence_that_does_not_fit(wrong: Callable[[Floats], Floats], message: str, backend: Backend) -> None:
    model, batch = model_of("two networks"), split(["One.\nTwo.", "Three."])
    evidence = np.ones((3, len(model.kinds)), dtype=np.float32)
    with pytest.raises(ValueError, match=message):
        backend.predict(model, batch, wrong(evidence))


def test_evidence_may_be_laid_out_in_any_way() -> None:
    model, batch = model_of("two networks"), split(["One.\nTwo.", "Three."])
    evidence = evidence_on(batch, model, 1)
    expected = NUMPY_BACKEND.predict(model, batch, evidence)
    by_columns, read_only = np.asfortranarray(evidence), evidence.copy()
    read_only.flags.writeable = False
    for backend in BACKENDS:
        for given_evidence in (by_columns, read_only):
            assert_same(expected, backend.predict(model, batch, given_evidence), backend.name)


# The odd texts


def test_some_words_of_the_odd_texts_are_known_and_some_are_not() -> None:
    """Otherwise the tests above would compare zeros."""
    batch = split(ODD_TEXTS["many paragraphs"])
    rows = model_of("two networks").vectors.rows(tokenize(batch).hashes)
    assert (rows > 0).any()
    assert (rows == 0).any()
    assert numpy_steps(model_of("two networks"), batch)["embeddings"].any()
    assert not numpy_steps(model_of("no vectors"), batch)["embeddings"].any()


def test_there_are_scores_of_zero_and_one() -> None:
    batch = split(ODD_TEXTS["every character"])
    for model in ("scores of 0 and 1", "scores of 0 and 1, no networks"):
        steps = numpy_steps(model_of(model), batch)
        assert {0, 1} <= {*steps["kinds"].ravel().tolist(), *steps["labels"].ravel().tolist()}


@pytest.mark.parametrize("model", MODELS)
def test_every_step_is_compared(model: str) -> None:
    networks = {"inputs", "network_logits"} if MODELS[model].networks else set()
    found = numpy_steps(model_of(model), split(["One line"])).keys()
    assert found == {"logits", "shapes", "repeats", "known", "embeddings", "labels", "kinds", "familiarity", *networks}


# The shipped model


@pytest.mark.slow
@pytest.mark.parametrize("name", ODD_TEXTS)
def test_odd_texts_with_the_shipped_model(name: str, shipped: Cleaner) -> None:
    assert_backends_agree(ODD_TEXTS[name], shipped.model)


def test_a_model_from_a_file(tiny_model: Model, seed_texts: list[str]) -> None:
    assert_backends_agree(seed_texts, tiny_model)
