"""The help text, and that its choices are those of the library."""

from __future__ import annotations

import re
from collections.abc import Callable
from inspect import signature
from typing import get_args

import pytest
import typer
from commands import of_name
from typer.testing import CliRunner

from detector.cli.clean import clean
from detector.cli.commands import COMMANDS
from detector.cli.main import app
from detector.cli.options import FormatName, ParagraphBreakName, PolicyName
from detector.cli.predict import predict
from detector.formats.registry import FORMATS
from detector.guard import MAX_REMOVED
from detector.policy import POLICIES
from detector.text.paragraphs import ParagraphBreak

WIDE = {"COLUMNS": "200", "TERM": "dumb", "NO_COLOR": "1"}


def help_of(*words: str) -> str:
    done = CliRunner().invoke(app, [*words, "--help"], env=WIDE, prog_name="detector")
    assert done.exit_code == 0
    return done.output


def test_the_choices_are_those_of_the_library() -> None:
    assert {choice.value for choice in FormatName} == set(FORMATS)
    assert {choice.value for choice in PolicyName} == set(POLICIES)
    assert {choice.value for choice in ParagraphBreakName} == set(get_args(ParagraphBreak))


@pytest.mark.parametrize("command", [clean, predict])
def test_the_guard_s_default_is_that_of_the_library(command: Callable[..., None]) -> None:
    assert signature(command).parameters["max_removed"].default == MAX_REMOVED


def test_every_command_is_listed() -> None:
    listed = help_of()
    assert [name for name in COMMANDS if not re.search(rf"^\W*{name.split()[0]} ", listed, re.MULTILINE)] == []
    assert "--install-completion" in listed


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_examples_and_exit_codes(command: str) -> None:
    shown = help_of(*command.split())
    assert f"detector {command}" in shown.split("Examples")[1]
    assert "0 success" in shown.split("Exit codes")[1]


@pytest.mark.parametrize("command", ["clean", "predict"])
def test_options_are_grouped(command: str) -> None:
    panels = re.findall(r"^╭─ (\w+) ─", help_of(*command.split()), re.MULTILINE)
    assert panels == ["Arguments", "Options", "Input", "Decisions", "Output", "Run"]


@pytest.mark.parametrize("command", COMMANDS)
def test_every_option_is_explained(command: str) -> None:
    parameters = of_name(typer.main.get_command(app), command).params
    assert [parameter.name for parameter in parameters if not (parameter.help or "").strip()] == []


@pytest.mark.parametrize("command", COMMANDS)
def test_flags_show_no_value(command: str) -> None:
    assert "<bool>" not in help_of(*command.split())
