#!/usr/bin/env bash
# Resiliparse 2.0.1: extract_plain_text(main_content=True) leaves out an unordered list between the paragraphs of an
# <article>, with all its sentences. The same list as <ol> or <dl> is kept, and so is the <ul> without main_content. So
# the ingredients of a recipe or the demands of a letter may be missing, while numbered ones are not.
# Seen: False for <ul>, True for <ol>, True for <dl>, True for <ul> without main_content.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check "resiliparse==2.0.1"
cat > read.py <<'PY'
from resiliparse.extract.html2text import extract_plain_text

STORY = (
    "The ferry to Aldermoor sails again after three years, the harbour board said on Monday, and about 90 people were "
    "on board for the first crossing of the year."
)
COAT = "Bring a warm coat, for it is cold at sea, and the cabin holds no more than twenty people."
BOAT = "Be on the quay an hour before the boat leaves, because the bridge to it is narrow."


def has_list(markup, main_content=True):
    page = f"<html><body><article><h1>Rain</h1><p>{STORY}</p>{markup}<p>{STORY}</p><p>{STORY}</p></article></body></html>"
    text = extract_plain_text(page, main_content=main_content)
    assert text.count(STORY) == 3
    return COAT in text


items = f"<li>{COAT}</li><li>{BOAT}</li>"
print(
    has_list(f"<ul>{items}</ul>"), has_list(f"<ol>{items}</ol>"), has_list(f"<dl><dt>Coat</dt><dd>{COAT}</dd></dl>"),
    has_list(f"<ul>{items}</ul>", main_content=False),
)
PY
seen=$(venv/bin/python read.py)
wanted="False True True True"
echo "$seen"
[[ $seen == "$wanted" ]] || { echo "changed: $wanted was seen before"; exit 1; }
