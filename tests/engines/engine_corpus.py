"""A corpus to clean, always the same: pages made of whole seed documents; and reading the results."""

from __future__ import annotations

import random
from pathlib import Path

from detector.evaluation.labelled import read_documents

SEEDS = Path(__file__).resolve().parent.parent.parent / "seeds"
PAGES = 2000


def pages() -> list[dict[str, object]]:
    """`PAGES` pages: an id, a text of one to three seed documents, and a field that must not change."""
    rng = random.Random(2)
    texts = [document.text for document in read_documents(sorted(SEEDS.glob("*.jsonl")))]
    return [
        {
            "id": f"page-{number:05d}",
            "text": rng.choice(("\n", "\n\n", "\r\n")).join(rng.sample(texts, rng.choice((1, 1, 1, 2, 3)))),
            "visits": rng.randrange(1000),
        }
        for number in range(PAGES)
    ]


def read_pages(folder: Path) -> dict[str, dict[str, object]]:
    """The rows of the Parquet files of a folder by id."""
    import pyarrow.parquet as pq

    rows = [row for file in sorted(folder.glob("*.parquet")) for row in pq.ParquetFile(file).read().to_pylist()]
    by_id = {row["id"]: row for row in rows}
    assert len(by_id) == len(rows)
    return by_id
