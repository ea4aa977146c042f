"""Which columns of `detector.features.context.network_inputs` hold what."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from detector.features.context import WINDOWS
from detector.features.shapes import SHAPE_NAMES
from detector.features.word_vectors import DIMENSIONS

POSITIONS, SHARED = 4, 14  # columns of the position, and of the vocabulary that is shared


@dataclass(frozen=True)
class Columns:
    """The columns of a model's network inputs, in order; a model has so many labels and kinds."""

    labels: int
    kinds: int

    @cached_property
    def widths(self) -> dict[str, int]:
        """The number of columns of each group, in order."""
        return {
            "logits": self.kinds,
            "windows": len(WINDOWS) * (self.labels + 1),
            "position": POSITIONS,
            "mass": 3 * self.labels,
            "shapes": len(SHAPE_NAMES),
            "repeats": 1,
            "vocabulary": SHARED,
            "known": 1,
            "embeddings": DIMENSIONS,
        }

    def of(self, group: str) -> slice:
        """The columns of a group."""
        start = 0
        for name, width in self.widths.items():
            if name == group:
                return slice(start, start + width)
            start += width
        raise KeyError(group)
