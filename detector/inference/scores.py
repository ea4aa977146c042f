"""What a prediction computes, and what computes it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

import numpy as np

if TYPE_CHECKING:
    from detector.inference.model import Model
    from detector.text.paragraphs import Batch, Lines
    from detector.util.arrays import Floats, Offsets

MAX_EVIDENCE = 1e6


class Scores(NamedTuple):
    """Probabilities: ``labels`` of shape ``(paragraphs, labels)``, ``kinds`` of shape ``(paragraphs, kinds)``.

    The rows of both sum to 1. ``familiarity``, ``(documents,)``, is the share of each document that the model knows.
    """

    labels: Floats
    kinds: Floats
    familiarity: Floats


class Backend(Protocol):
    """Computes the steps of a prediction."""

    @property
    def name(self) -> str:
        """What computes, for messages."""

    def split_lines(self, buffer: bytes, origin: Offsets) -> Lines:
        """The lines of a padded buffer (`detector.text.paragraphs.split_lines`)."""

    def predict(self, model: Model, batch: Batch, evidence_logits: Floats | None = None) -> Scores:
        """The probabilities of every paragraph of a batch (`detector.inference.predict.predict`)."""

    def linear_logits(self, model: Model, batch: Batch) -> Floats:
        """The logits of every paragraph by the linear model (`detector.inference.predict.first_stage`)."""


def check_evidence(evidence: Floats | None, paragraphs: int, kinds: int) -> Floats | None:
    """Evidence as contiguous rows, or None. Raises `ValueError` for another dtype, shape or range.

    Beyond `MAX_EVIDENCE` on either side, a number would have no use: a probability is 0 or 1 long before.
    """
    if evidence is None:
        return None
    if evidence.dtype != np.float32 or evidence.shape != (paragraphs, kinds):
        raise ValueError(
            f"evidence of the shape {evidence.shape} in {evidence.dtype}: "
            f"give float32 of the shape ({paragraphs}, {kinds}), one row per paragraph and one column per kind"
        )
    if not (np.abs(evidence) <= MAX_EVIDENCE).all():
        raise ValueError(f"evidence has a number that is not between -{MAX_EVIDENCE:,.0f} and {MAX_EVIDENCE:,.0f}")
    return np.ascontiguousarray(evidence)
