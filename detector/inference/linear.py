"""The linear model over hashed n-grams, which scores each paragraph by itself."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from detector.features.ngrams import Ngrams
from detector.features.packed_table import PackedTable
from detector.util.arrays import Floats
from detector.util.pickling import PickledFields


@dataclass(frozen=True)
class LinearModel(PickledFields):
    """A linear model: ``scale * sum(weights) / sqrt(number of n-grams) * known + bias``, one column per kind.

    ``known`` is the share of the paragraph's words that have a vector: n-grams of unknown words share their buckets
    with others, and their weights would be evidence of nothing.

    ``weights`` is int8 of shape ``(BUCKETS, kinds)``, from -127 to 127; ``scale`` and ``bias`` have ``(kinds,)``.
    """

    weights: NDArray[np.int8]
    scale: Floats
    bias: Floats

    @cached_property
    def table(self) -> PackedTable:
        """The weights as rows to be summed."""
        return PackedTable(self.weights)

    def logits(self, groups: tuple[Ngrams, ...], known: Floats) -> Floats:
        """The logits of each kind, ``(paragraphs, kinds)``; ``known`` has the shape ``(paragraphs, 1)``."""
        total = sum(self.table.sums(g.buckets.ravel(), g.bounds * g.buckets.shape[1]) for g in groups)
        count = sum(group.counts for group in groups)
        norm = np.sqrt(np.maximum(count, 1))[:, None]
        return (total * self.scale.astype(np.float64) / norm * known.astype(np.float64) + self.bias).astype(np.float32)
