"""Labels that a model disagrees with."""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import count
from typing import TypeAlias

from detector.cleaner import Cleaner
from detector.evaluation.evaluate import ScoredDocument, score_documents
from detector.evaluation.label_checks import Finding, Located, Place, shortened

_Ranked: TypeAlias = tuple[float, int, Finding]  # the greatest is the worst


class Disagreement:
    """Collects the labels that are not the model's most probable one: ``top`` of them, all if None.

    The worst is the one with the lowest probability. ``compared`` counts the labels, ``found`` those that the model
    disagrees with; ``unknown`` counts labels that the model does not have, by name: they are not compared.
    """

    def __init__(self, cleaner: Cleaner, top: int | None = None) -> None:
        self._cleaner = cleaner
        self._top = top
        self._worst: list[_Ranked] = []
        self._order = count()
        self.compared = 0
        self.found = 0
        self.unknown: Counter[str] = Counter()

    def add(self, batch: Sequence[Located]) -> None:
        """Compare documents. Raises `DataError` where the cleaner splits a text into other paragraphs."""
        scored = score_documents(self._cleaner, [item.document for item in batch])
        for item, each in zip(batch, scored, strict=True):
            for probability, finding in self._disagreements(item.where, each):
                self._keep((-probability, -next(self._order), finding))

    @property
    def findings(self) -> list[Finding]:
        """The disagreements, worst first."""
        return [finding for _, _, finding in sorted(self._worst, reverse=True)]

    def _keep(self, entry: _Ranked) -> None:
        self.found += 1
        if self._top is None or len(self._worst) < self._top:
            heapq.heappush(self._worst, entry)
        else:
            heapq.heappushpop(self._worst, entry)

    def _disagreements(self, where: str, scored: ScoredDocument) -> Iterator[tuple[float, Finding]]:
        """The disagreements of a document, each with the probability of the label that was given."""
        labels = scored.prediction.labels
        for number, (given, row) in enumerate(
            zip(scored.document.paragraphs, scored.prediction.label_scores.tolist(), strict=True), 1
        ):
            scores = dict(zip(labels, row, strict=True))
            if given.label is None:
                continue
            if given.label not in scores:
                self.unknown[given.label] += 1
                continue
            self.compared += 1
            best = max(scores, key=scores.__getitem__)
            if best != given.label:
                what = f"{given.label} {scores[given.label]:.4f}, {best} {scores[best]:.4f}"
                place = Place(where, scored.document.id, number)
                yield scores[given.label], Finding("disagreement", what, (place,), shortened(given.text))
