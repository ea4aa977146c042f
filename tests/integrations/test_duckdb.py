"""Cleaning in DuckDB: an Arrow function that is registered."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from texts import texts as any_text

from detector.cleaner import Cleaned, Cleaner
from detector.errors import UsageError

duckdb = pytest.importorskip("duckdb", reason=".ci/integrations runs this")
pa = pytest.importorskip("pyarrow", reason=".ci/integrations runs this")

from detector.arrow import clean_array  # noqa: E402

CHUNK = 2048  # rows that DuckDB hands over at a time


@contextmanager
def database(cleaner: Cleaner, **options: Any) -> Iterator[Any]:
    """A database in memory with the function ``clean_text``."""

    def clean_text(texts: Any) -> Any:  # not a partial function: DuckDB counts the parameters that are bound
        return clean_array(texts, cleaner)

    with duckdb.connect() as connection:
        connection.create_function("clean_text", clean_text, ["VARCHAR"], "VARCHAR", type="arrow", **options)
        yield connection


@pytest.fixture
def connection(cleaner: Cleaner) -> Iterator[Any]:
    with database(cleaner) as connection:
        yield connection


def test_it_decides_as_a_cleaner(connection: Any, texts: list[str], expected: list[Cleaned]) -> None:
    table = pa.table({"id": range(len(texts)), "text": texts})
    connection.register("pages", table)
    rows = connection.sql("SELECT id, clean_text(text) FROM pages ORDER BY id").fetchall()
    assert rows == [(at, result.text) for at, result in enumerate(expected)]


@pytest.mark.parametrize("threads", [1, 4])
def test_many_chunks_on_several_threads(
    threads: int, connection: Any, texts: list[str], expected: list[Cleaned]
) -> None:
    short = [at for at, text in enumerate(texts) if len(text) < 2000][:40]
    given_texts = [texts[at] for at in short]
    connection.execute(f"SET threads = {threads}")
    connection.execute("SET preserve_insertion_order = false")
    connection.execute("CREATE TABLE pages (id INTEGER, text VARCHAR)")
    rows = pa.table({"id": range(3 * CHUNK), "text": [given_texts[at % len(short)] for at in range(3 * CHUNK)]})
    connection.register("rows", rows)
    connection.execute("INSERT INTO pages SELECT * FROM rows")
    found = connection.sql("SELECT id, clean_text(text) FROM pages ORDER BY id").fetchall()
    assert found == [(at, expected[short[at % len(short)]].text) for at in range(3 * CHUNK)]


def test_several_connections_at_once(cleaner: Cleaner, texts: list[str], expected: list[Cleaned]) -> None:
    table = pa.table({"id": range(len(texts)), "text": texts})
    found: dict[int, list[Any]] = {}

    def ask(number: int) -> None:
        with database(cleaner) as own:
            own.register("pages", table)
            found[number] = own.sql("SELECT clean_text(text) FROM pages ORDER BY id").fetchall()

    workers = [threading.Thread(target=ask, args=(number,)) for number in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert list(found.values()) == [[(result.text,) for result in expected]] * 3


@pytest.mark.parametrize("handling", ["default", "special"])
def test_nulls_stay(handling: str, cleaner: Cleaner, texts: list[str], expected: list[Cleaned]) -> None:
    """By default DuckDB keeps nulls to itself; with ``special`` it hands them over."""
    with database(cleaner, null_handling=handling) as connection:
        rows = pa.table({"id": range(12), "text": [text for text in texts[2:8] for text in (text, None)]})
        connection.register("pages", rows)
        found = connection.sql("SELECT clean_text(text) FROM pages ORDER BY id").fetchall()
        assert found == [(text,) for result in expected[2:8] for text in (result.text, None)]
        assert connection.sql("SELECT clean_text(NULL)").fetchall() == [(None,)]
        assert connection.sql("SELECT clean_text(text) FROM pages WHERE text IS NULL").fetchall() == [(None,)] * 6
        assert connection.sql("SELECT clean_text(text) FROM pages WHERE false").fetchall() == []


def test_constants_filters_and_writing(
    connection: Any, texts: list[str], expected: list[Cleaned], tmp_path: Any
) -> None:
    assert connection.execute("SELECT clean_text(?)", [texts[5]]).fetchall() == [(expected[5].text,)]
    connection.register("pages", pa.table({"id": range(len(texts)), "text": texts}))
    changed = connection.sql("SELECT id FROM pages WHERE clean_text(text) <> text ORDER BY id").fetchall()
    assert changed == [(at,) for at, result in enumerate(expected) if result.removed]
    target = str(tmp_path / "clean.parquet")
    connection.sql("SELECT id, clean_text(text) AS text FROM pages").write_parquet(target)
    written = connection.read_parquet(target).order("id").fetchall()
    assert written == [(at, result.text) for at, result in enumerate(expected)]


@pytest.fixture(scope="module")
def long_lived(cleaner: Cleaner) -> Iterator[Any]:
    with database(cleaner) as connection:
        yield connection


storable = any_text.filter(lambda text: not any("\ud800" <= c <= "\udfff" for c in text))


@given(texts=st.lists(st.none() | storable, max_size=6))
def test_any_texts(texts: list[str | None], long_lived: Any, cleaner: Cleaner) -> None:
    long_lived.register("pages", pa.table({"id": range(len(texts)), "text": pa.array(texts, pa.string())}))
    found = long_lived.sql("SELECT clean_text(text) FROM pages ORDER BY id").fetchall()
    assert found == [(None if text is None else cleaner.clean(text).text,) for text in texts]


# The function itself


KINDS = ["string", "large_string", "string_view", "binary", "large_binary", "binary_view", "null", "dictionary"]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("chunked", [False, True])
def test_types_of_arrays(kind: str, chunked: bool, cleaner: Cleaner, texts: list[str], expected: list[Cleaned]) -> None:
    of = pa.dictionary(pa.int16(), pa.string()) if kind == "dictionary" else getattr(pa, kind)()
    given_texts = [None] * 4 if kind == "null" else [texts[2], None, texts[0], texts[4]]
    wanted = [None] * 4 if kind == "null" else [expected[2].text, None, expected[0].text, expected[4].text]
    if "binary" in kind:
        given_texts, wanted = ([text and text.encode() for text in each] for each in (given_texts, wanted))
        given_texts[2] = wanted[2] = b""
    array = pa.array(given_texts, of)
    array = pa.chunked_array([array.slice(0, 1), array.slice(1, 0), array.slice(1)]) if chunked else array
    cleaned = clean_array(array, cleaner)
    assert (type(cleaned), cleaned.type) == (type(array), of)
    assert cleaned.to_pylist() == wanted
    cleaned.validate(full=True)


def test_what_is_no_text(cleaner: Cleaner) -> None:
    for wrong in (pa.array([1]), pa.array([["One."]]), pa.chunked_array([[1.5]])):
        with pytest.raises(UsageError, match=r"an array of .*, not of text \(string or binary of any kind"):
            clean_array(wrong, cleaner)
