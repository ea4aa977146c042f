"""The network of PyTorch computes what the encoder of the accurate model does, with any batch, and can be fitted."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

pytest.importorskip("torch", reason="only training/teacher needs PyTorch (its requirements.txt)")

import numpy as np
import torch
from bert_layers import by_numpy
from labelled import document, paragraph
from tiny_encoder import tiny_tokenizer

from detector.encoder.engine import Engine
from detector.encoder.model import SEPARATOR, Encoder
from detector.encoder.reading import LOGS_DIVISOR, Reading
from detector.encoder.tokens import DESCRIBED, UNKNOWN, ParagraphTokenizer
from detector.encoder.windows import LENGTH, Window
from detector.errors import UsageError
from detector.evaluation.labelled import LabelledDocument
from detector.fit.config import FitConfig
from detector.fit.origins import PAGE, SEED
from detector.inference.calibration import softmax
from detector.inference.model import kind_membership
from detector.util.arrays import Floats
from training.teacher import network as networks
from training.teacher.batches import PADDING, batch_of, grouped, longest_windows
from training.teacher.examples import Examples, Item, examples
from training.teacher.export import graph
from training.teacher.fit import Fit, Pass, TeacherConfig, begin_with, with_word_dropout
from training.teacher.network import Reader, Sizes
from training.teacher.pretrained import HEADS, INNER, WIDTH, Pretrained
from training.teacher.ship import encoder_of

LAYERS = 2
CPU = torch.device("cpu")
KINDS = (("reporting", "body"), ("reporting", "heading"), ("appeal", "donation"), ("navigation", "menu"))


def documents() -> list[LabelledDocument]:
    random = np.random.default_rng(0)
    made = []
    for number in range(40):
        paragraphs = [
            paragraph(f"{number} ferry " * int(random.integers(1, 30)), *KINDS[int(random.integers(len(KINDS)))])
            for _ in range(int(random.integers(1, 30)))
        ]
        made.append(document(f"d{number}", *paragraphs, site=f"s{number // 2}", origin=(PAGE, SEED, "x")[number % 3]))
    return [*made, document("empty")]


@pytest.fixture(scope="module", autouse=True)
def _one_thread() -> Iterator[None]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="module")
def data() -> Examples:
    made = documents()
    rows = sum(len(d.paragraphs) for d in made)
    scores = softmax(np.random.default_rng(1).normal(0, 3, (rows, len(KINDS))).astype(np.float32))
    return examples(made, scores, ParagraphTokenizer(tiny_tokenizer()), replace(FitConfig(), folds=2))


def network_for(data: Examples, dropout: float = 0.1) -> Reader:
    """A network whose weights of words are steps of int8, and whose layers and head have effect."""
    torch.manual_seed(0)
    model = Reader(Sizes(200, LAYERS, LENGTH, len(data.kinds), DESCRIBED), dropout)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(torch.randn_like(parameter) * 0.03)
        model.head.weight.mul_(10)
        steps = torch.randint(-127, 128, (200, WIDTH))
        steps[:, 0] = 127
        model.encoder.words.weight.copy_(steps / 100)
    return model


@pytest.fixture(scope="module")
def model(data: Examples) -> Reader:
    return network_for(data).eval()


@pytest.fixture(scope="module")
def items(data: Examples) -> list[Item]:
    return [data.windows(number, data.sizes) for number in np.flatnonzero(np.diff(data.bounds)).tolist()]


class Named:
    """What `encoder_of` takes of a model."""

    def __init__(self, data: Examples) -> None:
        self.labels, self.kinds, self.kind_labels = data.labels, data.kinds, data.kind_labels


@pytest.fixture(scope="module")
def encoder(model: Reader, data: Examples) -> Encoder:
    arrays = {name: tensor.numpy() for name, tensor in model.state_dict().items()}
    return encoder_of(arrays, tiny_tokenizer(), Named(data))  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def exact(encoder: Encoder, model: Reader) -> Encoder:
    """The encoder without quantization."""
    layers = [{n: t.numpy() for n, t in layer.state_dict().items()} for layer in model.encoder.layers]
    return replace(encoder, engine=Engine(graph(layers, HEADS).SerializeToString()))


def read_by(encoder: Encoder, data: Examples, item: Item) -> Floats:
    """The logits of a document by the encoder of the accurate model, of which the windows of an item are read."""
    number, own = item
    rows = np.arange(data.bounds[number], data.bounds[number + 1])
    words = [data.tokens.ids[data.tokens.bounds[t] : data.tokens.bounds[t + 1]] for t in data.text[rows]]
    numbers = np.concatenate([data.described[rows], data.logs[rows] / LOGS_DIVISOR], axis=1)
    windows = tuple(Window(start, stop, start, stop) for start, stop in own)
    doubtful = np.ones(len(rows), dtype=np.bool_)
    reading = Reading(doubtful, numbers, data.logs[rows], np.arange(len(rows)), words, windows)
    return encoder.logits(reading, encoder.vectors(reading))


def read_by_network(model: Reader, data: Examples, items: list[Item]) -> list[Floats]:
    batch = batch_of(data, items)[0]
    with torch.no_grad():
        return [part.numpy() for part in model(batch).split(batch.counts.tolist())]


def partly(items: list[Item]) -> list[Item]:
    """The documents that have several windows, without every second one."""
    return [(number, own[::2]) for number, own in items if len(own) > 1]


# The network and the encoder


@pytest.mark.parametrize("part", [False, True])
def test_the_network_and_the_encoder_before_quantization(
    part: bool, model: Reader, exact: Encoder, data: Examples, items: list[Item]
) -> None:
    chosen = (partly(items) if part else items)[:8]
    corrections = []
    for item, logits in zip(chosen, read_by_network(model, data, chosen), strict=True):
        np.testing.assert_allclose(read_by(exact, data, item), logits, atol=2e-4)
        corrections.append(logits - data.logs[data.bounds[item[0]] : data.bounds[item[0] + 1]])
    assert np.concatenate(corrections).std() > 0.5


def test_the_network_and_the_quantized_encoder(
    model: Reader, encoder: Encoder, data: Examples, items: list[Item]
) -> None:
    chosen = items[:9]
    logs = np.concatenate([data.logs[data.bounds[n] : data.bounds[n + 1]] for n, _ in chosen])
    expected = np.concatenate(read_by_network(model, data, chosen)) - logs
    found = np.concatenate([read_by(encoder, data, item) for item in chosen]) - logs
    assert np.abs(found - expected).mean() < 0.05 * expected.std()
    assert np.abs(found - expected).max() < 0.3 * expected.std()


def test_a_document_does_not_depend_on_its_batch(model: Reader, data: Examples, items: list[Item]) -> None:
    chosen = sorted(items, key=lambda item: len(item[1]))[::5]
    for item, logits in zip(chosen, read_by_network(model, data, chosen), strict=True):
        np.testing.assert_allclose(read_by_network(model, data, [item])[0], logits, atol=1e-4)


def test_what_is_elsewhere_in_a_document_counts(model: Reader, data: Examples, items: list[Item]) -> None:
    """A window's paragraphs are told from those of others, and from those that are not read."""
    (number, own), *_ = partly(items)
    whole = data.windows(number, data.sizes)
    first = slice(0, own[0][1])
    [one], [other] = read_by_network(model, data, [whole]), read_by_network(model, data, [(number, own)])
    assert np.abs(one[first] - other[first]).max() > 1e-3


def test_a_layer_is_that_of_bert(model: Reader) -> None:
    rows = torch.randn(1, 50, WIDTH)
    layer = model.encoder.layers[0]
    with torch.no_grad():
        found = layer(rows, torch.zeros(1, 1, 1, 50))[0].numpy()
    arrays = {name: tensor.numpy() for name, tensor in layer.state_dict().items()}
    np.testing.assert_allclose(found, by_numpy(rows[0].numpy(), [arrays], HEADS), atol=1e-4)


# Batches


@pytest.mark.parametrize("part", [False, True])
def test_a_batch_token_by_token(part: bool, data: Examples, items: list[Item]) -> None:
    chosen = (partly(items) if part else items)[3:9]
    batch, rows = batch_of(data, chosen)
    assert rows.tolist() == [row for n, _ in chosen for row in range(data.bounds[n], data.bounds[n + 1])]
    assert batch.counts.tolist() == [data.bounds[n + 1] - data.bounds[n] for n, _ in chosen]
    spans = [(n, start, stop) for n, own in chosen for start, stop in own]
    assert rows[batch.row.numpy()].tolist() == [
        data.bounds[n] + row for n, start, stop in spans for row in range(start, stop)
    ]
    assert batch.ids.shape == batch.paragraph.shape == (len(spans), batch.ids.shape[1])
    assert batch.ids.shape[1] % 16 == 0
    expected_ids = np.full(batch.ids.shape, PADDING)
    expected_paragraph = np.full(batch.ids.shape, len(batch.row))
    separators, place = [], 0
    for number, (document_, start, stop) in enumerate(spans):
        at = 0
        for row in range(start, stop):
            text = data.text[data.bounds[document_] + row]
            own = [*data.tokens.ids[data.tokens.bounds[text] : data.tokens.bounds[text + 1]], 2]
            expected_ids[number, at : at + len(own)] = own
            expected_paragraph[number, at : at + len(own)] = place
            at += len(own)
            separators.append(number * batch.ids.shape[1] + at - 1)
            place += 1
    assert (batch.ids.numpy() == expected_ids).all()
    assert (batch.paragraph.numpy() == expected_paragraph).all()
    assert batch.separator.tolist() == separators
    assert (batch.described.numpy() == data.described[rows]).all()
    assert (batch.logs.numpy() == data.logs[rows]).all()


@pytest.mark.parametrize("tokens", [LENGTH, 1000, 6144])
def test_groups_have_every_document_once_and_are_not_too_large(tokens: int, data: Examples, items: list[Item]) -> None:
    longest = longest_windows(data, items, data.sizes)
    assert longest.tolist() == [
        max(int(data.sizes[data.bounds[n] + start : data.bounds[n] + stop].sum()) for start, stop in own)
        for n, own in items
    ]
    groups = list(grouped(items, longest, tokens, np.random.default_rng(3)))
    assert sorted(item for group in groups for item in group) == sorted(items)
    size = dict(zip((n for n, _ in items), longest.tolist(), strict=True))
    for group in groups:
        windows = sum(len(own) for _, own in group)
        assert len(group) == 1 or windows * max(size[n] for n, _ in group) <= tokens


# Fitting

SMALL = TeacherConfig(layers=LAYERS, tokens=1200, batch_tokens=400, left_out=(1,))


def test_a_fit_that_was_stopped_goes_on(data: Examples, tmp_path: Path) -> None:
    chosen = np.flatnonzero((data.fold == 0) & (np.diff(data.bounds) > 0))
    first = Fit(network_for(data), data, SMALL, CPU)
    assert not first.run(chosen, time.monotonic() - 1, print, lambda: None)
    assert (first.step, first.seen > 0) == (1, True)
    first.save(tmp_path / "state.pt")
    again = Fit(network_for(data), data, SMALL, CPU)
    again.resume(tmp_path / "state.pt")
    assert (again.step, again.seen) == (first.step, first.seen)
    for one, other in ((again.model, first.model), (again.averaged, first.averaged)):
        assert all(map(torch.equal, one.state_dict().values(), other.state_dict().values()))
    assert again.run(chosen, float("inf"), print, lambda: None)
    assert again.seen >= SMALL.tokens
    for model in (again.model, again.averaged):
        assert all(torch.isfinite(tensor).all() for tensor in model.state_dict().values())
    pairs = zip(again.model.parameters(), again.averaged.parameters(), strict=True)
    assert not any(torch.equal(one, other) for one, other in pairs)


def test_a_fit_can_begin_with_the_weights_of_another(data: Examples, tmp_path: Path) -> None:
    first = Fit(network_for(data), data, SMALL, CPU, before=5000)
    first.run(np.flatnonzero(np.diff(data.bounds) > 0), float("inf"), print, lambda: None)
    first.save(tmp_path / "state.pt")
    model = network_for(data)
    assert begin_with(model, tmp_path / "state.pt") == 5000 + first.seen
    assert all(map(torch.equal, model.state_dict().values(), first.averaged.state_dict().values()))


@pytest.mark.parametrize("share", [0.0, 0.3, 1.0])
def test_word_dropout_leaves_separators_and_padding(share: float, data: Examples, items: list[Item]) -> None:
    batch, _ = batch_of(data, items)
    torch.manual_seed(0)
    read = with_word_dropout(batch, share)
    is_word = ~torch.isin(batch.ids, torch.tensor([PADDING, SEPARATOR]))
    assert torch.equal(read.ids[~is_word], batch.ids[~is_word])
    changed = read.ids != batch.ids
    assert (read.ids[changed] == UNKNOWN).all()
    dropped = (read.ids[is_word] == UNKNOWN).float().mean()
    assert dropped == pytest.approx(share, abs=0.03 if 0 < share < 1 else 0)


def test_a_fit_drops_words(data: Examples) -> None:
    seen: list[torch.Tensor] = []
    fit = Fit(network_for(data), data, replace(SMALL, word_dropout=1), CPU)
    fit.model.encoder.words.register_forward_pre_hook(lambda _, given: seen.append(given[0]))
    fit.run(np.flatnonzero(np.diff(data.bounds) > 0), time.monotonic() - 1, print, lambda: None)
    assert set(torch.cat([ids.flatten() for ids in seen]).tolist()) <= {PADDING, SEPARATOR, UNKNOWN}


@pytest.mark.parametrize("name", ["word_dropout", "certain"])
@pytest.mark.parametrize("share", [-0.1, 1.1])
def test_what_is_no_share_raises(name: str, share: float) -> None:
    with pytest.raises(UsageError, match=name):
        replace(SMALL, **{name: share})  # type: ignore[arg-type]


@pytest.mark.parametrize("frozen", [-1, LAYERS + 1])
def test_more_frozen_layers_than_there_are_raise(frozen: int) -> None:
    with pytest.raises(UsageError, match="frozen"):
        replace(SMALL, frozen=frozen)


@pytest.mark.parametrize("frozen", range(LAYERS + 1))
def test_first_layers_that_stay_as_pretrained(frozen: int, data: Examples) -> None:
    fit = Fit(network_for(data), data, replace(SMALL, frozen=frozen), CPU)
    before = {name: tensor.clone() for name, tensor in fit.model.state_dict().items()}
    fit.run(np.flatnonzero(np.diff(data.bounds) > 0), time.monotonic() - 1, print, lambda: None)
    same = {name for name, tensor in fit.model.state_dict().items() if torch.equal(tensor, before[name])}
    layers = [name for name in before if name.startswith("encoder.layers.")]
    assert same == {
        *(name for name in layers if int(name.split(".")[2]) < frozen),
        *(("encoder.words.weight", "encoder.positions.weight") if frozen else ()),
    }


def test_a_pass_reads_the_right_documents(data: Examples) -> None:
    chosen = np.flatnonzero(np.diff(data.bounds) > 0)
    drawn = [n for batch in Pass(data, chosen, SMALL).batches(np.random.default_rng(0)) for n, _ in batch]
    origins = [data.documents[n].origin for n in set(drawn)]
    assert origins.count(PAGE) == sum(d.origin == PAGE for d in data.documents)
    assert origins.count(SEED) == sum(d.origin == SEED for d in data.documents)


@pytest.mark.parametrize(("whole", "least", "most"), [(1.0, 0.0, 0.0), (0.5, 0.1, 0.6), (0.0, 0.5, 0.95)])
def test_documents_are_read_in_part(whole: float, least: float, most: float, data: Examples) -> None:
    chosen = np.flatnonzero(np.diff(data.bounds) > 0)
    drawn = Pass(data, chosen, replace(SMALL, whole=whole)).batches(np.random.default_rng(0))
    items = [item for batch in drawn for item in batch]
    assert all(own for _, own in items)
    read = np.array([sum(stop - start for start, stop in own) for _, own in items])
    counts = np.diff(data.bounds)[[number for number, _ in items]]
    assert least <= np.mean(read < counts) <= most


@pytest.mark.parametrize(("certain", "least", "most"), [(0.0, 0.0, 0.0), (0.25, 0.1, 0.4), (1.0, 1.0, 1.0)])
def test_windows_without_doubt_are_read_in_part(certain: float, least: float, most: float, data: Examples) -> None:
    chosen = np.flatnonzero(np.diff(data.bounds) > 0)
    probabilities = np.exp(data.logs) @ kind_membership(data.kind_labels, len(data.labels))
    rows = np.flatnonzero(probabilities.max(axis=1) < 0.9)  # in doubt
    config = replace(SMALL, whole=1, certain=certain)
    drawn = [item for seed in range(20) for item in _items(Pass(data, chosen, config), seed)]
    every = [item for seed in range(20) for item in _items(Pass(data, chosen, replace(SMALL, whole=1)), seed)]

    def count(items: list[Item]) -> tuple[int, int]:
        own = [(data.bounds[d] + start, data.bounds[d] + stop) for d, windows in items for start, stop in windows]
        doubtful = sum(bool(((rows >= start) & (rows < stop)).any()) for start, stop in own)
        return doubtful, len(own) - doubtful

    (doubtful, without), (all_doubtful, all_without) = count(drawn), count(every)
    assert all(own for _, own in drawn)
    assert least <= without / all_without <= most
    assert doubtful == pytest.approx(all_doubtful, rel=0.15)


def _items(drawn: Pass, seed: int) -> list[Item]:
    return [item for batch in drawn.batches(np.random.default_rng(seed)) for item in batch]


# Pretrained weights


def pretrained_tensors() -> Iterator[tuple[str, Floats]]:
    random = np.random.default_rng(7)
    shapes = {
        "embeddings.word_embeddings.weight": (50, WIDTH), "embeddings.position_embeddings.weight": (512, WIDTH),
        "embeddings.token_type_embeddings.weight": (2, WIDTH),
    }  # fmt: skip
    dense = {
        "attention.self.query": (WIDTH, WIDTH), "attention.self.key": (WIDTH, WIDTH),
        "attention.self.value": (WIDTH, WIDTH), "attention.output.dense": (WIDTH, WIDTH),
        "intermediate.dense": (INNER, WIDTH), "output.dense": (WIDTH, INNER),
    }  # fmt: skip
    for layer in range(3):
        shapes |= {f"encoder.layer.{layer}.{name}.weight": shape for name, shape in dense.items()}
        shapes |= {f"encoder.layer.{layer}.{name}.bias": shape[:1] for name, shape in dense.items()}  # type: ignore[misc]
    norms = ["embeddings.LayerNorm"]
    norms += [f"encoder.layer.{n}.{of}.LayerNorm" for n in range(3) for of in ("attention.output", "output")]
    shapes |= {f"{name}.{what}": (WIDTH,) for name in norms for what in ("weight", "bias")}  # type: ignore[misc]
    for name, shape in shapes.items():
        yield name, random.normal(0, 0.05, shape).astype(np.float32)


def test_pretrained_weights_are_taken(data: Examples) -> None:
    tensors = dict(pretrained_tensors())
    model = networks.Encoder(4, LAYERS, DESCRIBED + len(data.kinds), LENGTH, 0.1)
    model.load(Pretrained(None, tensors), [0, 9, 2, 30])
    state = {name: tensor.numpy() for name, tensor in model.state_dict().items()}
    assert (state["words.weight"] == tensors["embeddings.word_embeddings.weight"][[0, 9, 2, 30]]).all()
    kind = tensors["embeddings.token_type_embeddings.weight"][0]
    np.testing.assert_allclose(
        state["positions.weight"], tensors["embeddings.position_embeddings.weight"][:LENGTH] + kind, rtol=1e-6
    )
    name = "encoder.layer.1."
    attended = [tensors[f"{name}attention.self.{part}.weight"] for part in ("query", "key", "value")]
    assert (state["layers.1.attended.weight"] == np.concatenate(attended)).all()
    assert (state["layers.1.output.bias"] == tensors[f"{name}attention.output.dense.bias"]).all()
    assert (state["layers.1.inner.weight"] == tensors[f"{name}intermediate.dense.weight"]).all()
    assert (state["layers.1.outer.weight"] == tensors[f"{name}output.dense.weight"]).all()
    assert (state["layers.1.first.weight"] == tensors[f"{name}attention.output.LayerNorm.weight"]).all()
    assert (state["layers.1.second.bias"] == tensors[f"{name}output.LayerNorm.bias"]).all()
