"""The golden decisions: what the accurate model keeps of the golden documents, with its default effort.

Its scores can differ between types of processor in the last digits; these decisions do not. With a new accurate model,
write them again:

    python tests/helpers/golden_accurate.py
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from pathlib import Path

import golden

import detector

GOLDEN = Path(__file__).resolve().parents[1] / "encoder" / "golden.json"


def decisions(names: Iterable[str]) -> dict[str, str]:
    """One digit per paragraph of each named document: 1 where it is kept, 0 where it is removed."""
    texts = golden.documents()
    cleaner = detector.load("accurate")
    return {name: "".join(str(int(keep)) for keep in cleaner.predict(texts[name]).keep) for name in names}


if __name__ == "__main__":
    if sys.argv[1:2] == ["--print"]:  # and names of documents
        sys.stdout.write(json.dumps(decisions(sys.argv[2:])))
    else:
        lines = [f" {json.dumps(name)}: {json.dumps(of)}" for name, of in decisions(golden.documents()).items()]
        GOLDEN.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")
