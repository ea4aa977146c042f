"""The compiled path gives what numpy gives, to the last bit, and is taken when it pays."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from same import assert_same
from texts import text_lists

import detector
from detector import context, model, paragraphs, speed
from detector.cleaner import Cleaner
from detector.errors import UsageError
from detector.features import BUCKETS, READ_BYTES, tokenize
from detector.model import LinearStep, Model
from detector.network import BLOCK, DocumentNetwork, Ensemble, Layer, layer_shapes
from detector.paragraphs import BACK, FRONT, Batch, Mode, split
from detector.vectors import DIMENSIONS, WordVectors

pytest.importorskip("numba", reason="numba is not installed: pip install 'boilerplate-detector[speed]'")

from detector import accelerated, kernels, kernels_context, kernels_lines, kernels_network, kernels_words


def buffer_of(texts: list[str]) -> tuple[bytes, Any]:
    blobs = [text.encode("utf-8", "surrogatepass") for text in texts]
    origin = FRONT + np.concatenate(([0], np.cumsum([len(blob) + 1 for blob in blobs]))).astype(np.int64)
    return b"\n" * FRONT + b"\n".join(blobs) + b"\n" * BACK, origin


ODD_TEXTS = {
    "nothing": [],
    "empty texts": ["", "\n", "   "],
    "no words": ["***", "—\n…"],
    "words of one letter": ["a " * READ_BYTES],
    "one word": ["x" * (3 * READ_BYTES)],
    "characters that are words": ["東a" * READ_BYTES],
    "more than is read": ["\n".join(["Quay News " * (READ_BYTES // 8), "short", "ÄÖ1 " * READ_BYTES])],
    "blanks at both ends": [" " * 63 + "a" + "\u3000" * 63, " " * 64 + "a", " " * 65 + "a" + " " * 65],
    "many paragraphs": ["\n".join(f"Line {number % 7} of the Ferry Post" for number in range(1000)), "one"],
    "a whole block": ["\n".join("Give now!" for _ in range(BLOCK))],
    "documents of one line": [f"Ferry {number}" for number in range(BLOCK + 3)],
    "documents of a few lines, some of none": ["Support us!\nLine 1\n" * (number % 6) for number in range(40)],
    "beyond the basic plane": ["\U00020000\U0003ffff\U00040000 𐐀𝔘 😀"],
}


def random_network(kinds: int, labels: int, hidden: int, pool: int, random: np.random.Generator) -> DocumentNetwork:
    shapes = layer_shapes(context.columns(labels, kinds), kinds, hidden, pool)
    return DocumentNetwork.of([
        Layer(
            (random.normal(size=shape) / np.sqrt(shape[0])).astype(np.float32),
            random.normal(size=shape[1]).astype(np.float32),
        )
        for shape in shapes
    ])  # fmt: skip


def random_ensemble(kinds: int, labels: int, sizes: tuple[tuple[int, int], ...], seed: int) -> Ensemble:
    random, inputs = np.random.default_rng(seed), context.columns(labels, kinds)
    mean = random.normal(size=inputs).astype(np.float32)
    factor = (2.0 ** random.integers(-6, 10, inputs) * random.random(inputs)).astype(np.float32)
    members = tuple(random_network(kinds, labels, hidden, pool, random) for hidden, pool in sizes)
    return Ensemble(mean, factor, members) if sizes else Ensemble.none()


def random_vectors(random: np.random.Generator) -> WordVectors:
    """Vectors of every other word of the odd texts, and of words that no text has but that share their buckets."""
    hashes = np.unique(tokenize(split([text for texts in ODD_TEXTS.values() for text in texts])).hashes)
    numbers = random.integers(-127, 128, (len(hashes), DIMENSIONS)).astype(np.int8)
    vectors = WordVectors.of(hashes, numbers)
    vectors.marks[::2] ^= np.uint32(1)
    return vectors


def random_model(kinds: int, sizes: tuple[tuple[int, int], ...] = ((7, 3), (7, 3)), known: bool = True) -> Model:
    """A model that has learned nothing, of two labels (or one), with a network for each of ``sizes``."""
    random = np.random.default_rng(kinds)
    labels = min(kinds, 2)
    networks = random_ensemble(kinds, labels, sizes, kinds)
    linear = LinearStep(
        random.choice([-127, 0, 127, 3], (BUCKETS, kinds)).astype(np.int8),
        random.uniform(1e-4, 1e-2, kinds).astype(np.float32),
        random.normal(size=kinds).astype(np.float32),
    )
    rarity = random.integers(0, 256, BUCKETS).astype(np.uint8)
    vectors = random_vectors(random) if known else WordVectors.none()
    calibration = random.normal(size=(labels + 1, labels)).astype(np.float32)
    names = tuple(f"kind {number}" for number in range(kinds))
    of_kind = tuple(number % labels for number in range(kinds))
    return Model(
        ("reporting", "appeal")[:labels], names, of_kind, linear, rarity, vectors, networks, calibration, {}, {}
    )


MODELS = {kinds: random_model(kinds) for kinds in (1, 2, 5, 6)} | {
    17: random_model(17, ()),
    20: random_model(20, ((1, 1),), known=False),
    21: random_model(21, ((16, 5), (9, 4), (48, 12))),
}


def assert_paths_agree(of: Model, batch: Batch) -> None:
    plain, fast = model.read(batch, of), accelerated.read(batch, of)
    assert_same(plain, fast, "reading")
    probabilities = model.softmax(plain.scores)
    assert_same(probabilities, accelerated.softmax(plain.scores), "softmax")
    rows = model.rows(plain.evidence, plain.scores, probabilities, of)
    assert_same(rows, accelerated.rows(fast.evidence, plain.scores, probabilities, of), "rows")
    if of.networks.members:
        fast_rows = rows.copy()
        scores = model.scores(of.networks, rows, batch.bounds)
        assert_same(scores, accelerated.scores(of.networks, fast_rows, batch.bounds), "networks")
        assert_same(rows, fast_rows, "standardized rows")


modes = st.sampled_from(["line", "blank"])


@given(texts=text_lists)
def test_lines(texts: list[str]) -> None:
    assert_same(paragraphs.split_lines(*buffer_of(texts)), accelerated.split_lines(*buffer_of(texts)))


@settings(max_examples=100)
@given(texts=text_lists, mode=modes, kinds=st.sampled_from(sorted(MODELS)))
def test_every_step(texts: list[str], mode: Mode, kinds: int) -> None:
    assert_paths_agree(MODELS[kinds], split(texts, mode))


@pytest.mark.parametrize("mode", ["line", "blank"])
@pytest.mark.parametrize("name", sorted(ODD_TEXTS))
def test_odd_texts(name: str, mode: Mode) -> None:
    texts = ODD_TEXTS[name]
    assert_same(paragraphs.split_lines(*buffer_of(texts)), accelerated.split_lines(*buffer_of(texts)))
    for of in MODELS.values():
        assert_paths_agree(of, split(texts, mode))


def test_every_character() -> None:
    texts = ["".join(map(chr, range(at, at + 4096))) for at in range(0, 0x30000, 4096)]
    assert_same(paragraphs.split_lines(*buffer_of(texts)), accelerated.split_lines(*buffer_of(texts)))
    assert_paths_agree(MODELS[6], split(texts))


def test_some_words_of_the_odd_texts_are_known_and_some_are_not() -> None:
    batch = split(ODD_TEXTS["many paragraphs"])
    rows = MODELS[6].vectors.rows(tokenize(batch).hashes)
    assert (rows > 0).any()
    assert (rows == 0).any()
    assert model.read(batch, MODELS[6]).evidence.meanings.any()
    assert not model.read(batch, MODELS[20]).evidence.meanings.any()


# When it is taken


def with_wish(wish: str, monkeypatch: pytest.MonkeyPatch) -> ModuleType | None:
    monkeypatch.setenv(speed.VARIABLE, wish)
    return speed.kernels()


def predictions(cleaner: Cleaner, texts: list[str]) -> list[Any]:
    return [(p.label_scores, p.kind_scores, p.starts, p.ends, p.words, p.keep) for p in cleaner.predict_many(texts)]


def test_predictions_are_the_same(tiny_model: Model, seed_texts: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    texts = [*seed_texts, *ODD_TEXTS["more than is read"], "", "x " * 300_000]
    for mode in ("line", "blank"):
        cleaner = Cleaner(tiny_model, 0.5, mode=mode)
        assert with_wish("0", monkeypatch) is None
        plain = predictions(cleaner, texts)
        assert with_wish("1", monkeypatch) is accelerated
        for left, right in zip(plain, predictions(cleaner, texts), strict=True):
            assert all(map(np.array_equal, left, right))


def test_threads_share_the_kernels(tiny_model: Model, seed_texts: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    with_wish("1", monkeypatch)
    cleaner = Cleaner(tiny_model, 0.5)
    expected = predictions(cleaner, seed_texts)
    with ThreadPoolExecutor(4) as pool:
        for got in pool.map(lambda _: predictions(cleaner, seed_texts), range(8)):
            assert all(
                np.array_equal(a, b) for x, y in zip(expected, got, strict=True) for a, b in zip(x, y, strict=True)
            )


@pytest.mark.parametrize("note", [speed.count, speed.expect])
def test_numba_comes_in_with_enough_text(note: Callable[[int], None], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(speed.VARIABLE, raising=False)
    monkeypatch.setattr(speed, "_switch", speed._Switch())
    note(speed.ENOUGH - 1)
    assert speed.kernels() is None
    note(speed.ENOUGH)
    assert speed.kernels() is accelerated
    assert with_wish("0", monkeypatch) is None


def test_a_wish_that_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UsageError, match="DETECTOR_NUMBA=yes"):
        with_wish("yes", monkeypatch)


def test_without_numba(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(speed, "_switch", speed._Switch())
    monkeypatch.setitem(sys.modules, "detector.accelerated", None)
    monkeypatch.delattr(detector, "accelerated")
    with pytest.raises(UsageError, match=r"boilerplate-detector\[speed\]"):
        with_wish("1", monkeypatch)
    speed.count(speed.ENOUGH)
    assert with_wish("", monkeypatch) is None


def test_a_small_input_does_not_import_numba(tiny_model_dir: Any) -> None:
    code = (
        "import sys, detector; "
        f"detector.load({str(tiny_model_dir)!r}).clean('Give now!'); "
        "sys.exit('numba' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


# Compilation


def test_a_kernel_is_compiled_for_one_set_of_types() -> None:
    assert_paths_agree(MODELS[6], split(["Give now!"]))
    modules = (kernels, kernels_context, kernels_lines, kernels_network, kernels_words)
    found = [value for module in modules for value in vars(module).values() if hasattr(value, "signatures")]
    whole = [kernel for kernel in found if not kernel.targetoptions.get("forceinline")]
    assert [kernel for kernel in whole if len(kernel.signatures) != 1] == []
    assert len(whole) > 5


def test_a_kernel_without_a_place_for_a_cache() -> None:
    space: dict[str, Any] = {}
    exec("def double(value):\n    return 2 * value\n", space)
    assert kernels.compiled(space["double"])(4) == 8
