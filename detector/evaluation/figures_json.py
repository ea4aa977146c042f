"""An evaluation as JSON values, with stable names: ``docs/evaluate.md`` describes them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from detector.evaluation.assessment import Assessment, ModelFacts, Part, Settings
from detector.evaluation.bootstrap import Interval, Resampling
from detector.evaluation.calibration_bins import Calibration
from detector.evaluation.comparison import Comparison, Difference
from detector.evaluation.curves import Curve
from detector.evaluation.groups import Group
from detector.evaluation.labels_and_kinds import KindFigures, Matrix
from detector.evaluation.mistakes import Mistake
from detector.evaluation.notes import comparison_notes, notes

FORMAT, VERSION = "detector-evaluation", 1  # the version changes when a name is removed or changes its meaning
CURVE_POINTS = 300  # of each curve


def assessment_as_json(assessment: Assessment, comparison: Comparison | None) -> dict[str, Any]:
    """All figures, without the mistakes, which have a file of their own."""
    values = {
        "format": FORMAT,
        "version": VERSION,
        "model": model_as_json(assessment.model),
        "data": asdict(assessment.counts),
        "bootstrap": _bootstrap(assessment.settings.resampling),
        "notes": notes(assessment),
        "figures": {group.name: group.figures for group in assessment.origins},
        "intervals": {group.name: _intervals(group.intervals) for group in assessment.origins},
        "groups": {
            "lang": [_group(group) for group in assessment.languages],
            "site": [_group(group) for group in assessment.sites],
            "length": [_group(group) for group in assessment.lengths],
        },
        "least_documents": assessment.settings.least,
        "parts": {part.name: _part(part) for part in assessment.parts},
        "mistakes": _mistakes(assessment.mistakes, assessment.settings),
    }
    if comparison:
        values["comparison"] = comparison_as_json(comparison, assessment.settings.resampling)
    return values


def comparison_as_json(comparison: Comparison, resampling: Resampling) -> dict[str, Any]:
    """The other model, its figures, and the differences."""
    return {
        "model": model_as_json(comparison.other),
        "figures": comparison.figures,
        "differences": [_difference(each) for each in comparison.differences],
        "level": round(comparison.level, 12),
        "bootstrap": _bootstrap(resampling),
        "left_out": list(comparison.left_out),
        "notes": comparison_notes(comparison, resampling.resamples),
    }


def mistake_as_json(mistake: Mistake) -> dict[str, Any]:
    """A mistake, for a line of JSON Lines."""
    return asdict(mistake)


def model_as_json(facts: ModelFacts) -> dict[str, Any]:
    """What is said about a model."""
    return asdict(facts)


def _bootstrap(settings: Resampling) -> dict[str, Any]:
    return {"unit": "site", **asdict(settings)}


def _interval(interval: Interval | None) -> list[float] | None:
    return [interval.low, interval.high] if interval else None


def _intervals(intervals: Mapping[str, Interval | None]) -> dict[str, list[float] | None]:
    return {name: _interval(interval) for name, interval in intervals.items()}


def _group(group: Group) -> dict[str, Any]:
    return {
        "name": group.name,
        "pooled": group.pooled,
        "sites": group.sites,
        "figures": group.figures,
        "intervals": _intervals(group.intervals),
    }


def _part(part: Part) -> dict[str, Any]:
    return {
        "thresholds": [asdict(mark) for mark in part.marks],
        "curves": {name: curve_as_json(curve) for name, curve in part.curves.items()},
        "calibration": {each.label: _calibration(each) for each in part.calibration},
        "labels": _matrix(part.labels),
        "kinds": _matrix(part.kinds) if part.kinds else None,
        "by_kind": [_kind(each) for each in part.by_kind],
    }


def curve_as_json(curve: Curve) -> dict[str, list[float]]:
    """Some points of a curve."""
    few = curve.thinned(CURVE_POINTS)
    return {"thresholds": few.thresholds.tolist(), "lost": few.lost.tolist(), "removed": few.removed.tolist()}


def _calibration(calibration: Calibration) -> dict[str, Any]:
    bins = [asdict(each) | {"interval": _interval(each.interval)} for each in calibration.bins]
    return {"error": calibration.error, "interval": _interval(calibration.interval), "bins": bins}


def _matrix(matrix: Matrix) -> dict[str, Any]:
    return {"rows": list(matrix.rows), "columns": list(matrix.columns), "counts": [list(row) for row in matrix.counts]}


def _kind(each: KindFigures) -> dict[str, Any]:
    return asdict(each) | {"interval": _interval(each.interval)}


def _difference(each: Difference) -> dict[str, Any]:
    return asdict(each) | {"interval": _interval(each.interval)}


def _mistakes(mistakes: Sequence[Mistake], settings: Settings) -> dict[str, Any]:
    types = [mistake.type for mistake in mistakes]
    return {"asked": settings.mistakes, "lost": types.count("lost"), "kept": types.count("kept")}
