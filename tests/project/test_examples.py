"""Every script in ``examples`` runs, and prints what the documentation shows."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest
from documented import blocks, follow
from tiny import ROOT

SLOW = {"train_and_evaluate"}
NEEDS = {"arrow_table": "pyarrow"}
SCRIPTS = sorted(path.stem for path in (ROOT / "examples").glob("*.py"))
DOCUMENT = ROOT / "docs" / "examples.md"
PAGE = DOCUMENT.read_text("utf-8")


@pytest.fixture(scope="module")
def checkout(shipped: object, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the examples and the seeds."""
    folder = tmp_path_factory.mktemp("examples")
    for name in ("seeds", "examples"):
        shutil.copytree(ROOT / name, folder / name)
    return folder


def section(script: str) -> str:
    """The part of the page that shows a script."""
    (found,) = [part for part in re.split(r"^## ", PAGE, flags=re.MULTILINE) if f"(../examples/{script}.py)" in part]
    return found


@pytest.mark.parametrize(
    "script", [pytest.param(name, marks=pytest.mark.slow if name in SLOW else ()) for name in SCRIPTS]
)
def test_a_script_prints_what_is_shown(script: str, checkout: Path) -> None:
    if script in NEEDS:
        pytest.importorskip(NEEDS[script])
    run, output = blocks(section(script))
    assert f"python examples/{script}.py" in run.code
    assert output.title == "Output"
    follow(section(script), checkout, DOCUMENT)


def test_the_stream_is_cleaned(checkout: Path) -> None:
    follow(section("stream"), checkout, DOCUMENT)
    given = [json.loads(line) for line in (ROOT / "examples" / "articles.jsonl").read_text("utf-8").splitlines()]
    cleaned = [json.loads(line) for line in (checkout / "clean.jsonl").read_text("utf-8").splitlines()]
    assert [article["id"] for article in cleaned] == [article["id"] for article in given]
    for before, after in zip(given, cleaned, strict=True):
        assert set(after["text"].splitlines()) < set(before["text"].splitlines())
        assert after["removed_share"] == pytest.approx(1 - len(after["text"]) / len(before["text"]), abs=0.001)


def test_the_scripts_are_short() -> None:
    for script in SCRIPTS:
        assert len((ROOT / "examples" / f"{script}.py").read_text("utf-8").splitlines()) <= 50, script
