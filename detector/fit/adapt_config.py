"""The configuration of an adaptation."""

from __future__ import annotations

from dataclasses import dataclass

from detector.errors import UsageError
from detector.fit.config import FitConfig


@dataclass(frozen=True, slots=True)
class AdaptConfig:
    """The hyperparameters of an adaptation. The defaults were chosen on dev; see training/RESULTS.md.

    Raises `UsageError` for a value that is out of range.
    """

    seed: int = 0
    folds: int = 4  # of the labels, for the held-out figures, at most
    strengths: tuple[float, ...] = (1.0, 10.0)  # of what holds the networks as they are in general; the best is chosen
    ridge: float = 0.1  # of the pull of each weight towards its own value, added to that
    steps: int = 25  # over all documents, or batches of them
    learning_rate: float = 2e-3  # the maximum
    label_loss: float = 1.0  # weight of the labels' cross-entropy, relative to the cross-entropy of the kinds
    label_weights: tuple[tuple[str, float], ...] = (("gold", 0.7), ("auto", 0.1))  # by the label's source, else 1
    min_labels: int = 8  # labelled paragraphs
    max_lost_words: tuple[tuple[str, float], ...] = FitConfig().max_lost_words  # by threshold, of reporting
    threshold_labels: float = 30.0  # of reporting, by which a threshold goes half the way that the labels would choose
    max_threshold: float = 0.6  # no threshold rises beyond it

    def __post_init__(self) -> None:
        minimums = {
            "seed": 0,
            "folds": 2,
            "ridge": 0,
            "steps": 1,
            "label_loss": 0,
            "min_labels": 1,
            "threshold_labels": 0,
        }
        for name, minimum in minimums.items():
            if getattr(self, name) < minimum:
                raise UsageError(f"{name} must be at least {minimum}, not {getattr(self, name)}")
        if not self.strengths or min(self.strengths) < 0:
            raise UsageError(f"strengths must be numbers from 0 on, at least one, not {self.strengths}")
        if not 0 <= self.max_threshold <= 1:
            raise UsageError(f"max_threshold must be from 0 to 1, not {self.max_threshold}")
        if not self.learning_rate > 0:
            raise UsageError(f"learning_rate must be above 0, not {self.learning_rate}")
