#!/usr/bin/env bash
# Resiliparse 2.0.1: extract_plain_text(preserve_formatting=True) keeps block-level elements apart, but takes <summary>,
# <legend> and <dialog> for inline elements. Their last word is joined with the first one of the text that follows,
# although no browser shows them in one line.
# Seen: 'Why?Because' for a <summary>, 'Sizesmall' for a <legend>, 'OneTwo' for two dialogs, 'One\nTwo' for two <div>.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check "resiliparse==2.0.1"
cat > read.py <<'PY'
from resiliparse.extract.html2text import extract_plain_text

for page in (
    "<details open><summary>Why?</summary>Because</details>",
    "<fieldset><legend>Size</legend>small</fieldset>",
    "<dialog open>One</dialog><dialog open>Two</dialog>",
    "<div>One</div><div>Two</div>",
):
    print(repr(extract_plain_text(page, preserve_formatting=True)))
PY
seen=$(venv/bin/python read.py)
echo "$seen"
[[ $seen == $'\'Why?Because\'\n\'Sizesmall\'\n\'OneTwo\'\n\'One\\nTwo\'' ]] || { echo "changed: see the comment"; exit 1; }
