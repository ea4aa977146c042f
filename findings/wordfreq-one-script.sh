#!/usr/bin/env bash
# wordfreq 3.1.1: the word lists of a language written in two scripts are in one of them, whichever script is asked for.
# top_n_list("sr-Cyrl") has Latin words alone, although zipf_frequency("и", "sr-Cyrl") answers for Cyrillic ones;
# top_n_list("zh-Hant") has simplified characters alone, the same as "zh-Hans". A warning names the nearest language, not
# the script. A program that takes the commonest words of a language from the list knows no word of such texts.
# Seen: no Cyrillic word among 20,000 of sr-Cyrl; zh-Hant equals zh-Hans, with 个 and without 個.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check "wordfreq==3.1.1"
cd "$folder"
"$folder/venv/bin/python" - <<'PY' 2>/dev/null
import wordfreq

serbian = wordfreq.top_n_list("sr-Cyrl", 20_000)
cyrillic = [word for word in serbian if any("\u0400" <= letter <= "\u04ff" for letter in word)]
known = wordfreq.zipf_frequency("и", "sr-Cyrl")
print("sr-Cyrl:", len(serbian), "words,", len(cyrillic), "of them Cyrillic; zipf_frequency of и:", known)
assert len(serbian) > 10_000 and not cyrillic and known > 7, "changed: the Serbian list or the look-up"
traditional, simplified = (wordfreq.top_n_list(f"zh-{script}", 5000) for script in ("Hant", "Hans"))
characters = {character for word in traditional for character in word}
print("zh-Hant equals zh-Hans:", traditional == simplified, "个" in characters, "個" in characters)
assert traditional == simplified and "个" in characters and "個" not in characters, "changed: the Chinese lists"
PY
