"""The encoder as a network of PyTorch: BERT's layers over windows, and a recurrent network over the whole document.

A window holds whole paragraphs. Each ends with a separator, to whose embedding the numbers that describe the paragraph
are added (`detector.encoder.windows`). The vector of a paragraph is the mean of its tokens' outputs. A bidirectional
GRU (Cho et al., "Learning Phrase Representations using RNN Encoder-Decoder", 2014) goes over all paragraphs of a
document, also those that no window holds, which have a vector of zeros. The head's logits are a correction of those of
the small model.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils import rnn

from detector.encoder.reading import LOGS_DIVISOR
from training.teacher.pretrained import HEADS, INNER, WIDTH, Pretrained

ENTRY, AROUND = 128, 96  # widths of the recurrent network's input, and of its state in each direction
_EPSILON = 1e-12  # of the normalization of layers


@dataclass(frozen=True)
class Sizes:
    """The sizes of a network: tokens of the vocabulary, layers, positions, kinds, and numbers that describe."""

    words: int
    layers: int
    positions: int
    kinds: int
    described: int


@dataclass(frozen=True)
class Batch:
    """Documents, and windows of one length over some of their paragraphs.

    ``ids`` and ``paragraph`` have the shape ``(windows, tokens)``; ``paragraph`` is the number of each token's
    paragraph among those in windows, and padding has the last one + 1. ``separator`` is the position of each such
    paragraph's separator among all tokens, and ``row`` is its row in the documents. ``described`` and ``logs``, one row
    per paragraph of the documents, are the numbers of `Examples`. Document ``d`` has ``counts[d]`` paragraphs.
    """

    ids: Tensor
    paragraph: Tensor
    separator: Tensor
    row: Tensor
    described: Tensor
    logs: Tensor
    counts: Tensor


class Layer(nn.Module):
    """A layer of BERT: attention and two dense layers, each with a residual connection and normalization after it."""

    def __init__(self, dropout: float) -> None:
        super().__init__()
        self.attended = nn.Linear(WIDTH, 3 * WIDTH)
        self.output = nn.Linear(WIDTH, WIDTH)
        self.inner = nn.Linear(WIDTH, INNER)
        self.outer = nn.Linear(INNER, WIDTH)
        self.first = nn.LayerNorm(WIDTH, _EPSILON)
        self.second = nn.LayerNorm(WIDTH, _EPSILON)
        self.dropout = nn.Dropout(dropout)

    def forward(self, hidden: Tensor, mask: Tensor) -> Tensor:
        """``hidden``, ``(windows, tokens, WIDTH)``; ``mask`` is added to the attention's logits."""
        windows, tokens, _ = hidden.shape
        query, key, value = self.attended(hidden).view(windows, tokens, 3, HEADS, -1).permute(2, 0, 3, 1, 4)
        weights = (query * (WIDTH / HEADS) ** -0.5) @ key.transpose(-1, -2) + mask
        mixed = (weights.softmax(-1) @ value).transpose(1, 2).reshape(windows, tokens, WIDTH)
        hidden = self.first(hidden + self.dropout(self.output(mixed)))
        return self.second(hidden + self.dropout(self.outer(functional.gelu(self.inner(hidden)))))


class Encoder(nn.Module):
    """The paragraphs of windows to their vectors, ``(paragraphs in windows, WIDTH)``."""

    def __init__(self, words: int, layers: int, described: int, positions: int, dropout: float) -> None:
        super().__init__()
        self.words = nn.Embedding(words, WIDTH)
        self.positions = nn.Embedding(positions, WIDTH)
        self.normalized = nn.LayerNorm(WIDTH, _EPSILON)
        self.described = nn.Linear(described, WIDTH)
        self.layers = nn.ModuleList(Layer(dropout) for _ in range(layers))
        self.dropout = nn.Dropout(dropout)
        nn.init.normal_(self.described.weight, std=0.02)
        nn.init.zeros_(self.described.bias)

    def forward(self, batch: Batch, numbers: Tensor) -> Tensor:
        """``numbers``, one row per paragraph in a window, are added to its separator."""
        windows, tokens = batch.ids.shape
        hidden = self.words(batch.ids) + self.positions.weight[:tokens]
        told = self.described(numbers).to(hidden.dtype)
        hidden = hidden.view(-1, WIDTH).index_add(0, batch.separator, told).view(windows, tokens, WIDTH)
        hidden = self.dropout(self.normalized(hidden))
        paragraphs = len(numbers)
        padding = batch.paragraph == paragraphs
        mask = torch.zeros(padding.shape, dtype=hidden.dtype, device=hidden.device).masked_fill(padding, -1e4)
        for layer in self.layers:
            hidden = layer(hidden, mask[:, None, None, :])
        rows = batch.paragraph.reshape(-1)
        hidden = hidden.reshape(-1, WIDTH).float()
        total = hidden.new_zeros(paragraphs + 1, WIDTH).index_add(0, rows, hidden)
        count = hidden.new_zeros(paragraphs + 1).index_add(0, rows, torch.ones_like(rows, dtype=torch.float32))
        return total[:-1] / count[:-1, None].clamp(min=1)

    def freeze(self, layers: int) -> None:
        """Let the first layers stay as they are, and with any of them the embeddings of words and positions."""
        frozen = [self.words, self.positions, *list(self.layers)[:layers]] if layers else []
        for module in frozen:
            module.requires_grad_(False)

    def load(self, pretrained: Pretrained, kept: list[int]) -> None:
        """Take the weights of a pretrained encoder: of its first layers, and of the tokens ``kept``."""
        tensors: Mapping[str, Tensor] = {name: torch.from_numpy(t) for name, t in pretrained.tensors.items()}
        kind = tensors["embeddings.token_type_embeddings.weight"][0]
        with torch.no_grad():
            self.words.weight.copy_(tensors["embeddings.word_embeddings.weight"][kept])
            self.positions.weight.copy_(
                tensors["embeddings.position_embeddings.weight"][: len(self.positions.weight)] + kind
            )
            _take(self.normalized, tensors, "embeddings.LayerNorm")
            for number, layer in enumerate(self.layers):
                name = f"encoder.layer.{number}."
                for what in ("weight", "bias"):
                    parts = [tensors[f"{name}attention.self.{part}.{what}"] for part in ("query", "key", "value")]
                    getattr(layer.attended, what).copy_(torch.cat(parts))
                _take(layer.output, tensors, name + "attention.output.dense")
                _take(layer.first, tensors, name + "attention.output.LayerNorm")
                _take(layer.inner, tensors, name + "intermediate.dense")
                _take(layer.outer, tensors, name + "output.dense")
                _take(layer.second, tensors, name + "output.LayerNorm")


class Reader(nn.Module):
    """Documents to logits of their paragraphs, ``(paragraphs, kinds)``: those of the small model, corrected."""

    def __init__(self, sizes: Sizes, dropout: float = 0.1) -> None:
        super().__init__()
        numbers = sizes.described + sizes.kinds
        self.encoder = Encoder(sizes.words, sizes.layers, numbers, sizes.positions, dropout)
        self.entry = nn.Linear(WIDTH + 1 + numbers, ENTRY)
        self.around = nn.GRU(ENTRY, AROUND, batch_first=True, bidirectional=True)
        self.head = nn.Linear(WIDTH + 2 * AROUND, sizes.kinds)
        self.dropout = nn.Dropout(2 * dropout)
        nn.init.normal_(self.head.weight, std=0.02)
        nn.init.zeros_(self.head.bias)

    def forward(self, batch: Batch) -> Tensor:
        """The logits; of use are those of the paragraphs that a window holds (``batch.row``)."""
        numbers = torch.cat([batch.described, batch.logs / LOGS_DIVISOR], dim=1)
        read = self.encoder(batch, numbers[batch.row]).float()
        vectors = numbers.new_zeros(len(numbers), WIDTH).index_copy(0, batch.row, read)
        is_read = numbers.new_zeros(len(numbers), 1).index_fill(0, batch.row, 1.0)
        entered = functional.gelu(self.entry(self.dropout(torch.cat([vectors, is_read, numbers], dim=1))))
        around = self._around(entered.float(), batch.counts.tolist())
        logits: Tensor = self.head(self.dropout(torch.cat([vectors, around], dim=1))).float() + batch.logs
        return logits

    def _around(self, rows: Tensor, counts: list[int]) -> Tensor:
        packed = rnn.pack_sequence(list(rows.split(counts)), enforce_sorted=False)
        with torch.autocast(rows.device.type, enabled=False):
            out, _ = self.around(packed)
        return torch.cat(rnn.unpack_sequence(out))


def _take(module: nn.Module, tensors: Mapping[str, Tensor], name: str) -> None:
    module.weight.copy_(tensors[f"{name}.weight"])
    module.bias.copy_(tensors[f"{name}.bias"])
