#!/usr/bin/env bash
# typer 0.29.2: the help shows a value, <bool>, after options that are flags and take none, Typer's own --help among
# them. A reader who follows the help and gives a value gets an error. typer 0.28.0 shows no value.
# Seen: "--force  <bool>" in the help of 0.29.2 and "--force" in that of 0.28.0; "--force true" ends with exit code 2.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
cat > app.py <<'PY'
from typing import Annotated

import typer


def main(force: Annotated[bool, typer.Option("--force", help="Do it again.")] = False) -> None:
    print("force", force)


typer.run(main)
PY
for requirement in "typer==0.28.0" "typer==0.29.2"; do
    version=${requirement#typer==}
    python3 -m venv "venv-$version"
    "venv-$version/bin/pip" install --quiet --disable-pip-version-check "$requirement"
    COLUMNS=80 NO_COLOR=1 TERM=dumb "venv-$version/bin/python" app.py --help > "help-$version.txt"
    grep -e '--force' "help-$version.txt"
done
! grep -q '<bool>' help-0.28.0.txt
grep -e '--force' help-0.29.2.txt | grep -q '<bool>' || { echo "changed: flags are shown without a value"; exit 1; }
code=0
"venv-0.29.2/bin/python" app.py --force true > /dev/null 2>&1 || code=$?
[[ $code -eq 2 ]] || { echo "changed: a flag that is given a value ends with $code"; exit 1; }
