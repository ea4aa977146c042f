"""Ray Data on this machine."""

from __future__ import annotations

import pytest

pytest.importorskip("ray", reason="Ray is not installed here; .ci/engines ray runs this")

import pyarrow as pa
import ray
import ray.data
from engine_loads import counting, loads

from detector.arrow import Settings
from detector.ray import clean

WORKERS = 2


@pytest.fixture
def cluster(tmp_path):
    log = tmp_path / "loads"
    ray.init(num_cpus=WORKERS + 2, include_dashboard=False, runtime_env={"env_vars": counting(log)})
    yield log
    ray.shutdown()


def test_example(run_example, check, work):
    reads = run_example("example_ray.py")
    check(work / "clean")
    assert set(reads.values()) == {1}


def test_model_is_loaded_once_per_worker(cluster, work, settings, check):
    pages = ray.data.read_parquet(str(work / "pages")).repartition(16)
    clean(pages, settings, workers=WORKERS, batch_size=50).write_parquet(str(work / "clean"))
    check(work / "clean")
    reads = loads(cluster)
    assert set(reads.values()) == {1}
    assert len(reads) <= WORKERS


def test_settings_that_do_not_fit_are_named(cluster, settings):
    texts = ray.data.from_items([{"text": "The ferry to Aldermoor runs again."}])
    with pytest.raises(Exception, match="threshold 'fierce'"):
        clean(texts, Settings(model=settings.model, threshold="fierce"), workers=1).take_all()
    with pytest.raises(Exception, match='no column "body"; the columns: text'):
        clean(texts, Settings(model=settings.model, text="body"), workers=1).take_all()


def test_nulls_structs_and_empty_batches(cluster, settings):
    text = "The ferry to Aldermoor runs again."
    asked = {"model": settings.model, "threshold": 0.0}
    tables = [
        pa.table({"text": pa.nulls(3)}),
        pa.table({"text": pa.array([], pa.string())}),
        pa.table({"text": [text, None]}),
    ]
    cleaned = clean(ray.data.from_arrow(tables), Settings(**asked, removed_text="gone"), workers=1, batch_size=2)
    found = sorted(cleaned.take_all(), key=str)
    assert found == sorted([{"text": text, "gone": ""}, *[{"text": None, "gone": None}] * 4], key=str)
    articles = ray.data.from_arrow(pa.table({"article": [{"body": text}, None]}))
    nested = clean(articles, Settings(**asked, text="article.body"), workers=1)
    assert nested.take_all() == [{"article": {"body": text}}, {"article": None}]
