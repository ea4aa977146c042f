"""Every command and every piece of Python in the README runs, in a copy of what it names, with the shipped model."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from tiny import ROOT

README = (ROOT / "README.md").read_text("utf-8")
ENGINES = ("detector.ray", "detector.spark", "datatrove", "pyarrow")  # run by tests/engines
SET_UP = ("make ", "pip ")  # make: what runs this test, and the demo below; pip: the wheel test


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)


COMMANDS = [
    line.split("    #")[0].strip()
    for block in blocks("console")
    for line in block.splitlines()
    if line.strip() and not line.startswith(SET_UP)
]
PYTHON = [block for block in blocks("python") if not any(f"{name}" in block for name in ENGINES)]


@pytest.fixture(scope="module")
def checkout(shipped: object, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the seeds, where the commands run one after the other, as a reader would."""
    folder = tmp_path_factory.mktemp("readme")
    shutil.copytree(ROOT / "seeds", folder / "seeds")
    return folder


def run(command: list[str] | str, folder: Path) -> subprocess.CompletedProcess[str]:
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    environment = {**os.environ, "PATH": path, "PYTHONPATH": str(ROOT)}
    return subprocess.run(
        command, cwd=folder, env=environment, shell=isinstance(command, str),
        capture_output=True, text=True, check=False,
    )  # fmt: skip


def test_the_readme_has_commands_and_python() -> None:
    assert len(COMMANDS) >= 10
    assert len(PYTHON) >= 1


def test_every_command_runs(checkout: Path) -> None:
    """In their order, for some read what others wrote."""
    for command in COMMANDS:
        done = run(command, checkout)
        assert done.returncode == 0, f"{command}: {done.stderr}"
        assert "Traceback" not in done.stderr


@pytest.mark.parametrize("code", PYTHON)
def test_every_piece_of_python_runs(checkout: Path, code: str) -> None:
    done = run([sys.executable, "-c", code], checkout)
    assert done.returncode == 0, done.stderr
    assert done.stdout


def test_the_example_comes_out_clean(checkout: Path) -> None:
    """What `make demo` shows: the story stays whole, the letter after it goes."""
    done = run("detector clean seeds/example.txt", checkout)
    source = (checkout / "seeds" / "example.txt").read_text("utf-8").splitlines(keepends=True)
    assert done.stdout == "".join(source[:11])


def test_every_command_of_the_program_is_in_the_readme() -> None:
    listed = run([sys.executable, "-m", "detector", "--help"], ROOT).stdout
    names = re.findall(r"^[│ ] (\w+) {2,}", listed.split("Commands")[1], re.MULTILINE)
    assert {"clean", "predict", "train"} <= set(names)
    for name in names:
        assert f"detector {name} " in README
