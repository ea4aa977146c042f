"""What the inputs of the model added to the log-odds of keeping the paragraphs of a document."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from detector.explanation.arithmetic import LARGEST_RATIO
from detector.explanation.backward import Backward
from detector.explanation.document import Document
from detector.explanation.outcome import Outcome
from detector.explanation.trace import Doubles, trace
from detector.inference.quantization import standardize

_PAIRS = 1 << 18  # of paragraphs that are computed at a time


@dataclass(frozen=True, eq=False)
class Block:
    """What was added to the log-odds of the paragraphs ``start`` to ``stop``, one row each.

    ``average`` is the score of the reference, in which every paragraph is an average one, ``(rows,)``. ``slopes``,
    ``(rows, inputs)``, is what a unit of change of the inputs of the paragraph itself adds; ``neighbours``,
    ``(rows, paragraphs)``, is what every other paragraph added, and 0 for the paragraph itself.
    """

    start: int
    stop: int
    average: Doubles
    slopes: Doubles
    neighbours: Doubles


class Attribution:
    """The contributions to the scores of one document. Without networks, the inputs are the linear model's logits."""

    def __init__(self, document: Document, outcome: Outcome) -> None:
        self.document = document
        self._outcome = outcome

    @cached_property
    def mean(self) -> Doubles:
        """The inputs of an average paragraph, ``(inputs,)``."""
        model = self.document.model
        return (model.networks.mean if model.networks.members else model.linear.bias).astype(np.float64)

    @cached_property
    def changes(self) -> Doubles:
        """How the inputs differ from those of an average paragraph, ``(paragraphs, inputs)``."""
        document = self.document
        inputs = document.inputs if document.model.networks.members else document.logits
        return inputs.astype(np.float64) - self.mean

    def blocks(self) -> list[range]:
        """The paragraphs in blocks that fit into little memory."""
        number = len(self.document)
        size = max(_PAIRS // max(number, 1), 1)
        return [range(start, min(start + size, number)) for start in range(0, number, size)]

    def block(self, rows: range) -> Block:
        """What was added to the scores of some paragraphs."""
        start, stop = rows.start, rows.stop
        multipliers, average = self._multipliers[start:stop], self._average[start:stop]
        networks = self._networks
        if not networks:
            return Block(start, stop, average, multipliers, np.zeros((len(rows), len(self.document))))
        parts = [network.contributions(start, stop, multipliers / len(networks)) for network in networks]
        neighbours = np.sum([part.neighbours for part in parts], axis=0)
        neighbours[np.arange(len(rows)), rows] = 0
        slopes = np.sum([part.own for part in parts], axis=0) * self._standardizing[start:stop]
        return Block(start, stop, average, slopes, neighbours)

    @cached_property
    def log_odds(self) -> Doubles:
        """The log-odds of keeping each paragraph before evidence decides, ``(paragraphs,)``."""
        return self._outcome.log_odds(self._logits[0])

    def update_multipliers(self, evidence: Doubles) -> Doubles:
        """What decisive evidence, ``(paragraphs, kinds)``, adds after the networks, per unit, in the same shape."""
        return self._outcome.update_multipliers(self._logits[0], evidence)

    @cached_property
    def _standardized(self) -> Doubles:
        networks = self.document.model.networks
        rows = self.document.inputs.copy()
        standardize(rows, networks.mean, networks.factor)
        return rows.astype(np.float64)

    @cached_property
    def _standardizing(self) -> Doubles:
        """The slope of standardization, with its rounding and its limits."""
        changes = self.changes
        slopes = np.divide(self._standardized, changes, out=np.zeros_like(changes), where=changes != 0)
        return np.clip(slopes, 0, LARGEST_RATIO * self.document.model.networks.factor.astype(np.float64))

    @cached_property
    def _networks(self) -> list[Backward]:
        rows = self._standardized.astype(np.float32) if self.document.model.networks.members else None
        return [Backward(each, trace(each, rows)) for each in self.document.model.networks.members if rows is not None]

    @cached_property
    def _logits(self) -> tuple[Doubles, Doubles]:
        """The logits of the kinds in the document, and in the reference."""
        if not self._networks:
            actual = self.document.logits.astype(np.float64)
            return actual, np.broadcast_to(self.mean, actual.shape).copy()
        logits = [network.logits for network in self._networks]
        return np.mean([each.actual for each in logits], axis=0), np.mean([each.reference for each in logits], axis=0)

    @cached_property
    def _multipliers(self) -> Doubles:
        return self._outcome.multipliers(*self._logits)

    @cached_property
    def _average(self) -> Doubles:
        return self._outcome.log_odds(self._logits[1])
