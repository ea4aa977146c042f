"""From a network's outputs back to its inputs: what each paragraph of a document added to the score of each other one.

The method is DeepLIFT with the Rescale rule (Shrikumar, Greenside and Kundaje, "Learning Important Features Through
Propagating Activation Differences", ICML 2017): the slope of a nonlinearity is its change from the reference to the
document, divided by the change of its input. So contributions sum to the change of the output, but for a little that
is rounding: a slope that only rounding makes steep is limited (`detector.explanation.arithmetic.ratio`).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from detector.explanation.arithmetic import Distances, ratio, shifted
from detector.explanation.pools import Handed, Pools
from detector.explanation.trace import Change, Doubles, Residual, Trace
from detector.inference.network import FAR_DILATIONS, NEAR_DILATIONS, DocumentNetwork
from detector.inference.quantization import POOL_STEPS

_STEEPEST = 0.5  # slope of a rounded logistic function; it is 1/4 without rounding
_REACH = sum(NEAR_DILATIONS)  # how far an input reaches before the pools


@dataclass(frozen=True)
class Contributions:
    """What the inputs added to the scores of a block of paragraphs.

    ``neighbours``, ``(rows, paragraphs)``, is what every paragraph of the document added, itself included; ``own``,
    ``(rows, inputs)``, what a unit of change of each of a paragraph's own inputs adds.
    """

    neighbours: Doubles
    own: Doubles


class Backward:
    """A network's forward pass over one document, to be gone through backwards."""

    def __init__(self, network: DocumentNetwork, trace: Trace) -> None:
        self._trace = trace
        near, far = len(NEAR_DILATIONS), len(FAR_DILATIONS)
        first, *layers, last = (layer.weights.astype(np.float64) for layer in network.layers)
        self._first, self._last, self._width = first, last, network.hidden
        self._peaks, self._means, mix = layers[near : near + 3]
        self._near = [_Convolution(*each) for each in zip(layers[:near], NEAR_DILATIONS, trace.near, strict=True)]
        self._far = [_Convolution(*each) for each in zip(layers[-far:], FAR_DILATIONS, trace.far, strict=True)]
        self._mix = mix
        hidden = self._near[-1].layer.out if self._near else trace.own
        self._slopes = np.hstack([
            ratio(_rounded(trace.peaks), hidden.size @ self._peaks, _STEEPEST),
            ratio(trace.means.size, hidden.size @ self._means),
        ])  # fmt: skip
        self._pools = Pools(trace.peaks, trace.means, trace.pools)
        mixed = hidden.size @ mix[: self._width] + trace.pools.size @ mix[self._width :]
        self._mix_added, self._mix_slope = _slopes(trace.mix, mixed)

    @property
    def logits(self) -> Change:
        """The network's outputs."""
        return self._trace.logits

    def contributions(self, start: int, stop: int, outputs: Doubles) -> Contributions:
        """What added to the scores of the paragraphs ``start`` to ``stop``.

        ``outputs``, ``(rows, kinds)``, is what a unit of change of each logit adds.
        """
        own: Distances = {0: outputs @ self._last[self._width :].T}
        hidden: Distances = {0: outputs @ self._last[: self._width].T}
        for convolution in reversed(self._far):
            hidden = convolution.backward(hidden, start)
        hidden, pools = self._through_mix(hidden, start)
        handed = self._pools.handed(start, pools)
        self._take_near(handed, hidden, start)
        for convolution in reversed(self._near):
            hidden = convolution.backward(hidden, start)
        for distance, values in hidden.items():
            own[distance] = own.get(distance, 0) + values
        changes = self._trace.own.size
        neighbours = self._through_pools(handed, start)
        for distance, values in own.items():
            _add(neighbours, start, distance, (values * shifted(changes, start, stop, distance)).sum(axis=1))
        slope = ratio(changes, self._trace.inputs.size @ self._first)[start:stop]
        return Contributions(neighbours, (own[0] * slope) @ self._first.T)

    def _through_mix(self, hidden: Distances, start: int) -> tuple[Distances, Distances]:
        """To the hidden units before the pools, and to the pools."""
        before: Distances = {}
        pools: Distances = {}
        for distance, values in hidden.items():
            stop = start + len(values)
            added = values * shifted(self._mix_added, start, stop, distance)
            sums = added * shifted(self._mix_slope, start, stop, distance)
            before[distance] = added + sums @ self._mix[: self._width].T
            pools[distance] = sums @ self._mix[self._width :].T
        return before, pools

    def _take_near(self, handed: Handed, hidden: Distances, start: int) -> None:
        """Go on from the pooled units of the nearest paragraphs to ``hidden``: they reach the own inputs."""
        weights = np.hstack([self._peaks, self._means])
        stop = start + len(handed.near)
        for distance in range(-_REACH, _REACH + 1):
            values = handed.near[:, handed.reach + distance] * shifted(self._slopes, start, stop, distance)
            hidden[distance] = hidden.get(distance, 0) + values @ weights.T

    def _through_pools(self, handed: Handed, start: int) -> Doubles:
        """What the paragraphs added through the pools, ``(rows, paragraphs)``, without the nearest pooled units."""
        rows, number = len(handed.near), len(self._trace.own.actual)
        found, others = np.zeros((rows, number)), np.arange(number)
        own = np.arange(start, start + rows)[:, None]
        for step, parts in self._reached.items():
            before, after = self._weighed[step]
            added = np.where(others < own - handed.reach, handed.before @ before.T, 0)
            added += np.where(others > own + handed.reach, handed.after @ after.T, 0)
            for rises in handed.rises:
                np.add.at(added, (rises.rows, rises.at), rises.values * parts[rises.at, rises.units])
            if abs(step) < number:
                source, target = slice(max(-step, 0), number - max(step, 0)), slice(max(step, 0), number + min(step, 0))
                found[:, target] += added[:, source]
            for distance in range(-handed.reach, handed.reach + 1):
                if abs(distance) > _REACH:
                    near = handed.near[:, handed.reach + distance] * shifted(parts, start, start + rows, distance)
                    _add(found, start, distance + step, near.sum(axis=1))
        return found

    @cached_property
    def _weighed(self) -> dict[int, tuple[Doubles, Doubles]]:
        return {step: self._pools.weighed(parts) for step, parts in self._reached.items()}

    @cached_property
    def _reached(self) -> Distances:
        """What the input layer of the paragraph at each distance added to the pooled units."""
        parts: Distances = {0: self._trace.own.size}
        for convolution in self._near:
            parts = convolution.forward(parts)
        weights = np.hstack([self._peaks, self._means])
        return {distance: values @ weights * self._slopes for distance, values in parts.items()}


class _Convolution:
    """A convolution over paragraphs, and its slopes in one document."""

    def __init__(self, weights: Doubles, dilation: int, layer: Residual) -> None:
        self.layer = layer
        self._parts = dict(zip((-dilation, 0, dilation), np.split(weights, 3), strict=True))
        size = layer.before.size
        sums = sum(shifted(size, 0, len(size), distance) @ part for distance, part in self._parts.items())
        self._added, self._slope = _slopes(layer, np.asarray(sums))

    def backward(self, outgoing: Distances, start: int) -> Distances:
        """What a unit of change of the convolution's input adds, given that of its output."""
        found: Distances = {}
        for distance, values in outgoing.items():
            stop = start + len(values)
            added = values * shifted(self._added, start, stop, distance)
            sums = added * shifted(self._slope, start, stop, distance)
            found[distance] = found.get(distance, 0) + added
            for step, part in self._parts.items():
                found[distance + step] = found.get(distance + step, 0) + sums @ part.T
        return found

    def forward(self, parts: Distances) -> Distances:
        """What the paragraph at each distance added to the convolution's output, given that for its input."""
        found: Distances = {}
        for distance, values in parts.items():
            found[distance] = found.get(distance, 0) + self._added * values
            for step, part in self._parts.items():
                moved = shifted(values, 0, len(values), step) @ part
                found[distance + step] = found.get(distance + step, 0) + self._added * self._slope * moved
        return found


def _slopes(layer: Residual, sums: Doubles) -> tuple[Doubles, Doubles]:
    """The slopes of the sum of a layer with its input, and of its rectification; ``sums`` enter the latter."""
    added = ratio(layer.out.size, layer.before.size + layer.rectified.size)
    return added, ratio(layer.rectified.size, sums)


def _rounded(peaks: Change) -> Doubles:
    """The change of the peaks in steps of pools."""
    change: Doubles = (np.rint(peaks.actual * POOL_STEPS) - np.rint(peaks.reference * POOL_STEPS)) / POOL_STEPS
    return change


def _add(found: Doubles, start: int, distance: int, values: Doubles) -> None:
    """Add a value to each row at the paragraph that is ``distance`` from it, if there is one."""
    rows = np.arange(len(found))
    there = (rows + start + distance >= 0) & (rows + start + distance < found.shape[1])
    found[rows[there], rows[there] + start + distance] += values[there]
