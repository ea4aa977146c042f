"""What a prediction computes, and what computes it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from detector.inference.model import Model
    from detector.text.paragraphs import Batch, Lines
    from detector.util.arrays import Floats, Offsets


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

    def predict(self, model: Model, batch: Batch) -> Scores:
        """The probabilities of every paragraph of a batch (`detector.inference.predict.predict`)."""
