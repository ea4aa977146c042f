"""Runs of things that speak for the same: of words, which make a phrase, and of paragraphs, which make a block."""

from __future__ import annotations

from heapq import heapify, heappop, heappush

import numpy as np

from detector.explanation.trace import Doubles
from detector.util.arrays import Offsets, segment_sum

_SAYS = 0.02  # of what the strongest adds
_INTERRUPTION = 0.3  # what says the opposite divides a run if it says at least this much of what stands beside it


def runs(added: Doubles) -> Offsets:
    """Where runs begin, and where the last one ends, given what each thing added, ``(things,)``, at least one.

    A run is made of what speaks for the same, with such things between them as say little of the opposite.
    """
    sizes = np.abs(added)
    says = np.flatnonzero(sizes >= _SAYS * sizes.max())  # what says next to nothing belongs to what stands before it
    turns = says[1:][np.diff(added[says] >= 0)]
    bounds = np.concatenate(([0], turns, [len(added)]))
    if len(bounds) == 2:
        return bounds
    return bounds[_Merging(segment_sum(added, bounds).tolist()).opens()]


class _Merging:
    """Runs, of which the weakest is merged with those beside it, again and again."""

    def __init__(self, values: list[float]) -> None:
        number = len(values)
        self._values = values
        self._before = [at - 1 for at in range(number)]
        self._after = [*range(1, number), -1]
        self._weakest = [(abs(value), at) for at, value in enumerate(values)]
        heapify(self._weakest)

    def opens(self) -> list[int]:
        """The runs that are left, each as the first of those that were merged, and the number of all."""
        gone = set()
        while self._weakest:
            size, at = heappop(self._weakest)
            if at in gone or size != abs(self._values[at]):  # it was merged, or has another size by now
                continue
            beside = [other for other in (self._before[at], self._after[at]) if other >= 0]
            if not beside or size >= _INTERRUPTION * max(abs(self._values[other]) for other in beside):
                continue
            gone.update(self._merge([*beside, at]))
        return [at for at in range(len(self._values)) if at not in gone] + [len(self._values)]

    def _merge(self, those: list[int]) -> list[int]:
        """Merge runs that follow each other into the first of them. Returns the others."""
        first, last = min(those), max(those)
        self._values[first] = sum(self._values[at] for at in those)
        self._after[first] = self._after[last]
        if self._after[last] >= 0:
            self._before[self._after[last]] = first
        for at in (self._before[first], first, self._after[first]):  # what stands beside them has changed
            if at >= 0:
                heappush(self._weakest, (abs(self._values[at]), at))
        return [at for at in those if at != first]
