"""The manifest of a folder: what was changed in it by hand is ignored, and the file is cleaned again."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from detector.cleaner import Cleaner
from detector.corpus.all_files import Options, clean_all
from detector.corpus.one_file import Run
from detector.corpus.plan import plan
from detector.corpus.summary import Summary
from detector.inference.model import Model
from detector.util.json_lines import json_line

STORY = "The council voted on Tuesday to reopen the bridge, which had been closed since the flood.\n"


@pytest.fixture(scope="module")
def run(tiny_model: Model) -> Run:
    return Run(Cleaner(tiny_model))


@pytest.fixture
def folder(tmp_path: Path, run: Run) -> Path:
    """A folder with an input in ``in``, and its result in ``out``."""
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.txt").write_text(STORY)
    cleaned(tmp_path, run)
    return tmp_path


def cleaned(folder: Path, run: Run) -> Summary:
    """The summary of cleaning ``in`` into ``out``."""
    options = Options(removed=folder / "removed.jsonl")
    return clean_all(plan([str(folder / "in")], folder / "out"), run, options, lambda message: None)


@pytest.mark.parametrize(
    "bad", [{"file": ["x"]}, {"file": {}}, {"file": 5}, {"file": None}, {"file": "b.txt"}, {"settings": "x"}]
)
def test_an_entry_of_no_file_is_ignored(bad: dict[str, Any], run: Run, folder: Path) -> None:
    manifest = folder / "out" / "_manifest.jsonl"
    entries = manifest.read_bytes()
    manifest.write_bytes(json_line(bad) + entries)
    summary = cleaned(folder, run)
    assert (summary.up_to_date, summary.documents) == (1, 1)
    assert manifest.read_bytes() == entries


@pytest.mark.parametrize("key", ["file", "source", "written", "format", "settings", "lines", "counts"])
@pytest.mark.parametrize("value", [None, 5, "x", ["x"], [[["x"], "y"]], {"removed": "x"}, {}])
def test_a_damaged_entry_is_ignored(key: str, value: object, run: Run, folder: Path) -> None:
    check_cleaned_again({key: value}, run, folder)


@pytest.mark.parametrize(("max_removed", "up_to_date"), [(0.5, 1), (0.6, 0), (1, 0), (0, 0)])
def test_another_share_of_the_guard_is_another_setting(
    max_removed: float, up_to_date: int, run: Run, folder: Path
) -> None:
    other = replace(run, cleaner=replace(run.cleaner, max_removed=max_removed))
    assert cleaned(folder, other).up_to_date == up_to_date
    assert cleaned(folder, other).up_to_date == 1


COUNTS = ["documents", "rejected", "bytes", "nulls", "emptied", "kept_whole", "wrapped", "to_check"]
COUNTS += ["kept", "removed"]


@pytest.mark.parametrize("key", COUNTS)
@pytest.mark.parametrize("value", [None, 5.5, "x", ["x"], [["a", "b", "c", 1]], [[1, 2, 3, 4]], [["a", "b", 1, None]]])
def test_an_entry_with_a_damaged_count_is_ignored(key: str, value: object, run: Run, folder: Path) -> None:
    counts = Summary(documents=1, bytes=len(STORY)).to_json()
    check_cleaned_again({"counts": counts | {key: value}}, run, folder)


def check_cleaned_again(change: dict[str, object], run: Run, folder: Path) -> None:
    """Check that a file whose entry was changed, or lacks what was changed, is cleaned again."""
    manifest = folder / "out" / "_manifest.jsonl"
    entry = json.loads(manifest.read_bytes())
    lacking = {key: value for key, value in entry.items() if key not in change}
    for damaged in (entry | change, lacking):
        manifest.write_bytes(json_line(damaged))
        summary = cleaned(folder, run)
        assert (summary.up_to_date, summary.documents, summary.failed) == (0, 1, [])
        assert json.loads(manifest.read_bytes())["file"] == "a.txt"
