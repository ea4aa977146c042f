"""The encoder: what it adds to the small model's logits, by a slow reading of each window, and what it reads."""

from __future__ import annotations

import pickle
from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any

import numpy as np
import pytest
from bert_layers import document_by_numpy
from graphs import simple_graph
from hypothesis import given, settings
from hypothesis import strategies as st
from texts import text_lists
from tiny_encoder import DOUBTS, WIDTH, document_arrays, document_engine, tiny_encoder

from detector.encoder.engine import Engine
from detector.encoder.model import SEPARATOR, Embedding, Encoder, check_effort, doubts_of, product
from detector.encoder.reading import LOGS_DIVISOR, SMALLEST
from detector.encoder.tokens import describe
from detector.encoder.windows import surroundings, windows
from detector.errors import ModelError, UsageError
from detector.inference.calibration import calibrate, softmax
from detector.inference.model import Model
from detector.inference.scores import Scores
from detector.text.paragraphs import Batch, split
from detector.util.arrays import Floats

EFFORTS = st.floats(0, 1)


def random_scores(model: Model, batch: Batch, seed: int = 0) -> Scores:
    """Probabilities of which some are certain."""
    random = np.random.default_rng(seed)
    kinds = softmax(random.normal(0, 6, (len(batch), len(model.kinds))).astype(np.float32))
    labels = kinds @ model.membership
    return Scores(labels, kinds, np.ones(batch.documents, dtype=np.float32))


def normalized(row: Floats, weight: Floats, bias: Floats) -> Floats:
    moved = row.astype(np.float64) - row.mean(dtype=np.float64)
    scaled: Floats = (moved / np.sqrt((moved * moved).mean() + 1e-12) * weight + bias).astype(np.float32)
    return scaled


def slowly_embedded(embedding: Embedding, tokens: list[list[int]], numbers: Floats) -> Floats:
    """The rows of a window, token by token."""
    rows = []
    for paragraph, described in zip(tokens, numbers, strict=True):
        for token in [*paragraph, None]:
            number = SEPARATOR if token is None else token
            row = embedding.words[number] * embedding.scale[number] + embedding.positions[len(rows)]
            if token is None:
                row = row + described.astype(np.float64) @ embedding.described + embedding.described_bias
            rows.append(normalized(row, embedding.weight, embedding.bias))
    return np.stack(rows)


def slowly_corrected(
    encoder: Encoder, arrays: Mapping[str, Floats], texts: list[str], batch: Batch, scores: Scores, limit: float
) -> Scores:
    """What `Encoder.corrected` returns for a least doubt, paragraph by paragraph; ``arrays`` read a document."""
    labels, kinds = scores.labels.copy(), scores.kinds.copy()
    for number, text in enumerate(texts):
        document = range(*batch.bounds[number : number + 2].tolist())
        paragraphs = [text[batch.char_start[row] : batch.char_end[row]].strip() for row in document]
        own = np.array(document, dtype=np.int64)
        doubtful = np.maximum(1 - scores.labels[own].max(axis=1, initial=0), 0) >= np.float32(limit)
        if not doubtful.any():
            continue
        tokens = [encoder.tokenizer([paragraph]).ids.tolist() for paragraph in paragraphs]
        logs = np.log(np.maximum(scores.kinds[own], SMALLEST))
        described = describe(np.array([*map(len, paragraphs)], dtype=np.int64), np.array([0, len(own)]))
        numbers = np.concatenate([described, logs / LOGS_DIVISOR], axis=1)
        near, bounds = surroundings(doubtful, np.zeros(len(own), dtype=np.int64), np.array([0, len(own)]))
        sizes = np.array([len(tokens[row]) + 1 for row in near], dtype=np.int64)
        vectors = np.zeros((len(own), WIDTH + 1), dtype=np.float32)
        for window in windows(sizes, doubtful[near], bounds):
            inside = near[window.first : window.last].tolist()
            read = encoder.engine(slowly_embedded(encoder.embedding, [tokens[row] for row in inside], numbers[inside]))
            at = 0
            for row in inside:
                if row in near[window.start : window.stop]:
                    vectors[row] = [*read[at : at + len(tokens[row]) + 1].mean(axis=0), 1]
                at += len(tokens[row]) + 1
        logits = document_by_numpy(np.concatenate([vectors, numbers], axis=1), arrays, WIDTH) + logs
        for row in np.flatnonzero(doubtful).tolist():
            [labels[own[row]]], [kinds[own[row]]] = calibrate(
                softmax(logits[row : row + 1].astype(np.float32)), encoder.kind_labels, encoder.calibration
            )
    return Scores(labels, kinds, scores.familiarity)


TEXTS = [
    "The ferry to Hollow Quay was late again.\nSupport us!\n\nREAD MORE\n" + "Nobody asked, she said. " * 40,
    "",
    "\n".join(f"Line {number} of the Quay Post" for number in range(70)) + "\nLadny dzien\n***\n   \u200b",
]


@pytest.mark.parametrize("effort", [0.2, 0.25, 0.5, 1.0])
def test_the_same_as_paragraph_by_paragraph(effort: float, encoder: Encoder, tiny_model: Model) -> None:
    # the weights of the graph are not quantized here: rounding to whole steps would make much of the last bits
    arrays = document_arrays(np.random.default_rng(3), WIDTH, len(tiny_model.kinds))
    exact = replace(encoder, engine=Engine(simple_graph()), document=document_engine(arrays))
    batch = split(TEXTS)
    scores = random_scores(tiny_model, batch)
    found = exact.corrected(TEXTS, batch, scores, effort)
    expected = slowly_corrected(exact, arrays, TEXTS, batch, scores, exact.least_doubt(effort))
    np.testing.assert_allclose(found.kinds, expected.kinds, rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(found.labels, expected.labels, rtol=1e-4, atol=1e-6)
    assert (found.labels != scores.labels).any()
    assert found.familiarity is scores.familiarity


@given(effort=EFFORTS, seed=st.integers(0, 50))
def test_only_what_is_in_doubt_is_changed(effort: float, seed: int, encoder: Encoder, tiny_model: Model) -> None:
    batch = split(TEXTS)
    scores = random_scores(tiny_model, batch, seed)
    found = encoder.corrected(TEXTS, batch, scores, effort)
    changed = (found.kinds != scores.kinds).any(axis=1)
    doubtful = np.maximum(1 - scores.labels.max(axis=1), 0) >= np.float32(encoder.least_doubt(effort))
    assert (changed == (doubtful & (effort > 0))).all()
    np.testing.assert_allclose(found.labels.sum(axis=1), 1, atol=1e-5)
    np.testing.assert_allclose(found.kinds @ tiny_model.membership, found.labels, atol=1e-5)


@given(efforts=st.tuples(EFFORTS, EFFORTS), seed=st.integers(0, 50))
def test_more_effort_reads_what_less_effort_reads(
    efforts: tuple[float, float], seed: int, encoder: Encoder, tiny_model: Model
) -> None:
    batch = split(TEXTS)
    scores = random_scores(tiny_model, batch, seed)
    less, more = (
        (encoder.corrected(TEXTS, batch, scores, effort).kinds != scores.kinds).any(axis=1)
        for effort in sorted(efforts)
    )
    assert not (less & ~more).any()


@settings(max_examples=30)
@given(given_texts=text_lists, seed=st.integers(0, 9))
def test_an_effort_of_one_reads_everything(
    given_texts: list[str], seed: int, encoder: Encoder, tiny_model: Model
) -> None:
    batch = split(given_texts)
    scores = random_scores(tiny_model, batch, seed)
    certain = Scores(np.eye(len(tiny_model.labels), dtype=np.float32)[scores.labels.argmax(axis=1)], *scores[1:])
    found = encoder.corrected(given_texts, batch, certain, 1)
    assert (found.kinds != scores.kinds).any(axis=1).all()


@given(given_texts=text_lists)
def test_an_effort_of_zero_reads_nothing(given_texts: list[str], encoder: Encoder, tiny_model: Model) -> None:
    batch = split(given_texts)
    scores = random_scores(tiny_model, batch)
    assert encoder.corrected(given_texts, batch, scores, 0) is scores


def test_the_doubt_of_an_effort(encoder: Encoder) -> None:
    for effort, doubt in DOUBTS.tolist():
        assert encoder.least_doubt(effort) == doubt
    assert encoder.least_doubt(0.375) == pytest.approx(0.175)


def test_a_certain_paragraph_has_no_doubt(encoder: Encoder) -> None:
    certain = np.nextafter(np.float32(1), np.float32(2))  # a sum of probabilities of kinds may be so large
    labels = np.array([[certain, 0, 0], [1, 0, 0], [0.25, 0.75, 0]], dtype=np.float32)
    assert doubts_of(labels).tolist() == [0, 0, 0.25]
    assert encoder.doubtful(Scores(labels, labels, np.ones(1, dtype=np.float32)), 1).all()
    assert len(doubts_of(labels[:0])) == 0


def test_blanks_around_a_paragraph_do_not_count(encoder: Encoder, tiny_model: Model) -> None:
    plain = ["Support us!\nThe ferry was late.\n" + "Nobody asked, she said. " * 30 + "Yes."]
    wide = ["\u3000" * 400 + "Support us!\t\n  The ferry was late.\n" + plain[0].split("\n")[2] + " " * 400]
    scores = random_scores(tiny_model, split(plain))
    found = [encoder.corrected(texts, split(texts), scores, 1).kinds.tolist() for texts in (plain, wide)]
    assert found[0] == found[1]


@pytest.mark.filterwarnings("ignore:invalid value")
def test_probabilities_that_are_no_numbers_are_an_error(encoder: Encoder, tiny_model: Model) -> None:
    broken = replace(encoder, document=Engine(simple_graph("Div", other=0.0, shape=("rows", None))))
    batch = split(TEXTS)
    with pytest.raises(ModelError, match="the encoder returns what is no number; install the package again"):
        broken.corrected(TEXTS, batch, random_scores(tiny_model, batch), 1)


@given(rows=st.integers(0, 40), inputs=st.integers(1, 40), outputs=st.integers(1, 40))
def test_a_product_is_the_same_row_by_row(rows: int, inputs: int, outputs: int) -> None:
    random = np.random.default_rng(rows)
    one = random.normal(size=(rows, inputs)).astype(np.float32)
    other = random.normal(size=(inputs, outputs)).astype(np.float32)
    found = product(one, other)
    np.testing.assert_allclose(found, one.astype(np.float64) @ other, rtol=1e-4, atol=1e-4)
    assert all((product(one[row : row + 1], other) == found[row]).all() for row in range(rows))


# As a value


def test_equal_encoders_are_equal_in_every_way(encoder: Encoder, tiny_model: Model) -> None:
    same, pickled = tiny_encoder(tiny_model), pickle.loads(pickle.dumps(encoder))
    assert encoder == same == pickled
    assert len({encoder, same, pickled}) == 1
    assert encoder.digest == same.digest == pickled.digest
    assert tiny_encoder(tiny_model, seed=1) != encoder


@pytest.mark.parametrize("name", [field.name for field in fields(Encoder)])
def test_every_part_counts(name: str, encoder: Encoder, tiny_model: Model) -> None:
    other = tiny_encoder(tiny_model, seed=1)
    changes: dict[str, Any] = {
        "tokenizer": replace(encoder.tokenizer, content=encoder.tokenizer.content + " "),
        "kind_labels": encoder.kind_labels[::-1], "calibration": encoder.calibration + 1, "doubts": encoder.doubts / 2,
    }  # fmt: skip
    changed = replace(encoder, **{name: changes.get(name, getattr(other, name))})
    assert changed != encoder
    assert changed.digest != encoder.digest


@pytest.mark.parametrize("effort", [0, 1, 0.5, np.float32(0.5), np.float64(1), np.int64(0)])
def test_an_effort(effort: Any) -> None:
    check_effort(effort)


@pytest.mark.parametrize("effort", [-0.1, 1.1, float("nan"), float("inf"), True, None, "0.5", [0.5]])
def test_no_effort(effort: Any) -> None:
    with pytest.raises(UsageError, match=r"give a number from 0 \(the small model alone\) to 1 \(everything is read\)"):
        check_effort(effort)
