"""The golden scores: those of the shipped model for 200 of the project's own documents, as digests of their bits.

They are the same on every machine, with every supported version of NumPy, and in every batch. After a change that is
meant to change scores, write them again:

    python tests/helpers/golden.py
"""

from __future__ import annotations

import hashlib
import json
import sys
from pathlib import Path

import numpy as np
from backends import NUMPY, backend_named
from numpy.typing import NDArray

from detector.guard import MAX_REMOVED, Settings, decide
from detector.inference.model import Model
from detector.inference.scores import Backend
from detector.inference.storage import load_model
from detector.text.paragraphs import split
from detector.util.arrays import Floats

SEEDS = Path(__file__).resolve().parents[2] / "seeds"
GOLDEN = Path(__file__).resolve().parents[1] / "inference" / "golden.json"
NUMBER = 200
Scored = dict[str, dict[str, str | int]]


def documents() -> dict[str, str]:
    """The texts of the golden documents by their names: one of every few of all seeds."""
    found = [
        (f"{path.stem}/{number}", "\n".join(p["text"] for p in json.loads(line)["paragraphs"]))
        for path in sorted(SEEDS.glob("*.jsonl"))
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1)
    ]
    return dict(found[:: len(found) // NUMBER][:NUMBER])


def scored(texts: dict[str, str], model: Model, backend: Backend) -> Scored:
    """The documents read together: paragraphs, how many are removed, and a digest of all their scores."""
    batch = split(list(texts.values()), splitter=backend.split_lines)
    scores = backend.predict(model, batch)
    cutoff = model.thresholds["balanced"]
    settings = Settings(cutoff, MAX_REMOVED, model.kind_labels)
    keep = decide(scores.labels[:, 0], scores.kinds, batch, scores.familiarity, settings).keep
    rows = {name: slice(*batch.bounds[at : at + 2]) for at, name in enumerate(texts)}
    return {name: _described(scores.labels[at], scores.kinds[at], keep[at]) for name, at in rows.items()}


def _described(labels: Floats, kinds: Floats, keep: NDArray[np.bool_]) -> dict[str, str | int]:
    content = labels.astype("<f4").tobytes() + kinds.astype("<f4").tobytes()
    digest = hashlib.sha256(content).hexdigest()[:16]
    return {"paragraphs": len(labels), "removed": int((~keep).sum()), "scores": digest}


def here(backend: str) -> Scored:
    """The golden documents as this process scores them."""
    return scored(documents(), load_model(), backend_named(backend))


if __name__ == "__main__":
    if sys.argv[1:2] == ["--print"]:  # and the name of a backend
        sys.stdout.write(json.dumps(here(sys.argv[2])))
    else:
        lines = [f" {json.dumps(name)}: {json.dumps(of)}" for name, of in here(NUMPY).items()]
        GOLDEN.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")
