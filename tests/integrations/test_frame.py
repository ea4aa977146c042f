"""Cleaning data frames of pandas and polars: any type of text, and nothing else changes."""

from __future__ import annotations

import importlib
import pickle
import subprocess
import sys
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from texts import texts as any_text

from detector.cleaner import Cleaned, Cleaner
from detector.errors import UsageError
from detector.frame import clean

pd = pytest.importorskip("pandas", reason=".ci/integrations runs this")
pl = pytest.importorskip("polars", reason=".ci/integrations runs this")
pa = pytest.importorskip("pyarrow", reason=".ci/integrations runs this")

PAGE = """The ferry to Aldermoor runs again after eleven weeks, the harbour board said on Tuesday.
Subscribe to our newsletter and get the week in your inbox!
"It was a long winter," said the skipper, Odile Branscombe.
Support independent journalism: donate today to the Aldermoor Lantern."""
APPEALS = "Support us!\nSubscribe to our newsletter and get the week in your inbox!"  # all of it would go
GIVEN = [PAGE, None, "", "\n", APPEALS, PAGE]
NAMES = {
    "removed_text": "gone", "removed_share": "share", "removed_paragraphs": "n_gone", "kept_paragraphs": "n_kept",
    "kept_whole": "whole",
}  # fmt: skip


@pytest.fixture(scope="module")
def strict(cleaner: Cleaner) -> Cleaner:
    """A cleaner that removes a part of `PAGE`, and keeps `APPEALS` whole."""
    strict = Cleaner(cleaner.model, threshold=0.5)
    assert 0 < strict.clean(PAGE).removed_share < 1
    assert strict.clean(APPEALS).kept_whole
    return strict


def expected_rows(cleaner: Cleaner, texts: Sequence[str | None]) -> list[tuple[Any, ...]]:
    """What the columns of `NAMES` hold, behind the clean text; None for a missing text."""
    rows = []
    for text in texts:
        if text is None:
            rows.append((None,) * (1 + len(NAMES)))
            continue
        result = cleaner.clean(text)
        removed = len(result.removed)
        rows.append((
            result.text, result.prediction.removed_text(), result.removed_share, removed,
            len(result.paragraphs) - removed, result.kept_whole,
        ))  # fmt: skip
    return rows


def plain(series: Any) -> list[Any]:
    """The values of a series, None for what is missing."""
    if isinstance(series, pl.Series):
        return list(series.to_list())
    return [None if missing else value for value, missing in zip(series.tolist(), series.isna().tolist(), strict=True)]


def columns(frame: Any, names: Sequence[str]) -> list[tuple[Any, ...]]:
    return list(zip(*(plain(frame[name]) for name in names), strict=True))


# 200 documents


def test_pandas_decides_as_a_cleaner(texts: list[str], expected: list[Cleaned], cleaner: Cleaner) -> None:
    for threads in (1, 3):
        cleaned = clean(pd.DataFrame({"text": texts}), cleaner=cleaner, threads=threads)
        assert cleaned["clean_text"].tolist() == [result.text for result in expected]


def test_polars_decides_as_a_cleaner(texts: list[str], expected: list[Cleaned], cleaner: Cleaner) -> None:
    frame = pl.DataFrame({"text": texts})
    lazy = frame.lazy()
    for cleaned in (
        clean(frame, cleaner=cleaner),
        clean(frame, cleaner=cleaner, threads=3),
        clean(lazy, cleaner=cleaner).collect(),
        clean(lazy, cleaner=cleaner).collect(engine="streaming"),
    ):
        assert cleaned["clean_text"].to_list() == [result.text for result in expected]


def test_without_a_cleaner_it_is_the_shipped_model(shipped: Cleaner) -> None:
    clean_text = shipped.clean(PAGE).text
    assert clean_text != PAGE
    assert clean(pd.DataFrame({"text": [PAGE]}))["clean_text"].tolist() == [clean_text]
    assert clean(pl.DataFrame({"text": [PAGE]}))["clean_text"].to_list() == [clean_text]


# Types of text


PANDAS: dict[str, Callable[[list[str | None]], Any]] = {
    "inferred": pd.Series,
    "object": lambda texts: pd.Series(texts, dtype=object),
    "object with NaN": lambda texts: pd.Series([np.nan if text is None else text for text in texts], dtype=object),
    "object with NA": lambda texts: pd.Series([pd.NA if text is None else text for text in texts], dtype=object),
    "string": lambda texts: pd.Series(texts, dtype="string"),
    "string[python]": lambda texts: pd.Series(texts, dtype="string[python]"),
    "string[pyarrow]": lambda texts: pd.Series(texts, dtype="string[pyarrow]"),
    "category": lambda texts: pd.Series(texts, dtype="category"),
    "category of objects": lambda texts: pd.Series(texts, dtype=object).astype("category"),
    "ordered category": lambda texts: pd.Series(
        pd.Categorical(texts, categories=[*dict.fromkeys(t for t in texts if t is not None), "unused"], ordered=True)
    ),
    **{
        f"Arrow {kind}": lambda texts, kind=kind: pd.Series(texts, dtype=pd.ArrowDtype(kind))
        for kind in (pa.string(), pa.large_string(), pa.string_view(), pa.dictionary(pa.int32(), pa.string()))
    },
    "Arrow chunks": lambda texts: pd.Series(
        pd.arrays.ArrowExtensionArray(pa.chunked_array([texts[:2], [], texts[2:]], pa.large_string()))
    ),
}


@pytest.mark.parametrize("name", PANDAS)
def test_types_of_pandas(name: str, strict: Cleaner) -> None:
    series = PANDAS[name](GIVEN)
    frame = pd.DataFrame({"id": range(len(GIVEN)), "text": series})
    before = frame.copy(deep=True)
    cleaned = clean(frame, cleaner=strict, **NAMES)
    assert list(cleaned.columns) == ["id", "text", "clean_text", *NAMES.values()]
    assert columns(cleaned, ["clean_text", *NAMES.values()]) == expected_rows(strict, GIVEN)
    for same in (frame, cleaned[["id", "text"]]):  # assert_frame_equal cannot compare views of strings
        assert same.dtypes.tolist() == before.dtypes.tolist()
        assert list(map(repr, same["text"].tolist())) == list(map(repr, before["text"].tolist()))
        assert same["id"].tolist() == before["id"].tolist()
    for column in ("clean_text", "gone"):
        if isinstance(series.dtype, pd.CategoricalDtype):
            assert isinstance(cleaned[column].dtype, pd.CategoricalDtype)
            assert cleaned[column].cat.categories.dtype == series.cat.categories.dtype
        else:
            assert cleaned[column].dtype == series.dtype
        assert type(cleaned[column].tolist()[1]) is type(series.tolist()[1])  # None, NaN or NA
    assert [str(cleaned[column].dtype) for column in ("share", "n_gone", "n_kept", "whole")] == [
        "float64", "Int64", "Int64", "boolean",
    ]  # fmt: skip


NULLS = [
    pd.Series([None, None]),
    pd.Series([np.nan, np.nan]),
    pd.Series([None, None], dtype="string"),
    pd.Series([None, None], dtype="category"),
    pd.Series([pd.NaT, pd.NaT]),
    pd.Series([None, None], dtype="Int64"),
    pd.Series([None, None], dtype=pd.ArrowDtype(pa.null())),
    pd.Series([], dtype=object),
    pd.Series([], dtype="string"),
    pd.Series([], dtype="float64"),
    pd.Series([], dtype="category"),
]


@pytest.mark.parametrize("series", NULLS, ids=lambda series: f"{len(series)} of {series.dtype}")
def test_no_text_at_all_in_pandas(series: Any, strict: Cleaner) -> None:
    cleaned = clean(pd.DataFrame({"text": series}), cleaner=strict, **NAMES)
    assert columns(cleaned, ["clean_text", *NAMES.values()]) == [(None,) * 6] * len(series)
    assert list(cleaned.columns) == ["text", "clean_text", *NAMES.values()]
    if not isinstance(series.dtype, pd.CategoricalDtype):
        assert cleaned["clean_text"].dtype == series.dtype


POLARS = [pl.String, pl.Categorical, pl.Enum([*dict.fromkeys(text for text in GIVEN if text is not None)])]


@pytest.mark.parametrize("lazy", [False, True])
@pytest.mark.parametrize("kind", POLARS, ids=["String", "Categorical", "Enum"])
def test_types_of_polars(kind: Any, lazy: bool, strict: Cleaner) -> None:
    frame = pl.DataFrame({"id": range(len(GIVEN)), "text": pl.Series(GIVEN, dtype=kind)})
    before = frame.clone()
    given_frame = frame.lazy() if lazy else frame
    cleaned = clean(given_frame, cleaner=strict, **NAMES)
    assert isinstance(cleaned, type(given_frame))
    schema = dict(cleaned.collect_schema())
    collected = cleaned.lazy().collect()
    assert dict(collected.schema) == schema
    of_texts = pl.String if isinstance(kind, pl.Enum) else kind
    assert list(schema) == ["id", "text", "clean_text", *NAMES.values()]
    assert schema == {
        "id": pl.Int64, "text": kind, "clean_text": of_texts, "gone": of_texts, "share": pl.Float64,
        "n_gone": pl.Int64, "n_kept": pl.Int64, "whole": pl.Boolean,
    }  # fmt: skip
    assert columns(collected, ["clean_text", *NAMES.values()]) == expected_rows(strict, GIVEN)
    assert frame.equals(before)
    assert collected.select("id", "text").equals(before)


@pytest.mark.parametrize("lazy", [False, True])
@pytest.mark.parametrize("texts", [[], [None, None]], ids=["empty", "nulls"])
@pytest.mark.parametrize("kind", [pl.Null, pl.String, pl.Categorical, pl.Enum(["a"])], ids=repr)
def test_no_text_at_all_in_polars(kind: Any, texts: list[None], lazy: bool, strict: Cleaner) -> None:
    frame = pl.DataFrame({"text": pl.Series(texts, dtype=kind)})
    cleaned = clean(frame.lazy() if lazy else frame, cleaner=strict, **NAMES).lazy().collect()
    assert columns(cleaned, ["clean_text", *NAMES.values()]) == [(None,) * 6] * len(texts)
    assert cleaned.schema["clean_text"] == (pl.String if isinstance(kind, pl.Enum) else kind)


rows = st.lists(st.none() | any_text, max_size=6)
encodable = st.none() | any_text.filter(lambda text: not any("\ud800" <= c <= "\udfff" for c in text))


@given(texts=rows)
def test_any_objects_of_pandas(texts: list[str | None], strict: Cleaner) -> None:
    """Also what is no Unicode text: lone surrogates."""
    cleaned = clean(pd.DataFrame({"text": pd.Series(texts, dtype=object)}), cleaner=strict, **NAMES)
    assert columns(cleaned, ["clean_text", *NAMES.values()]) == expected_rows(strict, texts)


@given(texts=st.lists(encodable, max_size=6), cut=st.integers(0, 6))
def test_any_texts_in_all_frames(texts: list[str | None], cut: int, strict: Cleaner) -> None:
    wanted = expected_rows(strict, texts)
    names = ["clean_text", *NAMES.values()]
    in_two = pl.concat([pl.DataFrame({"text": part}, {"text": pl.String}) for part in (texts[:cut], texts[cut:])])
    for frame in (
        clean(pd.DataFrame({"text": pd.Series(texts, dtype="string")}), cleaner=strict, **NAMES),
        clean(in_two, cleaner=strict, **NAMES),
        clean(in_two.lazy(), cleaner=strict, **NAMES).collect(),
    ):
        assert columns(frame, names) == wanted


# Through Arrow


@pytest.mark.parametrize("newest", [False, True])
def test_polars_through_arrow(newest: bool, strict: Cleaner, tiny_model_dir: Any) -> None:
    """polars hands out its texts as large_string or, without a copy, as string_view."""
    settings = importlib.import_module("detector.arrow").Settings(tiny_model_dir, threshold=0.5)
    frame = pl.DataFrame({"id": range(len(GIVEN)), "text": GIVEN})
    table = frame.to_arrow(compat_level=pl.CompatLevel.newest() if newest else pl.CompatLevel.oldest())
    assert table.schema.field("text").type == (pa.string_view() if newest else pa.large_string())
    cleaned = settings.clean(table)
    assert cleaned.schema == table.schema
    wanted = [row[0] for row in expected_rows(strict, GIVEN)]
    assert pl.from_arrow(cleaned)["text"].to_list() == wanted
    in_pandas = table.to_pandas(types_mapper=pd.ArrowDtype)
    assert plain(clean(in_pandas, cleaner=strict)["clean_text"]) == wanted


# What stays


INDEXES: dict[str, Any] = {
    "duplicate": ["a", "a", "b", "a", "b", "b"],
    "not contiguous": [7, 3, 100, -1, 5, 0],
    "dates": pd.date_range("2031-04-01", periods=6, name="day"),
    "two levels": pd.MultiIndex.from_product([["north", "south"], [1, 2, 3]], names=["coast", "port"]),
    "duplicate levels": pd.MultiIndex.from_tuples([("north", 1)] * 6),
    "missing": [None, np.nan, 1, 1, 2, None],
}


@pytest.mark.parametrize("name", INDEXES)
def test_any_index_of_pandas(name: str, strict: Cleaner) -> None:
    frame = pd.DataFrame({"text": GIVEN, "n": range(6)}, index=INDEXES[name])
    frame.index.name = frame.index.name or None
    cleaned = clean(frame, cleaner=strict, removed_share="share")
    pd.testing.assert_index_equal(cleaned.index, frame.index)
    pd.testing.assert_frame_equal(cleaned[["text", "n"]], frame)
    assert columns(cleaned, ["clean_text", "share"]) == [(r[0], r[2]) for r in expected_rows(strict, GIVEN)]


def test_a_part_of_a_frame(strict: Cleaner) -> None:
    frame = pd.DataFrame({"text": GIVEN, "n": range(6)})
    part = frame[frame["n"] % 2 == 0]
    cleaned = clean(part, output="text", cleaner=strict)
    assert cleaned.index.tolist() == [0, 2, 4]
    assert plain(cleaned["text"]) == [row[0] for row in expected_rows(strict, GIVEN[::2])]
    assert plain(part["text"]) == GIVEN[::2]
    assert plain(frame["text"]) == GIVEN


def test_a_subclass_and_its_attributes_stay(strict: Cleaner) -> None:
    class Articles(pd.DataFrame):
        @property
        def _constructor(self) -> type:
            return Articles

    frame = Articles({"text": GIVEN})
    frame.attrs["crawl"] = "spring"
    cleaned = clean(frame, cleaner=strict)
    assert isinstance(cleaned, Articles)
    assert cleaned.attrs == {"crawl": "spring"}


@pytest.mark.parametrize("make", [pd.DataFrame, pl.DataFrame, pl.LazyFrame])
def test_the_column_can_be_replaced_or_named(make: Any, strict: Cleaner) -> None:
    wanted = [row[0] for row in expected_rows(strict, GIVEN)]
    frame = make({"body": GIVEN, "n": range(6)})
    replaced = clean(frame, "body", output="body", removed_text="gone", cleaner=strict)
    named = clean(frame, column="body", output="clean", cleaner=strict)
    added = clean(frame, column="body", cleaner=strict)
    if make is pl.LazyFrame:
        replaced, named, added, frame = (each.collect() for each in (replaced, named, added, frame))
    assert list(replaced.columns) == ["body", "n", "gone"]
    assert list(named.columns) == ["body", "n", "clean"]
    assert list(added.columns) == ["body", "n", "clean_body"]
    assert plain(replaced["body"]) == plain(named["clean"]) == plain(added["clean_body"]) == wanted
    assert plain(frame["body"]) == GIVEN


@pytest.mark.parametrize("output", ["_text", "_text_", "__text"])
def test_no_new_column_of_a_lazy_frame_is_lost(output: str, strict: Cleaner) -> None:
    frame = pl.LazyFrame({"text": GIVEN})
    cleaned = clean(frame, output=output, removed_text=f"_{output}", cleaner=strict).collect()
    assert list(cleaned.columns) == ["text", output, f"_{output}"]
    assert plain(cleaned[output]) == [row[0] for row in expected_rows(strict, GIVEN)]


@pytest.mark.parametrize("make", [pl.DataFrame, pl.LazyFrame])
def test_a_number_is_the_name_of_a_column_of_polars(make: Any, strict: Cleaner) -> None:
    frame = make({"text": GIVEN, "5": range(6)})
    with pytest.raises(UsageError, match="column '5', which would be added, already exists"):
        clean(frame, output=5, cleaner=strict)
    assert "6" in clean(frame, output=6, cleaner=strict).collect_schema().names()


def test_names_that_are_no_strings(strict: Cleaner) -> None:
    wanted = [row[0] for row in expected_rows(strict, GIVEN)]
    numbered = clean(pd.DataFrame([[text] for text in GIVEN]), 0, output=1, cleaner=strict)
    assert plain(numbered[1]) == wanted
    frame = pd.DataFrame({("page", "text"): GIVEN, ("page", "n"): range(6)})
    nested = clean(frame, ("page", "text"), output=("page", "clean"), cleaner=strict)
    assert plain(nested["page"]["clean"]) == wanted
    with pytest.raises(UsageError, match="name the column of the clean texts, output="):
        clean(frame, ("page", "text"), cleaner=strict)


# Lazy frames


def test_a_lazy_frame_stays_lazy(strict: Cleaner, monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    pl.DataFrame({"id": range(6), "text": GIVEN}).write_parquet(tmp_path / "pages.parquet")
    read: list[int] = []
    cleaning = Cleaner.clean_many

    def counted(self: Cleaner, texts: Any, **options: Any) -> Any:
        given = list(texts)
        read.append(len(given))
        return cleaning(self, given, **options)

    monkeypatch.setattr(Cleaner, "clean_many", counted)
    frame = clean(pl.scan_parquet(tmp_path / "pages.parquet"), cleaner=strict, **NAMES)
    assert "gone" in frame.collect_schema()
    assert frame.select("id").collect()["id"].to_list() == list(range(6))
    assert not read  # nothing was cleaned so far
    assert frame.filter(pl.col("id") < 0).select("clean_text").collect().height == 0
    assert sum(read) == 0  # the filter came first
    found = frame.filter(pl.col("n_gone") > 0).select("clean_text", "gone").collect()
    assert sum(read) == 5  # each text once, for all columns together
    wanted = [(row[0], row[1]) for row in expected_rows(strict, GIVEN) if row[3]]
    assert columns(found, ["clean_text", "gone"]) == wanted


def test_a_lazy_frame_can_be_written_batch_by_batch(
    texts: list[str], expected: list[Cleaned], cleaner: Cleaner, tmp_path: Any
) -> None:
    pl.DataFrame({"text": texts * 3}).write_parquet(tmp_path / "in.parquet", row_group_size=50)
    lazy = clean(pl.scan_parquet(tmp_path / "in.parquet"), output="text", removed_text="gone", cleaner=cleaner)
    lazy.sink_parquet(tmp_path / "out.parquet")
    written = pl.read_parquet(tmp_path / "out.parquet")
    assert written["text"].to_list() == [result.text for result in expected] * 3
    assert written["gone"].to_list() == [result.prediction.removed_text() for result in expected] * 3


def test_several_lazy_frames_at_once(texts: list[str], expected: list[Cleaned], cleaner: Cleaner) -> None:
    lazy = [clean(pl.LazyFrame({"text": texts[start::4]}), cleaner=cleaner) for start in range(4)]
    for start, frame in enumerate(pl.collect_all(lazy)):
        assert frame["clean_text"].to_list() == [result.text for result in expected[start::4]]


# Errors


FRAMES = [pd.DataFrame, pl.DataFrame, pl.LazyFrame]
WRONG: list[tuple[dict[str, Any], str]] = [
    ({"column": "body"}, r"no column is named 'body'; the columns: 'text', 'n'"),
    ({"column": None}, "name the column of the clean texts"),
    ({"column": "n"}, r"column 'n'"),
    ({"output": "n"}, "column 'n', which would be added, already exists"),
    ({"removed_text": "text"}, "column 'text', which would be added, already exists"),
    ({"removed_text": "a", "kept_whole": "a"}, "column 'a', which would be added, already exists"),
    ({"removed_share": "clean_text"}, "column 'clean_text', which would be added"),
    ({"output": "text", "removed_text": "text"}, "column 'text'"),
    ({"cleaner": "gentle"}, "cleaner is a str: give what detector.load returns"),
]


@pytest.mark.parametrize("make", FRAMES)
@pytest.mark.parametrize(("wrong", "message"), WRONG)
def test_wrong_columns(make: Any, wrong: dict[str, Any], message: str, strict: Cleaner) -> None:
    with pytest.raises(UsageError, match=message):
        clean(make({"text": ["One."], "n": [1]}), **{"cleaner": strict, **wrong})


def test_two_columns_of_one_name(strict: Cleaner) -> None:
    with pytest.raises(UsageError, match="2 columns are named 'text'"):
        clean(pd.DataFrame([["a", "b"]], columns=["text", "text"]), cleaner=strict)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (["One.", 2], r"column 'text', row 1 \(from 0\): a text is a str, not a int"),
        ([b"One."], r"row 0 \(from 0\): a text is a str, not a bytes"),
        ([["One."]], "not a list"),
        ([1.5, None], "not a float"),
    ],
)
def test_what_is_no_text_in_pandas(values: list[Any], message: str, strict: Cleaner) -> None:
    with pytest.raises(UsageError, match=message):
        clean(pd.DataFrame({"text": values}), cleaner=strict)


@pytest.mark.parametrize("values", [[1], [b"One."], [["One."]], [{"a": "One."}], [1.5]])
@pytest.mark.parametrize("make", [pl.DataFrame, pl.LazyFrame])
def test_what_is_no_text_in_polars(make: Any, values: list[Any], strict: Cleaner) -> None:
    with pytest.raises(UsageError, match=r"column 'text' is .*, not String, Categorical, Enum or Null"):
        clean(make({"text": values}), cleaner=strict)


def test_what_is_no_frame(strict: Cleaner) -> None:
    for wrong in (["One."], {"text": ["One."]}, pd.Series(["One."]), pl.Series(["One."]), None):
        with pytest.raises(UsageError, match="a frame of pandas or polars is cleaned, not a"):
            clean(wrong, cleaner=strict)
    with pytest.raises(UsageError, match=r"for Arrow tables there is detector\.arrow"):
        clean(pa.table({"text": ["One."]}), cleaner=strict)


def test_the_number_of_threads_is_checked(strict: Cleaner) -> None:
    with pytest.raises(UsageError, match="threads 0"):
        clean(pd.DataFrame({"text": ["One."]}), cleaner=strict, threads=0)


def test_it_imports_neither_library() -> None:
    code = "import sys, detector.frame; assert not {'pandas', 'polars', 'pyarrow'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_one_library_without_the_other(tiny_model_dir: Any) -> None:
    for one, other in (("pandas", "polars"), ("polars", "pandas")):
        code = f"""
import sys
sys.modules[{other!r}] = None
import {one}, detector
from detector.frame import clean
frame = {one}.DataFrame({{"text": ["One.", None]}})
print(clean(frame, cleaner=detector.load({str(tiny_model_dir)!r})).shape)
"""
        done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
        assert done.stdout.strip() == "(2, 2)"


def test_a_frame_with_clean_texts_can_be_pickled(strict: Cleaner) -> None:
    cleaned = clean(pd.DataFrame({"text": GIVEN}), cleaner=strict, **NAMES)
    pd.testing.assert_frame_equal(pickle.loads(pickle.dumps(cleaned)), cleaned)
