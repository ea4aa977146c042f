"""The positions of paragraphs in their documents."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from detector.util.arrays import Offsets


@dataclass(frozen=True)
class Positions:
    """The positions of paragraphs: document ``d`` has the paragraphs ``bounds[d]`` to ``bounds[d + 1]``.

    ``sizes`` has one entry per document, every other array one entry per paragraph.
    """

    bounds: Offsets

    def __len__(self) -> int:
        return int(self.bounds[-1])

    @cached_property
    def sizes(self) -> Offsets:
        """The number of paragraphs in each document."""
        return np.diff(self.bounds)

    @cached_property
    def documents(self) -> NDArray[np.int64]:
        """The document of each paragraph."""
        return np.repeat(np.arange(len(self.sizes)), self.sizes)

    @cached_property
    def first(self) -> Offsets:
        """The first paragraph of the document that each paragraph belongs to."""
        return np.repeat(self.bounds[:-1], self.sizes)

    @cached_property
    def size(self) -> Offsets:
        """The number of paragraphs in the document that each paragraph belongs to."""
        return np.repeat(self.sizes, self.sizes)

    @cached_property
    def before(self) -> Offsets:
        """The number of paragraphs before each one in its document."""
        return np.arange(len(self.first)) - self.first

    @cached_property
    def after(self) -> Offsets:
        """The number of paragraphs after each one in its document."""
        return self.size - 1 - self.before

    def edges(self, dilation: int) -> tuple[Offsets, Offsets]:
        """The paragraphs without a neighbour ``dilation`` before them, and those without one after them."""
        if dilation not in self._edges:
            self._edges[dilation] = np.flatnonzero(self.before < dilation), np.flatnonzero(self.after < dilation)
        return self._edges[dilation]

    @cached_property
    def _edges(self) -> dict[int, tuple[Offsets, Offsets]]:
        return {}
