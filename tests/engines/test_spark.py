"""Apache Spark on this machine."""

from __future__ import annotations

import os
import shutil
import sys

import pytest

pytest.importorskip("pyspark", reason="Apache Spark is not installed here; .ci/engines spark runs this")
if "JAVA_HOME" not in os.environ and shutil.which("java") is None:
    pytest.skip("Apache Spark needs Java, and there is none here", allow_module_level=True)

from engine_loads import counting, loads
from pyspark.sql import SparkSession

from detector.arrow import Settings
from detector.errors import UsageError
from detector.spark import clean

WORKERS = 2
BATCH_ROWS = 50


@pytest.fixture(scope="module")
def log(tmp_path_factory):
    return tmp_path_factory.mktemp("spark") / "loads"


@pytest.fixture(scope="module")
def spark(log):
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {**counting(log), "PYSPARK_PYTHON": sys.executable}.items():
            patch.setenv(name, value)
        session = (
            SparkSession.builder.master(f"local[{WORKERS}]")
            .config("spark.ui.enabled", "false")
            .config("spark.sql.execution.arrow.maxRecordsPerBatch", str(BATCH_ROWS))
            .getOrCreate()
        )
        yield session
        session.stop()


def test_example(run_example, check, work):
    reads = run_example("example_spark.py")
    check(work / "clean")
    assert set(reads.values()) == {1}


def test_model_is_loaded_once_per_worker(spark, log, work, settings, check):
    pages = spark.read.parquet(str(work / "pages")).repartition(8)
    clean(pages, settings).write.parquet(str(work / "clean"))
    check(work / "clean")
    reads = loads(log)
    assert set(reads.values()) == {1}
    assert len(reads) <= WORKERS


def test_nulls_and_added_columns(spark, settings):
    frame = spark.createDataFrame([(1, "The ferry to Aldermoor runs again."), (2, None)], "number int, body string")
    added = {"removed_share": "share", "removed_text": "gone", "kept_whole": "whole"}
    cleaned = clean(frame, Settings(settings.model, threshold=0.0, text="body", **added))
    assert cleaned.schema.simpleString() == "struct<number:int,body:string,share:double,gone:string,whole:boolean>"
    rows = sorted(tuple(row) for row in cleaned.collect())
    assert rows == [(1, "The ferry to Aldermoor runs again.", 0.0, "", False), (2, None, None, None, None)]


@pytest.mark.parametrize("kind", ["string", "binary", "void"])
def test_types_are_kept_and_a_column_of_nulls_is_no_error(spark, settings, kind):
    value = {"string": "The ferry to Aldermoor runs again.", "binary": b"The ferry to Aldermoor runs again."}.get(kind)
    frame = spark.createDataFrame([(1, value), (2, None)], f"number int, body {kind}")
    cleaned = clean(frame, Settings(settings.model, threshold=0.0, text="body", removed_text="gone"))
    assert [field.dataType.simpleString() for field in cleaned.schema] == ["int", kind, kind]
    rows = sorted(
        (row["number"], row["body"] if row["body"] is None else type(value)(row["body"])) for row in cleaned.collect()
    )
    assert rows == [(1, value), (2, None)]


def test_texts_in_structs(spark, settings):
    kind = "number int, article struct<body:string,n:int>"
    text = "The ferry to Aldermoor runs again."
    frame = spark.createDataFrame([(1, (text, 7)), (2, None), (3, (None, 8))], kind)
    cleaned = clean(frame, Settings(settings.model, threshold=0.0, text="article.body"))
    assert cleaned.schema == frame.schema
    assert sorted(map(tuple, cleaned.collect())) == [(1, (text, 7)), (2, None), (3, (None, 8))]


def test_no_rows(spark, settings):
    frame = spark.createDataFrame([], "body string")
    assert clean(frame, Settings(settings.model, text="body")).collect() == []


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"text": "body"}, 'no column "body"; the columns: text, words'),
        ({"text": "words"}, 'column "words" is int32, not text'),
        ({"removed_share": "words"}, "column 'words', which would be added, already exists"),
        ({"removed_text": "words"}, "column 'words', which would be added, already exists"),
    ],
)
def test_columns_that_do_not_fit_are_refused_before_any_work(spark, asked, message):
    frame = spark.createDataFrame([("The ferry to Aldermoor runs again.", 6)], "text string, words int")
    with pytest.raises(UsageError, match=message):
        clean(frame, Settings(**asked))
