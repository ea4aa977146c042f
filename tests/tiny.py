"""Where the project stands, and a recipe that fits in seconds."""

from __future__ import annotations

from pathlib import Path

from detector.recipe import Recipe

ROOT = Path(__file__).resolve().parent.parent
TINY_RECIPE = Recipe(folds=2, linear_epochs=4, network_epochs=20, hidden=8, members=1, looks=2, learning_rate=1e-2)
