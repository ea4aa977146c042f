#!/usr/bin/env bash
# spaCy 3.8.18: Doc.from_docs joins the span groups of documents and drops their attrs, in which spaCy's own spancat
# stores the scores of the spans, although to_bytes, DocBin and Doc.copy keep them. There is no warning, while the loss
# of a document's extension is one (W101). Doc.to_json drops attrs as well.
# Seen: two groups of one span with attrs {"scores": [0.9]} become a group of two spans with attrs {}.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check "spacy==3.8.18"
cd "$folder"
"$folder/venv/bin/python" -W error - <<'PY'
import spacy
from spacy.tokens import Doc, DocBin, SpanGroup

vocab = spacy.blank("en").vocab


def scored(*words):
    doc = Doc(vocab, words=words)
    doc.spans["parts"] = SpanGroup(doc, name="parts", attrs={"scores": [0.9]}, spans=[doc[0:1]])
    return doc


docs = [scored("The", "ferry"), scored("Rain", "again")]
(binned,) = DocBin(docs=docs[:1]).get_docs(vocab)
for kept in (Doc(vocab).from_bytes(docs[0].to_bytes()), binned, docs[0].copy()):
    assert kept.spans["parts"].attrs == {"scores": [0.9]}, kept
together = Doc.from_docs(docs)
joined = together.spans["parts"]
print("spaCy", spacy.__version__, [span.text for span in joined], joined.attrs, docs[0].to_json()["spans"])
assert [span.text for span in joined] == ["The", "Rain"]
assert joined.attrs == {}, "changed: from_docs keeps attrs"
assert "scores" not in str(docs[0].to_json()), "changed: to_json keeps attrs"
PY
