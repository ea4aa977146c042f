"""Shared by the tests of all engines: a Parquet corpus, its single-process result, and a run of an example."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from engine_corpus import PAGES, pages, read_pages
from engine_loads import counting, loads

from detector.cleaner import Cleaner
from detector.inference.storage import load_model

HERE = Path(__file__).parent
FILES = 8  # of the corpus; Spark and datatrove share work out by file


@dataclass(frozen=True)
class Corpus:
    """Pages, and by their ids what a single process returns: the clean text and the removed share."""

    pages: list[dict[str, object]]
    expected: dict[str, tuple[str, float]]


@pytest.fixture(scope="session")
def corpus(tiny_model_dir: Path) -> Corpus:
    made = pages()
    cleaner = Cleaner(load_model(tiny_model_dir), threshold="gentle")
    cleaned = list(cleaner.clean_many(str(page["text"]) for page in made))
    assert sum(bool(result.removed) for result in cleaned) > PAGES // 4  # the model has to remove something
    expected = {str(page["id"]): (c.text, c.removed_share) for page, c in zip(made, cleaned, strict=True)}
    return Corpus(made, expected)


@pytest.fixture
def work(corpus: Corpus, tmp_path: Path) -> Path:
    """A folder with the corpus as Parquet files in ``pages``."""
    pa = pytest.importorskip("pyarrow")
    import pyarrow.parquet as pq

    (tmp_path / "pages").mkdir()
    size = PAGES // FILES
    for number in range(FILES):
        table = pa.Table.from_pylist(corpus.pages[number * size : (number + 1) * size])
        pq.write_table(table, tmp_path / "pages" / f"{number}.parquet", row_group_size=50)
    return tmp_path


@pytest.fixture
def settings(tiny_model_dir: Path) -> object:
    """The settings that `Corpus.expected` was made with."""
    pytest.importorskip("pyarrow")
    from detector.arrow import Settings

    return Settings(model=str(tiny_model_dir), threshold="gentle", removed_share="removed_share")


@pytest.fixture
def run_example(work: Path, tiny_model_dir: Path) -> Callable[..., Counter[int]]:
    """Run an example of the documentation in ``work`` with the tiny model; returns the model loads per process."""

    def run(name: str, **variables: str) -> Counter[int]:
        code = (HERE / name).read_text(encoding="utf-8")
        assert code.count("Settings(") == 1
        script = work / "example.py"
        script.write_text(code.replace("Settings(", f"Settings(model={str(tiny_model_dir)!r}, "), encoding="utf-8")
        done = subprocess.run(
            [sys.executable, script.name],
            cwd=work,
            env={**os.environ, **activated(), **counting(work / "loads"), **variables},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return loads(work / "loads")

    return run


def activated() -> dict[str, str]:
    """Activate this environment: Spark's workers run the first python3 on the path."""
    folder = str(Path(sys.executable).parent)
    return {"PATH": os.pathsep.join([folder, os.environ.get("PATH", os.defpath)])}


@pytest.fixture
def check(corpus: Corpus) -> Callable[..., None]:
    """Require the Parquet files of a folder to be the corpus as a single process cleans it."""

    def check(folder: Path, without_empty: bool = False) -> None:
        rows = read_pages(folder)
        expected = {name: clean for name, clean in corpus.expected.items() if clean[0].strip() or not without_empty}
        assert {name: (row["text"], row["removed_share"]) for name, row in rows.items()} == expected
        visits = {str(page["id"]): page["visits"] for page in corpus.pages}
        assert all(row["visits"] == visits[name] for name, row in rows.items())

    return check
