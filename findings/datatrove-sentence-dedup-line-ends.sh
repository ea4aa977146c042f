#!/usr/bin/env bash
# datatrove 0.10.1: deduplication of lines (SentDedupConfig with split_sentences=False) is to take repeated lines out of
# documents. In a document that loses one, the lines that stay are changed, too: they are split as str.splitlines does
# and joined with "\n", so that CRLF becomes LF, a line separator (U+2028) inside of a line becomes a line break, the
# last line loses its end, and the document its leading white space. A document without repeated lines stays as it is.
# The extra packages are those that datatrove imports for this step; with xxhash 4, hashing text is an error.
# Seen: "  Rain fell.\r\nGive now!\r\nIt has\u2028two decks.\r\n" loses its second line and comes out as
# "Rain fell.\nIt has\ntwo decks.".
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check "datatrove==0.10.1" "xxhash==3.5.0" "spacy==3.8.18" \
    "tokenizers==0.23.3" "nltk==3.10.4" "ftfy==6.3.1" "tldextract==5.4.0" regex orjson fasteners 2>/dev/null
cat > read.py <<'PY'
import sys
from pathlib import Path

from datatrove.data import Document
from datatrove.pipeline.dedup import SentDedupConfig, SentenceDedupFilter, SentenceDedupSignature, SentenceFindDedups

texts = ["Bread rose.\r\nGive now!\r\n", "  Rain fell.\r\nGive now!\r\nIt has\u2028two decks.\r\n"]
config = SentDedupConfig(n_sentences=1, split_sentences=False, min_doc_words=0, min_num_sentences=0)
folder = str(Path(sys.argv[1]))


def documents():
    return iter([Document(text=text, id=str(number)) for number, text in enumerate(texts)])


SentenceDedupSignature(f"{folder}/signatures", config=config).run(documents())
SentenceFindDedups(f"{folder}/signatures", f"{folder}/duplicates", config=config).run()
for document in SentenceDedupFilter(f"{folder}/duplicates", config=config).run(documents()):
    print(ascii(document.text))
PY
seen=$(venv/bin/python read.py "$folder" 2>/dev/null)
echo "$seen"
wanted=$'\'Bread rose.\\r\\nGive now!\\r\\n\'\n\'Rain fell.\\nIt has\\ntwo decks.\''
[[ $seen == "$wanted" ]] || { echo "changed: $wanted was seen before"; exit 1; }
