"""Plain calls are read as Typer reads them, and all other calls are left to it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import typer
from hypothesis import given
from hypothesis import strategies as st

from detector.cli import application as module
from detector.cli.application import application
from detector.cli.commands import COMMANDS, command
from detector.cli.options import FormatName, PolicyName
from detector.cli.parameters import Argument, parameters_of
from detector.cli.plain_calls import plain_call

UsageError: type[Exception] = typer.BadParameter.__bases__[0]
VALUES = (
    "a.txt", "b/", "-", "", "-1", "0", "1", "3", "07", "0.5", "1.5", ".5", "5.", "1e-1", "+1", "1_0", " 1", "9" * 30,
    "\u0663", "many", "é", "text", "jsonl", "line", "blank", "reporting", "TEXT", "balanced", "*.txt", "--quiet",
)  # fmt: skip


def options_of(name: str) -> list[str]:
    """All names of the options of a command."""
    described = [(each.name, each.described) for each in parameters_of(command(name))]
    return [
        word
        for parameter, each in described
        if not isinstance(each, Argument)
        for word in each.names or (f"--{parameter.replace('_', '-')}",)
    ]


OPTIONS = {name: options_of(name) for name in COMMANDS}


def by_typer(name: str, words: list[str]) -> dict[str, Any] | None:
    """The values that Typer calls a command with; None if it does not call it."""
    called: list[dict[str, Any]] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "_call", lambda _, values: called.append(values) or 0)
        try:
            application([name])([*name.split(), *words], prog_name="detector", standalone_mode=False)
        except UsageError:
            assert called == []
    return called[0] if called else None


def typed(values: dict[str, Any]) -> dict[str, tuple[type, Any]]:
    return {name: (type(value), value) for name, value in values.items()}


PLAIN: list[tuple[str, dict[str, Any]]] = [
    ("clean", {}),
    ("clean a.txt", {"paths": ["a.txt"]}),
    ("clean a.txt -o b.txt", {"paths": ["a.txt"], "output": "b.txt"}),
    ("clean -o b.txt a.txt - b", {"paths": ["a.txt", "-", "b"], "output": "b.txt"}),
    ("clean --output=b=c a.txt", {"paths": ["a.txt"], "output": "b=c"}),
    ("clean -ob.txt a.txt", {"paths": ["a.txt"], "output": "b.txt"}),
    ("clean -qo b.txt -j2", {"quiet": True, "output": "b.txt", "jobs": 2}),
    ("clean -o - -- -q", {"output": "-", "paths": ["-q"]}),
    ("clean -o --", {"output": "--"}),
    ("clean -o=b", {"output": "=b"}),
    ("clean --format text --policy text", {"format_name": FormatName.TEXT, "policy": PolicyName.TEXT}),
    ("clean --max-removed 0.25 --max-rejected 0", {"max_removed": 0.25, "max_rejected": 0}),
    ("clean --jobs 1 --jobs 3 -t 0.5", {"jobs": 3, "threshold": "0.5"}),
    ("clean --removed r.jsonl -m m", {"removed": "r.jsonl", "model": "m"}),
    ("clean -m accurate --effort 0.25", {"model": "accurate", "effort": 0.25}),
    ("clean -maccurate --effort=1", {"model": "accurate", "effort": 1.0}),
    ("predict --phrases p", {"phrases": Path("p")}),
    ("predict a.txt --table", {"paths": ["a.txt"], "table": True}),
    ("restore a b -o c", {"cleaned": "a", "removed": "b", "output": "c"}),
    ("train a b -o m --dev c --dev d --folds 2", {
        "data": [Path("a"), Path("b")], "output": Path("m"), "dev": [Path("c"), Path("d")], "folds": 2,
    }),
    ("info m --json", {"model": "m", "as_json": True}),
]  # fmt: skip


@pytest.mark.parametrize(("call", "values"), PLAIN, ids=[call for call, _ in PLAIN])
def test_a_plain_call_is_read(call: str, values: dict[str, Any]) -> None:
    name, *words = call.split()
    read = plain_call(command(name), words)
    assert read is not None
    defaults = {each.name: each.default for each in parameters_of(command(name))}
    assert typed(read) == typed(defaults | values)
    assert typed(read) == typed(by_typer(name, words) or {})


OTHERS = [
    "clean --help", "clean -h", "clean -qh", "clean --nothing", "clean -z", "clean --outpu b", "clean -o",
    "clean --quiet=yes", "clean --jobs -1", "clean --jobs many", "clean --jobs 1.0", "clean --max-removed 1.5",
    "clean --max-removed 1e-1", "clean --format odd", "clean --format TEXT", "clean --jobs \u0663", "restore a",
    "restore a b", "restore a b c -o d", "train -o m", "info a b",
]  # fmt: skip


@pytest.mark.parametrize("call", OTHERS)
def test_other_calls_are_left_to_typer(call: str) -> None:
    name, *words = call.split()
    assert plain_call(command(name), words) is None


@pytest.mark.parametrize(("name", "words"), [("clean", ["--phrases", ""]), ("train", ["", "-o", "m"])])
def test_an_empty_path_is_left_to_typer_which_refuses_it(name: str, words: list[str]) -> None:
    assert plain_call(command(name), words) is None
    assert by_typer(name, words) is None


@pytest.mark.parametrize("word", ["*.txt", "a?", "[a]", "~/a", "$HOME", "%TEMP%"])
def test_words_that_windows_does_not_expand_are_left_to_typer(word: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert plain_call(command("clean"), [word]) is not None
    monkeypatch.setattr("detector.cli.plain_calls.os.name", "nt")
    assert plain_call(command("clean"), [word]) is None


@st.composite
def calls(draw: st.DrawFn) -> tuple[str, list[str]]:
    name = draw(st.sampled_from(list(COMMANDS)))
    option, value = st.sampled_from(OPTIONS[name]), st.sampled_from(VALUES)
    joined = st.tuples(option, st.sampled_from(["=", ""]), value).map("".join)
    words = st.one_of(value, option, joined, st.tuples(option, value), st.just("--"))
    drawn = draw(st.lists(words, max_size=5))
    return name, [word for each in drawn for word in (each if isinstance(each, tuple) else (each,))]


@given(call=calls())
def test_what_is_read_is_what_typer_reads(call: tuple[str, list[str]]) -> None:
    name, words = call
    read = plain_call(command(name), words)
    if read is not None:
        assert typed(read) == typed(by_typer(name, words) or {})
