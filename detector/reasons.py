"""Why a paragraph was kept or removed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

# Where a reason comes from: the paragraph's words, its shape, the paragraphs around it, its place in the document, the
# words that it shares with the document, a phrase of the user, how often it repeats, the encoder of the accurate model,
# and what the model assumes of an average paragraph.
Group: TypeAlias = Literal[
    "words", "shape", "neighbours", "position", "vocabulary", "phrase", "repeats", "encoder", "average"
]


@dataclass(frozen=True, slots=True)
class Reason:
    """One reason, in the paragraph's own words or in a few plain ones.

    ``log_odds`` is what it added to the log-odds of keeping the paragraph: above 0 it speaks for keeping it, below 0
    for removing it.
    """

    group: Group
    text: str
    log_odds: float


@dataclass(frozen=True, slots=True)
class Why:
    """The reasons for a decision.

    ``log_odds`` is the logarithm of the odds of ``keep_score``; the log-odds of the ``reasons`` sum to it. They are in
    order of their size, the largest first. ``threshold`` is the log-odds from which a paragraph of the document is
    kept. ``note`` says what else decided, such as the guard.
    """

    log_odds: float
    threshold: float
    reasons: tuple[Reason, ...]
    note: str | None = None
