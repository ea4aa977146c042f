"""The reasons for the decisions on a text."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from detector.encoder.model import Encoder
from detector.evidence.base import Evidence, Found
from detector.evidence.known import gather
from detector.explanation.around import AroundReasons
from detector.explanation.attribution import Attribution, Block
from detector.explanation.decisive import Decisive
from detector.explanation.document import Document
from detector.explanation.notes import UNREAD, Notes
from detector.explanation.outcome import Outcome, log_odds
from detector.explanation.read_again import ReadAgain
from detector.explanation.shape import shape_reasons
from detector.explanation.words import WordReasons
from detector.features.columns import Columns
from detector.inference.model import Model
from detector.inference.predict import predict
from detector.inference.scores import Scores
from detector.reasons import Reason, Why
from detector.results import Prediction
from detector.text.paragraphs import Batch, ParagraphBreak, split
from detector.text.reading import divide_long, is_read

_SMALL = 0.01  # log-odds below which parts of the words of a paragraph are one reason


@dataclass(frozen=True, eq=False)
class Settings:
    """What a cleaner decides by.

    ``kept`` tells which kinds are kept, ``cutoff`` is the threshold, and ``effort`` is how much the ``encoder`` reads
    again, both from 0 to 1.
    """

    model: Model
    paragraphs: ParagraphBreak
    evidence: tuple[Evidence, ...]
    kept: tuple[bool, ...]
    cutoff: float
    encoder: Encoder | None = None
    effort: float = 0.0


def explain(
    settings: Settings, prediction: Prediction, before: str = "", after: str = "", is_later: bool = False
) -> tuple[Why, ...]:
    """The reasons for the decision on each paragraph of a text, or of a section of one.

    ``before`` and ``after`` are what is read around it; ``is_later`` tells whether it is a section and not the first.
    """
    if not len(prediction):
        return ()
    if all(settings.kept) or not any(settings.kept):
        return _whole(prediction, f"the policy keeps {'everything' if all(settings.kept) else 'nothing'}")
    text = before + prediction.source + after
    batch = split([text], settings.paragraphs)
    if not is_read(batch).all():
        return explain_unread(prediction)
    first = int(np.searchsorted(batch.char_start, len(before)))
    is_section = is_later or bool(before or after)
    return tuple(_Explanation(settings, prediction, text, batch).of(first, is_section))


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
        self._paragraph = self._parts.paragraph if self._parts else None
        model = settings.model
        known = gather(settings.evidence, model, self._paragraphs)
        self._evidence_found = [(each, each.found(model, self._paragraphs)) for each in settings.evidence]
        if self._parts:
            known = known.of_rows(self._parts.paragraph)
        self._document = Document(model, text, self._parts.batch if self._parts else batch, known)
        self._columns = Columns(len(model.labels), len(model.kinds))
        self._outcome = Outcome(model, settings.kept)
        self._attribution = Attribution(self._document, self._outcome)
        self._again = self._read_again()
        self._decisive = Decisive(self._attribution, self._again)

    @cached_property
    def _first(self) -> Scores:
        """The scores of the small model."""
        return predict(self._settings.model, self._document.batch, self._document.evidence)

    def _read_again(self) -> ReadAgain | None:
        """What the encoder did, if there is one."""
        settings, document = self._settings, self._document
        if settings.encoder is None or settings.effort <= 0:
            return None
        paragraph = np.arange(len(document)) if self._paragraph is None else self._paragraph
        return ReadAgain(settings.encoder, settings.effort, document, self._first, settings.kept, paragraph)

    def of(self, first: int, is_section: bool) -> Iterator[Why]:
        """The reasons for each paragraph of the prediction.

        ``first`` is the first of them in the text that is read; ``is_section`` tells whether that is a part of one.
        """
        wanted = self._rows(first)
        scores = dict(zip(wanted, log_odds(self._prediction.keep_scores).tolist(), strict=True))
        threshold = float(log_odds(np.array(self._prediction.threshold)))
        notes = Notes(self._prediction, self._settings.cutoff, threshold, is_section)
        for rows in self._attribution.blocks():
            chosen = [row for row in rows if row in scores]
            if not chosen:
                continue
            for row, reasons in zip(chosen, self._reasons(self._attribution.block(rows), chosen), strict=True):
                score = scores[row]
                yield Why(score, threshold, self._summing(row, reasons, score), notes.of(score, self._is_part(row)))

    def _summing(self, row: int, reasons: list[Reason], score: float) -> tuple[Reason, ...]:
        """The reasons for the score of a paragraph in order of their size, with log-odds that sum to it."""
        before = self._decisive.score(row, score)
        if self._again and row in self._again:
            first = float(self._again.before[row])
            reasons = [*_summing(reasons, first), *self._again.reasons(row, before - first)]
        else:
            reasons = _summing(reasons, before)
        found = [each for evidence, each in self._found(row) if evidence.decides]
        decided = self._decisive.with_decision(row, reasons, found, score - before)
        return tuple(sorted(decided, key=lambda reason: -abs(reason.log_odds)))

    def _rows(self, first: int) -> list[int]:
        """The row that is read of each paragraph; of a long one, the part that speaks most for keeping it."""
        number = len(self._prediction)
        if self._parts is None:
            return list(range(first, first + number))
        scores = self._again.scores if self._again else self._first
        decided = self._document.known.after(self._settings.model, scores)
        rows: list[int] = self._parts.best(self._outcome.kept_scores(decided))[first : first + number].tolist()
        return rows

    def _reasons(self, block: Block, rows: list[int]) -> Iterator[list[Reason]]:
        """All reasons for some of the paragraphs of a block, which do not sum to the score exactly."""
        attribution, model = self._attribution, self._settings.model
        columns = self._columns if model.networks.members else None
        words = WordReasons(attribution, block, columns)
        around = AroundReasons(attribution, block, columns, self._paragraph) if columns else None
        for row in rows:
            at = row - block.start
            found = [Reason("average", "the score of an average paragraph, to begin with", float(block.average[at]))]
            found += _joined(list(words.of(at)))
            found += self._evidence(block, at)
            if around and columns:
                shapes = columns.of("shapes")
                added = attribution.changes[row, shapes] * block.slopes[at, shapes]
                shape = self._document.features.shapes[row].astype(np.float64)
                found += shape_reasons(shape, added, self._document.paragraph(row))
                found += around.of(at)
            yield found

    def _evidence(self, block: Block, at: int) -> list[Reason]:
        row, slopes = block.start + at, block.slopes[at, : len(self._settings.model.kinds)]
        return [
            Reason(each.group, each.text, float(slopes @ self._decisive.before(row, evidence, each).astype(np.float64)))
            for evidence, each in self._found(row)
        ]

    def _found(self, row: int) -> list[tuple[Evidence, Found]]:
        """The pieces of evidence on a paragraph."""
        paragraph = row if self._paragraph is None else int(self._paragraph[row])
        return [(evidence, each) for evidence, found in self._evidence_found for each in found[paragraph]]

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


def _summing(reasons: list[Reason], score: float) -> list[Reason]:
    """The reasons with log-odds that sum to the score.

    What rounding and the integration leave over is small. Each reason has a part of it in proportion to its size.
    """
    rest = score - sum(reason.log_odds for reason in reasons)
    sizes = [abs(reason.log_odds) for reason in reasons if reason.group != "average"]
    whole = sum(sizes)

    def part(reason: Reason) -> float:
        if not whole:
            return rest / len(reasons)
        return rest * abs(reason.log_odds) / whole if reason.group != "average" else 0.0

    return [Reason(reason.group, reason.text, reason.log_odds + part(reason)) for reason in reasons]
