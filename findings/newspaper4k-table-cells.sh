#!/usr/bin/env bash
# newspaper4k 0.9.3.1: the text of an article runs the cells of a table together, within a row and from row to row, with
# nothing between them. Paragraphs around the table are separated by blank lines. The numbers of a table cannot be told
# apart any more: 2029 and 1,200 become 20291,200.
# Seen: for a table of two columns and two rows below a header, one line "YearPassengers20291,20020303,400".
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check "newspaper4k==0.9.3.1" "lxml-html-clean==0.4.6"
cat > read.py <<'PY'
from newspaper import Article

STORY = (
    "The ferry to Aldermoor sails again after three years, the harbour board said on Monday, and about 90 people were "
    "on board for the first crossing of the year."
)
TABLE = (
    "<table><thead><tr><th>Year</th><th>Passengers</th></tr></thead>"
    "<tbody><tr><td>2029</td><td>1,200</td></tr><tr><td>2030</td><td>3,400</td></tr></tbody></table>"
)
article = Article("https://harbour.example/ferry", fetch_images=False, language="en")
article.download(
    input_html=f"<html><body><article><p>{STORY}</p>{TABLE}<p>{STORY.upper()}</p><p>{STORY}</p></article></body></html>"
)
article.parse()
print([block for block in article.text.split("\n\n") if "Year" in block])
PY
seen=$(venv/bin/python read.py)
wanted="['YearPassengers20291,20020303,400']"
echo "$seen"
[[ $seen == "$wanted" ]] || { echo "changed: $wanted was seen before"; exit 1; }
