"""Through running maxima and means, backwards: from what pools added to what the paragraphs that they read added."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detector.explanation.arithmetic import Distances, ratio, windows
from detector.explanation.trace import Change, Doubles
from detector.inference.pooling import POOLS
from detector.inference.positions import Positions
from detector.inference.quantization import POOL_STEPS


@dataclass(frozen=True)
class Rises:
    """Maxima that rose: row ``rows[i]`` has ``values[i]`` for the unit ``units[i]`` of the paragraph ``at[i]``."""

    rows: NDArray[np.int64]
    at: NDArray[np.int64]
    units: NDArray[np.int64]
    values: Doubles


@dataclass(frozen=True)
class Handed:
    """What a unit of change of the pooled units of each paragraph adds to each row of a block.

    ``near``, ``(rows, 2 * reach + 1, 2 * units)``, is about the paragraphs up to ``reach`` before and after that of the
    row, first the peaks and then the means. ``before`` and ``after``, ``(rows, factors)``, are about all that are
    farther away: each has the product of these factors with its own, which `Pools.weighed` returns. ``rises`` come in
    addition.
    """

    reach: int
    near: Doubles
    before: Doubles
    after: Doubles
    rises: tuple[Rises, ...]


class Pools:
    """The pools of one document, to be gone through backwards."""

    def __init__(self, peaks: Change, means: Change, pools: Change) -> None:
        steps = Change(*(np.rint(values * POOL_STEPS) / POOL_STEPS for values in (peaks.actual, peaks.reference)))
        before_peaks, after_peaks, *means_pools = np.split(pools.size, POOLS, axis=1)
        self._number, self._units = means.actual.shape
        self._before = _Maximum(steps, before_peaks)
        self._after = _Maximum(steps, after_peaks, backwards=True)
        self._shares = self._mean_shares(means, means_pools)

    def _mean_shares(self, means: Change, pools: list[Doubles]) -> list[Doubles]:
        """What a paragraph adds to each mean per unit of change: its share, by the rounding of the mean."""
        positions = Positions(np.array([0, self._number]))
        sums = np.cumsum(means.size, axis=0)
        numbers = [positions.before + 1, np.maximum(positions.after, 1), np.full(self._number, self._number)]
        totals = [sums, sums[-1] - sums, np.broadcast_to(sums[-1], sums.shape)]
        return [
            ratio(pool, total / number[:, None]) / number[:, None]
            for pool, total, number in zip(pools, totals, numbers, strict=True)
        ]

    def weighed(self, units: Doubles) -> tuple[Doubles, Doubles]:
        """The factors of every paragraph before and after, times a weight for each of its units.

        ``units`` has the shape ``(paragraphs, 2 * units)``, both results have ``(paragraphs, factors)``.
        """
        peaks, means = units[:, : self._units], units[:, self._units :]
        before, after = (
            np.hstack([*(peaks * unit for _, unit in maximum.falls), means]) for maximum in (self._before, self._after)
        )
        return before, after

    def handed(self, start: int, pools: Distances) -> Handed:
        """Hand what pools add on to the units that they read.

        ``pools`` is what a unit of change of the pools at each distance from the paragraphs ``start``, ``start + 1``, …
        adds, ``(rows, POOLS * units)``; it is zero where there is no such paragraph.
        """
        reach, rows, units = max(map(abs, pools)), len(pools[0]), self._units
        window = np.zeros((rows, 2 * reach + 1, POOLS * units))
        for distance, values in pools.items():
            window[:, distance + reach] = values
        before_peaks, after_peaks, *means = np.split(window, POOLS, axis=2)
        before, after, every = (
            part * windows(share, start, start + rows, reach) for part, share in zip(means, self._shares, strict=True)
        )
        whole = every.sum(axis=1)
        near = np.zeros((rows, 2 * reach + 1, 2 * units))
        near[:, :, units:] = _from_here(before) + _up_to_here(after) - after + whole[:, None]
        peaks = near[:, :, :units]
        rises = (
            self._before.hand_rises(start, before_peaks, peaks), self._after.hand_rises(start, after_peaks, peaks)
        )  # fmt: skip
        falls_before = self._before.hand_falls(start, before_peaks, peaks, _from_here)
        falls_after = self._after.hand_falls(start, after_peaks, peaks, _up_to_here)
        return Handed(
            reach, near, np.hstack([*falls_before, before.sum(axis=1) + whole]),
            np.hstack([*falls_after, after.sum(axis=1) + whole]), rises,
        )  # fmt: skip


def _from_here(window: Doubles) -> Doubles:
    """For each place the sum over it and all later ones."""
    sums: Doubles = np.cumsum(window[:, ::-1], axis=1)[:, ::-1]
    return sums


def _up_to_here(window: Doubles) -> Doubles:
    """For each place the sum over it and all earlier ones."""
    sums: Doubles = np.cumsum(window, axis=1)
    return sums


class _Maximum:
    """A running maximum over the paragraphs up to each one, or, ``backwards``, from each one on.

    Where it rises, the paragraph that has the actual maximum made it rise. Where it falls, it does so because every
    paragraph that has the maximum of the reference falls: they share that equally. So the shares of the paragraphs sum
    to the change exactly.

    ``falls`` has for each value that the maximum of the reference takes what each place hands to every paragraph that
    has this value, and what a unit of that is in the paragraph; both of shape ``(paragraphs, units)``.
    """

    def __init__(self, values: Change, change: Doubles, backwards: bool = False) -> None:
        turn = slice(None, None, -1) if backwards else slice(None)
        actual, reference, change = values.actual[turn], values.reference[turn], change[turn]
        size = actual - reference
        highest = _first_highest(actual)
        rise = ratio(np.maximum(change, 0), np.take_along_axis(size, highest, axis=0), 1.0)
        self._highest = (len(actual) - 1 - highest if backwards else highest)[turn]
        self._rise = rise[turn]
        floor = np.maximum.accumulate(reference, axis=0)
        levels = _levels(floor)
        self.falls: list[tuple[Doubles, Doubles]] = []
        for level in range(int(levels.max(initial=-1)) + 1):
            here = levels == level
            tied = reference == np.where(here, floor, -np.inf).max(axis=0)
            handed = np.where(here, np.minimum(change, 0) / np.maximum(np.cumsum(tied, axis=0), 1), 0)
            unit = np.divide(1.0, size, out=np.zeros_like(size), where=tied & (size < 0))
            self.falls.append((handed[turn], unit[turn]))

    def hand_rises(self, start: int, window: Doubles, peaks: Doubles) -> Rises:
        """Hand on what rose: to paragraphs that are near, into ``peaks``. Returns the rest."""
        number, (rows, width) = len(self._rise), window.shape[:2]
        reach = width // 2
        place = np.arange(rows)[:, None] + np.arange(width) + start - reach
        place = np.clip(place, 0, number - 1)
        values = window * self._rise[place]
        at = self._highest[place]
        row, column, unit = np.nonzero(values)
        distance = at[row, column, unit] - start - row
        near = np.abs(distance) <= reach
        np.add.at(peaks, (row[near], distance[near] + reach, unit[near]), values[row, column, unit][near])
        far = ~near
        found = values[row, column, unit][far]
        return Rises(row[far], at[row, column, unit][far], unit[far], found)

    def hand_falls(
        self, start: int, window: Doubles, peaks: Doubles, reached: Callable[[Doubles], Doubles]
    ) -> list[Doubles]:
        """Hand on what fell: to paragraphs that are near, into ``peaks``. Returns the factors of those far away."""
        stop, reach = start + len(window), window.shape[1] // 2
        factors = []
        for handed, unit in self.falls:
            parts = window * windows(handed, start, stop, reach)
            peaks += reached(parts) * windows(unit, start, stop, reach)
            factors.append(parts.sum(axis=1))
        return factors


def _first_highest(values: Doubles) -> NDArray[np.int64]:
    """The first paragraph that has the running maximum, ``(paragraphs, units)``."""
    running = np.maximum.accumulate(values, axis=0)
    opens = np.concatenate([np.ones((1, values.shape[1]), dtype=np.bool_), running[1:] > running[:-1]])
    first: NDArray[np.int64] = np.maximum.accumulate(np.where(opens, np.arange(len(values))[:, None], 0), axis=0)
    return first


def _levels(floor: Doubles) -> NDArray[np.int64]:
    """How many times a running maximum has risen up to each paragraph."""
    rises = np.concatenate([np.zeros((1, floor.shape[1]), dtype=np.int64), (floor[1:] > floor[:-1]).astype(np.int64)])
    levels: NDArray[np.int64] = np.cumsum(rises, axis=0)
    return levels
