"""A file is written completely or not at all."""

from __future__ import annotations

import contextlib
import os
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from command import environment
from filelock import FileLock

from detector.errors import DataError
from detector.util import atomic
from detector.util.atomic import LOCK_FILE, clear_unfinished, is_stream, replacing, working_in
from detector.util.output import OutputError, open_output


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


@pytest.mark.parametrize("name", ["two\nlines.txt", "-o", os.fsdecode(b"caf\xe9.txt"), " ", "a:b?*|.txt"])
def test_odd_names(name: str, tmp_path: Path) -> None:
    with replacing(tmp_path / name) as file:
        file.write(b"new")
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [(name, b"new")]


def test_links_in_a_circle_are_an_error(tmp_path: Path) -> None:
    (tmp_path / "a").symlink_to("b")
    (tmp_path / "b").symlink_to("a")
    for path in (tmp_path / "a", tmp_path / "a" / "out.txt"):
        with pytest.raises(OSError, match="symbolic links"), replacing(path):
            pass
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "b"]


def test_a_link_to_its_own_folder_does_no_harm(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "again").symlink_to("..", target_is_directory=True)
    with working_in(tmp_path / "out"), replacing(tmp_path / "out" / "again" / "out" / "a.txt") as file:
        file.write(b"new")
    assert (tmp_path / "out" / "a.txt").read_bytes() == b"new"


def test_a_symbolic_link_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "real.txt").write_bytes(b"old")
    (tmp_path / "link.txt").symlink_to("real.txt")
    with replacing(tmp_path / "link.txt") as file:
        file.write(b"new")
    assert (tmp_path / "link.txt").is_symlink()
    assert (tmp_path / "real.txt").read_bytes() == b"new"


# What is no file


def test_what_is_not_a_regular_file_is_written_to_and_stays() -> None:
    before = Path(os.devnull).stat().st_mode
    with replacing(Path(os.devnull)) as file:
        file.write(b"gone")
    assert Path(os.devnull).stat().st_mode == before


@contextlib.contextmanager
def pipe() -> Iterator[tuple[int, int]]:
    ends = os.pipe()
    try:
        yield ends
    finally:
        for end in ends:
            with contextlib.suppress(OSError):
                os.close(end)


@pytest.mark.skipif(not Path("/dev/fd").exists(), reason="this system does not name its file descriptors")
@pytest.mark.parametrize("folder", ["/dev/fd", "/proc/self/fd", "link"])
def test_an_open_file_descriptor_is_written_to(folder: str, tmp_path: Path) -> None:
    with pipe() as (reading, writing):
        path = tmp_path / "link" if folder == "link" else Path(folder, str(writing))
        if folder == "link":
            path.symlink_to(f"/dev/fd/{writing}")
        if not path.parent.exists():
            pytest.skip(f"this system has no {folder}")
        assert is_stream(path)
        with replacing(path) as file:
            file.write(b"new")
        os.close(writing)
        assert os.read(reading, 9) == b"new"


@pytest.mark.skipif(not Path("/dev/stdout").exists(), reason="this system does not name its standard output")
def test_a_file_behind_standard_output_is_written_where_it_stands(tmp_path: Path) -> None:
    """As ``>>`` asks for, and not replaced under the program that also writes to it."""
    (tmp_path / "out.txt").write_bytes(b"one\n")
    program = (
        "import sys\nfrom pathlib import Path\nfrom detector.util.atomic import replacing\n"
        "with replacing(Path('/dev/stdout')) as file:\n    file.write(b'two\\n')\nprint('three')\n"
    )
    with open(tmp_path / "out.txt", "ab") as file:
        subprocess.run([sys.executable, "-c", program], stdout=file, check=True, env=environment())
    assert (tmp_path / "out.txt").read_bytes() == b"one\ntwo\nthree\n"


def test_a_named_pipe_is_written_to(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    reading = os.open(tmp_path / "pipe", os.O_RDONLY | os.O_NONBLOCK)
    try:
        with replacing(tmp_path / "pipe") as file:
            file.write(b"new")
        assert os.read(reading, 9) == b"new"
    finally:
        os.close(reading)
    assert [path.name for path in tmp_path.iterdir()] == ["pipe"]


# A disk that is full, a signal, a power cut


@contextlib.contextmanager
def room_for(size: int) -> Iterator[None]:
    """Files can have ``size`` bytes at most."""
    resource = pytest.importorskip("resource", reason="this system does not limit the size of files")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.parametrize("size", [1, 70_000, 200_000])
def test_without_room_the_old_file_stays(size: int, tmp_path: Path) -> None:
    path = tmp_path / "out.txt"
    path.write_bytes(b"old")
    with room_for(size - 1), pytest.raises(OutputError, match=r"out\.txt: cannot be written: File too large"):  # noqa: SIM117
        with replacing(path) as file:
            file.write(b"n" * size)
    assert [p.read_bytes() for p in tmp_path.iterdir()] == [b"old"]


def test_a_disk_that_fills_when_the_data_reaches_it_leaves_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "out.txt"
    path.write_bytes(b"old")

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OutputError, match=r"out\.txt: cannot be written"), replacing(path) as file:
        file.write(b"new")
    assert [p.read_bytes() for p in tmp_path.iterdir()] == [b"old"]


@pytest.mark.parametrize("moment", ["open_output", "_lock"])
def test_a_signal_at_any_moment_leaves_no_temporary_file(
    moment: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Right after the file was made, before its block has begun."""
    original = getattr(atomic, moment)

    def interrupted(*arguments: object) -> None:
        original(*arguments)
        raise KeyboardInterrupt

    monkeypatch.setattr(atomic, moment, interrupted)
    with pytest.raises(KeyboardInterrupt), replacing(tmp_path / "out.txt"):
        pass
    assert list(tmp_path.iterdir()) == []


def test_the_data_is_on_the_disk_before_the_file_is_replaced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "out.txt"
    synced: list[tuple[bool, bool]] = []

    def sync(handle: int) -> None:
        is_folder = stat.S_ISDIR(os.fstat(handle).st_mode)
        assert is_folder or os.fstat(handle).st_size == 3
        synced.append((is_folder, path.exists()))

    monkeypatch.setattr(os, "fsync", sync)
    with replacing(path) as file:
        file.write(b"new")
    assert synced == [(False, False), (True, True)]


def killed_while_writing(path: Path) -> None:
    program = (
        "import os, signal, sys\nfrom pathlib import Path\nfrom detector.util.atomic import replacing\n"
        "with replacing(Path(sys.argv[1])) as file:\n    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    process = subprocess.run([sys.executable, "-c", program, path], check=False, env=environment())
    assert process.returncode == -signal.SIGKILL


def test_what_a_killed_process_left_is_deleted_and_what_is_in_use_is_not(tmp_path: Path) -> None:
    killed_while_writing(tmp_path / ("long" * 50 + "\n.txt"))
    others = {".a.txt.tmp", ".a.0123456789abcdef.tmp", "a.detector.tmp"}
    for name in others:
        (tmp_path / name).touch()
    with replacing(tmp_path / "a.txt") as file:
        assert len(list(tmp_path.iterdir())) == len(others) + 2
        clear_unfinished([tmp_path, tmp_path / "missing"])
        assert len(list(tmp_path.iterdir())) == len(others) + 1
        file.write(b"new")
    assert (tmp_path / "a.txt").read_bytes() == b"new"


def test_an_output_says_which_it_is() -> None:
    if not Path("/dev/full").exists():
        pytest.skip("this system has no /dev/full")
    with (
        pytest.raises(OutputError, match="/dev/full: cannot be written: No space left"),
        replacing(Path("/dev/full")) as file,
    ):
        file.write(b"x")
    with pytest.raises(OutputError, match="the sidecar: cannot"), open_output("/dev/full", name="the sidecar") as file:
        file.write(b"x")


# A folder for unfinished files


def test_a_scratch_folder_holds_unfinished_files(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "out"
    with working_in(folder) as scratch:
        assert scratch.parent == folder
        with replacing(folder / "a.txt", scratch) as file:
            file.write(b"one")
            assert len(list(scratch.iterdir())) == 1
            assert {path.name for path in folder.iterdir()} == {scratch.name, LOCK_FILE}
    assert {path.name for path in folder.iterdir()} <= {"a.txt", LOCK_FILE}
    assert (folder / "a.txt").read_bytes() == b"one"


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, BlockingIOError])
def test_a_scratch_folder_is_deleted_when_the_block_fails(error: type[BaseException], tmp_path: Path) -> None:
    def fail() -> None:
        with working_in(tmp_path):
            raise error

    for _ in range(2):  # and so is its lock
        with pytest.raises(error):
            fail()
    assert {path.name for path in tmp_path.iterdir()} <= {LOCK_FILE}


def test_leftovers_of_a_killed_run_are_deleted(tmp_path: Path) -> None:
    with working_in(tmp_path) as scratch:
        name = scratch.name
    (tmp_path / name / "sub").mkdir(parents=True)
    (tmp_path / name / "half.tmp").write_text("half")
    with working_in(tmp_path) as scratch:
        assert list(scratch.iterdir()) == []


def test_two_runs_do_not_write_into_one_folder(tmp_path: Path) -> None:
    with working_in(tmp_path) as scratch:
        (scratch / "half.tmp").write_text("half")
        with pytest.raises(DataError, match="another run is writing there"), working_in(tmp_path):
            pass
        assert (scratch / "half.tmp").exists()


def test_the_lock_of_a_killed_run_is_free(tmp_path: Path) -> None:
    program = (
        "import os, signal, sys\nfrom pathlib import Path\nfrom detector.util.atomic import working_in\n"
        "with working_in(Path(sys.argv[1])):\n    print(flush=True)\n    input()\n"
    )
    command = [sys.executable, "-c", program, str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment()) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == os.linesep.encode()
        with pytest.raises(DataError, match="another run is writing there"), working_in(tmp_path):
            pass
        process.kill()
        process.wait(60)
        with working_in(tmp_path):
            pass


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (PermissionError(13, "Permission denied"), "Permission denied"),
        (OSError(30, "Read-only file system"), "Read-only file system"),
        (NotImplementedError("no flock here"), "no flock here"),
    ],
)
def test_a_folder_that_cannot_be_locked_is_an_error(
    error: Exception, reason: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(FileLock, "acquire", fail)
    with pytest.raises(DataError, match=f"cannot be written or locked: {reason}; give another"), working_in(tmp_path):
        pass


def test_a_folder_below_a_file_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(DataError, match="Not a directory"), working_in(tmp_path / "file" / "out"):
        pass
