"""Cleaning Hugging Face data sets: any format, streamed or not, by several processes, and what is kept of runs."""

from __future__ import annotations

import os
import pickle
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from texts import texts as any_text

from detector.cleaner import Cleaned, Cleaner
from detector.errors import ModelError, UsageError
from detector.inference.storage import save
from detector.policy import Policy

datasets = pytest.importorskip("datasets", reason=".ci/integrations runs this")
pa = pytest.importorskip("pyarrow", reason=".ci/integrations runs this")

from datasets import Dataset, DatasetDict, Features, IterableDataset, Value  # noqa: E402
from datasets.fingerprint import Hasher  # noqa: E402

from detector import huggingface  # noqa: E402
from detector.arrow import Settings  # noqa: E402
from detector.huggingface import Clean  # noqa: E402

GIVEN = [None, "The ferry runs again.\nSubscribe to our newsletter!", "", None, "\n"]


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What data sets keep is in a folder of the test."""
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "cache")
    datasets.disable_progress_bars()


@pytest.fixture(scope="module")
def settings(tiny_model_dir: Path) -> Settings:
    return Settings(tiny_model_dir, "gentle", removed_share="share", removed_text="gone", kept_whole="whole")


@pytest.fixture(scope="module")
def rows(texts: list[str]) -> list[dict[str, Any]]:
    """The 200 documents, with a null among every ten texts."""
    filled = [text for at, text in enumerate(texts) for text in ([text, None] if at % 10 == 9 else [text])]
    return [{"id": at, "text": text} for at, text in enumerate(filled)]


@pytest.fixture(scope="module")
def wanted(rows: list[dict[str, Any]], cleaner: Cleaner) -> list[dict[str, Any]]:
    return [row | expected_row(cleaner, row["text"]) for row in rows]


def expected_row(cleaner: Cleaner, text: str | None) -> dict[str, Any]:
    if text is None:
        return {"text": None, "share": None, "gone": None, "whole": None}
    result = cleaner.clean(text)
    return {
        "text": result.text, "share": result.removed_share, "gone": result.prediction.removed_text(),
        "whole": result.kept_whole,
    }  # fmt: skip


def kept(rows: list[dict[str, Any]]) -> Dataset:
    """A data set in files, so that results of `map` are kept beside them."""
    folder = Path(datasets.config.HF_DATASETS_CACHE) / "rows"
    if not folder.exists():
        Dataset.from_list(rows, features=Features({"id": Value("int64"), "text": Value("string")})).save_to_disk(folder)
    return Dataset.load_from_disk(str(folder))


# The same decisions


@pytest.mark.parametrize("form", [None, "arrow", "numpy"])
@pytest.mark.parametrize("batch_size", [7, 1000])
def test_a_data_set(
    form: str | None, batch_size: int, rows: list[dict[str, Any]], wanted: list[dict[str, Any]], settings: Settings
) -> None:
    cleaned = kept(rows).with_format(form).map(Clean(settings), batched=True, batch_size=batch_size)
    assert cleaned.with_format(None).to_list() == wanted
    assert cleaned.features == Features({
        "id": Value("int64"), "text": Value("string"), "share": Value("float64"), "gone": Value("string"),
        "whole": Value("bool"),
    })  # fmt: skip


def test_the_decisions_are_those_of_a_cleaner(texts: list[str], expected: list[Cleaned], tiny_model_dir: Path) -> None:
    cleaned = Dataset.from_dict({"text": texts}).map(Clean(Settings(tiny_model_dir, "gentle")), batched=True)
    assert cleaned["text"][:] == [result.text for result in expected]
    assert cleaned.column_names == ["text"]


def test_without_settings_it_is_the_shipped_model(shipped: Cleaner) -> None:
    cleaned = Dataset.from_dict({"text": GIVEN}).map(Clean(), batched=True)
    assert cleaned["text"][:] == [None if text is None else shipped.clean(text).text for text in GIVEN]


@pytest.mark.parametrize("form", [None, "arrow"])
def test_a_streamed_data_set(
    form: str | None, rows: list[dict[str, Any]], wanted: list[dict[str, Any]], settings: Settings
) -> None:
    streamed = kept(rows).to_iterable_dataset(num_shards=3).with_format(form)
    assert isinstance(streamed, IterableDataset)
    cleaned = streamed.map(Clean(settings), batched=True, batch_size=16)
    assert list(cleaned.with_format(None)) == wanted


def test_a_stream_from_files_is_read_lazily(
    rows: list[dict[str, Any]], wanted: list[dict[str, Any]], settings: Settings, tmp_path: Path
) -> None:
    kept(rows).to_json(tmp_path / "pages.jsonl")
    streamed = datasets.load_dataset("json", data_files=str(tmp_path / "pages.jsonl"), split="train", streaming=True)
    cleaned = streamed.map(Clean(settings), batched=True, batch_size=8)
    assert list(cleaned.take(20)) == wanted[:20]
    assert list(cleaned) == wanted


@pytest.mark.parametrize("form", [None, "arrow"])
def test_two_processes(
    form: str | None, rows: list[dict[str, Any]], wanted: list[dict[str, Any]], settings: Settings
) -> None:
    cleaned = kept(rows).with_format(form).map(Clean(settings), batched=True, num_proc=2)
    assert cleaned.with_format(None).to_list() == wanted


def test_all_splits(rows: list[dict[str, Any]], wanted: list[dict[str, Any]], settings: Settings) -> None:
    splits = DatasetDict(train=kept(rows), test=kept(rows).select(range(5)))
    cleaned = splits.map(Clean(settings), batched=True)
    assert cleaned["train"].to_list() == wanted
    assert cleaned["test"].to_list() == wanted[:5]


@given(texts=st.lists(st.none() | any_text, max_size=6))
def test_any_texts_in_a_batch(texts: list[str | None], settings: Settings, cleaner: Cleaner) -> None:
    cleaned = Clean(settings)({"id": list(range(len(texts))), "text": texts})
    found = [dict(zip(cleaned, values, strict=True)) for values in zip(*cleaned.values(), strict=True)]
    assert found == [expected_row(cleaner, text) for text in texts]


# Types, nulls, nested texts


@pytest.mark.parametrize("kind", ["string", "large_string"])
@pytest.mark.parametrize("form", [None, "arrow"])
def test_types_of_text_stay(kind: str, form: str | None, settings: Settings, cleaner: Cleaner) -> None:
    given_set = Dataset.from_dict({"text": GIVEN}, features=Features({"text": Value(kind)})).with_format(form)
    cleaned = given_set.map(Clean(settings), batched=True)
    assert cleaned.features["text"] == Value(kind)
    assert cleaned.with_format(None).to_list() == [expected_row(cleaner, text) for text in GIVEN]


def test_a_first_batch_of_nulls(settings: Settings, cleaner: Cleaner) -> None:
    """Its columns get their types from Arrow: from lists, data sets would conclude that removed text is null."""
    given_set = Dataset.from_dict({"text": [None, None, *GIVEN]}, features=Features({"text": Value("string")}))
    cleaned = given_set.with_format("arrow").map(Clean(settings), batched=True, batch_size=2, writer_batch_size=2)
    assert cleaned.with_format(None).to_list() == [expected_row(cleaner, text) for text in [None, None, *GIVEN]]
    only_text = Clean(Settings(settings.model, "gentle"))
    cleaned = given_set.map(only_text, batched=True, batch_size=2, writer_batch_size=2)
    assert cleaned["text"][:] == [expected_row(cleaner, text)["text"] for text in [None, None, *GIVEN]]


@pytest.mark.parametrize("form", [None, "arrow"])
def test_nulls_alone(form: str | None, settings: Settings) -> None:
    cleaned = Dataset.from_dict({"text": [None, None]}).with_format(form).map(Clean(settings), batched=True)
    assert cleaned.with_format(None)["text"][:] == [None, None]
    assert cleaned.with_format(None)["share"][:] == [None, None]


@pytest.mark.parametrize("form", [None, "arrow"])
def test_a_text_in_a_struct(form: str | None, tiny_model_dir: Path, cleaner: Cleaner) -> None:
    articles = [{"body": text, "tags": ["sea"]} for text in GIVEN]
    nested = Dataset.from_dict({"article": [*articles, None], "id": range(6)}).with_format(form)
    settings = Settings(tiny_model_dir, "gentle", text="article.body", removed_share="share")
    cleaned = nested.map(Clean(settings), batched=True).with_format(None)
    wanted = [expected_row(cleaner, text) for text in GIVEN]
    assert [article and article["body"] for article in cleaned["article"]] == [*(row["text"] for row in wanted), None]
    assert [article["tags"] for article in cleaned["article"][:5]] == [["sea"]] * 5
    assert cleaned["share"][:] == [*(row["share"] for row in wanted), None]


def test_a_name_with_a_dot(tiny_model_dir: Path, cleaner: Cleaner) -> None:
    cleaned = Clean(Settings(tiny_model_dir, "gentle", text="article.body"))({"article.body": GIVEN})
    assert cleaned == {"article.body": [expected_row(cleaner, text)["text"] for text in GIVEN]}


# What data sets keep of earlier runs


def test_a_second_run_reads_what_was_kept(
    rows: list[dict[str, Any]], settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = kept(rows).map(Clean(settings), batched=True)

    def fail(*_: object) -> None:
        raise AssertionError("the texts were cleaned again")

    with monkeypatch.context() as patched:
        patched.setattr(Cleaner, "predict_many", fail)
        again = kept(rows).map(Clean(settings), batched=True)
    assert again._fingerprint == first._fingerprint
    assert again.to_list() == first.to_list()
    other = kept(rows).map(Clean(Settings(settings.model, "strict")), batched=True)
    assert other._fingerprint != first._fingerprint


def test_other_settings_have_another_fingerprint(tiny_model_dir: Path, shipped: Cleaner) -> None:
    model = str(tiny_model_dir)
    every = [
        Settings(), Settings(model), Settings(model, "gentle"), Settings(model, 0.5), Settings(model, policy="text"),
        Settings(model, policy=Policy(keep=("reporting", "about"))), Settings(model, paragraphs="blank"),
        Settings(model, text="body"), Settings(model, removed_share="a"), Settings(model, removed_text="a"),
        Settings(model, max_removed=1), Settings(model, kept_whole="a"),
    ]  # fmt: skip
    hashes = [Hasher.hash(Clean(settings)) for settings in every]
    assert len(set(hashes)) == len(every)
    assert hashes == [Hasher.hash(pickle.loads(pickle.dumps(Clean(settings)))) for settings in every]


def test_other_phrases_have_another_fingerprint(tiny_model_dir: Path, tmp_path: Path) -> None:
    pytest.importorskip("ahocorasick_rs", reason="needs ahocorasick_rs; .ci/integrations runs this")
    paths = [tmp_path / "one.tsv", tmp_path / "other.tsv"]
    for path, strength in zip(paths, (5, 6), strict=True):
        path.write_text(f"lantern\tappeal\t{strength}\n", encoding="utf-8")
    one, other = (Clean(Settings(tiny_model_dir, phrases=path)) for path in paths)
    assert one.made_of != other.made_of
    other.settings = one.settings
    assert Hasher.hash(one) != Hasher.hash(other)
    with pytest.raises(UsageError, match="the file of phrases or repeats has changed since this function was made"):
        other({"text": GIVEN})


def test_another_model_or_version_has_another_fingerprint(
    model_copy: Path, cleaner: Cleaner, shipped: Cleaner, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    made = Clean(Settings(model_copy))
    shutil.move(model_copy, tmp_path / "moved")  # so that the cache of models does not have it
    save(shipped.model, tmp_path / "other", shipped.model.metadata)
    other = Clean(Settings(tmp_path / "other"))
    assert made.made_of != other.made_of
    other.settings = made.settings
    assert Hasher.hash(made) != Hasher.hash(other)
    with pytest.raises(UsageError, match="has changed since this function was made"):
        other({"text": GIVEN})
    monkeypatch.setattr(huggingface.detector, "__version__", "99.0.0")
    assert Hasher.hash(Clean(Settings(tmp_path / "moved"))) != Hasher.hash(made)


def test_the_accurate_model_has_a_fingerprint_for_each_effort(accurate: Cleaner, seed_texts: list[str]) -> None:
    given = [Settings("accurate"), Settings("accurate", effort=0.25), Settings("accurate", effort=1), Settings()]
    made = [Clean(settings) for settings in given]
    assert len({Hasher.hash(each) for each in made}) == len(made)
    rows = [{"id": number, "text": text} for number, text in enumerate(seed_texts[:12])]
    expected = [each.text for each in replace(accurate, effort=1.0).clean_many(seed_texts[:12])]
    for each in (made[2], pickle.loads(pickle.dumps(made[2]))):
        assert list(kept(rows).map(each, batched=True)["text"]) == expected
    made[0].settings = made[1].settings
    with pytest.raises(UsageError, match="the model accurate has changed since this function was made"):
        made[0]({"text": GIVEN})


def test_the_fingerprint_is_that_of_another_process(tiny_model_dir: Path) -> None:
    code = f"""
from datasets.fingerprint import Hasher
from detector.arrow import Settings
from detector.huggingface import Clean
print(Hasher.hash(Clean(Settings({str(tiny_model_dir)!r}, "gentle", removed_text="go" + chr(110) + "e"))))
"""
    done = subprocess.run(
        [sys.executable, "-c", code], env={**os.environ, "PYTHONHASHSEED": "1"}, check=True, capture_output=True
    )
    here = Hasher.hash(Clean(Settings(str(tiny_model_dir), "gentle", removed_text="gone")))
    assert done.stdout.strip() == here.encode()


def test_it_is_small_when_it_is_sent(settings: Settings) -> None:
    assert len(pickle.dumps(Clean(settings))) < 2000


# Errors


BATCH = {"text": ["One."], "n": [1], "article": [{"body": "One."}]}
WRONG: list[tuple[dict[str, Any], Any, str]] = [
    ({"text": "body"}, BATCH, r"no column 'body'; the columns: text, n, article; name one: Settings"),
    ({"text": "article.text"}, BATCH, "no column 'article.text': a row has no field 'text'"),
    ({"text": "n.text"}, BATCH, "no column 'n.text': a row has no field 'text'"),
    ({"text": "n"}, BATCH, "column 'n' holds a int, not a text"),
    ({"text": "article"}, BATCH, "column 'article' holds a dict, not a text"),
    ({"removed_text": "n"}, BATCH, "column 'n', which would be added, already exists"),
    ({}, {"text": "One."}, "one row was given, not a batch: call map with batched=True"),
    ({}, {"text": None}, "one row was given, not a batch: call map with batched=True"),
    ({"text": "article.body"}, {"article": {"body": "One."}}, "call map with batched=True"),
    ({}, ["One."], r"batches of the type list cannot be cleaned: use with_format\(\"arrow\"\)"),
]


@pytest.mark.parametrize(("changed", "batch", "message"), WRONG)
def test_wrong_batches(changed: dict[str, Any], batch: Any, message: str, tiny_model_dir: Path) -> None:
    with pytest.raises(UsageError, match=message):
        Clean(Settings(tiny_model_dir, **changed))(batch)


@pytest.mark.parametrize("form", ["pandas", "polars"])
def test_formats_that_cannot_be_cleaned(form: str, settings: Settings) -> None:
    pytest.importorskip(form, reason=".ci/integrations runs this")
    with pytest.raises(UsageError, match=r"use with_format\(\"arrow\"\)"):
        Dataset.from_dict({"text": GIVEN}).with_format(form).map(Clean(settings), batched=True)


def test_without_batches_it_says_so(settings: Settings) -> None:
    with pytest.raises(UsageError, match="call map with batched=True"):
        Dataset.from_dict({"text": GIVEN}).map(Clean(settings))


def test_settings_are_checked_when_it_is_made(tiny_model_dir: Path, tmp_path: Path) -> None:
    for wrong, error in (
        (Settings(tiny_model_dir, "harsh"), UsageError),
        (Settings(tmp_path / "none"), UsageError),
        (Settings(tmp_path), ModelError),
    ):
        with pytest.raises(error):
            Clean(wrong)


def test_a_cleaner_is_not_settings(cleaner: Cleaner) -> None:
    with pytest.raises(UsageError, match=r"settings is a Cleaner: give detector\.arrow\.Settings"):
        Clean(cleaner)  # type: ignore[arg-type]


def test_a_missing_library_is_named_with_the_command_that_installs_it() -> None:
    code = "import sys; sys.modules['datasets'] = None; import detector.huggingface"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "pip install 'boilerplate-detector[datasets]'" in done.stderr
