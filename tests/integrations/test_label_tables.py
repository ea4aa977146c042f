"""Labels in tables that pandas, polars and DuckDB write and read."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import detector.labelled
from detector.evaluation.labelled import LabelledDocument, LabelledParagraph

pandas = pytest.importorskip("pandas", reason="needs pandas; .ci/integrations runs this")
polars = pytest.importorskip("polars", reason="needs polars; .ci/integrations runs this")
duckdb = pytest.importorskip("duckdb", reason="needs DuckDB; .ci/integrations runs this")

ROWS: dict[str, list[Any]] = {
    "doc_id": [1, 1, 2],
    "sentence": ['The "Fähre", she said, sails; again.', "Give\tnow!", "Café 🚢"],
    "label": ["reporting", "newsletter", None],
}
DOCUMENTS = [
    LabelledDocument(
        "1", "1", None, None, None,
        (LabelledParagraph(ROWS["sentence"][0], "reporting"), LabelledParagraph("Give\tnow!", "appeal", "newsletter")),
    ),
    LabelledDocument("2", "2", None, None, None, (LabelledParagraph("Café 🚢", None),)),
]  # fmt: skip
WRITERS: dict[str, Callable[[Path], Any]] = {
    "pandas.csv": lambda path: pandas.DataFrame(ROWS).to_csv(path, index=False),
    "pandas_index.csv": lambda path: pandas.DataFrame(ROWS).to_csv(path),
    "pandas.tsv": lambda path: pandas.DataFrame(ROWS).to_csv(path, sep="\t", index=False),
    "pandas_semicolon.csv": lambda path: pandas.DataFrame(ROWS).to_csv(path, sep=";", encoding="utf-8-sig"),
    "pandas.csv.gz": lambda path: pandas.DataFrame(ROWS).to_csv(path, index=False),
    "pandas.parquet": lambda path: pandas.DataFrame(ROWS).to_parquet(path),
    "pandas_categories.parquet": lambda path: pandas.DataFrame(ROWS).astype({"label": "category"}).to_parquet(path),
    "polars.csv": lambda path: polars.DataFrame(ROWS).write_csv(path),
    "polars.tsv": lambda path: polars.DataFrame(ROWS).write_csv(path, separator="\t"),
    "polars.parquet": lambda path: polars.DataFrame(ROWS).write_parquet(path),
    "duckdb.csv": lambda path: duckdb.from_arrow(polars.DataFrame(ROWS).to_arrow()).write_csv(str(path)),
    "duckdb.parquet": lambda path: duckdb.from_arrow(polars.DataFrame(ROWS).to_arrow()).write_parquet(str(path)),
}


@pytest.mark.parametrize("name", WRITERS)
def test_tables_that_others_write(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    WRITERS[name](path)
    assert list(detector.labelled.read(path)) == DOCUMENTS


READERS: dict[str, Callable[[Path], list[dict[str, Any]]]] = {
    "pandas.csv": lambda path: pandas.read_csv(path, dtype=str, keep_default_na=False).to_dict("records"),
    "pandas.tsv": lambda path: pandas.read_csv(path, sep="\t", dtype=str, keep_default_na=False).to_dict("records"),
    "pandas.parquet": lambda path: pandas.read_parquet(path).to_dict("records"),
    "polars.csv": lambda path: polars.read_csv(path, infer_schema=False).to_dicts(),
    "polars.tsv": lambda path: polars.read_csv(path, separator="\t", infer_schema=False).to_dicts(),
    "polars.parquet": lambda path: polars.read_parquet(path).to_dicts(),
    "duckdb.csv": lambda path: duckdb.read_csv(str(path), all_varchar=True).pl().to_dicts(),
    "duckdb.parquet": lambda path: duckdb.read_parquet(str(path)).pl().to_dicts(),
}


@pytest.mark.parametrize("name", READERS)
def test_tables_that_others_read(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    detector.labelled.write(DOCUMENTS, path)
    rows = READERS[name](path)
    assert [row["text"] for row in rows] == ROWS["sentence"]
    assert [str(row["id"]) for row in rows] == ["1", "1", "2"]
    assert [row["label"] if isinstance(row["label"], str) and row["label"] else None for row in rows] == [
        "reporting",
        "appeal",
        None,
    ]
