"""What evidence that decides added at the end, by Bayes' rule (`detector.evidence.known.Known.after`)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from detector.evidence.base import Evidence, Found
from detector.evidence.known import MOST_AFTER, MOST_BEFORE, on_one_kind
from detector.explanation.attribution import Attribution
from detector.explanation.outcome import nearest
from detector.explanation.read_again import ReadAgain
from detector.explanation.trace import Doubles
from detector.reasons import Reason
from detector.util.arrays import Floats


class Decisive:
    """The decisive pieces of evidence on the paragraphs of one document, of which some may have been read again."""

    def __init__(self, attribution: Attribution, again: ReadAgain | None) -> None:
        self._attribution, self._document, self._again = attribution, attribution.document, again
        self._multipliers = self._update_multipliers()

    def _update_multipliers(self) -> Doubles | None:
        known = self._document.known.decisive
        if known is None:
            return None
        limited = np.clip(known, -MOST_AFTER, MOST_AFTER).astype(np.float64)
        multipliers = self._attribution.update_multipliers(limited)
        for row in np.flatnonzero(known.any(axis=1)).tolist() if self._again else ():
            if self._again and row in self._again:
                multipliers[row] = self._again.update_multipliers(row, limited[row])
        return multipliers

    def score(self, row: int, score: float) -> float:
        """The log-odds of a paragraph before the evidence decided, given those after it."""
        known = self._document.known.decisive
        if known is None or not known[row].any():
            return score
        if self._again and row in self._again:
            return float(self._again.after[row])
        return float(nearest(self._attribution.log_odds[row]))

    def with_decision(
        self, row: int, reasons: Sequence[Reason], found: Sequence[Found], change: float
    ) -> tuple[Reason, ...]:
        """The reasons of a paragraph, of which the ``found`` pieces also added the ``change`` of the decision.

        Each has its part of the change, in proportion to its size.
        """
        if self._multipliers is None or not found:
            return tuple(reasons)
        parts = [float(self._multipliers[row] @ each.kinds.astype(np.float64)) for each in found]
        rest, whole = change - sum(parts), sum(map(abs, parts))
        parts = [part + (rest * abs(part) / whole if whole else rest / len(parts)) for part in parts]
        added: dict[tuple[str, str], float] = {}
        for each, part in zip(found, parts, strict=True):
            added[each.group, each.text] = added.get((each.group, each.text), 0.0) + part
        return tuple(
            Reason(reason.group, reason.text, reason.log_odds + added.pop((reason.group, reason.text), 0.0))
            for reason in reasons
        )

    def before(self, row: int, evidence: Evidence, found: Found) -> Floats:
        """What a piece of evidence added to the logits of the linear model, ``(kinds,)``."""
        if not evidence.decides:
            return found.kinds
        limited = np.clip(found.kinds, -MOST_BEFORE, MOST_BEFORE)[None]
        added: Floats = on_one_kind(limited, self._document.linear_logits[row : row + 1], self._document.model)[0]
        return added
