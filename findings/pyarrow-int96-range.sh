#!/usr/bin/env bash
# pyarrow 26.0.1: INT96 is the deprecated type in which Hive, Impala and Spark wrote timestamps to Parquet. It can hold
# any date, but pyarrow reads it as nanoseconds in 64 bits, which end in 2262, and raises no error where a timestamp is
# outside of that range: the date comes out as another one. A cast of the same timestamps to nanoseconds raises
# ArrowInvalid. With coerce_int96_timestamp_unit="us" the dates are right.
# Seen: 9999-12-31 ("valid for ever") is read as 1816-03-29, and 0001-01-01 as 1754-08-30.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check "pyarrow==26.0.1"
cd "$folder"
"$folder/venv/bin/python" - <<'PY'
from datetime import datetime

import pyarrow as pa
import pyarrow.parquet as pq

given = pa.array([datetime(2024, 5, 1), datetime(9999, 12, 31), datetime(1, 1, 1)], pa.timestamp("us"))
pq.write_table(
    pa.table({"valid_until": given}), "contracts.parquet", use_deprecated_int96_timestamps=True, store_schema=False
)


def dates(unit):
    column = pq.read_table("contracts.parquet", coerce_int96_timestamp_unit=unit)["valid_until"]
    return column.type, [str(value)[:10] for value in column.cast(pa.timestamp("us"), safe=False).to_pylist()]


print("pyarrow", pa.__version__)
found = {unit: dates(unit) for unit in (None, "us")}
for unit, (type_, read) in found.items():
    print("coerce_int96_timestamp_unit", unit, type_, read)
assert found[None][1] == ["2024-05-01", "1816-03-29", "1754-08-30"], "changed: INT96 beyond nanoseconds"
assert found["us"][1] == ["2024-05-01", "9999-12-31", "0001-01-01"], "changed: INT96 as microseconds"
try:
    given.cast(pa.timestamp("ns"))
except pa.ArrowInvalid as error:
    print("a cast raises ArrowInvalid:", str(error)[:54])
else:
    raise SystemExit("changed: a cast beyond the range raises no error")
PY
