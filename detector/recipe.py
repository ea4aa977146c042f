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
    members: int = 3  # networks of different seeds that are averaged, at every look
    hidden: int = 32  # units of each
    network_epochs: int = 6
    learning_rate: float = 1e-3
    splices: float = 0.6  # spliced documents for each one that is given
    looks: int = 2  # how many networks see the context, each the scores of the one before
    trust: tuple[tuple[str, float], ...] = (("gold", 0.7), ("auto", 0.25))  # weight of a label by who gave it, else 1
    page_trust: float = 2.0  # further weight of a whole page, which stands once beside the texts of all extractors
    # the named thresholds: each loses at most that share of the reporting words of extracted texts, on held-out sites
    losses: tuple[tuple[str, float], ...] = (("gentle", 0.001), (BALANCED, 0.005), ("strict", 0.02))

    def __post_init__(self) -> None:
        lowest = {
            "folds": 2, "seed": 0, "linear_epochs": 1, "members": 1, "hidden": 1, "network_epochs": 1,
            "splices": 0, "looks": 0,
        }  # fmt: skip
        for name, low in lowest.items():
            if getattr(self, name) < low:
                raise UsageError(f"{name} must be at least {low}, not {getattr(self, name)}")
        if not self.learning_rate > 0:
            raise UsageError(f"learning_rate must be above 0, not {self.learning_rate}")
        if BALANCED not in dict(self.losses):
            raise UsageError(
                f"losses must name {BALANCED!r}, the default threshold, not only {list(dict(self.losses))}"
            )
