"""Clean articles as they come: JSON Lines in, JSON Lines out.

Run: python examples/stream.py < examples/articles.jsonl > clean.jsonl

Each line needs a field "text". Articles are read and cleaned a batch at a time, so the
input may be endless.
"""

from __future__ import annotations

import json
import sys
from itertools import tee

import detector

# The same articles twice: for their texts, and for everything else.
articles, again = tee(map(json.loads, sys.stdin))
results = detector.load().clean_many(article["text"] for article in again)

characters = removed = 0
for article, result in zip(articles, results, strict=True):
    characters += len(article["text"])
    removed += len(article["text"]) - len(result.text)
    article["text"] = result.text
    article["removed_share"] = round(result.removed_share, 3)
    print(json.dumps(article, ensure_ascii=False))

print(f"{removed:,} of {characters:,} characters removed", file=sys.stderr)
