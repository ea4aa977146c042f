"""Ray Data on this machine."""

from __future__ import annotations

import pytest

pytest.importorskip("ray", reason="Ray is not installed here; .ci/engines ray runs this")

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
    with pytest.raises(Exception, match="text column 'body'"):
        clean(texts, Settings(model=settings.model, text="body"), workers=1).take_all()
