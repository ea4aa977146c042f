"""From the logits of the kinds to the log-odds of keeping a paragraph, and which logit added what to them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from detector.explanation.trace import Doubles
from detector.inference.calibration import kept_scores, label_logs
from detector.inference.model import Model
from detector.inference.scores import Scores
from detector.util.arrays import Floats

NODES = 24  # of the integration of a piece
_GRID = 33  # places where jumps of the gradient are looked for
_HALVINGS = 40  # of what is between two of them
_LARGEST = float(np.nextafter(np.float32(1), np.float32(0)))
_LEAST = float(np.finfo(np.float32).tiny)
_LEAST_LOG = float(label_logs(np.zeros((1, 1), dtype=np.float32))[0, 0])  # that the calibration sees


def log_odds(scores: NDArray[np.floating]) -> Doubles:
    """The log-odds of probabilities.

    Where one is 0 or 1, they are those of the nearest number within: about -87.3 and 16.6.
    """
    inside = np.clip(scores.astype(np.float64), _LEAST, _LARGEST)
    odds: Doubles = np.log(inside) - np.log1p(-inside)
    return odds


def nearest(odds: Doubles) -> Doubles:
    """Log-odds within the range of `log_odds`."""
    least, largest = log_odds(np.array([0.0, 1.0]))
    inside: Doubles = np.clip(odds, least, largest)
    return inside


@dataclass(frozen=True)
class Outcome:
    """The log-odds of what a policy keeps, as a function of the logits of the kinds.

    It is what `detector.inference.calibration` computes, in double precision and in logarithms. ``kept`` tells of each
    kind whether it is kept; some are, and some are not.
    """

    model: Model
    kept: Sequence[bool]

    def kept_scores(self, scores: Scores) -> Floats:
        """The probability of what is kept, ``(rows,)``, to the last bit as a prediction has it."""
        return kept_scores(scores, self.kept, self.model.kind_labels)

    def log_odds(self, logits: Doubles) -> Doubles:
        """The log-odds of rows of logits, ``(rows, kinds)``."""
        weights = self._log_weights(logits)
        kept = np.array(self.kept)
        difference: Doubles = _log_sum(weights[:, kept]) - _log_sum(weights[:, ~kept])
        return difference

    def gradient(self, logits: Doubles) -> Doubles:
        """The derivative of the log-odds by each logit, ``(rows, kinds)``."""
        model, kept = self.model, np.array(self.kept)
        membership = model.membership.astype(np.float64)
        weights = self._log_weights(logits)
        direct = _direct(weights, kept)
        whole = _softmax(logits)
        labels = whole @ membership
        within = _within(logits, membership)
        by_label = direct @ membership
        calibration = model.calibration.astype(np.float64)[:-1]
        by_log = np.where(np.log(np.maximum(labels, _LEAST)) > _LEAST_LOG, by_label @ calibration.T, 0)
        result: Doubles = direct - within * (by_label @ membership.T)
        result += within * (by_log @ membership.T) - whole * by_log.sum(axis=1, keepdims=True)
        return result

    def multipliers(self, actual: Doubles, reference: Doubles) -> Doubles:
        """What each logit added to the log-odds, per unit of its change, ``(rows, kinds)``.

        These are integrated gradients (Sundararajan, Taly and Yan, "Axiomatic Attribution for Deep Networks", ICML
        2017) from the ``reference`` to the ``actual`` logits: means of the gradient on the straight line between them,
        by Gauss-Legendre quadrature of each piece of the line without a jump.
        """
        change, total = actual - reference, np.zeros_like(actual)
        bounds = self._bounds(actual, reference)
        for first, last in pairwise(bounds.T):
            rows = np.flatnonzero(last > first)
            start, width = first[rows, None], (last - first)[rows, None]
            for node, weight in _nodes():
                place = reference[rows] + (start + width * node) * change[rows]
                total[rows] += weight * width * self.gradient(place)
        return total

    def _bounds(self, actual: Doubles, reference: Doubles) -> Doubles:
        """Where the line from ``reference`` (0) to ``actual`` (1) is divided, ``(rows, pieces + 1)``.

        The gradient jumps where the probability of a label crosses the least that the calibration sees. Rows with
        fewer such places have pieces without length at the end.
        """
        change, grid = actual - reference, np.linspace(0, 1, _GRID)
        seen = np.stack([self._is_seen(reference + place * change) for place in grid])
        at, row, label = np.nonzero(seen[1:] != seen[:-1])
        low, high, after = grid[at], grid[at + 1], seen[at + 1, row, label]
        for _ in range(_HALVINGS if len(at) else 0):
            middle = (low + high) / 2
            found = self._is_seen(reference[row] + middle[:, None] * change[row])[np.arange(len(row)), label]
            low, high = np.where(found == after, low, middle), np.where(found == after, middle, high)
        bounds = np.ones((len(actual), int(np.bincount(row, minlength=1).max()) + 2))
        bounds[:, 0] = 0
        order = np.lexsort((high, row))
        row, high = row[order], high[order]
        bounds[row, 1 + np.arange(len(row)) - np.searchsorted(row, row)] = high
        return bounds

    def _is_seen(self, logits: Doubles) -> NDArray[np.bool_]:
        """Whether the probability of each label is above the least that the calibration sees, ``(rows, labels)``."""
        sums = self._label_sums(logits)
        seen: NDArray[np.bool_] = sums - _log_sum(logits)[:, None] > _LEAST_LOG
        return seen

    def _label_sums(self, logits: Doubles) -> Doubles:
        """The logarithm of the sum of the exponentials of each label's logits, ``(rows, labels)``."""
        membership = self.model.membership.astype(bool)
        return np.stack([_log_sum(logits[:, of_label]) for of_label in membership.T], axis=1)

    def update_multipliers(self, logits: Doubles, evidence: Doubles) -> Doubles:
        """What each of the log-odds of the kinds adds by Bayes' rule, per unit, ``(rows, kinds)``.

        ``evidence`` has the shape of ``logits``, ``(rows, kinds)``. The method is that of `multipliers`.
        """
        weights, kept, total = self._log_weights(logits), np.array(self.kept), np.zeros_like(logits)
        for node, part in _nodes():
            total += part * _direct(weights + node * evidence, kept)
        return total

    def _log_weights(self, logits: Doubles) -> Doubles:
        """Logarithms of the kinds' calibrated probabilities, up to a number for each row."""
        model = self.model
        sums = self._label_sums(logits)
        logs = np.maximum(sums - _log_sum(logits)[:, None], _LEAST_LOG)
        calibration = model.calibration.astype(np.float64)
        labels = logs @ calibration[:-1] + calibration[-1]
        by_kind: Doubles = logits + (labels - sums)[:, list(model.kind_labels)]
        return by_kind


def _nodes() -> list[tuple[float, float]]:
    """Where the line from 0 to 1 is looked at, and how much each place counts."""
    nodes, weights = np.polynomial.legendre.leggauss(NODES)
    return list(zip(((nodes + 1) / 2).tolist(), (weights / 2).tolist(), strict=True))


def _direct(weights: Doubles, kept: NDArray[np.bool_]) -> Doubles:
    """The derivative of the log-odds by the logarithm of the weight of each kind."""
    direct = np.where(kept, _softmax(np.where(kept, weights, -np.inf)), 0)
    direct -= np.where(kept, 0, _softmax(np.where(kept, -np.inf, weights)))
    return direct


def _log_sum(values: Doubles) -> Doubles:
    """The logarithm of the sum of exponentials of each row."""
    largest = values.max(axis=1)
    result: Doubles = largest + np.log(np.exp(values - largest[:, None]).sum(axis=1))
    return result


def _softmax(values: Doubles) -> Doubles:
    powers = np.exp(values - values.max(axis=1, keepdims=True))
    shares: Doubles = powers / powers.sum(axis=1, keepdims=True)
    return shares


def _within(logits: Doubles, membership: Doubles) -> Doubles:
    """The share of each kind in its label, ``(rows, kinds)``."""
    shares = np.zeros_like(logits)
    for of_label in membership.T.astype(bool):
        shares[:, of_label] = _softmax(logits[:, of_label])
    return shares
