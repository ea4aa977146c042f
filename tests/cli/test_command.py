"""Arguments are converted as Typer does, but without pydantic where nothing needs validation."""

from __future__ import annotations

import subprocess
import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import pytest
import typer
from command import environment
from typer.testing import CliRunner

from detector.cli.command import Command, Group


class Colour(StrEnum):
    RED = "red"
    BLUE = "blue"


def app_with(**settings: Any) -> tuple[typer.Typer, list[dict[str, Any]]]:
    """A small command, and what it was called with."""
    app, calls = typer.Typer(pretty_exceptions_enable=False, **settings), []

    @app.callback()
    def group(version: Annotated[bool, typer.Option("--version")] = False) -> None:
        """A group."""

    def run(
        required: Annotated[Path, typer.Option()],
        names: list[str] | None = None,
        path: Annotated[Path | None, typer.Option()] = None,
        colour: Colour = Colour.RED,
        word: str = "w",
        number: Annotated[int, typer.Option(min=0)] = 1,
        flag: bool = False,
    ) -> None:
        given = dict(locals())
        del given["calls"]
        calls.append(given)

    app.command(**({"cls": Command} if settings else {}))(run)
    return app, calls


CALLS = (
    ["run", "--required", "a/b"],
    ["run", "--required", "a", "--path", "p", "--colour", "blue", "--word", "x", "--number", "3", "--flag"],
    ["run", "--required", "a", "--word", ""],
    ["run", "--required", "a", "--names", "one", "--names", "two"],
    ["run", "--required", "a", "--colour", "green"],
    ["run", "--required", "a", "--number", "-1"],
    ["run", "--required", "a", "--number", "many"],
    ["run"],
    ["run", "--nothing"],
)


@pytest.mark.parametrize("arguments", CALLS, ids=" ".join)
def test_arguments_are_converted_as_typer_does(arguments: list[str]) -> None:
    (plain, expected), (ours, got) = app_with(), app_with(cls=Group)
    results = [CliRunner().invoke(app, arguments) for app in (plain, ours)]
    assert results[0].exit_code == results[1].exit_code
    assert results[0].output == results[1].output
    assert expected == got
    assert [{name: type(value) for name, value in call.items()} for call in expected] == [
        {name: type(value) for name, value in call.items()} for call in got
    ]


@pytest.mark.parametrize(
    "arguments", [["run", "--required", ""], ["run", "--required", "a", "--path", ""]], ids=["required", "optional"]
)
def test_an_empty_path_is_invalid(arguments: list[str]) -> None:
    app, calls = app_with(cls=Group)
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 2
    assert "an empty path; name a file or a folder" in result.output
    assert calls == []


@pytest.mark.parametrize("unwanted", ["pydantic", "rich", "sklearn", "scipy", "joblib", "numba"])
def test_cleaning_a_file_does_not_import_what_it_does_not_need(
    unwanted: str, tiny_model_dir: Path, tmp_path: Path
) -> None:
    (tmp_path / "a.txt").write_text("Subscribe now!\n", encoding="utf-8")
    arguments = [
        "detector", "clean", "a.txt", "-o", "b.txt", "--removed", "r.jsonl", "--model", str(tiny_model_dir), "-q",
        "--threshold", "0.5", "--policy", "text", "--format", "text", "--keep", "body",
    ]  # fmt: skip
    code = (
        f"import sys; sys.argv = {arguments!r}\n"
        "from detector.cli.main import app\n"
        "app(standalone_mode=False)\n"
        f"sys.exit({unwanted!r} in sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, env=environment(), check=False)
    assert done.returncode == 0
    assert (tmp_path / "b.txt").exists()
