"""A tiny encoder with random weights: tests cover what is done with an encoder, not what it has learned."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers

from detector.encoder.engine import Engine
from detector.encoder.model import Embedding, Encoder
from detector.encoder.tokens import DESCRIBED, ParagraphTokenizer
from detector.encoder.windows import LENGTH
from detector.inference.model import Model
from detector.util.arrays import Floats
from training.teacher.export import document_graph, graph, quantized

WIDTH, INNER, HEADS, LAYERS = 16, 32, 2, 2
DOUBTS = np.array([[0.0, 1.0], [0.25, 0.3], [0.5, 0.05], [1.0, 0.0]])
_SPECIAL = ("<s>", "<pad>", "</s>", "<unk>")
_LETTERS = "▁abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.,:;!?'\"()-$€äöüéèñ"


def tiny_tokenizer() -> str:
    """A tokenizer of single characters, as JSON."""
    pieces = [(piece, 0.0 if piece in _SPECIAL else -1.0) for piece in (*_SPECIAL, *_LETTERS)]
    tokenizer = Tokenizer(models.Unigram(pieces, 3, byte_fallback=False))
    tokenizer.normalizer = normalizers.NFKC()
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    return str(tokenizer.to_str())


def random_layer(random: np.random.Generator, width: int = WIDTH, inner: int = INNER) -> Mapping[str, Floats]:
    """The arrays of a layer, as those of `training.teacher.network.Layer`."""
    shapes = {
        "attended": (3 * width, width),
        "output": (width, width),
        "inner": (inner, width),
        "outer": (width, inner),
    }
    arrays: dict[str, Floats] = {}
    for name, shape in shapes.items():
        arrays[f"{name}.weight"] = random.normal(0, 0.3, shape).astype(np.float32)
        arrays[f"{name}.bias"] = random.normal(0, 0.1, shape[0]).astype(np.float32)
    for name in ("first", "second"):
        arrays[f"{name}.weight"] = random.normal(1, 0.1, width).astype(np.float32)
        arrays[f"{name}.bias"] = random.normal(0, 0.1, width).astype(np.float32)
    return arrays


def document_arrays(
    random: np.random.Generator, width: int, kinds: int, entry: int = 8, state: int = 6
) -> dict[str, Floats]:
    """The arrays of `training.teacher.network.Reader` that read a document."""
    numbers = width + 1 + DESCRIBED + kinds
    shapes: dict[str, tuple[int, ...]] = {
        "entry.weight": (entry, numbers), "entry.bias": (entry,), "head.weight": (kinds, width + 2 * state),
        "head.bias": (kinds,),
    }  # fmt: skip
    for way in ("l0", "l0_reverse"):
        shapes[f"around.weight_ih_{way}"], shapes[f"around.weight_hh_{way}"] = (3 * state, entry), (3 * state, state)
        shapes[f"around.bias_ih_{way}"] = shapes[f"around.bias_hh_{way}"] = (3 * state,)
    return {name: random.normal(0, 0.5, shape).astype(np.float32) for name, shape in shapes.items()}


def document_engine(arrays: Mapping[str, Floats]) -> Engine:
    """The engine that reads a document."""
    return Engine(document_graph(arrays).SerializeToString())


def tiny_encoder(model: Model, seed: int = 0) -> Encoder:
    """An encoder for the labels and kinds of a model."""
    random = np.random.default_rng(seed)
    kinds, labels, words = len(model.kinds), len(model.labels), len(_SPECIAL) + len(_LETTERS)

    def normal(*shape: int) -> Floats:
        return random.normal(0, 0.5, shape).astype(np.float32)

    embedding = Embedding(
        random.integers(-127, 128, (words, WIDTH)).astype(np.int8), np.full(words, 0.01, dtype=np.float32),
        normal(LENGTH, WIDTH), normal(DESCRIBED + kinds, WIDTH), normal(WIDTH), normal(WIDTH) + 1, normal(WIDTH),
    )  # fmt: skip
    layers = [random_layer(random) for _ in range(LAYERS)]
    return Encoder(
        ParagraphTokenizer(tiny_tokenizer()), embedding, Engine(quantized(graph(layers, HEADS))),
        document_engine(document_arrays(random, WIDTH, kinds)), model.kind_labels,
        np.eye(labels + 1, labels, dtype=np.float32), DOUBTS,
    )  # fmt: skip
