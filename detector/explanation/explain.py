"""The reasons for the decisions on a text."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from detector.evidence.base import Evidence
from detector.evidence.sources import total
from detector.explanation.around import AroundReasons
from detector.explanation.attribution import Attribution, Block
from detector.explanation.document import Document
from detector.explanation.notes import UNREAD, Notes
from detector.explanation.outcome import Outcome, log_odds
from detector.explanation.shape import shape_reasons
from detector.explanation.words import WordReasons
from detector.features.columns import Columns
from detector.inference.calibration import label_sums
from detector.inference.model import Model
from detector.inference.predict import predict
from detector.reasons import Reason, Why
from detector.results import Prediction
from detector.text.paragraphs import Batch, ParagraphBreak, split
from detector.text.reading import divide_long, is_read

_SMALL = 0.01  # log-odds below which parts of the words of a paragraph are one reason


@dataclass(frozen=True, eq=False)
class Settings:
    """What a cleaner decides by: ``kept`` tells which kinds are kept, ``cutoff`` is its threshold, from 0 to 1."""

    model: Model
    paragraphs: ParagraphBreak
    evidence: tuple[Evidence, ...]
    kept: tuple[bool, ...]
    cutoff: float


def explain(settings: Settings, prediction: Prediction, before: str = "", after: str = "") -> tuple[Why, ...]:
    """The reasons for the decision on each paragraph of a text; ``before`` and ``after`` are what stands around it."""
    if not len(prediction):
        return ()
    if all(settings.kept) or not any(settings.kept):
        return _whole(prediction, f"the policy keeps {'everything' if all(settings.kept) else 'nothing'}")
    text = before + prediction.source + after
    batch = split([text], settings.paragraphs)
    if not is_read(batch).all():
        return explain_unread(prediction)
    first = int(np.searchsorted(batch.char_start, len(before)))
    return tuple(_Explanation(settings, prediction, text, batch).of(first))


def explain_unread(prediction: Prediction) -> tuple[Why, ...]:
    """The reasons for keeping what is not read."""
    return _whole(prediction, "kept without being read", UNREAD)


def _whole(prediction: Prediction, text: str, remark: str | None = None) -> tuple[Why, ...]:
    """One reason for every paragraph, and no other."""
    threshold = float(log_odds(np.array(prediction.threshold)))
    return tuple(
        Why(score, threshold, (Reason("average", text, score),), remark)
        for score in log_odds(prediction.keep_scores).tolist()
    )


class _Explanation:
    """The reasons for the decisions on one text that is read."""

    def __init__(self, settings: Settings, prediction: Prediction, text: str, batch: Batch) -> None:
        self._settings, self._prediction = settings, prediction
        self._paragraphs = [
            text[start:end] for start, end in zip(batch.char_start.tolist(), batch.char_end.tolist(), strict=True)
        ]
        self._parts = divide_long(batch)
        evidence = total(settings.evidence, settings.model, self._paragraphs)
        if self._parts and evidence is not None:
            evidence = evidence[self._parts.paragraph]
        model = settings.model
        self._document = Document(model, text, self._parts.batch if self._parts else batch, evidence)
        self._columns = Columns(len(model.labels), len(model.kinds))
        self._attribution = Attribution(self._document, Outcome(model, settings.kept))

    def of(self, first: int) -> Iterator[Why]:
        """The reasons for each paragraph of the prediction; ``first`` is the first of them in the text that is read."""
        wanted = self._rows(first)
        scores = dict(zip(wanted, log_odds(self._prediction.keep_scores).tolist(), strict=True))
        threshold = float(log_odds(np.array(self._prediction.threshold)))
        notes = Notes(self._prediction, self._settings.cutoff, threshold)
        for rows in self._attribution.blocks():
            chosen = [row for row in rows if row in scores]
            if not chosen:
                continue
            for row, reasons in zip(chosen, self._reasons(self._attribution.block(rows), chosen), strict=True):
                yield Why(
                    scores[row], threshold, _summing(reasons, scores[row]), notes.of(scores[row], self._is_part(row))
                )

    def _rows(self, first: int) -> list[int]:
        """The row that is read of each paragraph; of a long one, the part that speaks most for keeping it."""
        number = len(self._prediction)
        if self._parts is None:
            return list(range(first, first + number))
        kinds = predict(self._settings.model, self._parts.batch, self._document.evidence).kinds
        kept = label_sums(kinds, [int(kept) for kept in self._settings.kept], 2)[:, 1]
        rows: list[int] = self._parts.best(kept)[first : first + number].tolist()
        return rows

    def _reasons(self, block: Block, rows: list[int]) -> Iterator[list[Reason]]:
        """All reasons for some of the paragraphs of a block, which do not sum to the score exactly."""
        attribution, model = self._attribution, self._settings.model
        columns = self._columns if model.networks.members else None
        words = WordReasons(attribution, block, columns)
        around = AroundReasons(attribution, block, columns) if columns else None
        for row in rows:
            at = row - block.start
            found = [Reason("average", "what the model assumes of an average paragraph", float(block.average[at]))]
            found += _joined(list(words.of(at)))
            found += self._evidence(block, at)
            if around and columns:
                shapes = columns.of("shapes")
                added = attribution.changes[row, shapes] * block.slopes[at, shapes]
                found += shape_reasons(self._document.features.shapes[row].astype(np.float64), added)
                found += around.of(at)
            yield found

    def _evidence(self, block: Block, at: int) -> list[Reason]:
        model, row = self._settings.model, block.start + at
        slopes = block.slopes[at, : len(model.kinds)]
        paragraph = self._paragraphs[int(self._parts.paragraph[row]) if self._parts else row]
        found = [each for evidence in self._settings.evidence for each in evidence.found(model, paragraph)]
        return [Reason(each.group, each.text, float(slopes @ each.kinds.astype(np.float64))) for each in found]

    def _is_part(self, row: int) -> bool:
        parts = self._parts
        return parts is not None and int(np.count_nonzero(parts.paragraph == parts.paragraph[row])) > 1


def _joined(reasons: list[Reason]) -> list[Reason]:
    """The reasons in a paragraph's words, with those that add hardly anything as one."""
    small = [reason for reason in reasons if abs(reason.log_odds) < _SMALL]
    if len(small) < 2:
        return reasons
    kept = [reason for reason in reasons if abs(reason.log_odds) >= _SMALL]
    text = "its other words" if kept else "its words"
    return [*kept, Reason("words", text, sum(reason.log_odds for reason in small))]


def _summing(reasons: list[Reason], score: float) -> tuple[Reason, ...]:
    """The reasons in order of their size, with log-odds that sum to the score.

    What rounding and the integration leave over is small. Each reason has a part of it in proportion to its size.
    """
    rest = score - sum(reason.log_odds for reason in reasons)
    sizes = [abs(reason.log_odds) for reason in reasons if reason.group != "average"]
    whole = sum(sizes)

    def part(reason: Reason) -> float:
        if not whole:
            return rest / len(reasons)
        return rest * abs(reason.log_odds) / whole if reason.group != "average" else 0.0

    changed = [Reason(reason.group, reason.text, reason.log_odds + part(reason)) for reason in reasons]
    return tuple(sorted(changed, key=lambda reason: -abs(reason.log_odds)))
