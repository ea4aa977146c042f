#!/usr/bin/env bash
# DuckDB 2.0.1 for Python: create_function refuses a functools.partial in which a parameter is bound by its name, although
# it can be called with the one argument that is left. It counts all parameters of the signature, also those with a
# default. The same function in a lambda, or with its first parameters bound by position, is accepted.
# Seen: "Invalid Input Error: 1 types provided, but the provided function takes 2 parameters".
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check "duckdb==2.0.1" "numpy==2.2.6" "pyarrow==26.0.1"
cd "$folder"
"$folder/venv/bin/python" - <<'PY'
from functools import partial

import duckdb
import pyarrow.compute as pc


def cut(texts, length):
    return pc.utf8_slice_codeunits(texts, 0, length)


def cut_from(length, texts):
    return cut(texts, length)


connection = duckdb.connect()
bound = partial(cut, length=3)
for number, function in enumerate((lambda texts: bound(texts), partial(cut_from, 3))):
    connection.create_function(f"cut_{number}", function, ["VARCHAR"], "VARCHAR", type="arrow")
    assert connection.sql(f"SELECT cut_{number}('harbour')").fetchall() == [("har",)]
print("DuckDB", duckdb.__version__, "a lambda, and a parameter bound by position: work")
try:
    connection.create_function("cut", bound, ["VARCHAR"], "VARCHAR", type="arrow")
except duckdb.InvalidInputException as error:
    print(f"a parameter bound by name: {error}")
    assert "1 types provided, but the provided function takes 2 parameters" in str(error)
else:
    raise SystemExit("changed: a function with a parameter bound by name is accepted")
PY
