"""Bootstrap intervals over whole units, such as sites or pages.

The documents of a unit are not independent samples: units are drawn with replacement, each with all its documents. The
intervals are percentile intervals (Efron and Tibshirani, "An Introduction to the Bootstrap", 1993, chapter 13). By
themselves these are too narrow for few units, since samples vary less than units do: they are expanded (Hesterberg,
"What Teachers Should Know About the Bootstrap", The American Statistician 69, 2015). P-values are corrected in the same
way.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.stats import bootstrap, norm, t

from detector.evaluation.evaluate import Share

Drawn: TypeAlias = NDArray[np.int64]  # units, as indices: one row per sample
Values: TypeAlias = NDArray[np.float64]
Statistic: TypeAlias = Callable[[Drawn], Values]  # a value for each sample; NaN where the figure is not defined

_BATCH_SIZE = 1 << 21  # units that are drawn at a time
_MOST_UNDEFINED = 0.5  # of the samples: with more, the rest says little


@dataclass(frozen=True, slots=True)
class Resampling:
    """Settings: the number of samples, the level of the intervals from 0 to 1, and the seed."""

    resamples: int = 1000
    confidence: float = 0.95
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Interval:
    """The confidence interval of a figure."""

    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Sampled:
    """The values of a figure in the bootstrap samples of so many ``units``, and its interval.

    The samples in which the figure is not defined are left out.
    """

    values: Values
    interval: Interval
    units: int

    def p_value(self) -> float:
        """The two-sided bootstrap p-value for a difference of 0, above 0 and at most 1.

        It is twice the smaller share of the samples on one side of 0, corrected for few units. One sample is added to
        each side, since no number of samples shows that a probability is 0 (Davison and Hinkley, "Bootstrap Methods and
        their Application", 1997, section 4.2).
        """
        below, above = (self.values <= 0).sum(), (self.values >= 0).sum()
        share = min(1.0, 2 * (min(below, above) + 1) / (len(self.values) + 1))
        deviations = norm.isf(share / 2) * np.sqrt((self.units - 1) / self.units)
        return float(2 * t.sf(deviations, self.units - 1))


def share_needed(p_value: float, units: int) -> float:
    """The share of the samples on both sides of 0 with which `Sampled.p_value` is so low, for so many units."""
    return float(2 * norm.sf(_deviations(p_value, units)))


def _deviations(p_value: float, units: int) -> float:
    """How many deviations of the samples a two-sided p-value is away, for at least two units."""
    return float(t.isf(p_value / 2, units - 1) * np.sqrt(units / (units - 1)))


def resample(units: int, statistic: Statistic, settings: Resampling) -> Sampled | None:
    """Draw samples of units, and compute a figure for each; None for fewer than two units.

    Also None where the figure is not defined in most samples.
    """
    if units < 2:
        return None
    level = 1 - share_needed(1 - settings.confidence, units)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # where the figure is not defined in some samples: they are left out below
        found = bootstrap(
            (np.arange(units),), lambda drawn, axis: statistic(drawn), vectorized=True,
            n_resamples=settings.resamples, confidence_level=level, method="percentile",
            batch=max(1, _BATCH_SIZE // units), rng=np.random.default_rng(settings.seed),
        )  # fmt: skip
    values: Values = found.bootstrap_distribution
    defined = values[np.isfinite(values)]
    if len(defined) < _MOST_UNDEFINED * len(values):
        return None
    low, high = found.confidence_interval.low, found.confidence_interval.high
    if len(defined) < len(values):
        low, high = np.quantile(defined, [(1 - level) / 2, (1 + level) / 2])
    return Sampled(defined, Interval(float(low), float(high)), units)


def ratio(part: Values, whole: Values) -> Statistic:
    """The sum of the parts over the sum of the wholes; each has one value per unit."""

    def statistic(drawn: Drawn) -> Values:
        with np.errstate(invalid="ignore", divide="ignore"):
            values: Values = part[drawn].sum(axis=-1) / whole[drawn].sum(axis=-1)
        return values

    return statistic


def sums_by_unit(units: Sequence[str], parts: Sequence[Share]) -> NDArray[np.float64]:
    """The sums of the parts and of the wholes of each unit, in order of its first document: ``(units, 2)``."""
    sums: dict[str, NDArray[np.float64]] = {}
    for unit, share in zip(units, parts, strict=True):
        sums.setdefault(unit, np.zeros(2))
        sums[unit] += share.part, share.whole
    return np.array(list(sums.values())).reshape(-1, 2)


def ratio_interval(
    units: Sequence[str],
    parts: Sequence[Share],
    settings: Resampling = Resampling(),
) -> Interval | None:
    """The interval of the sum of the parts over the sum of the wholes; ``units`` is the unit of each document.

    Only units on which the ratio is defined are drawn. None with fewer than two of them.
    """
    sums = sums_by_unit(units, parts)
    part, whole = sums[sums[:, 1] != 0].T
    found = resample(len(part), ratio(part, whole), settings)
    return found.interval if found else None
