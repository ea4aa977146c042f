"""The accuracy of the shipped model and of its rivals on the same documents, with confidence intervals.

The figures are those of `detector.evaluation.evaluate`, the intervals those of `detector.evaluation.bootstrap`. Pages
are resampled with replacement, each together with its texts from all extractors, because these are not independent
samples. Only pages on which a figure is defined are resampled for it. The figures at a threshold have no interval.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, TypeAlias

from detector.cleaner import Cleaner
from detector.evaluation.bootstrap import Interval, Resampling, ratio_interval
from detector.evaluation.curves import Curve, curves_of
from detector.evaluation.evaluate import (
    EXTRACTED,
    PAGE,
    Figures,
    Gold,
    ScoredDocument,
    Share,
    by_origin,
    concatenate_rows,
    figures,
    gold_texts,
    labelled_rows,
    score_documents,
    shares,
)
from detector.evaluation.labelled import LabelledDocument
from training.rivals import LEARNERS, rules, score_with_learner, score_with_rules

OURS = "detector"
RESAMPLES, CONFIDENCE, SEED = 1000, 0.95, 0
GAIN = "gain"  # word F1 after cleaning minus word F1 before
WITH_INTERVAL = ("lost", "appeal", "nav", "before", "after", GAIN)
SCORE_FIGURES = ("A@.5", "N@.5", "macro")  # not defined for rules, which have no scores

Progress: TypeAlias = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Accuracy:
    """The accuracy of a cleaner: by origin, its figures, the intervals of some of them, and curves by figure.

    ``figures`` include `GAIN`. Rules have no curves, and no figures that need scores.
    """

    name: str
    figures: dict[str, Figures]
    intervals: dict[str, dict[str, Interval | None]]
    curves: dict[str, dict[str, Curve]]

    def to_dict(self) -> dict[str, Any]:
        """Figures and intervals as plain values, for JSON."""
        return {"figures": self.figures, "intervals": asdict(self)["intervals"]}


def compare(
    cleaner: Cleaner,
    documents: Sequence[LabelledDocument],
    training: Sequence[LabelledDocument],
    progress: Progress = lambda _: None,
) -> list[Accuracy]:
    """Evaluate a cleaner, which comes first, and all rivals, which are trained on ``training``.

    Raises `UsageError` where a rival is not installed.
    """
    labels, gold = cleaner.model.labels, gold_texts(documents)
    rule_rivals = rules()  # first of all, because a library may be missing
    progress(OURS)
    results = [measure(OURS, score_documents(cleaner, documents), gold)]
    for learner in LEARNERS:
        progress(learner.name)
        results.append(measure(learner.name, score_with_learner(learner(training), documents), gold))
    for rule in rule_rivals:
        progress(rule.name)
        results.append(measure(rule.name, score_with_rules(rule, documents, labels), gold, has_scores=False))
    return results


def measure(name: str, documents: Iterable[ScoredDocument], gold: Gold, has_scores: bool = True) -> Accuracy:
    """The accuracy of one cleaner. ``gold`` are the `gold_texts`."""
    groups = by_origin(documents)
    rows = {id(one): labelled_rows(one) for group in groups.values() for one in group}
    parts = {key: shares(one, rows[key], gold) for group in groups.values() for one in group for key in [id(one)]}
    table, intervals, curves = {}, {}, {}
    for origin, group in groups.items():
        table[origin] = with_gain(figures(group, gold), has_scores)
        intervals[origin] = intervals_of([one.document.id for one in group], [parts[id(one)] for one in group])
        if has_scores and origin in (PAGE, EXTRACTED):
            curves[origin] = curves_of(concatenate_rows([rows[id(one)] for one in group]), group[0].prediction.labels)
    return Accuracy(name, table, intervals, curves)


def with_gain(row: Figures, has_scores: bool = True) -> Figures:
    """Figures with `GAIN`, and without those that need scores unless the cleaner ``has_scores``."""
    before, after = row["before"], row["after"]
    gain = None if before is None or after is None else after - before
    return {name: row[name] for name in row if has_scores or not _needs_scores(name)} | {GAIN: gain}


def _needs_scores(name: str) -> bool:
    return name in SCORE_FIGURES or name.startswith("F1") or name == "kinds"


def intervals_of(pages: Sequence[str], parts: Sequence[dict[str, Share]]) -> dict[str, Interval | None]:
    """The interval of each figure of `WITH_INTERVAL`; ``pages`` is the page of each document."""
    columns = {name: [one[name] for one in parts] for name in WITH_INTERVAL if name != GAIN}
    pairs = zip(columns["before"], columns["after"], strict=True)
    columns[GAIN] = [Share(after.part - before.part, after.whole) for before, after in pairs]
    settings = Resampling(RESAMPLES, CONFIDENCE, SEED)
    return {name: ratio_interval(pages, columns[name], settings) for name in WITH_INTERVAL}
