#!/usr/bin/env bash
# pandas 3.1.1 with pyarrow 26.0.1: a column with the type ArrowDtype(string_view) can be made and read, but a frame with
# it cannot be printed, and its texts cannot be compared or searched: NotImplementedError, raised by ArrowDtype.type,
# which knows string and large_string alone. polars hands out its texts with that type (to_arrow with the newest
# compatibility level), and Parquet files whose Arrow schema says so are read back with it.
# Seen: tolist, isna and to_parquet work; repr, == and .str raise "NotImplementedError: string_view".
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check "pandas==3.1.1" "pyarrow==26.0.1"
cd "$folder"
"$folder/venv/bin/python" - <<'PY'
import pandas as pd
import pyarrow as pa

table = pa.table({"id": [1, 2, 3], "text": pa.array(["one", "two", None], pa.string_view())})
frame = table.to_pandas(types_mapper=pd.ArrowDtype)
assert frame["text"].dtype == pd.ArrowDtype(pa.string_view()), frame["text"].dtype
assert frame["text"].tolist()[:2] == ["one", "two"]
assert frame["text"].isna().tolist() == [False, False, True]
frame.to_parquet("frame.parquet")
print("pandas", pd.__version__, "tolist, isna, to_parquet: work")
operations = {
    "repr": lambda: repr(frame),
    "==": lambda: frame["text"] == "one",
    ".str.len": lambda: frame["text"].str.len(),
}
for name, operation in operations.items():
    try:
        operation()
    except NotImplementedError as error:
        print(f"{name}: NotImplementedError: {error}")
        assert str(error) == "string_view"
    else:
        raise SystemExit(f"changed: {name} works with string_view")
PY
