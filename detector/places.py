"""Where paragraphs stand in their documents."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from detector.paragraphs import Offsets

NEAR_STEPS, FAR_STEPS = (1,), (2, 4)  # how far off the neighbours of a convolution are, before and after the pools


@dataclass(frozen=True)
class Places:
    """Where the paragraphs of documents stand: document ``d`` has the paragraphs ``bounds[d]`` to ``bounds[d + 1]``."""

    bounds: Offsets

    def __len__(self) -> int:
        return int(self.bounds[-1])

    @cached_property
    def sizes(self) -> Offsets:
        """How many paragraphs each document has."""
        return np.diff(self.bounds)

    @cached_property
    def documents(self) -> NDArray[np.int64]:
        """The document of each paragraph."""
        return np.repeat(np.arange(len(self.sizes)), self.sizes)

    @cached_property
    def first(self) -> Offsets:
        """The first paragraph of each one's document."""
        return np.repeat(self.bounds[:-1], self.sizes)

    @cached_property
    def size(self) -> Offsets:
        """How many paragraphs the document of each has."""
        return np.repeat(self.sizes, self.sizes)

    @cached_property
    def before(self) -> Offsets:
        """How many paragraphs of its document stand before each."""
        return np.arange(len(self.first)) - self.first

    @cached_property
    def after(self) -> Offsets:
        """How many paragraphs of its document stand after each."""
        return self.size - 1 - self.before

    @cached_property
    def edges(self) -> dict[int, tuple[Offsets, Offsets]]:
        """For each step of a convolution the paragraphs that have none so far before them, and none after them."""
        steps = NEAR_STEPS + FAR_STEPS
        return {step: (np.flatnonzero(self.before < step), np.flatnonzero(self.after < step)) for step in steps}
