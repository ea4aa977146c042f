"""How a model is fitted: every number that a fit depends on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from detector.errors import UsageError

Progress: TypeAlias = Callable[[str], None]
BALANCED = "balanced"


@dataclass(frozen=True, slots=True)
class Recipe:
    """How a model is fitted. Every figure was chosen on held-out sites; see training/RESULTS.md."""

    folds: int = 5
    seed: int = 0
    linear_penalty: float = 1e-6  # L2, on n-gram weights
    linear_epochs: int = 8
    networks: tuple[int, ...] = (4, 9)  # seeds, counted from `seed`, of those averaged; two of twelve, by dev
    hidden: int = 48  # units of each layer
    pools: int = 12  # running maxima and as many running means
    dropout: float = 0.2  # of what goes into a layer
    label_loss: float = 1.0  # weight of the labels' cross-entropy beside that of the kinds
    network_epochs: int = 6
    rows_a_step: int = 2000  # paragraphs of whole documents, at most
    least_steps: int = 1000  # of a network's fit: where there are few documents, fewer at a time
    learning_rate: float = 3e-3  # the highest
    splices: float = 0.8  # spliced documents for each one that is given
    trust: tuple[tuple[str, float], ...] = (("gold", 0.7), ("auto", 0.1))  # weight of a label by who gave it, else 1
    page_trust: float = 2.0  # further weight of a whole page, which stands once beside the texts of all extractors
    # the named thresholds: each loses at most that share of the reporting words of extracted texts, on held-out sites
    losses: tuple[tuple[str, float], ...] = (("gentle", 0.001), (BALANCED, 0.004), ("strict", 0.02))

    def __post_init__(self) -> None:
        lowest = {
            "folds": 2, "seed": 0, "linear_epochs": 1, "hidden": 1, "pools": 1, "dropout": 0,
            "label_loss": 0, "network_epochs": 1, "rows_a_step": 1, "least_steps": 1, "splices": 0,
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
        if BALANCED not in dict(self.losses):
            raise UsageError(
                f"losses must name {BALANCED!r}, the default threshold, not only {list(dict(self.losses))}"
            )
