"""Rates of the integrations with other libraries, as shares of `clean_many` on the same texts in one process.

    python -m training.integrations seeds --megabytes 20 --runs 7

An integration cleans texts that are in a container of its library already, and leaves the results in one: a column of
a frame, a table of a database. Libraries that are not installed are left out. One thread, also of polars and DuckDB.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from importlib import metadata
from pathlib import Path
from statistics import median
from typing import Annotated, Any

import typer

from detector.util.threads import use_one_thread

use_one_thread()
os.environ.setdefault("POLARS_MAX_THREADS", "1")

from detector.cleaner import Cleaner
from detector.errors import DetectorError
from detector.evaluation.labelled import read_documents
from detector.loading import load
from training.inputs import repetitions, sample, size_in_megabytes, temporary_folder
from training.result import Bound, Result, Section, collect, installed, processor_seconds_of, ratio

CLEAN_MANY = "clean_many"
SHARE = Bound(0.8)  # of the rate of clean_many


@dataclass(frozen=True)
class Work:
    """What an integration works with: texts, a cleaner of the shipped model, and an empty folder."""

    texts: Sequence[str]
    cleaner: Cleaner
    folder: Path


@dataclass(frozen=True)
class Integration:
    """An integration: its name in the table, the library with its module, and the lines of code that a user writes.

    ``prepare`` puts the texts into a container of the library, which is not timed, and returns the call that is timed.
    The call returns the clean texts in any iterable, or in an Arrow array.
    """

    name: str
    library: str
    module: str
    lines: int
    prepare: Callable[[Work], Callable[[], Any]]

    @property
    def version(self) -> str:
        """The version of the library."""
        return metadata.version(self.library)


def _sklearn(work: Work) -> Callable[[], Any]:
    from detector.sklearn import BoilerplateRemover

    return lambda: BoilerplateRemover().transform(work.texts)


def _pandas(work: Work) -> Callable[[], Any]:
    import pandas as pd

    from detector.frame import clean

    frame = pd.DataFrame({"text": work.texts})
    return lambda: clean(frame)["clean_text"]


def _polars(work: Work) -> Callable[[], Any]:
    import polars as pl

    from detector.frame import clean

    frame = pl.DataFrame({"text": work.texts})
    return lambda: clean(frame)["clean_text"]


def _polars_lazy(work: Work) -> Callable[[], Any]:
    import polars as pl

    from detector.frame import clean

    frame = pl.DataFrame({"text": work.texts}).lazy()
    return lambda: clean(frame).collect()["clean_text"]


def _datasets(work: Work, form: str | None) -> Callable[[], Any]:
    import datasets

    from detector.huggingface import Clean

    folder = str(work.folder / f"datasets-{form}")
    datasets.disable_progress_bars()
    datasets.Dataset.from_dict({"text": work.texts}).save_to_disk(folder)
    articles = datasets.load_from_disk(folder).with_format(form)
    function = Clean()
    return lambda: articles.map(function, batched=True, load_from_cache_file=False).with_format(None)["text"]


def _duckdb(work: Work) -> Callable[[], Any]:
    import duckdb
    import pyarrow as pa

    from detector.arrow import clean_array

    connection = duckdb.connect()
    connection.create_function(  # type: ignore[call-overload] # its types lack the names of the kinds of functions
        "clean_text", lambda texts: clean_array(texts, work.cleaner), ["VARCHAR"], "VARCHAR", type="arrow"
    )
    connection.execute("SET threads = 1")
    connection.register("given", pa.table({"text": work.texts}))
    connection.execute("CREATE TABLE articles AS SELECT text FROM given")
    return lambda: connection.sql("SELECT clean_text(text) AS text FROM articles").to_arrow_table()["text"]


def _arrow(work: Work) -> Callable[[], Any]:
    import pyarrow as pa

    from detector.arrow import Settings

    table = pa.table({"text": work.texts})
    return lambda: Settings().clean(table)["text"]


INTEGRATIONS = (
    Integration("scikit-learn: `BoilerplateRemover`", "scikit-learn", "sklearn", 2, _sklearn),
    Integration("pandas: `frame.clean`", "pandas", "pandas", 2, _pandas),
    Integration("polars: `frame.clean`", "polars", "polars", 2, _polars),
    Integration("polars, lazy: `frame.clean`", "polars", "polars", 2, _polars_lazy),
    Integration("datasets: `Clean`", "datasets", "datasets", 2, lambda work: _datasets(work, None)),
    Integration("datasets, Arrow batches: `Clean`", "datasets", "datasets", 2, lambda work: _datasets(work, "arrow")),
    Integration("DuckDB: `clean_array`", "duckdb", "duckdb", 4, _duckdb),
    Integration("Arrow: `Settings.clean`", "pyarrow", "pyarrow", 2, _arrow),
)


def measure(integrations: Sequence[Integration], texts: Sequence[str], megabytes: float, runs: int) -> Section:
    """The rates of the integrations whose library is installed, as shares of the rate of `clean_many`.

    Raises `DetectorError` where an integration returns other texts.
    """
    cleaner = load()
    texts = [*texts] * repetitions(texts, megabytes)
    chosen = [integration for integration in integrations if installed(integration.module)]

    def clean_many() -> list[str]:
        return [cleaned.text for cleaned in cleaner.clean_many(texts)]

    with temporary_folder(4 * megabytes) as folder:
        work = Work(texts, cleaner, folder)
        calls = {integration.name: integration.prepare(work) for integration in chosen}
        expected = clean_many()
        for name, call in calls.items():
            if _as_list(call()) != expected:
                raise DetectorError(f"{name}: the clean texts are not those of {CLEAN_MANY}")
        calls = {CLEAN_MANY: clean_many, **calls}
        seconds = collect({name: partial(processor_seconds_of, call) for name, call in calls.items()}, runs)
    size = size_in_megabytes(texts)
    rows = [Result(CLEAN_MANY, size / median(seconds[CLEAN_MANY]), "MB/s")]
    rows += [ratio(each.name, seconds[CLEAN_MANY], seconds[each.name], SHARE) for each in chosen]
    return Section(
        "Integrations",
        f"{size:.0f} MB: {len(texts):,} texts. Alternating runs: {runs}. Rates per second of processor time.",
        tuple(rows),
    )


def _as_list(texts: Any) -> list[str]:  # noqa: ANN401
    return list(texts.to_pylist() if hasattr(texts, "to_pylist") else texts)


def table(integrations: Sequence[Integration], section: Section) -> str:
    """The results as a table in Markdown."""
    by_name = {integration.name: integration for integration in integrations}
    lines = [
        "| library | version tried | lines of code | share of the rate of `clean_many` | of the runs |",
        "|---|---|---|---|---|",
    ]
    for row in section.rows:
        if row.name in by_name:
            each = by_name[row.name]
            spread = f"{min(row.runs):.2f} to {max(row.runs):.2f}"
            lines.append(f"| {each.name} | {each.version} | {each.lines} | {row.value:.2f} | {spread} |")
    return "\n".join(
        [f"{section.setting} {section.machine}. `clean_many`: {section.rows[0].value:.1f} MB/s.", "", *lines]
    )


def main(
    data: Annotated[Path, typer.Argument(help="Labelled documents; their texts are cleaned.")],
    megabytes: Annotated[float, typer.Option(help="Least size of the text to clean.")] = 20,
    runs: Annotated[int, typer.Option(min=1, help="Number of runs; they alternate.")] = 7,
) -> None:
    """Measure the rates of the integrations whose libraries are installed, and print a table."""
    texts = sample([document.text for document in read_documents([data])], megabytes)
    from training.integrations_nlp import NLP  # which uses this module

    integrations = (*INTEGRATIONS, *NLP)
    print(table(integrations, measure(integrations, texts, megabytes, runs)))


if __name__ == "__main__":
    typer.run(main)
