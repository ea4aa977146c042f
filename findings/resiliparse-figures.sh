#!/usr/bin/env bash
# Resiliparse 2.0.1: extract_plain_text(alt_texts=False) leaves out every <figure> with all that is in it, not only the
# alternative texts of pictures: tables and quotations, which WordPress wraps in <figure>, and paragraphs. The option is
# documented as "Preserve alternative text descriptions". With alt_texts=True and skip_elements=["img"] they are kept.
# Seen: '' for a table in a figure, 'Rain\t\t12 mm' for the same table alone and with alt_texts=True.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check "resiliparse==2.0.1"
cat > read.py <<'PY'
import sys

from resiliparse.extract.html2text import extract_plain_text

TABLE = "<table><tr><td>Rain</td><td>12 mm</td></tr></table>"
QUOTATION = "<blockquote>We will build the bridge.</blockquote>"
for block in (TABLE, QUOTATION):
    for page in (f"<figure>{block}</figure>", block):
        print(repr(extract_plain_text(page, preserve_formatting=True, alt_texts=sys.argv[1] == "alt")))
PY
expect() {
    local wanted=$1 seen
    shift
    seen=$(venv/bin/python read.py "$@")
    echo "$*: $seen"
    [[ $seen == "$wanted" ]] || { echo "changed: $wanted was seen before"; exit 1; }
}
expect $'\'\'\n\'Rain\\t\\t12 mm\'\n\'\'\n\'We will build the bridge.\'' no
expect $'\'Rain\\t\\t12 mm\'\n\'Rain\\t\\t12 mm\'\n\'We will build the bridge.\'\n\'We will build the bridge.\'' alt
