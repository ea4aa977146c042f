#!/usr/bin/env bash
# nemo-curator 1.4.0: BoilerPlateStringFilter(remove_if_at_top_or_bottom=...) is the option for phrases such as "privacy
# policy" in the first or last paragraphs of a document. It has no effect: the filter stores it and never reads it, and
# compares the share of the paragraphs with such a phrase with max_boilerplate_string_ratio, wherever they are. The
# modifier of nearly the same name, BoilerPlateStringModifier, does obey it: it removes the phrase of the first paragraph.
# Seen: with True and with False, the same scores and decisions for documents with a phrase at the ends and in the middle.
# The filter needs few of the package's dependencies, so only these are installed (some 300 MB instead of 6 GB).
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check --no-deps "nemo-curator==1.4.0" "cosmos-xenna==0.2.0"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check \
    attrs fsspec lmdb loguru "pandas==3.1.1" "pyarrow==26.0.1" "ray[default]==2.60.0" regex tqdm
cd "$folder"
"$folder/venv/bin/python" - <<'PY'
from importlib.metadata import version

from nemo_curator.stages.text.filters.heuristic import BoilerPlateStringFilter
from nemo_curator.stages.text.modifiers.string import BoilerPlateStringModifier

POLICY, NEWS = "Read our privacy policy.", "The ferry runs again."
DOCUMENTS = {
    "at the top": [POLICY, NEWS, NEWS],
    "at the ends": [POLICY, NEWS, NEWS, NEWS, POLICY],
    "at the ends, most": [POLICY, POLICY, NEWS, POLICY],
    "in the middle": [NEWS, POLICY, NEWS, POLICY, NEWS],
}
print("nemo-curator", version("nemo-curator"))
effects = set()
for name, paragraphs in DOCUMENTS.items():
    text = "\n\n".join(paragraphs)
    decisions = []
    for ends in (True, False):
        chosen = BoilerPlateStringFilter(remove_if_at_top_or_bottom=ends)
        score = chosen.score_document(text)
        decisions.append((score, chosen.keep_document(score)))
        effects.add((name, ends, BoilerPlateStringModifier(remove_if_at_top_or_bottom=ends).modify_document(text)))
    print(f"{name}: True {decisions[0]}, False {decisions[1]}")
    assert decisions[0] == decisions[1], "changed: the option has an effect"
    assert decisions[0][0] == paragraphs.count(POLICY) / len(paragraphs)
assert ("at the top", True, f"{NEWS}\n\n{NEWS}") in effects
assert ("at the top", False, "") in effects
PY
