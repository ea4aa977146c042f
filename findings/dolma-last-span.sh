#!/usr/bin/env bash
# dolma 1.2.1: the spans that deduplication by paragraphs writes count characters, with the line end after a paragraph
# in its span. Whether a line end follows is decided by comparing with the length of the text in bytes. So in a text
# with more bytes than characters, the span of the last paragraph, which no line end follows, may end after the text.
# Seen: for "Rain.\nSun." the last span is [6, 10], and the text has 10 characters; for "Öl für Über.\nSun." it is
# [13, 18], and the text has 17.
# Only the compiled part of the package is loaded, by the function that its command calls: the package's dependencies
# take long to resolve.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check --no-deps "dolma==1.2.1"
cat > dedupe.py <<'PY'
import gzip
import importlib.util
import json
from pathlib import Path

library = next(Path("venv").rglob("site-packages/dolma/dolma.*.so"))
spec = importlib.util.spec_from_file_location("dolma", library)
dolma = importlib.util.module_from_spec(spec)
spec.loader.exec_module(dolma)
texts = {"plain": "Rain.\nSun.", "umlaut": "Öl für Über.\nSun."}
for folder in ("data/documents", "data/attributes/again"):
    Path(folder).mkdir(parents=True)
with gzip.open("data/documents/a.jsonl.gz", "wt", encoding="utf-8") as file:
    for name, text in [*texts.items(), *((f"{name}-again", text) for name, text in texts.items())]:
        file.write(json.dumps({"id": name, "source": "example", "text": text}) + "\n")
config = {
    "documents": ["data/documents/a.jsonl.gz"],
    "dedupe": {"name": "again", "paragraphs": {"attribute_name": "again"}, "skip_empty": True},
    "bloom_filter": {
        "file": "seen.bin", "read_only": False, "estimated_doc_count": 1000, "size_in_bytes": 0,
        "desired_false_positive_rate": 0.0001,
    },
    "processes": 1,
    "work_dir": {"input": "work/input", "output": "work/output"},
}
dolma.deduper_entrypoint(json.dumps(config))
with gzip.open("data/attributes/again/a.jsonl.gz", "rt", encoding="utf-8") as file:
    for line in file:
        record = json.loads(line)
        name = record["id"].removesuffix("-again")
        if name != record["id"]:
            print(name, len(texts[name]), record["attributes"]["again"][-1][:2])
PY
seen=$(venv/bin/python dedupe.py)
echo "$seen"
[[ $seen == $'plain 10 [6, 10]\numlaut 17 [13, 18]' ]] || { echo "changed"; exit 1; }
