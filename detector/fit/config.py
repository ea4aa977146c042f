"""The configuration of a fit: every number that it depends on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from detector.errors import UsageError

Progress: TypeAlias = Callable[[str], None]
BALANCED = "balanced"


@dataclass(frozen=True, slots=True)
class FitConfig:
    """The hyperparameters of a fit. Every default was chosen on held-out sites; see training/RESULTS.md.

    Raises `UsageError` for a value that is out of range.
    """

    folds: int = 5  # of sites, for cross-validation
    seed: int = 0
    linear_penalty: float = 1e-6  # L2, on n-gram weights
    linear_epochs: int = 8
    networks: tuple[int, ...] = (4, 9)  # seeds, counted from `seed`, of the networks averaged: two of twelve, by dev
    hidden: int = 48  # units of each layer
    pools: int = 12  # running maxima, and as many running means
    dropout: float = 0.2  # of the inputs of a layer
    label_loss: float = 1.0  # weight of the labels' cross-entropy relative to that of the kinds
    network_epochs: int = 6
    batch_rows: int = 2000  # paragraphs of a batch of whole documents, at most
    min_steps: int = 1000  # of a network's fit: with few documents, the batches are smaller
    learning_rate: float = 3e-3  # the highest
    augmentation: float = 0.8  # augmented documents per given document
    label_weights: tuple[tuple[str, float], ...] = (("gold", 0.7), ("auto", 0.1))  # by who gave the label, else 1
    page_weight: float = (
        2.0  # further weight of a whole page, which occurs once, the texts of its extractors seven times
    )
    # the named thresholds: each loses at most this share of the reporting words of extracted texts, on held-out sites
    max_lost_words: tuple[tuple[str, float], ...] = (("gentle", 0.001), (BALANCED, 0.004), ("strict", 0.02))

    def __post_init__(self) -> None:
        lowest = {
            "folds": 2, "seed": 0, "linear_epochs": 1, "hidden": 1, "pools": 1, "dropout": 0,
            "label_loss": 0, "network_epochs": 1, "batch_rows": 1, "min_steps": 1, "augmentation": 0,
        }  # fmt: skip
        for name, low in lowest.items():
            if getattr(self, name) < low:
                raise UsageError(f"{name} must be at least {low}, not {getattr(self, name)}")
        if len(set(self.networks)) < len(self.networks) or min(self.networks, default=0) < 0:
            raise UsageError(f"networks must be different seeds, none below 0, not {self.networks}")
        if not self.dropout < 1:
            raise UsageError(f"dropout must be below 1, not {self.dropout}")
        if not self.learning_rate > 0:
            raise UsageError(f"learning_rate must be above 0, not {self.learning_rate}")
        if BALANCED not in dict(self.max_lost_words):
            raise UsageError(
                f"max_lost_words must name {BALANCED!r}, the default threshold, not only "
                f"{list(dict(self.max_lost_words))}"
            )
