"""Cleaning Arrow batches, without an engine."""

from __future__ import annotations

import importlib
import pickle
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detector.cleaner import Cleaner
from detector.errors import UsageError
from detector.inference.storage import load_model

EXAMPLES = sorted(Path(__file__).parent.glob("example_*.py"))
DOCUMENTED = Path(__file__).resolve().parent.parent.parent / "docs" / "engines.md"
LIBRARIES = [
    ("detector.arrow", "pyarrow", "parquet"),
    ("detector.ray", "ray", "ray"),
    ("detector.spark", "pyspark", "spark"),
    ("detector.datatrove", "datatrove", "datatrove"),
]
PAGE = """The ferry to Aldermoor runs again after eleven weeks, the harbour board said on Tuesday.
Subscribe to our newsletter and get the week in your inbox!
"It was a long winter," said the skipper, Odile Branscombe.
Support independent journalism: donate today to the Aldermoor Lantern."""

APPEALS = "Subscribe to our newsletter now!\nSupport our newsroom today!"  # all of it would go


@pytest.mark.parametrize(("module", "library", "extra"), LIBRARIES)
def test_a_missing_library_is_named_with_the_command_that_installs_it(module, library, extra):
    code = f"import sys; sys.modules[{library!r}] = None; import {module}"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "detector.errors.UsageError" in done.stderr
    assert f"pip install 'boilerplate-detector[{extra}]'" in done.stderr


@pytest.fixture(scope="module")
def pa():
    return pytest.importorskip("pyarrow", reason="pyarrow is not installed here: it comes with the extra parquet")


@pytest.fixture(scope="module")
def arrow(pa):
    return importlib.import_module("detector.arrow")


@pytest.fixture(scope="module")
def cleaner(tiny_model):
    cleaner = Cleaner(tiny_model, threshold=0.7, max_removed=1)
    assert 0 < cleaner.clean(PAGE).removed_share < 1
    return cleaner


@pytest.mark.parametrize("kind", ["string", "large_string", "string_view", "dictionary", "dictionary of large_string"])
def test_record_batch(pa, arrow, cleaner, kind):
    dictionaries = {
        "dictionary": pa.dictionary(pa.int32(), pa.string()),
        "dictionary of large_string": pa.dictionary(pa.int8(), pa.large_string()),
    }
    kind = dictionaries.get(kind) or getattr(pa, kind)()
    schema = pa.schema(
        [
            pa.field("id", pa.int64()),
            pa.field("text", kind, metadata={"lang": "en"}),
            pa.field("tags", pa.list_(pa.string())),
        ],
        metadata={"crawl": "spring"},
    )
    batch = pa.record_batch([[1, 2, 3], from_texts([PAGE, None, ""], kind), [["sea"], None, []]], schema=schema)
    cleaned = arrow.clean_batch(batch, cleaner)
    assert isinstance(cleaned, pa.RecordBatch)
    assert cleaned.schema.equals(schema, check_metadata=True)
    cleaned.validate(full=True)
    assert cleaned.to_pydict() == {**batch.to_pydict(), "text": [cleaner.clean(PAGE).text, None, ""]}


def test_added_columns(pa, arrow, cleaner):
    batch = pa.record_batch({"body": [PAGE, None, ""], "id": [1, 2, 3]})
    cleaned = arrow.clean_batch(batch, cleaner, "body", removed_share="share", removed_text="gone")
    result = cleaner.clean(PAGE)
    assert cleaned.schema.names == ["body", "id", "share", "gone"]
    assert cleaned["share"].to_pylist() == [result.removed_share, None, 0.0]
    assert cleaned["gone"].to_pylist() == [result.prediction.removed_text(), None, ""]
    assert sorted(result.text + result.prediction.removed_text()) == sorted(PAGE)


def test_a_column_tells_what_is_kept_whole(pa, arrow, tiny_model_dir):
    table = pa.table({"text": [APPEALS, None, ""]})
    for max_removed, text in ((0.5, APPEALS), (1, "")):
        settings = arrow.Settings(tiny_model_dir, threshold=1.0, max_removed=max_removed, kept_whole="whole")
        cleaned = settings.clean(table)
        assert cleaned.schema.field("whole").type == pa.bool_()
        assert cleaned.to_pydict() == {"text": [text, None, ""], "whole": [max_removed < 1, None, False]}
    assert arrow.Settings(tiny_model_dir, kept_whole="w").clean(table.slice(0, 0)).schema.names == ["text", "w"]


@pytest.mark.parametrize("chunks", [[], [[]], [[PAGE], [], [None, PAGE, "Read more"], [PAGE]]])
def test_table_keeps_its_chunks(pa, arrow, cleaner, chunks):
    table = pa.table({"text": pa.chunked_array(chunks, pa.string())}).replace_schema_metadata({"crawl": "spring"})
    cleaned = arrow.clean_batch(table, cleaner, removed_share="share")
    assert isinstance(cleaned, pa.Table)
    assert cleaned.schema.metadata == {b"crawl": b"spring"}
    for name in cleaned.schema.names:
        assert [len(chunk) for chunk in cleaned[name].chunks] == [len(chunk) for chunk in chunks]
    texts = [text for chunk in chunks for text in chunk]
    assert cleaned["text"].to_pylist() == [None if text is None else cleaner.clean(text).text for text in texts]


@given(st.lists(st.none() | st.text() | st.sampled_from(PAGE.splitlines()), max_size=8), st.data())
def test_a_slice_is_cleaned_as_its_texts_are(pa, arrow, cleaner, texts, data):
    start = data.draw(st.integers(0, len(texts)))
    batch = pa.record_batch({"text": pa.array(texts, pa.string())}).slice(start)
    expected = [None if text is None else cleaner.clean(text).text for text in texts[start:]]
    assert arrow.clean_batch(batch, cleaner)["text"].to_pylist() == expected


def types_of_text(pa):
    plain = [pa.string(), pa.large_string(), pa.string_view(), pa.binary(), pa.large_binary(), pa.binary_view()]
    return [*plain, *(pa.dictionary(pa.int8(), kind) for kind in plain), pa.null()]


@given(st.data())
def test_every_type_with_nulls_and_chunks_is_cleaned_as_its_texts_are(pa, arrow, cleaner, data):
    kind = data.draw(st.sampled_from(types_of_text(pa)))
    text = st.none() if kind == pa.null() else st.none() | st.sampled_from(["", PAGE, *PAGE.splitlines()])
    chunks = data.draw(st.lists(st.lists(text, max_size=5), max_size=4))
    start = data.draw(st.integers(0, 3))
    texts = [text for chunk in chunks for text in chunk]
    arrays = [from_texts(chunk, kind) for chunk in chunks]
    schema = pa.schema([pa.field("text", kind, metadata={"lang": "en"}), ("row", pa.int32())], {"crawl": "spring"})
    rows = pa.array(range(len(texts)), pa.int32())
    table = pa.Table.from_arrays([pa.chunked_array(arrays, kind), pa.chunked_array([rows])], schema=schema).slice(start)
    cleaned = arrow.clean_batch(table, cleaner, removed_share="share", removed_text="gone")
    cleaned.validate(full=True)
    assert cleaned.drop_columns(["share", "gone"]).schema.equals(schema, check_metadata=True)
    assert cleaned["row"].equals(table["row"])
    results = [None if text is None else cleaner.clean(text) for text in texts[start:]]
    assert values(cleaned["text"]) == [result and result.text for result in results]
    assert values(cleaned["gone"]) == [result and result.prediction.removed_text() for result in results]
    assert cleaned["share"].to_pylist() == [result and result.removed_share for result in results]


def from_texts(texts, kind):
    return importlib.import_module("detector.formats.arrow_text").from_texts(texts, kind)


def values(column):
    to_texts = importlib.import_module("detector.formats.arrow_text").to_texts
    return [text for chunk in column.chunks for text in to_texts(chunk)]


@pytest.mark.parametrize("name", ["article.body", "article"])
def test_texts_in_structs(pa, arrow, cleaner, name):
    rows = [{"n": 1, "body": PAGE}, None, {"n": 2, "body": None}, {"n": 3, "body": PAGE}]
    articles = pa.array(rows, pa.struct([("n", pa.int64()), ("body", pa.string())]))
    batch = pa.record_batch({"article": articles, "article.x": pa.array([1, 2, 3, 4])}).slice(1)
    if name == "article":
        with pytest.raises(UsageError, match=r"a struct, not text .* with a dot: article\.n, article\.body"):
            arrow.clean_batch(batch, cleaner, name)
        return
    cleaned = arrow.clean_batch(batch, cleaner, name, removed_text="gone")
    cleaned.validate(full=True)
    result = cleaner.clean(PAGE)
    assert cleaned["article"].to_pylist() == [None, {"n": 2, "body": None}, {"n": 3, "body": result.text}]
    assert cleaned["gone"].to_pylist() == [None, None, result.prediction.removed_text()]
    assert cleaned["article.x"].equals(batch["article.x"])


def test_a_column_whose_name_has_a_dot_comes_first(pa, arrow, cleaner):
    batch = pa.record_batch({"article": pa.array([{"body": PAGE}]), "article.body": [PAGE]})
    cleaned = arrow.clean_batch(batch, cleaner, "article.body")
    assert cleaned["article"].equals(batch["article"])
    assert cleaned["article.body"].to_pylist() == [cleaner.clean(PAGE).text]


def test_large_columns_are_cleaned_in_pieces(pa, arrow, cleaner, monkeypatch):
    monkeypatch.setattr(arrow, "_PIECE_BYTES", 500)
    texts = [None, PAGE, "", None, *[PAGE] * 20, None]
    cleaned = arrow.clean_batch(pa.table({"text": texts}), cleaner)
    assert cleaned["text"].to_pylist() == [None if text is None else cleaner.clean(text).text for text in texts]


def test_bytes_that_are_not_utf8_are_unchanged(pa, arrow, cleaner):
    raw = b"\xff\xfe caf\xe9\n" + PAGE.encode()
    broken = pa.array([raw], pa.binary()).cast(pa.string(), safe=False)
    cleaned = arrow.clean_batch(pa.record_batch({"text": broken}), cleaner, removed_text="gone")
    kept, gone = (cleaned[name].cast(pa.binary())[0].as_py() for name in ("text", "gone"))
    assert len(kept) + len(gone) == len(raw)
    assert b"\xff\xfe caf\xe9\n" in (kept + gone)


@pytest.mark.parametrize(
    ("columns", "options", "message"),
    [
        (["id"], {}, 'no column "text"; the columns: id; name the column of the texts'),
        (["text", "text"], {}, '2 columns are named "text"'),
        (["id", "text"], {"text": "id"}, 'column "id" is int64, not text'),
        (["id", "text"], {"removed_share": "id"}, "column 'id', which would be added, already exists"),
        (["id", "text"], {"removed_text": "text"}, "column 'text', which would be added, already exists"),
    ],
)
def test_columns_that_do_not_fit(pa, arrow, cleaner, columns, options, message):
    arrays = [pa.array([1]) if name == "id" else pa.array([PAGE]) for name in columns]
    with pytest.raises(UsageError, match=message):
        arrow.clean_batch(pa.RecordBatch.from_arrays(arrays, names=columns), cleaner, **options)


@pytest.mark.parametrize(
    "names", [{"removed_share": "text"}, {"removed_share": "x", "removed_text": "x"}, {"kept_whole": "text"}]
)
def test_settings_whose_columns_clash(arrow, names):
    with pytest.raises(UsageError, match="give each column its own name"):
        arrow.Settings(**names)


def test_settings_take_a_list_of_repeats(arrow, tmp_path):
    paths = [tmp_path / "a.repeats", tmp_path / "b.repeats"]
    settings = arrow.Settings(repeats=paths)
    assert settings == arrow.Settings(repeats=tuple(paths))
    assert hash(settings) == hash(arrow.Settings(repeats=tuple(paths)))
    with pytest.raises(UsageError, match=r"a\.repeats: no such file"):
        _ = settings.cleaner


def test_what_is_not_settings(arrow, cleaner):
    assert arrow.given_settings(None) == arrow.Settings()
    with pytest.raises(UsageError, match=r"settings is a Cleaner: give detector\.arrow\.Settings"):
        arrow.given_settings(cleaner)


def test_settings_are_small_and_load_a_model_once_per_process(arrow, tiny_model_dir, monkeypatch, pa):
    read = []
    monkeypatch.setattr(arrow, "load_model", lambda folder: read.append(folder) or load_model(folder))
    arrow._model.cache_clear()
    settings = arrow.Settings(tiny_model_dir, threshold="strict")
    batch = pa.record_batch({"text": [PAGE]})
    first = settings.clean(batch)
    sent = pickle.dumps(settings)
    assert len(sent) < 1000
    assert pickle.loads(sent).clean(batch).equals(first)
    assert arrow.Settings(str(tiny_model_dir), threshold=0.0).clean(batch).equals(batch)
    assert read == [str(tiny_model_dir)]


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_the_readme_shows_the_examples_that_are_run(example):
    assert f"```python\n{example.read_text(encoding='utf-8')}```" in DOCUMENTED.read_text(encoding="utf-8")


def test_example(pa, arrow, tiny_model_dir, tmp_path, monkeypatch):
    pq = importlib.import_module("pyarrow.parquet")
    monkeypatch.chdir(tmp_path)
    pq.write_table(pa.table({"body": [PAGE, None]}), "pages.parquet")
    code = (Path(__file__).parent / "example_arrow.py").read_text(encoding="utf-8")
    exec(code.replace("Settings(", f"Settings(model={str(tiny_model_dir)!r}, ", 1), {})
    cleaned = arrow.Settings(model=tiny_model_dir, threshold="gentle").cleaner.clean(PAGE)
    assert pq.read_table("clean.parquet").to_pydict() == {
        "body": [cleaned.text, None],
        "removed_share": [cleaned.removed_share, None],
        "removed_text": [cleaned.prediction.removed_text(), None],
    }
