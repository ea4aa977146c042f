"""Texts to decisions, and decisions to clean texts."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache, cached_property
from typing import Any

import numpy as np

from detector.backend import switch
from detector.errors import UsageError
from detector.inference.calibration import label_sums
from detector.inference.model import Model
from detector.inference.predict import predict
from detector.inference.storage import load_model
from detector.policy import REPORTING_ONLY, Policy, resolve_policy, resolve_threshold
from detector.results import Cleaned, Paragraph, Prediction
from detector.text.paragraphs import ParagraphBreak, split
from detector.text.sections import SECTION_CHARACTERS, Section, sections
from detector.util.batching import batches

__all__ = ["BATCH_CHARACTERS", "Cleaned", "Cleaner", "Paragraph", "Prediction", "clean", "load"]

BATCH_CHARACTERS = 1 << 18


@dataclass(frozen=True)
class Cleaner:
    """Decides, paragraph by paragraph, what of a text is the article.

    ``threshold`` is a number from 0 to 1 or the name of one of the model's thresholds (``gentle``, ``balanced``,
    ``strict``); a paragraph is kept when the probability of what ``policy`` keeps is at least the threshold.
    ``paragraphs`` says how a text is split into paragraphs: at every ``line``, or at ``blank`` lines (see
    `detector.text.paragraphs.split`).

    A cleaner holds no state: threads may share it, and it can be pickled. Two cleaners are equal when their models and
    settings are. Raises `UsageError` for settings that do not fit the model.
    """

    model: Model
    threshold: float | str = "balanced"
    policy: Policy = REPORTING_ONLY
    paragraphs: ParagraphBreak = "line"

    def __post_init__(self) -> None:
        if self.paragraphs not in ("line", "blank"):
            raise UsageError(f"paragraphs {self.paragraphs!r}: choose line or blank")
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
        """Clean texts, lazily and in order. Many are predicted together, with the same results as one by one."""
        for prediction in self.predict_many(texts):
            yield Cleaned(prediction.clean_text(), prediction)

    def predict(self, text: str) -> Prediction:
        """Return the decisions on one text."""
        return next(self.predict_many([text]))

    def predict_many(self, texts: Iterable[str]) -> Iterator[Prediction]:
        """Return the decisions on texts, lazily and in order. Raises `UsageError` for anything but strings."""
        if isinstance(texts, str):
            raise UsageError("predict_many and clean_many take many texts, not one string: use predict or clean")
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
        backend = switch.PROCESS.backend(sum(map(len, texts)))
        batch = split(texts, self.paragraphs, backend.split_lines)
        scores = predict(self.model, batch, backend)
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
                text, model.labels, model.kinds, model.kind_labels, batch.char_start[rows], batch.char_end[rows],
                scores.labels[rows], scores.kinds[rows], kept[rows], keep[rows],
            )  # fmt: skip

    def _predict_long(self, text: str) -> Prediction:
        parts = [self._predict_section(section) for section in sections(text, self.paragraphs)]
        merged: dict[str, Any] = {
            name: np.concatenate([getattr(part, name) for part in parts])
            for name in ("starts", "ends", "label_scores", "kind_scores", "keep_scores", "keep")
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
    return len(text) + 1  # so that empty texts fill a batch, too


def load(
    model: str | os.PathLike[str] | None = None,
    *,
    threshold: float | str = "balanced",
    policy: Policy | str = REPORTING_ONLY,
    paragraphs: ParagraphBreak = "line",
) -> Cleaner:
    """Load the model in the folder ``model``, or the shipped one, and return a `Cleaner` with it.

    ``policy`` is a `Policy` or the name of one of `detector.POLICIES`. The other settings are those of `Cleaner`.

    Raises `ModelError` for a model that cannot be used, `UsageError` for settings that do not fit it.
    """
    return Cleaner(load_model(model), threshold, resolve_policy(policy), paragraphs)


def clean(text: str) -> Cleaned:
    """Clean one text with the shipped model and the default settings.

    The model is loaded at the first call and stays in memory. For other settings, `load` a cleaner.
    """
    return _default_cleaner().clean(text)


@cache
def _default_cleaner() -> Cleaner:
    return load()
