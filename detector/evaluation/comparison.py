"""Two models on the same documents: which differences are beyond chance."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from math import ceil

from detector.evaluation.assessment import ModelFacts, figures_by_origin, parts_of
from detector.evaluation.bootstrap import Interval, Resampling, share_needed
from detector.evaluation.curves import Curve, curves_of
from detector.evaluation.evaluate import (
    Figures,
    Measured,
    at_loss_names,
    concatenate_rows,
    f1_name,
    figures_of,
    removed_names,
)
from detector.evaluation.statistics import SiteFigures

_MOST_RESAMPLES = 1_000_000  # that are asked for
_SAME_FOR_ALL = ("documents", "before")  # figures that do not depend on the model


@dataclass(frozen=True, slots=True)
class Difference:
    """A figure of both models in one part of the documents.

    ``difference`` is the other model's figure minus the first one's, with its ``interval`` over the ``sites`` on which
    there is something to measure; ``p`` is the two-sided p-value of the paired bootstrap, and ``p_holm`` the same
    corrected for all comparisons. All four are None with fewer than two sites. ``beyond_chance`` tells whether
    ``p_holm`` is below the level of the test.
    """

    part: str
    figure: str
    first: float
    other: float
    difference: float
    interval: Interval | None = None
    sites: int | None = None
    p: float | None = None
    p_holm: float | None = None
    beyond_chance: bool = False


@dataclass(frozen=True, slots=True)
class Comparison:
    """The other model, its table of figures by origin, its curves by part, and the differences.

    ``left_out`` are labels that only one of the models has; their figures, and means over labels or kinds that differ,
    are not compared. ``enough_resamples`` is the least number of samples with which a difference can be beyond chance;
    None where no number is enough, because there are too few sites.
    """

    other: ModelFacts
    figures: dict[str, Figures]
    curves: dict[str, dict[str, Curve]]
    differences: tuple[Difference, ...]
    left_out: tuple[str, ...]
    kinds_differ: bool
    level: float
    enough_resamples: int | None


def compare(
    first: Sequence[Measured], other: Sequence[Measured], facts: tuple[ModelFacts, ModelFacts], settings: Resampling
) -> Comparison:
    """Compare two models that were measured on the same documents, given with the facts of both."""
    compared, left_out = _common(*facts)
    parts, other_parts = parts_of(first), parts_of(other)
    found = [each for part in parts for each in _differences(part, parts[part], other_parts[part], compared, settings)]
    level = 1 - settings.confidence
    return Comparison(
        facts[1],
        figures_by_origin(other),
        {part: _curves(group) for part, group in other_parts.items()},
        _tested(found, level),
        left_out,
        set(facts[0].kinds) != set(facts[1].kinds),
        level,
        _enough_resamples([each.sites for each in found if each.sites is not None], level),
    )


def _differences(
    part: str, first: Sequence[Measured], other: Sequence[Measured], compared: Callable[[str], bool],
    settings: Resampling,
) -> Iterator[Difference]:  # fmt: skip
    """The differences of a part; ``compared`` tells whether a figure means the same for both models."""
    values, other_values = figures_of(first), figures_of(other)
    functions, other_functions = SiteFigures(first), SiteFigures(other)
    for name, value in values.items():
        theirs = other_values.get(name)
        if name in _SAME_FOR_ALL or value is None or theirs is None or not compared(name):
            continue
        sample = other_functions.figure(name).minus(functions.figure(name), settings)
        measured = (sample.interval, sample.units, sample.p_value()) if sample else (None, None, None)
        yield Difference(part, name, value, theirs, theirs - value, *measured)


def _enough_resamples(sites: Sequence[int], level: float) -> int | None:
    """As `Comparison` tells, for comparisons over so many sites each."""
    share = share_needed(level / len(sites), max(sites)) if sites else 1.0
    return ceil(2 / share) if share * _MOST_RESAMPLES >= 2 else None


def _common(first: ModelFacts, other: ModelFacts) -> tuple[Callable[[str], bool], tuple[str, ...]]:
    """Whether a figure, by its name, means the same for both models; and the labels that only one of them has."""
    ours, theirs = _meanings(first), _meanings(other)
    return lambda name: ours.get(name) == theirs.get(name), tuple(sorted(set(first.labels) ^ set(other.labels)))


def _meanings(facts: ModelFacts) -> dict[str, frozenset[str]]:
    """The labels or kinds that figures depend on, by the name of the figure."""
    labels = facts.labels
    names = [(name, label) for given in (removed_names, at_loss_names) for label, name in given(labels).items()]
    names += [(f1_name(label, labels), label) for label in labels]
    return {name: frozenset({label}) for name, label in names} | {
        "macro": frozenset(labels),
        "kinds": frozenset(facts.kinds),
    }


def _curves(documents: Sequence[Measured]) -> dict[str, Curve]:
    return curves_of(concatenate_rows([one.rows for one in documents]), documents[0].scored.prediction.labels)


def _tested(found: Sequence[Difference], level: float) -> tuple[Difference, ...]:
    """The differences with corrected p-values."""
    corrected = iter(holm([each.p for each in found if each.p is not None]))
    with_p = [each if each.p is None else replace(each, p_holm=next(corrected)) for each in found]
    return tuple(replace(each, beyond_chance=each.p_holm is not None and each.p_holm < level) for each in with_p)


def holm(p_values: Sequence[float]) -> list[float]:
    """Corrected p-values for several tests (Holm, "A Simple Sequentially Rejective Multiple Test Procedure", 1979).

    With them below a level, the probability that any of the differences is chance alone is at most that level.
    """
    corrected, least = [0.0] * len(p_values), 0.0
    for rank, index in enumerate(sorted(range(len(p_values)), key=lambda each: p_values[each])):
        least = max(least, min(1.0, (len(p_values) - rank) * p_values[index]))
        corrected[index] = least
    return corrected
