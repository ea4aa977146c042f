#!/usr/bin/env bash
# spaCy 3.8.18: `del group[i]` removes the span before span i from a SpanGroup, not span i. Reading and assigning by the
# same index are right. So a program that drops a span by its index loses another one, without an error, and scores that
# are kept beside the group no longer belong to its spans.
# Seen: after `del group[1]`, a group of one, two, three holds two, three; a list holds one, three.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check "spacy==3.8.18"
cd "$folder"
"$folder/venv/bin/python" - <<'PY'
import spacy
from spacy.tokens import Doc

doc = Doc(spacy.blank("en").vocab, words=["one", "two", "three"])
spans = [doc[number : number + 1] for number in range(3)]
doc.spans["words"] = spans
group = doc.spans["words"]
assert [group[number].text for number in range(3)] == ["one", "two", "three"]
del group[1]
del spans[1]
seen = [span.text for span in group]
print("spaCy", spacy.__version__, "group:", seen, "list:", [span.text for span in spans])
assert [span.text for span in spans] == ["one", "three"]
assert seen == ["two", "three"], "changed: del removes another span"
PY
