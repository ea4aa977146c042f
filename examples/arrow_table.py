"""Clean a column of an Arrow table, as Parquet files and data frames have it. Needs pyarrow.

Run: python examples/arrow_table.py

From pandas and back: ``settings.clean(pa.Table.from_pandas(frame)).to_pandas()``.
"""

from __future__ import annotations

from pathlib import Path
from tempfile import mkdtemp

import pyarrow as pa
import pyarrow.json
import pyarrow.parquet as pq

from detector.arrow import Settings

table = pyarrow.json.read_json("examples/articles.jsonl")

# The texts are replaced, two columns are added, and everything else stays as it is.
settings = Settings(threshold="gentle", removed_share="removed_share", removed_text="removed_text")
cleaned: pa.Table = settings.clean(table)

path = Path(mkdtemp()) / "clean.parquet"
pq.write_table(cleaned, path)

print("columns:", ", ".join(pq.read_schema(path).names))
for row in cleaned.to_pylist():
    first_line = row["removed_text"].partition("\n")[0]
    print(f"{row['id']:<15}{row['removed_share']:>6.1%} removed, beginning with: {first_line}")
