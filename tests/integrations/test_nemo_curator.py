"""The stage of a NeMo Curator pipeline."""

from __future__ import annotations

import copy
import os
import pickle
import subprocess
import sys

import pytest

pytest.importorskip("nemo_curator", reason="NeMo Curator is not installed here; .ci/integrations curator runs this")

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from documented import blocks
from engine_loads import counting, loads
from nemo_curator.stages.base import ProcessingStage
from nemo_curator.tasks import DocumentBatch
from tiny import ROOT

from detector.arrow import Settings
from detector.cleaner import Cleaner
from detector.errors import UsageError
from detector.nemo_curator import Clean

PAGE = ROOT / "docs" / "integrations.md"
FILES = 4
REPORT = "The ferry to Aldermoor runs again."
ADDED = {"removed_share": "share", "removed_text": "gone", "kept_whole": "whole"}


@pytest.fixture(scope="module")
def model(tiny_model_dir):
    return str(tiny_model_dir)


@pytest.fixture
def stage(model):
    return Clean(Settings(model, "gentle", **ADDED))


def batch(data):
    return DocumentBatch(dataset_name="pages", data=data, _metadata={"source_files": ["a.parquet"]})


def processed(stage, data):
    """What the stage makes of the data, which it must not change."""
    before = data.copy(deep=True) if isinstance(data, pd.DataFrame) else data
    task = batch(data)
    (made,) = stage.process_batch([task])
    assert type(made.data) is type(data)
    assert (made.dataset_name, made._metadata) == (task.dataset_name, task._metadata)
    if isinstance(data, pd.DataFrame):
        pd.testing.assert_frame_equal(task.data, before)
    return made.data


@pytest.mark.parametrize("kind", ["arrow", "pandas"])
def test_every_document_gets_the_decisions_of_the_cleaner(stage, texts, expected, kind):
    columns = {"id": list(range(len(texts))), "text": texts}
    data = processed(stage, pa.table(columns) if kind == "arrow" else pd.DataFrame(columns))
    wanted = pd.DataFrame({
        "id": columns["id"],
        "text": [cleaned.text for cleaned in expected],
        "share": [cleaned.removed_share for cleaned in expected],
        "gone": [cleaned.prediction.removed_text() for cleaned in expected],
        "whole": [cleaned.kept_whole for cleaned in expected],
    })  # fmt: skip
    made = data if kind == "pandas" else data.to_pandas()
    pd.testing.assert_frame_equal(made, wanted, check_dtype=False, check_like=True)


@pytest.mark.parametrize(
    "dtype",
    ["str", object, "string[pyarrow]", "category", pd.ArrowDtype(pa.string())],
    ids=str,
)
def test_data_frames_keep_their_index_types_and_missing_texts(stage, texts, expected, dtype):
    frame = pd.DataFrame(
        {"text": pd.Series([*texts[:30], None], dtype=dtype), "visits": pd.Series(range(31), dtype="int16")}
    ).set_index(pd.Index([number // 2 for number in range(31)], name="page"))
    made = processed(stage, frame)
    assert made["text"].tolist()[:-1] == [cleaned.text for cleaned in expected[:30]]
    assert made["text"].isna().tolist() == frame["text"].isna().tolist()
    assert made[list(ADDED.values())].iloc[-1].isna().all()
    assert dtype == "category" or made["text"].dtype == frame["text"].dtype
    pd.testing.assert_frame_equal(made[["visits"]], frame[["visits"]])
    pd.testing.assert_index_equal(made.index, frame.index)


@pytest.mark.parametrize("dtype", ["str", object, float, "string[pyarrow]"], ids=str)
@pytest.mark.parametrize("rows", [0, 3])
def test_batches_without_a_text(stage, dtype, rows):
    frame = pd.DataFrame({"text": pd.Series([None] * rows, dtype=dtype)})
    made = processed(stage, frame)
    pd.testing.assert_frame_equal(made[["text"]], frame)
    assert set(made.columns) == {"text", *ADDED.values()}
    assert made.isna().all().all()


def test_a_document_of_which_nothing_is_left_keeps_its_row(model):
    stage = Clean(Settings(model, 1.0, max_removed=1))
    frame = pd.DataFrame({"text": ["Subscribe to our newsletter now!", REPORT, ""]})
    cleaner = Cleaner(stage.settings.cleaner.model, 1.0, max_removed=1)
    assert processed(stage, frame)["text"].tolist() == [cleaner.clean(text).text for text in frame["text"]]
    assert processed(stage, frame)["text"].tolist()[0] == ""


def test_a_field_of_a_struct_in_an_arrow_table(model):
    table = pa.table({"article": [{"body": REPORT}, None]})
    assert processed(Clean(Settings(model, 0.0, text="article.body")), table).to_pydict() == table.to_pydict()


@pytest.mark.parametrize("kind", [pa.table, pd.DataFrame])
def test_columns_that_do_not_fit_are_named(model, kind):
    data = kind({"text": [REPORT], "article.body": [1]})
    with pytest.raises(UsageError, match=r"'article\.body', which would be added, already exists"):
        Clean(Settings(model, removed_text="article.body")).process(batch(data))
    with pytest.raises(UsageError, match=r"article\.title.*the columns: "):
        Clean(Settings(model, text="article.title")).process(batch(data))
    with pytest.raises(UsageError, match=r"column .article\.body."):
        Clean(Settings(model, text="article.body")).process(batch(data))
    with pytest.raises(ValueError, match="failed validation"):
        processed(Clean(Settings(model, text="body")), data)


def test_what_the_stage_says_of_itself(stage):
    assert isinstance(stage, ProcessingStage)
    assert stage.inputs() == (["data"], ["text"])
    assert stage.outputs() == (["data"], ["text", "share", "gone", "whole"])
    assert (stage.resources.cpus, stage.resources.gpus) == (1.0, 0.0)
    assert not stage.is_fanout_stage()
    assert stage.with_(batch_size=4).settings == stage.settings


def test_the_model_is_loaded_when_a_worker_starts(model, stage):
    with pytest.raises(UsageError, match="threshold 'fierce'"):
        Clean(Settings(model, "fierce")).setup()
    stage.setup()
    assert len(pickle.dumps(stage)) < 10_000
    assert copy.deepcopy(stage).settings == stage.settings


def test_the_example_of_the_documentation(model, texts, expected, tmp_path):
    """Runs on Ray Data, with two workers at most."""
    codes = [block.code for block in blocks(PAGE.read_text(encoding="utf-8")) if "nemo_curator" in block.code]
    if not codes:
        pytest.fail(f"{PAGE.name} has no example for NeMo Curator")
    (code,) = codes
    assert code.count("Settings(") == 1
    (tmp_path / "pages").mkdir()
    numbers = range(len(texts))
    for file in range(FILES):
        rows = numbers[file::FILES]
        table = pa.table({"id": list(rows), "text": [texts[row] for row in rows]})
        pq.write_table(table, tmp_path / "pages" / f"{file}.parquet")
    (tmp_path / "example.py").write_text(code.replace("Settings(", f"Settings(model={model!r}, "), encoding="utf-8")
    environment = {**os.environ, **counting(tmp_path / "loads"), "RAY_USAGE_STATS_ENABLED": "0"}
    done = subprocess.run(
        [sys.executable, "example.py"], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    read = pa.concat_tables([pq.read_table(file) for file in (tmp_path / "clean").glob("*.parquet")]).to_pylist()
    assert len(read) == len(texts)
    for row in read:
        cleaned = expected[row["id"]]
        assert (row["text"], row["removed_share"]) == (cleaned.text, cleaned.removed_share)
    assert set(loads(tmp_path / "loads").values()) == {1}


def test_a_missing_library_is_named_with_the_command_that_installs_it():
    code = "import sys; sys.modules['nemo_curator'] = None; import detector.nemo_curator"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "UsageError: detector.nemo_curator needs NeMo Curator" in done.stderr
    assert "pip install 'boilerplate-detector[curator]'" in done.stderr
