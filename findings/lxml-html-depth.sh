#!/usr/bin/env bash
# lxml 6.1.3: an HTML page that nests elements deeper than 254 in its body is cut off there, in silence: no exception, and
# what follows the nested elements at the top of the page is missing, too. Only the parser's error_log says
# ERR_RESOURCE_LIMIT. With huge_tree=True the same happens from 2048 on. HTML sets no limit, and such pages exist (forums
# that nest quotations, generated <div>s). jusText 3.0.2, which parses with lxml, loses the paragraph after them.
# Seen: at a depth of 254 the text is whole; at 255 the text within and after the nested elements is missing.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check "lxml==6.1.3" "justext==3.0.2" "lxml-html-clean==0.4.6"
cat > read.py <<'PY'
import sys

import justext
from lxml import etree

LONG = "The bridge over the river was opened again on Monday, and this is what the council of the town said about it. " * 3
depth = int(sys.argv[1])
page = (
    f"<!DOCTYPE html><html lang=en><title>t</title><body><p>{LONG}</p>{'<div>' * depth}Within.{'</div>' * depth}"
    f"<p>After. {LONG}</p></body></html>"
)
parser = etree.HTMLParser()
text = etree.fromstring(page, parser).xpath("string(//body)")
errors = [error.type_name for error in parser.error_log]
found = [paragraph.text for paragraph in justext.justext(page, justext.get_stoplist("English"))]
print("Within." in text, "After." in text, errors, any("After." in paragraph for paragraph in found))
PY
expect() {
    local wanted=$1 seen
    shift
    seen=$(venv/bin/python read.py "$@")
    echo "$*: $seen"
    [[ $seen == "$wanted" ]] || { echo "changed: $wanted was seen before"; exit 1; }
}
expect "True True [] True" 254
expect "False False ['ERR_RESOURCE_LIMIT'] False" 255
