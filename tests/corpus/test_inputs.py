"""Which files are found, and what is passed over."""

from __future__ import annotations

import os
import re
import socket
from pathlib import Path

import pytest

from detector.corpus.inputs import Inputs, Selection, find
from detector.errors import DataError, UsageError

FILES = (
    "c/a.txt",
    "c/b.jsonl.gz",
    "c/deep/er/a.txt",
    "c/page.pdf",
    "c/.hidden.txt",
    "c/.git/x.txt",
    "c/_manifest.jsonl",
    "c/_rejected.jsonl",
    "c/_summary.json",
    "c/a.txt.orig",
    "d/a.txt",
    "[odd].txt",
)


@pytest.fixture(autouse=True)
def _tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in FILES:
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(name)
    monkeypatch.chdir(tmp_path)


def names(inputs: Inputs) -> list[str]:
    return [str(one.source) for one in inputs.found]


@pytest.mark.parametrize(
    ("paths", "found"),
    [
        ([], ["None"]),
        (["-"], ["None"]),
        (["c/page.pdf"], ["c/page.pdf"]),
        (["c"], ["c/a.txt", "c/b.jsonl.gz", "c/deep/er/a.txt"]),
        (["c/*.txt"], ["c/a.txt"]),
        (["c/**/*.txt"], ["c/a.txt", "c/deep/er/a.txt"]),
        (["c/**"], ["c/a.txt", "c/b.jsonl.gz", "c/deep/er/a.txt"]),
        (["**/er/*"], ["c/deep/er/a.txt"]),
        (["**/**/er/**"], ["c/deep/er/a.txt"]),
        (["*/deep/er/a.txt"], ["c/deep/er/a.txt"]),
        (["c/**/er/a.txt"], ["c/deep/er/a.txt"]),
        (["[cd]/a.txt"], ["c/a.txt", "d/a.txt"]),
        (["c/de*"], ["c/deep/er/a.txt"]),
        (["c/p*"], ["c/page.pdf"]),
        (["c/.git/*"], ["c/.git/x.txt"]),
        (["[odd].txt"], ["[odd].txt"]),
        (["d", "c/a.txt", "-"], ["d/a.txt", "c/a.txt", "None"]),
    ],
)
def test_paths_are_expanded_to_files(paths: list[str], found: list[str]) -> None:
    assert names(find(paths)) == found


def test_all_files_includes_every_extension_but_originals() -> None:
    inputs = find(["c"], Selection(all_files=True))
    assert [one.relative.as_posix() for one in inputs.found] == ["a.txt", "b.jsonl.gz", "deep/er/a.txt", "page.pdf"]
    assert inputs.passed_over == ()


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("missing.txt", "missing.txt: no such file or folder"),
        ("c/a.txt/x", "c/a.txt/x: no such file or folder"),
        ("loop", "loop: no such file or folder"),
        ("x" * 300, "no such file or folder"),
        ("", "an empty path"),
        ("c/*.docx", "c/*.docx: no file matches the pattern"),
        ("gone/*.txt", "gone/*.txt: no file matches the pattern"),
        ("empty", "empty: no files with a known extension found; --all-files"),
        ("pages", "pages: no files to read: 3 files with an unknown extension: .odt 2, .pdf 1; --all-files reads"),
    ],
)
def test_what_is_not_there_is_said(path: str, message: str) -> None:
    Path("loop").symlink_to("loop")
    Path("empty").mkdir()
    for name in ("pages/a.odt", "pages/b.odt", "pages/b.pdf"):
        Path(name).parent.mkdir(exist_ok=True)
        Path(name).touch()
    with pytest.raises(UsageError, match=re.escape(message)):
        find([path])


# What is passed over


def test_unknown_extensions_are_counted() -> None:
    for name in ("d/x.odt", "d/deep/y.odt", "d/z.odt.gz", "d/README", "d/a.ODT", "d/v1. A long name of a thing"):
        Path(name).parent.mkdir(exist_ok=True)
        Path(name).touch()
    inputs = find(["c", "d"])
    assert inputs.passed_over == (
        "7 files with an unknown extension: .odt 3, .pdf 1, none 1, . a long name of a t 1, .odt.gz 1; "
        "--all-files reads them as text",
    )


def test_only_the_most_frequent_extensions_are_listed() -> None:
    for number in range(12):
        Path(f"d/x.ext{number}").touch()
    (line,) = find(["d"]).passed_over
    assert line.startswith("12 files with an unknown extension: .ext")
    assert line.count(".ext") == 10
    assert line.endswith(" 1, and 2 more; --all-files reads them as text")


@pytest.mark.parametrize("path", ["c", "c/**", "c/**/*.txt", "*"])
def test_linked_folders_are_not_followed(path: str) -> None:
    Path("c/loop").symlink_to(Path("c").absolute())
    Path("c/deep/up").symlink_to("..")
    Path("c/other").symlink_to(Path("d").absolute())
    inputs = find([path])
    assert "c/a.txt" in names(inputs)
    assert not any("loop" in name or "up" in name or "other" in name for name in names(inputs))
    if path == "c":
        assert [line for line in inputs.passed_over if "link" in line] == [
            f"{name}: a link to a folder, which is not followed; name it to read it"
            for name in ("c/deep/up", "c/loop", "c/other")
        ]


def test_a_linked_folder_that_is_named_is_read() -> None:
    Path("link").symlink_to("d")
    assert names(find(["link"])) == ["link/a.txt"]
    assert names(find(["link/*"])) == ["link/a.txt"]


def test_linked_files_are_read_and_broken_links_passed_over() -> None:
    Path("d/link.txt").symlink_to("a.txt")
    Path("d/gone.txt").symlink_to("nowhere.txt")
    Path("d/self.txt").symlink_to("self.txt")
    inputs = find(["d"])
    assert names(inputs) == ["d/a.txt", "d/link.txt"]
    assert [line.split(" (")[0] for line in inputs.passed_over] == [
        "d/gone.txt: a link that leads nowhere", "d/self.txt: a link that leads nowhere",
    ]  # fmt: skip


@pytest.mark.parametrize("path", ["d", "d/*"])
def test_special_files_are_passed_over_in_folders(path: str) -> None:
    os.mkfifo("d/pipe.txt")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("d/socket.txt")
        Path("d/null.txt").symlink_to("/dev/null")
        inputs = find([path])
    assert names(inputs) == ["d/a.txt"]
    assert inputs.passed_over == (
        "d/null.txt: a device, which is not read; name it to read it",
        "d/pipe.txt: a named pipe, which is not read; name it to read it",
        "d/socket.txt: a socket, which is not read; name it to read it",
    )
    assert names(find(["d/pipe.txt"])) == ["d/pipe.txt"]


def forbid(monkeypatch: pytest.MonkeyPatch, folder: str) -> None:
    """Let a folder be unreadable; permissions do not hold for every user."""
    scandir = os.scandir

    def refuse(path: Path) -> object:
        if Path(path) == Path(folder):
            raise PermissionError(13, "Permission denied", str(path))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuse)


@pytest.mark.parametrize("path", ["c", "c/**", "c/**/*.txt", "c/*/*/*"])
def test_folders_that_cannot_be_listed_are_reported(path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    Path("c/more/er").mkdir(parents=True)
    Path("c/more/er/a.txt").touch()
    forbid(monkeypatch, "c/deep")
    inputs = find([path])
    assert "c/more/er/a.txt" in names(inputs)
    assert inputs.unreadable == ("c/deep: cannot be listed (Permission denied); its files are not read",)


def test_where_nothing_can_be_read_it_is_no_invalid_call(monkeypatch: pytest.MonkeyPatch) -> None:
    forbid(monkeypatch, "d")
    for path in ("d", "d/*.txt"):
        with pytest.raises(DataError, match=r"no files found: d: cannot be listed \(Permission denied\)"):
            find([path])


def test_names_that_look_like_options_or_have_line_breaks_are_files() -> None:
    for name in ("d/-rf.txt", "d/a\nb.txt", "d/\udcff.txt"):
        Path(name).touch()
    assert sorted(names(find(["d"]))) == sorted(["d/a.txt", "d/-rf.txt", "d/a\nb.txt", "d/\udcff.txt"])
