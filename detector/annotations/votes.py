"""The labels of several annotators of one text become one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from detector.annotations.reading import Reading
from detector.errors import DataError
from detector.evaluation.labelled import LabelledParagraph


def majority(readings: Sequence[Sequence[LabelledParagraph]], reading: Reading, where: str) -> list[LabelledParagraph]:
    """For each paragraph, the label that most annotators gave it, and the kind that most of these gave.

    Of equals, the annotator that comes first decides. No label is a vote, too. Paragraphs on which they do not agree
    are counted. Raises `DataError`, with the place ``where``, if the annotators had different texts.
    """
    if len({tuple(each.text for each in paragraphs) for paragraphs in readings}) > 1:
        raise DataError(f"{where}: the annotators of the task had different texts; name its field with --text-field")
    return [_elected(votes, reading) for votes in zip(*readings, strict=True)]


def _elected(votes: Sequence[LabelledParagraph], reading: Reading) -> LabelledParagraph:
    labels = Counter(vote.label for vote in votes)
    label = labels.most_common(1)[0][0]
    kinds = Counter(vote.kind for vote in votes if vote.label == label)
    reading.counts.disagreed += len(labels) > 1
    return LabelledParagraph(votes[0].text, label, kinds.most_common(1)[0][0])
