#!/usr/bin/env bash
# haystack-ai 3.4.1: DocumentCleaner says that it "removes extra whitespaces, empty lines …". Its default
# remove_extra_whitespaces=True replaces every run of two or more whitespace characters by a space, line ends among
# them, before remove_empty_lines=True looks for lines. So paragraphs with a blank line between them become one line,
# while lines without a blank one between them stay lines. What works by line or paragraph has to run before it.
# Seen: "The ferry runs.\n\nRead on.\n\nIt rains." becomes "The ferry runs. Read on. It rains."; with one line end each,
# and with remove_extra_whitespaces=False, the three lines stay.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check "haystack-ai==3.4.1"
cd "$folder"
HAYSTACK_TELEMETRY_ENABLED=False "$folder/venv/bin/python" - <<'PY'
from importlib.metadata import version

from haystack import Document
from haystack.components.preprocessors import DocumentCleaner


def cleaned(text, **options):
    (document,) = DocumentCleaner(**options).run(documents=[Document(content=text)])["documents"]
    print("haystack-ai", version("haystack-ai"), options, repr(document.content))
    return document.content


lines = "The ferry runs.\nRead on.\nIt rains."
blank = lines.replace("\n", "\n\n")
assert cleaned(lines) == lines
assert cleaned(blank, remove_extra_whitespaces=False) == lines
assert cleaned(blank) == lines.replace("\n", " "), "changed: paragraphs stay apart"
PY
