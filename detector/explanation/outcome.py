"""From the logits of the kinds to the log-odds of keeping a paragraph, and which logit added what to them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detector.explanation.trace import Doubles
from detector.inference.calibration import label_logs
from detector.inference.model import Model

NODES = 24  # of the integration
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


@dataclass(frozen=True)
class Outcome:
    """The log-odds of what a policy keeps, as a function of the logits of the kinds.

    It is what `detector.inference.calibration` computes, in double precision and in logarithms. ``kept`` tells of each
    kind whether it is kept; some are, and some are not.
    """

    model: Model
    kept: Sequence[bool]

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
        direct = np.where(kept, _softmax(np.where(kept, weights, -np.inf)), 0)
        direct -= np.where(kept, 0, _softmax(np.where(kept, -np.inf, weights)))
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
        by Gauss-Legendre quadrature.
        """
        nodes, weights = np.polynomial.legendre.leggauss(NODES)
        total = np.zeros_like(actual)
        for node, weight in zip(((nodes + 1) / 2).tolist(), (weights / 2).tolist(), strict=True):
            total += weight * self.gradient(reference + node * (actual - reference))
        return total

    def _log_weights(self, logits: Doubles) -> Doubles:
        """Logarithms of the kinds' calibrated probabilities, up to a number for each row."""
        model = self.model
        membership = model.membership.astype(bool)
        sums = np.stack([_log_sum(logits[:, of_label]) for of_label in membership.T], axis=1)
        logs = np.maximum(sums - _log_sum(logits)[:, None], _LEAST_LOG)
        calibration = model.calibration.astype(np.float64)
        labels = logs @ calibration[:-1] + calibration[-1]
        by_kind: Doubles = logits + (labels - sums)[:, list(model.kind_labels)]
        return by_kind


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
