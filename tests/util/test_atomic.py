"""A file is written completely or not at all."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from detector.errors import DataError
from detector.util.atomic import replacing, working_in


def test_the_file_appears_when_the_block_ends(tmp_path: Path) -> None:
    path = tmp_path / "out.txt"
    with replacing(path) as file:
        file.write(b"one")
        file.flush()
        assert not path.exists()
    assert path.read_bytes() == b"one"
    assert list(tmp_path.iterdir()) == [path]


def test_the_old_file_stays_until_then(tmp_path: Path) -> None:
    path = tmp_path / "out.txt"
    path.write_bytes(b"old")
    with replacing(path) as file:
        file.write(b"new")
        assert path.read_bytes() == b"old"
    assert path.read_bytes() == b"new"


@pytest.mark.parametrize("error", [ValueError, OSError, KeyboardInterrupt, SystemExit])
@pytest.mark.parametrize("existed", [False, True])
def test_a_failure_leaves_no_trace(error: type[BaseException], existed: bool, tmp_path: Path) -> None:
    path = tmp_path / "out.txt"
    if existed:
        path.write_bytes(b"old")

    def write_half() -> None:
        with replacing(path) as file:
            file.write(b"half")
            raise error

    with pytest.raises(error):
        write_half()
    assert [p.read_bytes() for p in tmp_path.iterdir()] == [b"old"] * existed


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o755])
def test_permissions_are_those_of_the_replaced_file(mode: int, tmp_path: Path) -> None:
    path = tmp_path / "out.txt"
    path.write_bytes(b"old")
    path.chmod(mode)
    with replacing(path) as file:
        file.write(b"new")
    assert stat.S_IMODE(path.stat().st_mode) == mode


def test_permissions_of_a_new_file_follow_the_mask(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        with replacing(tmp_path / "out.txt") as file:
            file.write(b"new")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "out.txt").stat().st_mode) == 0o640


@pytest.mark.parametrize("name", ["x" * 251 + ".txt", "語" * 83 + ".txt"])
def test_the_longest_possible_name(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    with replacing(path) as file:
        file.write(b"new")
    assert path.read_bytes() == b"new"


def test_paths_that_cannot_be_written(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="nowhere"), replacing(tmp_path / "nowhere" / "out.txt"):
        pass
    (tmp_path / "folder").mkdir()
    with pytest.raises(OSError), replacing(tmp_path / "folder"):  # noqa: PT011 (the message is the system's)
        pass
    assert [path.name for path in tmp_path.iterdir()] == ["folder"]


def test_a_symbolic_link_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "real.txt").write_bytes(b"old")
    (tmp_path / "link.txt").symlink_to("real.txt")
    with replacing(tmp_path / "link.txt") as file:
        file.write(b"new")
    assert (tmp_path / "link.txt").is_symlink()
    assert (tmp_path / "real.txt").read_bytes() == b"new"


def test_what_is_not_a_regular_file_is_written_to_and_stays() -> None:
    before = Path(os.devnull).stat().st_mode
    with replacing(Path(os.devnull)) as file:
        file.write(b"gone")
    assert Path(os.devnull).stat().st_mode == before


def test_a_scratch_folder_holds_unfinished_files(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "out"
    with working_in(folder) as scratch:
        assert scratch.parent == folder
        with replacing(folder / "a.txt", scratch) as file:
            file.write(b"one")
            assert len(list(scratch.iterdir())) == 1
            assert list(folder.iterdir()) == [scratch]
    assert [path.name for path in folder.iterdir()] == ["a.txt"]
    assert (folder / "a.txt").read_bytes() == b"one"


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, BlockingIOError])
def test_a_scratch_folder_is_deleted_when_the_block_fails(error: type[BaseException], tmp_path: Path) -> None:
    def fail() -> None:
        with working_in(tmp_path):
            raise error

    for _ in range(2):  # and so is its lock
        with pytest.raises(error):
            fail()
    assert list(tmp_path.iterdir()) == []


def test_leftovers_of_a_killed_run_are_deleted(tmp_path: Path) -> None:
    with working_in(tmp_path) as scratch:
        name = scratch.name
    (tmp_path / name / "sub").mkdir(parents=True)
    (tmp_path / name / "half.tmp").write_text("half")
    with working_in(tmp_path) as scratch:
        assert list(scratch.iterdir()) == []


def test_two_runs_do_not_write_into_one_folder(tmp_path: Path) -> None:
    pytest.importorskip("fcntl", reason="this system has no locks on folders")
    with working_in(tmp_path) as scratch:
        (scratch / "half.tmp").write_text("half")
        with pytest.raises(DataError, match="another run is writing there"), working_in(tmp_path):
            pass
        assert (scratch / "half.tmp").exists()
