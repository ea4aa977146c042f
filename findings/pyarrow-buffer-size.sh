#!/usr/bin/env bash
# pyarrow 26.0.1: pyarrow.parquet.ParquetFile(file, buffer_size=N) is documented to "perform read buffering when
# deserializing individual column chunks". With the default pre_buffer=True it has no effect and raises no warning:
# iter_batches reads the whole column chunk of a row group in one go, so memory grows with the row group. With
# pre_buffer=False the same call reads about N bytes at a time.
# Seen: largest read 24 MB with buffer_size=1 MiB; 2 MB with buffer_size=1 MiB and pre_buffer=False.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check "pyarrow==26.0.1"
cd "$folder"
"$folder/venv/bin/python" - <<'PY'
import io

import pyarrow as pa
import pyarrow.parquet as pq


class Watched(io.FileIO):
    largest = 0

    def read(self, size=-1):
        data = super().read(size)
        self.largest = max(self.largest, len(data))
        return data


table = pa.table({"text": [f"{number:06d} " + "x" * 993 for number in range(24_000)]})
pq.write_table(table, "one_group.parquet", compression="NONE", use_dictionary=False, row_group_size=len(table))


def largest_read(**options):
    with Watched("one_group.parquet") as file:
        rows = sum(len(batch) for batch in pq.ParquetFile(file, **options).iter_batches(batch_size=100))
        assert rows == len(table)
        return file.largest


print("pyarrow", pa.__version__)
sizes = []
for options in ({}, {"buffer_size": 1 << 20}, {"buffer_size": 1 << 20, "pre_buffer": False}):
    sizes.append(largest_read(**options))
    print(options, "largest read:", sizes[-1], "bytes")
assert sizes[1] == sizes[0] > 20_000_000, "changed: buffer_size has an effect with pre_buffer=True"
assert sizes[2] < 3_000_000, "changed: buffer_size has no effect with pre_buffer=False"
PY
