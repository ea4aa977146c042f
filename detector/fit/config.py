"""The configuration of a fit: its hyperparameters and seeds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from detector.errors import UsageError

Progress: TypeAlias = Callable[[str], None]
BALANCED = "balanced"


@dataclass(frozen=True, slots=True)
class FitConfig:
    """The hyperparameters of a fit. The defaults were chosen by figures on held-out sites; see training/RESULTS.md.

    Raises `UsageError` for a value that is out of range.
    """

    folds: int = 5  # of the sites, for cross-validation
    seed: int = 0
    linear_penalty: float = 1e-6  # L2, on n-gram weights
    linear_epochs: int = 8
    networks: tuple[int, ...] = (4, 9)  # one seed, added to `seed`, per network; the best two of twelve on dev
    hidden: int = 48  # units of each hidden layer
    pools: int = 12  # units with running maxima, and as many with running means
    dropout: float = 0.2  # probability that an input of a layer is dropped
    distillation: float = 0.3  # share of the loss that is a teacher's, where there is one
    teacher_weight: float = 0.2  # of a paragraph that nobody has read, where there is a teacher
    label_loss: float = 1.0  # weight of the labels' cross-entropy, relative to the cross-entropy of the kinds
    network_epochs: int = 16
    batch_rows: int = 2000  # paragraphs per batch, about; a batch has whole documents
    min_steps: int = 1000  # of a network's fit; for few documents, batches become smaller to reach it
    learning_rate: float = 3e-3  # the maximum
    augmentation: float = 0.5  # documents with an inserted block per given document, at most
    line_augmentation: float = 0.5  # documents with inserted lines per given document
    cut_augmentation: float = 0.5  # cuts per given document
    artificial: float = 0.1  # documents that are no prose per given document
    label_weights: tuple[tuple[str, float], ...] = (("gold", 0.7), ("auto", 0.1))  # by the label's source, else 1
    page_weight: float = 2.0  # factor for whole pages: the same page occurs up to seven times as extracted text
    # the named thresholds: each loses at most this share of the words of reporting in any group of held-out sites
    max_lost_words: tuple[tuple[str, float], ...] = (("gentle", 0.001), (BALANCED, 0.0045), ("strict", 0.02))

    def __post_init__(self) -> None:
        minimums = {
            "folds": 2, "seed": 0, "linear_epochs": 1, "hidden": 1, "pools": 1, "dropout": 0,
            "label_loss": 0, "distillation": 0, "teacher_weight": 0, "network_epochs": 1, "batch_rows": 1,
            "min_steps": 1, "augmentation": 0,
            "line_augmentation": 0, "cut_augmentation": 0, "artificial": 0,
        }  # fmt: skip
        for name, minimum in minimums.items():
            if getattr(self, name) < minimum:
                raise UsageError(f"{name} must be at least {minimum}, not {getattr(self, name)}")
        if len(set(self.networks)) < len(self.networks) or min(self.networks, default=0) < 0:
            raise UsageError(f"networks must be different seeds, none below 0, not {self.networks}")
        if not self.distillation <= 1:
            raise UsageError(f"distillation must be at most 1, not {self.distillation}")
        if not self.dropout < 1:
            raise UsageError(f"dropout must be below 1, not {self.dropout}")
        if not self.learning_rate > 0:
            raise UsageError(f"learning_rate must be above 0, not {self.learning_rate}")
        if BALANCED not in dict(self.max_lost_words):
            raise UsageError(
                f"max_lost_words must name {BALANCED!r}, the default threshold, not only "
                f"{list(dict(self.max_lost_words))}"
            )
