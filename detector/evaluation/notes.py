"""What has to be said beside the figures: what is missing, what is pooled, and how far intervals can be trusted."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from detector.evaluation.assessment import FEW_SITES, Assessment, Counts, ModelFacts
from detector.evaluation.comparison import Comparison
from detector.evaluation.evaluate import Figures, removed_names
from detector.util.counted import counted


def notes(assessment: Assessment) -> list[str]:
    """The notes on an assessment, each a sentence or two."""
    rows = [group.figures for group in assessment.origins]
    return [
        *_on_sites(assessment.counts),
        *label_notes(assessment.model, assessment.counts, rows),
        *_on_groups(assessment),
    ]


def comparison_notes(comparison: Comparison, resamples: int) -> list[str]:
    """The notes on a comparison with so many bootstrap samples."""
    found = []
    tested = sum(each.p is not None for each in comparison.differences)
    if comparison.left_out:
        found.append(
            f"Only one of the models has these labels: {', '.join(_short(each) for each in comparison.left_out)}. "
            "Their figures, and means over all labels, are not compared."
        )
    if comparison.kinds_differ:
        found.append("The models do not have the same kinds: the mean over kinds is not compared.")
    if not comparison.differences:
        found.append("No figure can be computed for both models: label paragraphs with labels that both have.")
    elif not tested:
        found.append(
            "Each figure can be computed on one site at most: nothing tells how much of a difference is chance."
        )
    if comparison.enough_resamples is None:
        found.append("There are too few sites: no difference can be beyond chance after the correction.")
    elif resamples < comparison.enough_resamples:
        found.append(
            f"With {resamples:,} resamples, no difference can be beyond chance after the correction: give --resamples "
            f"{comparison.enough_resamples} or more."
        )
    return found


def _on_sites(counts: Counts) -> Iterator[str]:
    if counts.without_site:
        have = "has" if counts.without_site == 1 else "have"
        yield (
            f"{counted(counts.without_site, 'document')} {have} no site, or the id for it: each id counts as a site of "
            "its own, which makes intervals too narrow if some are of one publisher."
        )
    if counts.sites == 1:
        yield "All documents are of one site: there are no intervals, and the figures say little about other sites."
    elif counts.sites < FEW_SITES:
        yield f"There are only {counts.sites} sites: intervals over so few are rough, and often too narrow."
    if counts.kept_whole:
        yield f"The guard keeps {counted(counts.kept_whole, 'document')} whole; the paragraphs there count as kept."


def label_notes(model: ModelFacts, counts: Counts, rows: Sequence[Figures]) -> Iterator[str]:
    """The notes on labels that the model or the documents lack. ``rows`` is the model's table of figures."""
    if counts.unknown_labels:
        names = ", ".join(f"{_short(name)} ({number:,})" for name, number in list(counts.unknown_labels.items())[:5])
        yield (
            f"The model does not have these labels: {names}. Their paragraphs count where they are kept or taken for "
            "another label, and have no figures of their own."
        )
    for label, figure in removed_names(model.labels).items():
        if label in model.labels and all(row[figure] is None for row in rows):
            yield f"No paragraph is labelled {_short(label)} by a reader: there are no figures for it."
    if all(row.get("lost") is None for row in rows):
        yield f"No paragraph with words is labelled {model.labels[0]}: nothing can be lost."


def _on_groups(assessment: Assessment) -> Iterator[str]:
    groups = {"language": assessment.languages, "site": assessment.sites, "length": assessment.lengths}
    for name, found in groups.items():
        for group in found:
            if group.pooled:
                yield (
                    f"{counted(group.pooled, name)} with fewer than {assessment.settings.least} documents "
                    f"{'is' if group.pooled == 1 else 'are'} pooled in one "
                    f'row, "others".'
                )


def _short(text: str) -> str:
    """A name of the data, shortened for a message."""
    return text if len(text) <= 40 else f"{text[:39]}…"
