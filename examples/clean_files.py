"""Clean a JSON Lines file, keep what was removed, and restore the original from both.

Run: python examples/clean_files.py [INPUT.jsonl [OUTPUT_FOLDER]]
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import detector


def read(path: Path) -> Iterator[dict[str, Any]]:
    """The records of a JSON Lines file, one after the other."""
    with path.open(encoding="utf-8") as lines:
        yield from map(json.loads, lines)


source = Path(sys.argv[1] if len(sys.argv) > 1 else "examples/articles.jsonl")
folder = Path(sys.argv[2] if len(sys.argv) > 2 else tempfile.mkdtemp())
clean, removed = folder / "clean.jsonl", folder / "removed.jsonl"

# All of this is lazy: a large file does not fill the memory.
results = detector.load().clean_many(record["text"] for record in read(source))
with clean.open("w", encoding="utf-8") as texts, removed.open("w", encoding="utf-8") as cuts:
    for number, (record, result) in enumerate(zip(read(source), results, strict=True), 1):
        print(json.dumps({**record, "text": result.text}, ensure_ascii=False), file=texts)
        for start, end in result.prediction.removed_spans():
            cut = {"document": number, "start": start, "text": record["text"][start:end]}
            print(json.dumps(cut, ensure_ascii=False), file=cuts)
        counts = f"{len(result.removed):>3} of {len(result.paragraphs)} paragraphs removed"
        print(f"{number:>3}  {record['id']:<15}{counts}")

# Put back at their starts, in order, the removed pieces give the original text.
pieces: dict[int, list[dict[str, Any]]] = defaultdict(list)
for cut in read(removed):
    pieces[cut["document"]].append(cut)
for number, (record, original) in enumerate(zip(read(clean), read(source), strict=True), 1):
    for cut in pieces[number]:
        text, start = record["text"], cut["start"]
        record["text"] = text[:start] + cut["text"] + text[start:]
    assert record == original, f"document {number} was not restored"
print(f"all {number} documents restored, character by character")
