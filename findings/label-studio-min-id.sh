#!/usr/bin/env bash
# label-studio-sdk 2.1.2: its converter, with which Label Studio makes its exports, resolves a conflict of names in two
# ways. A field "id" of the task's data, such as the document's own id, is overwritten by the number of the task in
# JSON_MIN, and kept in CSV, where the number of the task is then missing. Neither warns.
# Seen: of task 7 with the data {"text": …, "id": "ferry-1", "site": "quay.example"}, JSON_MIN has "id": 7 and no ferry-1,
# CSV has the id ferry-1 and no 7; the site is in both. Without an id in the data, both have the id 7.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check label-studio-sdk==2.1.2
cat > convert.py <<'PY'
import csv
import json
import logging
from pathlib import Path

from label_studio_sdk.converter import Converter

config = """<View><Labels name="label" toName="text"><Label value="appeal"/></Labels>
<Text name="text" value="$text"/></View>"""
warnings = []
handler = logging.Handler(logging.WARNING)
handler.emit = warnings.append
logging.getLogger().addHandler(handler)


def converted(own: dict[str, str]) -> tuple[object, object]:
    """The ids of a task with number 7 in JSON_MIN and in CSV; its data has these fields, too."""
    span = {"start": 0, "end": 18, "text": "Give what you can.", "labels": ["appeal"]}
    result = {"id": "a", "from_name": "label", "to_name": "text", "type": "labels", "value": span}
    task = {"id": 7, "data": {"text": span["text"], **own}, "annotations": [{"id": 1, "result": [result]}]}
    Path("tasks.json").write_text(json.dumps([task]))
    for name in ("JSON_MIN", "CSV"):
        Converter(config, ".").convert("tasks.json", name, name, is_dir=False)
    (record,) = json.loads(Path("JSON_MIN/result.json").read_text())
    with Path("CSV/result.csv").open(newline="") as file:
        (row,) = csv.DictReader(file)
    assert own.get("site") == record.get("site") == row.get("site")
    return record["id"], row["id"]


with_id, without = converted({"id": "ferry-1", "site": "quay.example"}), converted({})
print("ids in JSON_MIN and in CSV:", with_id, "without an id in the data:", without, "warnings:", len(warnings))
assert with_id == (7, "ferry-1"), "changed"
assert without == (7, "7"), "changed"
assert not warnings, "changed"
PY
venv/bin/python convert.py
