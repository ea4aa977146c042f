"""Loads a cleaner: a model by its folder or name, phrases and counts by their files."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import TypeAlias

from detector import guard
from detector.cleaner import Cleaned, Cleaner
from detector.encoder.model import Encoder
from detector.encoder.names import ACCURATE, named_model, require_libraries
from detector.errors import UsageError
from detector.evidence.base import Evidence
from detector.evidence.sources import PhrasesSource, RepeatsSource, read_evidence
from detector.inference.model import Model
from detector.inference.storage import load_model
from detector.policy import REPORTING_ONLY, Policy, resolve_policy
from detector.text.paragraphs import ParagraphBreak

Named: TypeAlias = str | os.PathLike[str] | None  # a model: its folder, "accurate", or None or "default"


@dataclass(frozen=True, eq=False)
class Loaded:
    """What decides: a model, and with the accurate model the encoder and how much it reads, from 0 to 1."""

    model: Model
    encoder: Encoder | None = None
    effort: float = 0.0

    def cleaner(
        self, threshold: float | str, policy: Policy | str, paragraphs: ParagraphBreak, max_removed: float,
        evidence: tuple[Evidence, ...],
    ) -> Cleaner:  # fmt: skip
        """A cleaner that decides with them; the other settings are those of `Cleaner`."""
        return Cleaner(
            self.model, threshold, resolve_policy(policy), paragraphs, max_removed, evidence, self.encoder, self.effort
        )


def load_named(model: Named, effort: float | None = None, load_folder: Callable[[Named], Model] = load_model) -> Loaded:
    """Load what a model's folder or name stands for; ``effort`` is as in `load`.

    Only the string ``"accurate"`` names the accurate model; a folder of that name is ``"./accurate"``, or a `Path`. The
    string ``"default"`` names the default model unless there is a folder of that name.
    ``load_folder`` loads the model in a folder, or the default one. Raises the errors of `load`.
    """
    model = named_model(model)
    if model != ACCURATE:
        if effort is not None:
            raise UsageError(f"effort {effort!r} is for the accurate model: name it, too (model={ACCURATE!r})")
        return Loaded(load_folder(model))
    require_libraries()
    from detector.encoder.shipped import load_shipped

    stored = load_shipped()
    return Loaded(stored.model(load_folder(None)), stored.encoder, stored.effort if effort is None else effort)


def load(
    model: Named = None,
    *,
    threshold: float | str = "balanced",
    policy: Policy | str = REPORTING_ONLY,
    paragraphs: ParagraphBreak = "line",
    max_removed: float = guard.MAX_REMOVED,
    phrases: PhrasesSource = None,
    repeats: RepeatsSource = None,
    effort: float | None = None,
) -> Cleaner:
    """Load the model in the folder ``model``, or a shipped one, and return a `Cleaner` with it.

    Without ``model``, it is the default model, as with ``"default"`` unless there is a folder of that name;
    ``"accurate"`` is the accurate one, which needs the extra ``accurate`` (a folder of that name is ``"./accurate"``).
    ``effort``, from 0 to 1, is how much of a text that one reads again; by default, what its card says. ``policy`` is a
    `Policy` or the name of one of `detector.POLICIES`. ``phrases`` is a file of phrases (see
    `detector.evidence.phrases.Phrases`), ``repeats`` one file or several that ``detector repeats learn`` has made. The
    other settings are those of `Cleaner`.

    Raises `ModelError` for a model that cannot be used; `DataError` for a file of ``repeats`` that cannot be used;
    `UsageError` for a missing file of ``repeats``, for ``phrases`` that cannot be read, for settings that do not fit
    the model, and where a library of the extra is missing.
    """
    evidence = read_evidence(phrases, repeats)
    return load_named(model, effort).cleaner(threshold, policy, paragraphs, max_removed, evidence)


def clean(text: str) -> Cleaned:
    """Clean one text with the default model and the default settings.

    The model is loaded at the first call and stays in memory. For other settings, `load` a cleaner.
    """
    return default_cleaner().clean(text)


@cache
def default_cleaner() -> Cleaner:
    """A cleaner with the default model and the default settings, always the same one."""
    return load()
