"""Paths that lead to the same file."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from detector.corpus import places
from detector.corpus.places import Places, identity


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("d").mkdir()
    Path("d/a.txt").touch()
    Path("link").symlink_to("d")
    Path("other.txt").symlink_to("d/a.txt")
    Path("gone.txt").symlink_to("d/new.txt")


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("d/a.txt", "d/../d/a.txt", True),
        ("d/a.txt", "link/a.txt", True),
        ("d/a.txt", "other.txt", True),
        ("d/new.txt", "gone.txt", True),
        ("d/new/er.txt", "link/new/er.txt", True),
        ("d/new/er.txt", "d/new/../new/er.txt", True),
        ("d/new/er.txt", "d/newer.txt", False),
        ("d/a.txt", "a.txt", False),
        ("d/A.txt", "d/a.txt", False),
        ("new", "new/x/..", True),
        (".", "d/..", True),
        ("/", "/..", True),
    ],
)
def test_places_are_those_of_files_and_not_of_names(one: str, other: str, same: bool) -> None:
    if "A" in one and Path(one).exists():
        pytest.skip("the file system ignores case")
    found = Places()
    assert (found.of(Path(one)) == found.of(Path(other))) is same
    assert (found.of(Path(one).absolute()) == found.of(Path(other))) is same


@pytest.mark.parametrize(("one", "other"), [("d/New.txt", "d/nEW.txt"), ("d/é/x", "d/E\u0301/X"), ("d/ß", "d/SS")])
def test_where_the_file_system_ignores_case_so_do_places(one: str, other: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert Places().of(Path(one)) != Places().of(Path(other))
    monkeypatch.setattr(places, "_folds_case", lambda _: True)
    assert Places().of(Path(one)) == Places().of(Path(other))


def test_hard_links_have_one_identity() -> None:
    os.link("d/a.txt", "hard.txt")
    assert identity(Path("hard.txt")) == identity(Path("other.txt")) == identity(Path("d/a.txt"))
    assert identity(Path("gone.txt")) is None
    assert Places().of(Path("hard.txt")) != Places().of(Path("d/a.txt"))


def test_a_file_system_that_tells_case_apart_is_recognized() -> None:
    sensitive = not Path("D").exists()
    assert places._folds_case(Path.cwd()) is not sensitive
    Path("empty").mkdir()
    assert places._folds_case(Path("empty").absolute()) is not sensitive
