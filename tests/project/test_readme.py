"""Everything in the README runs, in a copy of the files that it names, with the shipped model."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
from documented import blocks, follow, run
from tiny import ROOT

from detector.cli.commands import COMMANDS
from detector.evaluation.evaluate import FIGURES

README = (ROOT / "README.md").read_text("utf-8")


@pytest.fixture
def checkout(shipped: object, tmp_path: Path) -> Path:
    """A folder with the seeds and the examples."""
    for name in ("seeds", "examples"):
        shutil.copytree(ROOT / name, tmp_path / name)
    return tmp_path


def test_the_readme_has_commands_and_python() -> None:
    found = list(blocks(README))
    assert sum(len(block.commands) for block in found if block.language == "console") >= 15
    assert sum(block.language == "python" for block in found) >= 1


@pytest.mark.slow
def test_everything_runs_in_order_and_prints_what_is_shown(checkout: Path) -> None:
    follow(README, checkout, ROOT / "README.md")


def test_the_example_is_cleaned(checkout: Path) -> None:
    """What `make demo` shows: the whole story is kept, the letter after it is removed."""
    run("detector clean seeds/example.txt -o clean.txt", checkout)
    source = (checkout / "seeds" / "example.txt").read_text("utf-8").splitlines(keepends=True)
    assert (checkout / "clean.txt").read_text("utf-8") == "".join(source[:11])


def test_every_command_of_the_program_is_in_the_readme() -> None:
    for name in COMMANDS:
        assert f"detector {name} " in README


def test_every_figure_is_explained() -> None:
    explained = set(re.findall(r"`([^`]+)`", README.split("| figure | meaning |")[1].split("## Options")[0]))
    assert set(FIGURES) <= explained
