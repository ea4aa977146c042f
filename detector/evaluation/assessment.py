"""Everything that an evaluation has to say about a model on labelled documents."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from detector import guard
from detector.cleaner import Cleaner, Prediction
from detector.evaluation.bootstrap import Resampling
from detector.evaluation.calibration_bins import Calibration, calibration_of
from detector.evaluation.curves import Curve, curves_of
from detector.evaluation.evaluate import (
    EXTRACTED,
    PAGE,
    Figures,
    Measured,
    by_origin,
    concatenate_rows,
    figures_of,
    gold_texts,
    measured,
    removed_names,
    rows_with_label,
    score_documents,
)
from detector.evaluation.groups import Group, by_language, by_length, by_site, group_of
from detector.evaluation.labelled import LabelledDocument
from detector.evaluation.labels_and_kinds import KindFigures, Matrix, kind_matrix, kinds_of, label_matrix
from detector.evaluation.mistakes import Mistake, worst_mistakes
from detector.policy import resolve_threshold
from detector.text.paragraphs import split
from detector.text.sections import count_lines, is_short

GIVEN = "given"  # the name of a threshold that the model has no name for
FEW_SITES = 20  # with fewer, an interval over sites is rough

Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Settings:
    """``mistakes`` is the number that is listed; groups of fewer than ``least`` documents are pooled."""

    resampling: Resampling = field(default_factory=Resampling)
    mistakes: int = 100
    least: int = 5


@dataclass(frozen=True, slots=True)
class ModelFacts:
    """A model as it was used: its name, labels, thresholds, and the threshold in use, from 0 to 1."""

    name: str
    labels: tuple[str, ...]
    kinds: tuple[str, ...]
    threshold: float
    thresholds: dict[str, float]


@dataclass(frozen=True, slots=True)
class Counts:
    """What the data hold. ``read`` are the paragraphs whose label a reader gave; ``without_site`` are documents whose
    id is taken for their site; ``unknown_labels`` have the paragraphs of labels that the model does not have.
    """

    documents: int
    sites: int
    paragraphs: int
    labelled: int
    read: int
    without_site: int
    kept_whole: int
    unknown_labels: dict[str, int]


@dataclass(frozen=True, slots=True)
class Mark:
    """What cleaning does at a named threshold, the guard included: shares of what is lost, and removed by figure."""

    name: str
    threshold: float
    lost: float | None
    removed: dict[str, float | None]


@dataclass(frozen=True, slots=True)
class Part:
    """Documents of one sort in detail: the whole pages, or the extracted texts."""

    name: str
    curves: dict[str, Curve]
    marks: tuple[Mark, ...]
    calibration: tuple[Calibration, ...]
    labels: Matrix
    kinds: Matrix | None
    by_kind: tuple[KindFigures, ...]


@dataclass(frozen=True, slots=True)
class Assessment:
    """The figures of a model by origin, language, site and length, in detail for each part, and its worst mistakes."""

    model: ModelFacts
    counts: Counts
    settings: Settings
    origins: tuple[Group, ...]
    languages: tuple[Group, ...]
    sites: tuple[Group, ...]
    lengths: tuple[Group, ...]
    parts: tuple[Part, ...]
    mistakes: tuple[Mistake, ...]


def assess(
    cleaner: Cleaner,
    name: str,
    given: Sequence[Measured],
    settings: Settings = Settings(),
    progress: Progress = lambda _: None,
) -> Assessment:
    """Assess a cleaner, whose model is called ``name``, on documents that it was measured on (`measure_all`)."""
    progress("figures with intervals")
    sampling = settings.resampling
    origins = [group_of(origin, group, sampling) for origin, group in measured_by_origin(given).items()]
    languages, lengths = by_language(given, settings.least, sampling), by_length(given, settings.least, sampling)
    progress("thresholds, calibration and mistakes")
    return Assessment(
        facts_of(cleaner, name), counts_of(given), settings, tuple(origins), tuple(languages),
        tuple(by_site(given, settings.least)), tuple(lengths), tuple(_parts(cleaner, given, sampling)),
        tuple(worst_mistakes(given, settings.mistakes)),
    )  # fmt: skip


def facts_of(cleaner: Cleaner, name: str) -> ModelFacts:
    """What is said about a model."""
    model = cleaner.model
    return ModelFacts(
        name, model.labels, model.kinds, resolve_threshold(cleaner.threshold, cleaner.model), dict(model.thresholds)
    )


def measure_all(cleaner: Cleaner, documents: Sequence[LabelledDocument]) -> list[Measured]:
    """Predict and measure documents, at least one. Raises `DataError` as `score_documents` does."""
    gold = gold_texts(documents)
    return [measured(item, gold) for item in score_documents(cleaner, documents)]


def measured_by_origin(documents: Sequence[Measured]) -> dict[str, list[Measured]]:
    """The documents of each row of the table of figures."""
    once = {id(one.scored): one for one in documents}
    groups = by_origin(one.scored for one in documents)
    return {origin: [once[id(scored)] for scored in group] for origin, group in groups.items()}


def figures_by_origin(documents: Sequence[Measured]) -> dict[str, Figures]:
    """The table of figures, as `detector.evaluation.evaluate.figures_by_origin` returns it."""
    return {origin: figures_of(group) for origin, group in measured_by_origin(documents).items()}


def parts_of(documents: Sequence[Measured]) -> dict[str, list[Measured]]:
    """The whole pages and the extracted texts; all documents where they have one origin, or none is told."""
    groups = measured_by_origin(documents)
    chosen = {name: group for name, group in groups.items() if name in (PAGE, EXTRACTED)}
    return chosen if sum(map(len, chosen.values())) == len(documents) else groups


def counts_of(documents: Sequence[Measured]) -> Counts:
    """What is in the data, at least one document."""
    labels = set(documents[0].scored.prediction.labels)
    of_all = [paragraph for one in documents for paragraph in one.scored.document.paragraphs]
    labelled = [paragraph for paragraph in of_all if paragraph.label is not None]
    unknown = Counter(paragraph.label for paragraph in labelled if paragraph.label not in labels)
    given = [one.scored.document for one in documents]
    return Counts(
        len(documents), len({document.site for document in given}), len(of_all), len(labelled),
        sum(paragraph.by_reader for paragraph in labelled),
        sum(document.site == document.id for document in given),
        sum(one.scored.prediction.kept_whole for one in documents),
        {str(label): number for label, number in unknown.most_common()},
    )  # fmt: skip


def _parts(cleaner: Cleaner, documents: Sequence[Measured], sampling: Resampling) -> Iterator[Part]:
    thresholds, decisions = _decisions(cleaner, documents)
    for name, group in parts_of(documents).items():
        labels = group[0].scored.prediction.labels
        marks = tuple(_mark(each, thresholds[each], group, decisions[each]) for each in thresholds)
        yield Part(
            name, curves_of(concatenate_rows([one.rows for one in group]), labels), marks,
            tuple(calibration_of(group, sampling)), label_matrix(group), kind_matrix(group),
            tuple(kinds_of(group, sampling)),
        )  # fmt: skip


_Decisions = dict[int, NDArray[np.bool_]]  # by the id of the measured document


def _decisions(cleaner: Cleaner, documents: Sequence[Measured]) -> tuple[dict[str, float], dict[str, _Decisions]]:
    """The named thresholds, and the decisions on all documents at each of them; also those at the one in use."""
    thresholds = dict(cleaner.model.thresholds)
    cutoff = resolve_threshold(cleaner.threshold, cleaner.model)
    in_use = next((name for name, value in thresholds.items() if value == cutoff), GIVEN)
    thresholds[in_use] = cutoff
    found = {}
    for name, value in thresholds.items():
        if name == in_use:
            found[name] = {id(one): one.scored.prediction.keep for one in documents}
        else:
            other = replace(cleaner, threshold=value)
            found[name] = {id(one): _decided(other, one.scored.prediction) for one in documents}
    return thresholds, found


def _decided(cleaner: Cleaner, prediction: Prediction) -> NDArray[np.bool_]:
    """What a cleaner keeps of a text, given the prediction at another threshold: only the guard decides again.

    A text in sections, of which the prediction does not have all that the guard sees, is predicted again.
    """
    text = prediction.source
    if not is_short(text, count_lines(text)):
        return cleaner.predict(text).keep
    cutoff = resolve_threshold(cleaner.threshold, cleaner.model)
    settings = guard.Settings(cutoff, cleaner.removed_limit, cleaner.model.kind_labels)
    familiarity = np.array([prediction.familiarity], dtype=np.float32)
    batch = split([text], cleaner.paragraphs)
    return guard.decide(prediction.keep_scores, prediction.kind_scores, batch, familiarity, settings).keep


def _mark(name: str, threshold: float, documents: Sequence[Measured], keep: _Decisions) -> Mark:
    rows = concatenate_rows([one.rows for one in documents])
    labels = documents[0].scored.prediction.labels
    kept = np.concatenate([
        keep[id(one)][[paragraph.label is not None for paragraph in one.scored.document.paragraphs]]
        if one.scored.document.paragraphs else keep[id(one)] for one in documents
    ])  # fmt: skip
    reporting = rows.label == 0
    words = rows.words[reporting].sum()
    removed = {}
    for label, figure in removed_names(labels).items():
        chosen = rows_with_label(rows, label, labels)
        removed[figure] = float((~kept[chosen]).mean()) if chosen.any() else None
    return Mark(name, threshold, float(rows.words[reporting & ~kept].sum() / words) if words else None, removed)
