"""Choose what is kept: by label, by kind, and by how sure the model has to be.

Run: python examples/custom_policy.py
"""

from __future__ import annotations

import json
from pathlib import Path

import detector

lines = Path("examples/articles.jsonl").read_text(encoding="utf-8").splitlines()
articles = {article["id"]: article["text"] for article in map(json.loads, lines)}
text = articles["glassworks"]

# A label (reporting, appeal, navigation) covers all its kinds. A named kind goes
# before its label.
policies = {
    "the default: reporting alone": detector.Policy(),
    "bylines and dates too": detector.Policy(keep=("reporting", "metadata")),
    "no captions": detector.Policy(keep=("reporting",), drop=("caption",)),
    "all but appeals": detector.POLICIES["appeals-only"],
}
for name, policy in policies.items():
    result = detector.load(policy=policy).clean(text)
    print(f"{name}: {len(result.removed)} of {len(result.paragraphs)} paragraphs removed")
    for paragraph in result.removed:
        print(f"    {paragraph.kind:<13}{paragraph.text[:60]}")

# A paragraph is kept when the probability of what the policy keeps is at least the threshold.
# A model has names for three: detector.load(threshold="gentle").
thresholds = detector.load().model.thresholds
for name, threshold in {**thresholds, "a number": 0.9}.items():
    result = detector.load(threshold=threshold).clean(text)
    print(f"threshold {threshold:.2f} ({name}): {len(result.removed)} paragraphs removed")
