"""Counting how often, and in which process, a model is read: `sitecustomize.py` does it in every Python process."""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path

HOOK = Path(__file__).parent / "hook"


def counting(log: Path) -> dict[str, str]:
    """The environment in which every Python process adds a line to ``log`` when it reads a model."""
    path = os.pathsep.join(filter(None, [str(HOOK), os.environ.get("PYTHONPATH")]))
    return {"PYTHONPATH": path, "MODEL_READS": str(log)}


def loads(log: Path) -> Counter[int]:
    """How often each process, by its id, has read a model."""
    return Counter(map(int, log.read_text().split())) if log.exists() else Counter()
