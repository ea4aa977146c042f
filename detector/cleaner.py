"""Texts to decisions, and decisions to clean texts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial

import numpy as np

from detector import guard
from detector.backend.choice import backend as choose_backend
from detector.encoder.model import Encoder, check_effort
from detector.errors import UsageError
from detector.evidence.base import Evidence
from detector.evidence.known import NOTHING, Known, gather, predict
from detector.inference.calibration import kept_scores
from detector.inference.model import Model
from detector.inference.scores import Backend, Scores
from detector.policy import REPORTING_ONLY, Policy, resolve_threshold
from detector.reasons import Why
from detector.results import Cleaned, Paragraph, Prediction, SectionPrediction, join_sections
from detector.text.paragraphs import Batch, ParagraphBreak, split
from detector.text.reading import divide_long, is_read
from detector.text.sections import Section, count_lines, is_short, sections
from detector.util.arrays import Offsets
from detector.util.batching import batches
from detector.util.threads import map_ahead

__all__ = ["BATCH_CHARACTERS", "Cleaned", "Cleaner", "Paragraph", "Prediction"]

BATCH_CHARACTERS = 1 << 18  # of texts that are predicted together, as `text_size` counts them
_LINE_SIZE = 32


@dataclass(frozen=True)
class Cleaner:
    """Decides, paragraph by paragraph, what of a text is the article.

    ``threshold`` is a number from 0 to 1 or the name of one of the model's thresholds (``gentle``, ``balanced``,
    ``strict``); a paragraph is kept when the probability of what ``policy`` keeps is at least the threshold.
    ``paragraphs`` says how a text is split into paragraphs: at every ``line``, or at ``blank`` lines (see
    `detector.text.paragraphs.split`).

    ``max_removed``, from 0 to 1, guards against removing what is not understood: a text of whose paragraphs a larger
    share of the characters would go is kept whole, unless it looks like a whole page (`detector.guard`). Line ends and
    blank lines do not count, other than in `Cleaned.removed_share`. A long text is guarded section by section. With 1,
    and where the policy drops the body of articles, no text is kept whole.

    ``evidence`` is what is known beside the texts: phrases (`detector.evidence.phrases`), and which paragraphs repeat
    (`detector.evidence.repeats`).

    ``encoder`` reads again what the model doubts. ``effort``, from 0 (nothing, the default) to 1 (everything), says how
    much it reads; `detector.load` sets both.

    A cleaner holds no state: threads may share it, and it can be pickled. Two cleaners are equal when their models and
    settings are. Raises `UsageError` for settings that do not fit the model.
    """

    model: Model
    threshold: float | str = "balanced"
    policy: Policy = REPORTING_ONLY
    paragraphs: ParagraphBreak = "line"
    max_removed: float = guard.MAX_REMOVED
    evidence: tuple[Evidence, ...] = ()
    encoder: Encoder | None = None
    effort: float = 0.0

    def __post_init__(self) -> None:
        if self.paragraphs not in ("line", "blank"):
            raise UsageError(f"paragraphs {self.paragraphs!r}: choose line or blank")
        if not isinstance(self.policy, Policy):
            raise UsageError(f"policy {self.policy!r}: give a Policy, or its name to detector.load")
        guard.check_max_removed(self.max_removed)
        if not isinstance(self.evidence, tuple):
            raise UsageError(f"evidence {self.evidence!r}: give a tuple, such as (Phrases.read('phrases.tsv'),)")
        check_effort(self.effort)
        if self.encoder is None and self.effort:
            raise UsageError(f"effort {self.effort}: only the accurate model has an effort: detector.load('accurate')")
        if self.encoder is not None and self.encoder.kind_labels != self.model.kind_labels:
            raise UsageError("the encoder was trained for a model with other kinds: use the two that belong together")
        _ = self._cutoff, self._kept_kinds, gather(self.evidence, self.model, ())

    @cached_property
    def _cutoff(self) -> float:
        return resolve_threshold(self.threshold, self.model)

    @cached_property
    def _kept_kinds(self) -> tuple[bool, ...]:
        return tuple(self.policy.kept_kinds(self.model).tolist())

    @cached_property
    def removed_limit(self) -> float:
        """The share of the paragraphs' characters above which a text is kept whole: ``max_removed``, or 1 for no limit.

        There is none where the policy drops the body of articles, because most of every text is to go.
        """
        reporting = [number for number, label in enumerate(self.model.kind_labels) if label == 0]
        body = [number for number in reporting if self.model.kinds[number] == "body"] or reporting
        return self.max_removed if any(self._kept_kinds[number] for number in body) else 1.0

    def clean(self, text: str) -> Cleaned:
        """Clean one text."""
        return next(self.clean_many([text]))

    def clean_many(self, texts: Iterable[str], *, threads: int = 1) -> Iterator[Cleaned]:
        """Clean texts, lazily and in order. Many are predicted together, with the same results as one by one.

        Raises `UsageError` as `predict_many` does.
        """
        predictions = self.predict_many(texts, threads=threads)
        return (Cleaned(prediction.clean_text(), prediction) for prediction in predictions)

    def predict(self, text: str) -> Prediction:
        """Return the decisions on one text."""
        return next(self.predict_many([text]))

    def predict_many(self, texts: Iterable[str], *, threads: int = 1) -> Iterator[Prediction]:
        """Return the decisions on texts, lazily and in order.

        With several ``threads``, batches are predicted at the same time, and a few are read ahead: the compiled kernels
        run without the interpreter's lock. Raises `UsageError` for anything but strings, and for no thread.
        """
        if isinstance(threads, bool) or not isinstance(threads, int) or threads < 1:
            raise UsageError(f"threads {threads!r}: give a whole number from 1 on")
        if not isinstance(texts, Iterable):
            raise UsageError(f"predict_many and clean_many take an iterable of texts, not a {type(texts).__name__}")
        if isinstance(texts, str):
            raise UsageError("predict_many and clean_many take many texts, not one string: use predict or clean")
        return self._predict_all(texts, threads)

    def predict_sections(self, text: str | Iterable[str]) -> Iterator[SectionPrediction]:
        """Return the decisions on a text of any length, section by section, so that memory is bounded.

        The text may be an iterable of consecutive chunks. Joined, the decisions are those that `predict` returns.
        Raises `UsageError` for anything but strings.
        """
        found = sections(text, self.paragraphs)
        return (SectionPrediction(each.start, self._predict_section(each), each.continued) for each in found)

    def _predict_all(self, texts: Iterable[str], threads: int) -> Iterator[Prediction]:
        groups = batches(map(_with_lines, texts), lambda given: text_size(*given), BATCH_CHARACTERS)
        for _, predictions in map_ahead(self._predict_group, groups, threads):
            yield from predictions

    def _predict_group(self, group: Sequence[tuple[str, int]]) -> list[Prediction]:
        """The decisions on texts, which are given with their numbers of lines."""
        predictions: list[Prediction] = []
        short: list[str] = []
        for text, lines in group:
            if is_short(text, lines):
                short.append(text)
                continue
            predictions += self.predict_batch(short)
            short = []
            joined = join_sections(text, self.predict_sections(text))
            predictions.append(joined.explained_by(self._explain_sections))
        predictions += self.predict_batch(short)
        return predictions

    def predict_batch(self, texts: Sequence[str]) -> Iterator[Prediction]:
        """Return the decisions on texts that are predicted all together, in order.

        For callers that group texts themselves. Every text is one section (`detector.text.sections.is_short`).
        """
        if not texts:
            return
        backend = choose_backend()
        batch = split(texts, self.paragraphs, backend.split_lines)
        read = is_read(batch).tolist()
        if all(read):
            yield from self._predict_read(texts, batch, backend)
            return
        predictions = self.predict_batch([text for text, is_one in zip(texts, read, strict=True) if is_one])
        bounds = batch.bounds.tolist()
        for number, text in enumerate(texts):
            rows = slice(bounds[number], bounds[number + 1])
            if read[number]:
                yield next(predictions)
            else:
                yield self._unread(text, batch.char_start[rows], batch.char_end[rows])

    def _predict_read(self, texts: Sequence[str], batch: Batch, backend: Backend) -> Iterator[Prediction]:
        parts = divide_long(batch)
        known = self._known(texts, batch) if self.evidence else NOTHING
        if parts:
            known = known.of_rows(parts.paragraph)
        scores = predict(backend, self.model, parts.batch if parts else batch, known, partial(self._read_again, texts))
        labels, kinds = scores.labels, scores.kinds
        kept = kept_scores(scores, self._kept_kinds, self.model.kind_labels)
        if parts:  # a paragraph is removed where every part of it would be
            best = parts.best(kept)
            labels, kinds, kept = labels[best], kinds[best], kept[best]
        model = self.model
        settings = guard.Settings(self._cutoff, self.removed_limit, model.kind_labels)
        decisions = guard.decide(kept, kinds, batch, scores.familiarity, settings)
        bounds = batch.bounds.tolist()
        for number, (text, familiarity, threshold, whole) in enumerate(zip(
            texts, scores.familiarity.tolist(), decisions.thresholds.tolist(), decisions.kept_whole.tolist(),
            strict=True,
        )):  # fmt: skip
            rows = slice(bounds[number], bounds[number + 1])
            yield Prediction(
                text, model.labels, model.kinds, model.kind_labels, batch.char_start[rows], batch.char_end[rows],
                labels[rows], kinds[rows], kept[rows], decisions.keep[rows], familiarity, threshold, whole,
            ).explained_by(self._explain)  # fmt: skip

    def _read_again(self, texts: Sequence[str], batch: Batch, scores: Scores) -> Scores:
        """The probabilities after the encoder, if there is one, has read what is in doubt."""
        return self.encoder.corrected(texts, batch, scores, self.effort) if self.encoder else scores

    def _known(self, texts: Sequence[str], batch: Batch) -> Known:
        places = zip(batch.document.tolist(), batch.char_start.tolist(), batch.char_end.tolist(), strict=True)
        paragraphs = [texts[document][start:end] for document, start, end in places]
        return gather(self.evidence, self.model, paragraphs, batch.bounds)

    def _predict_section(self, section: Section) -> Prediction:
        if section.unread:
            return self._unread(section.text, np.array([0]), np.array([section.end]))
        whole = next(self.predict_batch([section.before + section.text + section.after]))
        lead = len(section.before)
        first, last = np.searchsorted(whole.starts, (lead, lead + len(section.text))).tolist()
        scores = whole.keep_scores[first:last]
        return replace(
            whole, source=section.text, starts=whole.starts[first:last] - lead, ends=whole.ends[first:last] - lead,
            label_scores=whole.label_scores[first:last], kind_scores=whole.kind_scores[first:last],
            keep_scores=scores, keep=whole.keep[first:last],
            kept_whole=whole.kept_whole and bool((scores < whole.threshold).any()),
        ).explained_by(
            partial(self._explain, before=section.before, after=section.after, is_later=section.start > 0)
        )  # fmt: skip

    def _unread(self, text: str, starts: Offsets, ends: Offsets) -> Prediction:
        """The decisions on a text that is not read: all of it is kept, as reporting."""
        model, number = self.model, len(starts)
        labels = np.zeros((number, len(model.labels)), dtype=np.float32)
        kinds = np.zeros((number, len(model.kinds)), dtype=np.float32)
        labels[:, 0] = kinds[:, model.kind_labels.index(0)] = 1
        return Prediction(
            text, model.labels, model.kinds, model.kind_labels, starts, ends, labels, kinds,
            np.ones(number, dtype=np.float32), np.ones(number, dtype=np.bool_), threshold=self._cutoff,
        ).explained_by(_explain_unread)  # fmt: skip

    def _explain(
        self, prediction: Prediction, before: str = "", after: str = "", is_later: bool = False
    ) -> tuple[Why, ...]:
        """Why each paragraph of a section is kept or removed.

        ``before`` and ``after`` are the lines around it; ``is_later`` tells whether it is not the first of its text.
        """
        from detector.explanation.explain import Settings, explain

        settings = Settings(
            self.model, self.paragraphs, self.evidence, self._kept_kinds, self._cutoff, self.encoder, self.effort
        )
        return explain(settings, prediction, before, after, is_later)

    def _explain_sections(self, prediction: Prediction) -> tuple[Why, ...]:
        """Why each paragraph of a text in sections is kept or removed, section by section."""
        parts = self.predict_sections(prediction.source)
        return tuple(why for part in parts if not part.continued for why in part.prediction.why)


def _explain_unread(prediction: Prediction) -> tuple[Why, ...]:
    from detector.explanation.explain import explain_unread

    return explain_unread(prediction)


def text_size(text: str, lines: int) -> int:
    """What a text counts for in a batch: its characters, or more if it has many lines, as `count_lines` counts."""
    return max(len(text), _LINE_SIZE * (lines + 1))  # so that empty texts fill a batch, too


def _with_lines(text: str) -> tuple[str, int]:
    if not isinstance(text, str):
        raise UsageError(f"a text is a str, not a {type(text).__name__}")
    return text, count_lines(text)
