"""Texts to decisions, and decisions to clean texts."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from detector.batching import batches
from detector.errors import UsageError
from detector.model import Floats, Model, label_sums
from detector.paragraphs import Mode, Offsets, split
from detector.policy import REPORTING_ONLY, Policy, resolve_threshold
from detector.sections import SECTION_CHARACTERS, Section, sections
from detector.storage import load_model

BATCH_CHARACTERS = 1 << 18


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A paragraph and what was decided.

    ``start`` and ``end`` are characters of the text; ``scores`` are the probabilities of the labels and add up to 1,
    ``kind_score`` is that of the kind; ``keep_score`` is what was compared with the threshold.
    """

    text: str
    start: int
    end: int
    label: str
    kind: str
    keep: bool
    scores: Mapping[str, float]
    kind_score: float
    keep_score: float


@dataclass(frozen=True)
class Prediction:
    """The decisions on one text. The arrays have a row a paragraph, `paragraphs` is the same as objects."""

    source: str
    labels: tuple[str, ...]
    kinds: tuple[str, ...]
    kind_labels: tuple[int, ...]
    starts: Offsets
    ends: Offsets
    label_scores: Floats
    kind_scores: Floats
    words: NDArray[np.int64]
    keep_scores: Floats
    keep: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.starts)

    @cached_property
    def label_indices(self) -> NDArray[np.int64]:
        """The most probable label of each paragraph, an index into ``labels``."""
        best: NDArray[np.int64] = self.label_scores.argmax(axis=1)
        return best

    @cached_property
    def kind_indices(self) -> NDArray[np.int64]:
        """The most probable kind of that label, an index into ``kinds``."""
        of_label = np.array(self.kind_labels) == self.label_indices[:, None]
        best: NDArray[np.int64] = np.where(of_label, self.kind_scores, np.float32(-1)).argmax(axis=1)
        return best

    @cached_property
    def paragraphs(self) -> tuple[Paragraph, ...]:
        """Every paragraph in order."""
        rows = np.arange(len(self))
        return tuple(
            Paragraph(
                self.source[start:end], start, end, self.labels[label], self.kinds[kind], keep,
                dict(zip(self.labels, scores, strict=True)), kind_score, keep_score,
            )
            for start, end, label, kind, keep, scores, kind_score, keep_score in zip(
                self.starts.tolist(), self.ends.tolist(), self.label_indices.tolist(), self.kind_indices.tolist(),
                self.keep.tolist(), self.label_scores.tolist(),
                self.kind_scores[rows, self.kind_indices].tolist(), self.keep_scores.tolist(), strict=True,
            )
        )  # fmt: skip

    @property
    def removed(self) -> tuple[Paragraph, ...]:
        """The paragraphs that are not kept, in order."""
        return tuple(p for p in self.paragraphs if not p.keep)

    def removed_stretches(self) -> list[tuple[int, int]]:
        """What cleaning takes out of the text, as characters: each removed paragraph up to the next paragraph.

        Putting them back at their places, in order, gives the text again.
        """
        stops = np.append(self.starts[1:], len(self.source))
        out = ~self.keep
        return list(zip(self.starts[out].tolist(), stops[out].tolist(), strict=True))

    def clean_text(self) -> str:
        """The text without the paragraphs that are not kept, and without the blank lines after them."""
        if self.keep.all():
            return self.source
        pieces, at = [], 0
        for start, stop in self.removed_stretches():
            pieces.append(self.source[at:start])
            at = stop
        return "".join([*pieces, self.source[at:]])


@dataclass(frozen=True)
class Cleaned:
    """A clean text, and the decisions that made it so."""

    text: str
    prediction: Prediction

    @property
    def paragraphs(self) -> tuple[Paragraph, ...]:
        """Every paragraph of the given text, kept and removed, in order."""
        return self.prediction.paragraphs

    @property
    def removed(self) -> tuple[Paragraph, ...]:
        """The paragraphs that were taken out, in order."""
        return self.prediction.removed

    @property
    def removed_share(self) -> float:
        """The share of the characters that were taken out, from 0 to 1; of an empty text, 0."""
        return 1 - len(self.text) / len(self.prediction.source) if self.prediction.source else 0.0


@dataclass(frozen=True)
class Cleaner:
    """Decides paragraph by paragraph what of a text is the article.

    ``threshold`` is a number from 0 to 1 or a name that the model has (``gentle``, ``balanced``, ``strict``); a
    paragraph is kept when the probability of what ``policy`` keeps is at least that. ``mode`` is how paragraphs stand
    in the text: ``line`` or ``blank`` (see `detector.paragraphs.split`).

    A cleaner holds no state: threads may share it, and it can be pickled. Raises `UsageError` for settings that do
    not fit the model.
    """

    model: Model
    threshold: float | str = "balanced"
    policy: Policy = REPORTING_ONLY
    mode: Mode = "line"

    def __post_init__(self) -> None:
        if self.mode not in ("line", "blank"):
            raise UsageError(f"paragraphs {self.mode!r}: give line or blank")
        _ = self._cutoff, self._kept_kinds

    @cached_property
    def _cutoff(self) -> float:
        return resolve_threshold(self.threshold, self.model)

    @cached_property
    def _kept_kinds(self) -> list[int]:
        return [int(kept) for kept in self.policy.kept_kinds(self.model)]

    def clean(self, text: str) -> Cleaned:
        """Clean one text."""
        return next(self.clean_many([text]))

    def clean_many(self, texts: Iterable[str]) -> Iterator[Cleaned]:
        """Clean texts, lazily and in order; many are judged together, with the same results as one by one."""
        for prediction in self.predict_many(texts):
            yield Cleaned(prediction.clean_text(), prediction)

    def predict(self, text: str) -> Prediction:
        """The decisions on one text."""
        return next(self.predict_many([text]))

    def predict_many(self, texts: Iterable[str]) -> Iterator[Prediction]:
        """The decisions on texts, lazily and in order. Raises `UsageError` for what is no text."""
        if isinstance(texts, str):
            raise UsageError("predict_many and clean_many take texts, not one text: use predict or clean")
        for group in batches(texts, _size, BATCH_CHARACTERS):
            yield from self._predict_group(group)

    def _predict_group(self, texts: list[str]) -> Iterator[Prediction]:
        short: list[str] = []
        for text in texts:
            if len(text) <= SECTION_CHARACTERS:
                short.append(text)
                continue
            yield from self._predict_batch(short)
            short = []
            yield self._predict_long(text)
        yield from self._predict_batch(short)

    def _predict_batch(self, texts: Sequence[str]) -> Iterator[Prediction]:
        if not texts:
            return
        batch = split(texts, self.mode)
        scores = self.model.predict(batch)
        kept = (
            label_sums(scores.kinds, self._kept_kinds, 2)[:, 1]
            if self.policy != REPORTING_ONLY
            else scores.labels[:, 0]
        )
        keep = kept >= self._cutoff
        model = self.model
        bounds = batch.bounds.tolist()
        for number, text in enumerate(texts):
            rows = slice(bounds[number], bounds[number + 1])
            yield Prediction(
                text, model.labels, model.kinds, model.kind_labels, batch.first[rows], batch.last[rows],
                scores.labels[rows], scores.kinds[rows], scores.words[rows], kept[rows], keep[rows],
            )  # fmt: skip

    def _predict_long(self, text: str) -> Prediction:
        parts = [self._predict_section(section) for section in sections(text, self.mode)]
        merged: dict[str, Any] = {
            name: np.concatenate([getattr(part, name) for part in parts])
            for name in ("starts", "ends", "label_scores", "kind_scores", "words", "keep_scores", "keep")
        }
        return replace(parts[0], source=text, **merged)

    def _predict_section(self, section: Section) -> Prediction:
        part = next(self._predict_batch([section.text]))
        if section.paragraph:
            start, end = section.paragraph
            return replace(part, starts=np.array([start]), ends=np.array([end]))
        return replace(part, starts=part.starts + section.start, ends=part.ends + section.start)


def _size(text: str) -> int:
    if not isinstance(text, str):
        raise UsageError(f"a text is a str, not a {type(text).__name__}")
    return len(text) + 1  # so that empty texts, too, fill a group


def load(
    model: str | os.PathLike[str] | None = None,
    *,
    threshold: float | str = "balanced",
    policy: Policy = REPORTING_ONLY,
    paragraphs: Mode = "line",
) -> Cleaner:
    """A cleaner with the model in the folder ``model``, or with the shipped one.

    Raises `ModelError` for a model that cannot be used, `UsageError` for settings that do not fit it.
    """
    return Cleaner(load_model(model), threshold, policy, paragraphs)
