"""From a fit to the accurate model: the arrays of a network, the documents of a fold, and the doubt of each effort."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from labelled import document, paragraph
from scoring import scores_of
from tiny_encoder import document_arrays, document_engine, random_layer, tiny_tokenizer

from detector.encoder.model import Encoder
from detector.encoder.storage import load, save
from detector.encoder.tokens import DESCRIBED
from detector.encoder.windows import LENGTH
from detector.errors import DataError
from detector.evaluation.labelled import LabelledDocument, read_documents
from detector.fit.data import site_folds
from detector.fit.origins import AUGMENTED, LINES, PAGE
from detector.inference.calibration import calibrate, softmax
from detector.inference.model import Model
from detector.text.paragraphs import split
from detector.util.arrays import Floats
from training.teacher.held_out import HeldOut, best_share, held_out, read_again, scaled, scaling, temperature
from training.teacher.pretrained import HEADS
from training.teacher.ship import capped, completed, encoder_of, measured_doubts, paired
from training.train import SHIPPED

WIDTH, INNER, LAYERS = 2 * HEADS, 40, 2


def arrays_of(model: Model) -> Mapping[str, Floats]:
    """The parameters of a small network, under the names of `training.teacher.network.Reader`."""
    random = np.random.default_rng(4)
    kinds, words = len(model.kinds), len(tiny_tokenizer())

    def normal(*shape: int) -> Floats:
        return random.normal(0, 0.5, shape).astype(np.float32)

    layers = [random_layer(random, WIDTH, INNER) for _ in range(LAYERS)]
    encoder = {
        "words.weight": normal(words, WIDTH), "positions.weight": normal(LENGTH, WIDTH),
        "normalized.weight": normal(WIDTH) + 1, "normalized.bias": normal(WIDTH),
        "described.weight": normal(WIDTH, DESCRIBED + kinds), "described.bias": normal(WIDTH),
        **{f"layers.{n}.{name}": array for n, layer in enumerate(layers) for name, array in layer.items()},
    }  # fmt: skip
    return {f"encoder.{name}": array for name, array in encoder.items()} | document_arrays(random, WIDTH, kinds)


@pytest.fixture(scope="module")
def documents(tiny_data: Path) -> list[LabelledDocument]:
    return list(read_documents([tiny_data]))


@pytest.fixture(scope="module")
def kinds(documents: list[LabelledDocument], tiny_model: Model) -> Floats:
    return np.concatenate([scores_of(tiny_model, [d.text]).kinds for d in documents])


@pytest.fixture(scope="module")
def unseen(documents: list[LabelledDocument], kinds: Floats, tiny_model: Model) -> HeldOut:
    return held_out(documents, kinds, 0, tiny_model)


# The encoder of a network


def test_the_arrays_of_a_network(tiny_model: Model, tmp_path: Path) -> None:
    arrays = arrays_of(tiny_model)
    encoder = encoder_of(arrays, tiny_tokenizer(), tiny_model)
    words = encoder.embedding.words * encoder.embedding.scale[:, None]
    assert encoder.embedding.words.dtype == np.int8
    np.testing.assert_allclose(
        words, arrays["encoder.words.weight"], atol=np.abs(arrays["encoder.words.weight"]).max() / 250
    )
    assert (encoder.embedding.described == arrays["encoder.described.weight"].T).all()
    assert encoder.document == document_engine(dict(arrays))
    save(encoder, tmp_path, {"small": "0", "thresholds": {}, "effort": 0.5})
    assert load(tmp_path).encoder == encoder


def test_a_token_without_weights(tiny_model: Model) -> None:
    arrays = dict(arrays_of(tiny_model))
    arrays["encoder.words.weight"] = np.zeros_like(arrays["encoder.words.weight"])
    assert not encoder_of(arrays, tiny_tokenizer(), tiny_model).embedding.words.any()


def test_all_layers_are_there_in_order(tiny_model: Model) -> None:
    arrays = dict(arrays_of(tiny_model))
    rows = np.random.default_rng(0).normal(size=(9, WIDTH)).astype(np.float32)
    whole = encoder_of(arrays, tiny_tokenizer(), tiny_model).engine(rows)
    first = {name: array for name, array in arrays.items() if not name.startswith("encoder.layers.1.")}
    second = {name: array for name, array in arrays.items() if not name.startswith("encoder.layers.0.")}
    second = {name.replace("layers.1.", "layers.0."): array for name, array in second.items()}
    between = encoder_of(first, tiny_tokenizer(), tiny_model).engine(rows)
    np.testing.assert_allclose(encoder_of(second, tiny_tokenizer(), tiny_model).engine(between), whole, atol=1e-4)


# The documents of a fold


def test_the_documents_of_a_fold(
    unseen: HeldOut, documents: list[LabelledDocument], kinds: Floats, tiny_model: Model
) -> None:
    folds = site_folds(documents, SHIPPED.folds)
    assert [d.id for d in unseen.documents] == [d.id for d in documents if folds[d.site] == 0]
    paragraphs = [p for d in unseen.documents for p in d.paragraphs]
    assert [tiny_model.labels[number] for number in unseen.label] == [p.label for p in paragraphs]
    assert unseen.bounds.tolist() == np.cumsum([0, *(len(d.paragraphs) for d in unseen.documents)]).tolist()
    first = 0
    for document_ in documents:
        rows = slice(first, first + len(document_.paragraphs))
        first = rows.stop
        if document_ in unseen.documents:
            number = list(unseen.documents).index(document_)
            own = unseen.small.kinds[unseen.bounds[number] : unseen.bounds[number + 1]]
            assert (own == kinds[rows]).all()


def test_documents_that_were_made_of_others_are_left_out(tiny_model: Model) -> None:
    given_documents = [
        document(f"{site} {origin}", paragraph("Support us!", "appeal"), site=site, origin=origin)
        for site in "abcdefgh"
        for origin in (PAGE, AUGMENTED, LINES, "trafilatura")
    ]
    scores = np.full((len(given_documents), len(tiny_model.kinds)), 0.1, dtype=np.float32)
    found = held_out(given_documents, scores, 1, tiny_model)
    assert {d.origin for d in found.documents} == {PAGE, "trafilatura"}
    assert [bool(each) for each in found.extracted] == [d.origin == "trafilatura" for d in found.documents]


@pytest.mark.parametrize("fold", [0, 99])
def test_scores_or_folds_of_other_documents(
    fold: int, documents: list[LabelledDocument], kinds: Floats, tiny_model: Model
) -> None:
    with pytest.raises(DataError, match="give the documents and the fold of the fit"):
        held_out(documents, kinds if fold else kinds[1:], fold, tiny_model)


# Reading again


def test_all_paragraphs_are_read_again(unseen: HeldOut, encoder: Encoder) -> None:
    assert (encoder.calibration == np.eye(*encoder.calibration.shape)).all()
    found = read_again(encoder, unseen)
    assert found.kinds.shape == unseen.small.kinds.shape
    assert (found.kinds != unseen.small.kinds).any(axis=1).all()
    texts = [d.text for d in unseen.documents]
    together = encoder.corrected(texts, split(texts), unseen.small, 1.0)
    assert (together.kinds == found.kinds).all()


def test_more_effort_reads_more_down_to_no_doubt(unseen: HeldOut, encoder: Encoder, tmp_path: Path) -> None:
    doubts = measured_doubts(encoder, unseen)
    assert doubts[0].tolist() == [0, 1]
    assert doubts[-1].tolist() == [1, 0]
    assert (np.diff(doubts[:, 0]) > 0).all()
    assert (np.diff(doubts[:, 1]) < 0).all()
    assert len(doubts) > 5
    save(replace(encoder, doubts=doubts), tmp_path, {"small": "0", "thresholds": {}, "effort": 0.5})
    assert (load(tmp_path).encoder.doubts == doubts).all()


def test_fewer_windows_with_more_context(encoder: Encoder, unseen: HeldOut) -> None:
    """Where fewer doubts happen to read more tokens, a higher effort still has no higher doubt."""
    [longest] = np.flatnonzero(np.diff(unseen.bounds) == np.diff(unseen.bounds).max())[:1].tolist()
    rows = int(np.diff(unseen.bounds)[longest])
    for seed in range(20):
        certain = 1 - np.exp(np.random.default_rng(seed).uniform(np.log(1e-4), np.log(0.5), rows))
        labels = np.stack([certain, 1 - certain, 0 * certain], axis=1).astype(np.float32)
        data = replace(
            unseen, documents=[unseen.documents[longest]], bounds=np.array([0, rows]),
            small=unseen.small._replace(labels=labels),
        )  # fmt: skip
        doubts = measured_doubts(encoder, data)
        assert (np.diff(doubts[:, 0]) > 0).all()
        assert (np.diff(doubts[:, 1]) < 0).all()
        assert doubts[-1].tolist() == [1, 0]


@pytest.mark.parametrize("certain", [0.4, 1.0])
def test_equal_doubts(certain: float, unseen: HeldOut, encoder: Encoder) -> None:
    labels = np.full_like(unseen.small.labels, (1 - certain) / 2)
    labels[:, 0] = certain
    doubts = measured_doubts(encoder, replace(unseen, small=unseen.small._replace(labels=labels)))
    assert doubts.tolist() == [[0, 1], [1, 0]]


# The share of the correction


def test_a_correction_that_is_too_certain_counts_less(unseen: HeldOut, tiny_model: Model) -> None:
    """Where labels follow some logits, and the correction is a multiple of those, the share undoes the multiple."""
    random = np.random.default_rng(2)
    number, kinds = 4000, len(tiny_model.kinds)
    small = softmax(random.normal(0, 1, (number, kinds)).astype(np.float32))
    correction = random.normal(0, 1.5, (number, kinds)).astype(np.float32)
    true = softmax(np.log(small) + correction)
    drawn = (true.cumsum(axis=1) > random.random((number, 1))).argmax(axis=1)
    data = replace(
        unseen, small=unseen.small._replace(labels=small @ tiny_model.membership, kinds=small),
        label=np.array(tiny_model.kind_labels)[drawn], weight=np.ones(number, dtype=np.float32),
    )  # fmt: skip
    for factor, share in ((1, 1.0), (2, 0.5)):
        read = softmax(np.log(small) + factor * correction)
        found, multiplied = best_share(data, read, tiny_model.kind_labels)
        assert found == pytest.approx(share, abs=0.11)
        assert multiplied == pytest.approx(1, abs=0.1)
        np.testing.assert_allclose(scaled(small, read, 1 / factor), true, atol=1e-4)
        np.testing.assert_allclose(scaled(small, read, 0), small, atol=1e-6)


def test_thresholds_are_not_above_those_of_the_default_model() -> None:
    assert capped({"gentle": 0.1, "balanced": 0.4}, {"gentle": 0.2, "balanced": 0.3}) == {
        "gentle": 0.1,
        "balanced": 0.3,
    }


@pytest.mark.parametrize("given", [None, 0.4])
def test_a_completed_encoder_returns_the_calibrated_probabilities(
    documents: list[LabelledDocument], kinds: Floats, tiny_model: Model, given: float | None
) -> None:
    arrays = arrays_of(tiny_model)
    data = held_out(documents, kinds, 0, tiny_model)
    plain = encoder_of(arrays, tiny_tokenizer(), tiny_model)
    share, encoder = completed(plain, arrays, data, given)
    assert share == given if given else 0.3 <= share <= 1
    expected = scaled(data.small.kinds, read_again(plain, data).kinds, share)
    labels = calibrate(expected, tiny_model.kind_labels, encoder.calibration)[0]
    np.testing.assert_allclose(read_again(encoder, data).labels, labels, atol=1e-4)
    assert (read_again(encoder, data, 0.0).labels == data.small.labels).all()


def test_an_encoder_for_another_small_model(unseen: HeldOut, encoder: Encoder, tiny_model: Model) -> None:
    """Its calibration is chosen again, whatever it was before; its share of the correction stays."""
    made = paired(encoder, unseen)
    assert made == paired(replace(encoder, calibration=scaling(3, 3), doubts=made.doubts[[0, -1]]), unseen)
    assert made.document == encoder.document
    assert (made.doubts == measured_doubts(encoder, unseen)).all()
    factor, _ = temperature(read_again(encoder, unseen).labels, unseen.label, unseen.weight)
    np.testing.assert_allclose(made.calibration, scaling(factor, 3))


@pytest.mark.parametrize("factor", [0.5, 1.0, 1.5])
def test_temperature(factor: float) -> None:
    random = np.random.default_rng(1)
    logits = random.normal(0, 2, (5000, 3)).astype(np.float32)
    label = (softmax(factor * logits).cumsum(axis=1) > random.random((5000, 1))).argmax(axis=1)
    found, loss = temperature(softmax(logits), label, np.ones(5000, dtype=np.float32))
    assert found == pytest.approx(factor, abs=0.08)
    assert 0 < loss < np.log(3)
