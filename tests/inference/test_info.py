"""``detector info``: one line for a model that cannot be loaded, and odd but harmless metadata are printed."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from command import Command
from model_files import bombs, change_metadata, small_model, write_arrays

from detector.inference.storage import ARRAYS_FILE, METADATA_FILE, save


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """The folder of `small_model`."""
    save(small_model(), tmp_path / "small", {})
    return tmp_path / "small"


@pytest.fixture
def command(small: Path, capsysbinary: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch) -> Command:
    return Command(small, capsysbinary, monkeypatch)


def remove(name: str) -> Callable[[Path], object]:
    return lambda folder: (folder / name).unlink()


def pipe(name: str) -> Callable[[Path], object]:
    def change(folder: Path) -> None:
        (folder / name).unlink()
        os.mkfifo(folder / name)

    return change


def written(name: str, content: bytes) -> Callable[[Path], object]:
    return lambda folder: (folder / name).write_bytes(content)


DAMAGES: list[Callable[[Path], object]] = [
    *map(remove, (ARRAYS_FILE, METADATA_FILE)),
    *(pipe(name) for name in (ARRAYS_FILE, METADATA_FILE) if hasattr(os, "mkfifo")),
    *(written(ARRAYS_FILE, content) for content in (b"", b"x" * 5000)),
    *(written(METADATA_FILE, content) for content in (b"", b"\xff\n", b"[" * 9999, b"[]", b'"' + b"\xc3\xa9\n" * 9)),
    *(lambda folder, content=content: write_arrays(folder, content) for content in bombs().values()),
    *(
        lambda folder, changes=changes: change_metadata(folder, **changes)
        for changes in (
            {"labels": ["reporting", "a\nb\x1b[2J"]},
            {"thresholds": {"balanced\n": 2}},
            {"format": "\n" * 99},
            {"features": {}},
            {"sha256": ["x"]},
        )
    ),
]


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_model_that_cannot_be_loaded_is_one_line_and_exit_code_1(
    damage: Callable[[Path], object], small: Path, command: Command
) -> None:
    damage(small)
    called = command("info", small, model=False)
    assert (called.code, called.out) == (1, b"")
    assert str(small) in called.err
    assert called.err.count("\n") == 1
    assert len(called.err) < 1000


@pytest.mark.parametrize(
    "arguments", [("info", "nowhere"), ("evaluate", "nowhere.jsonl"), ("train", "nowhere.jsonl", "-o", "new")]
)
def test_a_path_that_is_not_there_is_exit_code_2(arguments: tuple[str, ...], command: Command) -> None:
    called = command(*arguments, model=False)
    assert (called.code, called.out) == (2, b"")
    assert "no such file or folder" in called.err


def test_evaluating_no_documents_is_an_error(tmp_path: Path, command: Command) -> None:
    (tmp_path / "empty.jsonl").write_text("\n\n")
    called = command("evaluate", tmp_path / "empty.jsonl")
    assert (called.code, called.out) == (1, b"")
    assert "empty.jsonl: no documents" in called.err


ROW = {"documents": 3, "lost": 0.5}
ODD: list[dict[str, Any]] = [
    {"note": "größer, ½, 東"},
    {"note": "\ud800 lone"},
    {"note": "\x1b[2J\u202e\x9b"},
    {"a\nb": 1},
    {"": None},
    {"number": 10**300, "huge": 1e308, "none": float("nan")},
    {"figures": None},
    {"figures": []},
    {"figures": {"dev": []}},
    {"figures": {"dev": {"page": 5}}},
    {"figures": {"dev": {"page": {"lost": 0.5}}}},
    {"figures": {"dev": {"page": {**ROW, "lost": "much"}}}},
    {"figures": {"dev": {"page": {**ROW, "lost": 10**400}}}},
    {"figures": {"[/red]": {"[bold": {**ROW, "lost": None}}}},
    {"figures": {"größer \ud800": {"½": ROW}}},
    {"confusion": 5},
]


@pytest.mark.parametrize("as_json", [False, True])
@pytest.mark.parametrize("changes", ODD)
def test_odd_metadata_are_printed(changes: dict[str, Any], as_json: bool, small: Path, command: Command) -> None:
    change_metadata(small, **changes)
    called = command("info", small, *(["--json"] if as_json else []), model=False)
    assert (called.code, called.err) == (0, "")
    assert not set(called.out) & set(b"\x1b\x9b\x00")
    if as_json:
        assert json.loads(called.out).keys() >= changes.keys()
