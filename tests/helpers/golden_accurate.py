"""The golden decisions: what the accurate model keeps of the golden documents, with its default effort.

Its scores differ a little between types of processor and versions of ONNX Runtime; these decisions do not. Paragraphs
close to the threshold have none. With a new accurate model, write them again:

    python tests/helpers/golden_accurate.py
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from pathlib import Path

import golden
import numpy as np
from scipy.special import logit

import detector

MARGIN = 0.3  # log-odds from the threshold; ONNX Runtime 1.20 and 1.32 differ by up to 0.18 on some of these documents
OPEN = "?"  # closer to the threshold
GOLDEN = Path(__file__).resolve().parents[1] / "encoder" / "golden.json"


def decisions(names: Iterable[str]) -> dict[str, str]:
    """One character per paragraph of each named document: 1 where it is kept, 0 where it is removed."""
    texts = golden.documents()
    cleaner = detector.load("accurate")
    return {name: digits(cleaner.predict(texts[name]).keep) for name in names}


def digits(keep: Iterable[object]) -> str:
    """One character per paragraph: 1 where it is kept, 0 where it is removed."""
    return "".join(str(int(bool(each))) for each in keep)


def golden_decisions() -> dict[str, str]:
    """As `decisions` of all golden documents, with `OPEN` for paragraphs closer to the threshold than `MARGIN`."""
    cleaner, found = detector.load("accurate"), {}
    for name, text in golden.documents().items():
        prediction = cleaner.predict(text)
        distance = np.abs(logit(np.clip(prediction.keep_scores, 0, 1)) - logit(prediction.threshold))
        given = digits(prediction.keep)
        found[name] = "".join(OPEN if near else digit for near, digit in zip(distance < MARGIN, given, strict=True))
    return found


def differ(found: str, expected: str) -> bool:
    """Whether a document has another decision than expected where one is."""
    return any(each not in (digit, OPEN) for each, digit in zip(expected, found, strict=True))


if __name__ == "__main__":
    if sys.argv[1:2] == ["--print"]:  # and names of documents
        sys.stdout.write(json.dumps(decisions(sys.argv[2:])))
    else:
        lines = [f" {json.dumps(name)}: {json.dumps(of)}" for name, of in golden_decisions().items()]
        GOLDEN.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")
