"""What a run with URLs promises: no input is replaced, nothing is half-written, one run at a time, no secrets."""

from __future__ import annotations

import json
import os
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import fsspec
import pytest
from command import Called, Command
from fsspec.implementations.local import LocalFileSystem
from fsspec.implementations.memory import MemoryFileSystem

from detector.corpus import mirror
from detector.corpus.walk import MANIFEST_FILE, REJECTED_FILE
from detector.util import lease, remote
from detector.util.output import OutputError
from detector.util.urls import Url

STORY = b"The council voted on Tuesday to reopen the bridge, which had been closed since the flood.\n"
PAGE = STORY + b"Subscribe to our newsletter!\n" + STORY
REMOVING = ("--threshold", "0.9", "--max-removed", "1")  # the appeal, and some more
LOCK = "/out/.detector-lock"


@pytest.fixture(autouse=True)
def memory(monkeypatch: pytest.MonkeyPatch) -> Iterator[MemoryFileSystem]:
    """A file system in memory with three texts in ``/in``. A lease that is left is found to be dead at once."""
    monkeypatch.setattr(lease, "RENEWED", 0.02)
    system = fsspec.filesystem("memory")
    for _ in range(2):
        system.store.clear()
        system.pseudo_dirs[:] = [""]
        for name in "abc":
            system.pipe_file(f"/in/{name}.txt", PAGE)
        if _ == 0:
            yield system


@pytest.fixture
def call(
    tiny_model_dir: Path, capfdbinary: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Called]:
    return Command(tiny_model_dir, capfdbinary, monkeypatch)


REFUSED = [
    ("clean memory://in/a.txt -o memory:///in/a.txt", "memory:///in/a.txt: is an input"),
    ("clean memory://in/a.txt -o memory://o.txt --removed memory://in/a.txt", "is an input"),
    ("clean memory://in/a.txt -o memory://o.txt --removed memory:///o.txt", "is also written for memory://in/a.txt"),
    ("clean memory://in -o memory://in", "is the output folder, whose files are not read"),
    ("clean memory://in -o memory://out --removed memory://in/removed.jsonl", "lies in the input folder memory://in"),
    ("predict memory://in -o memory://in/d.jsonl", "lies in the input folder memory://in"),
    ("clean memory://in memory:///in/a.txt -o memory://in/a.txt", "not a folder"),
    ("clean memory://in/a.txt memory:///in/a.txt -o memory://out", "would both be written to memory://out/a.txt"),
    ("clean memory://in", "3 inputs need --output FOLDER"),
    ("clean memory://in --in-place", "memory://in: --in-place replaces local files only"),
    ("clean memory://none -o memory://out", "memory://none: no such file or folder"),
    ("clean memory://in/*.txt?key=pw -o memory://out", "memory://in/*.txt?***: no file matches the pattern"),
    ("clean memory://in/*.md -o memory://out", "memory://in/*.md: no file matches the pattern"),
    ("clean memory://in/a.txt -o memory://o.csv", "memory://o.csv: has the extension of csv"),
    ("clean memory://in -o memory://out --removed memory://in/", "memory://in/: is the name of a folder; name a file"),
    ("predict memory://in/a.txt -o memory://in", "memory://in: is a folder; name a file in it"),
    ("clean memory://in -o memory://out --removed memory://r.csv", "memory://r.csv: this file gets JSON Lines"),
    ("clean memory://in/a.txt -o https://u:pw@paper.example/o.txt?key=pw", "https:// can only be read"),
    ("clean memory://in -o http://paper.example/out", "http:// can only be read"),
    ("clean simplecache::memory://in/a.txt", "is a chain of file systems (::), which is not supported"),
    ("clean nothing://in/a.txt", "nothing://: no file system of this name is known to fsspec"),
    ("restore memory://in memory://in/a.txt -o memory://back", "no folder of results"),
]


@pytest.mark.parametrize(("words", "message"), REFUSED, ids=[words for words, _ in REFUSED])
def test_calls_that_would_lose_something_are_refused(
    words: str, message: str, call: Command, memory: MemoryFileSystem
) -> None:
    before = dict(memory.store)
    done = call(*words.split(), model=not words.startswith("restore"))
    assert message in done.err
    assert "pw" not in done.err
    assert done.code == (1 if "no folder of results" in message else 2)
    assert dict(memory.store) == before


def test_a_password_is_not_shown_where_nothing_is_found(call: Command, memory: MemoryFileSystem) -> None:
    memory.pipe_file("/user:pw@host/.hidden", PAGE)
    done = call("clean", "memory://user:pw@host", "-o", "memory://out")
    assert (done.code, "memory://user:***@host: no files with a known extension" in done.err) == (2, True)


def test_an_output_folder_in_the_input_folder_is_not_read(call: Command, memory: MemoryFileSystem) -> None:
    for _ in range(2):
        assert call("clean", "memory://in", "-o", "memory://in/clean").code == 0
    names = ["in/a.txt", "in/b.txt", "in/c.txt"]
    assert [path[1:] for path in memory.find("/in") if path.endswith(".txt") and "/clean/" not in path] == names
    assert sorted(memory.find("/in/clean"))[-3:] == [f"/in/clean/{name}.txt" for name in "abc"]


MISSING = [("gs", "gcsfs"), ("s3", "s3fs"), ("hf", "huggingface_hub"), ("abfs", "adlfs")]


@pytest.mark.parametrize(("scheme", "package"), MISSING)
def test_a_missing_package_is_named(
    scheme: str, package: str, call: Command, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    for name in [name for name in fsspec.registry if name in (scheme, "s3a", "gcs")]:
        monkeypatch.delitem(fsspec.registry.target if hasattr(fsspec.registry, "target") else fsspec.registry, name)
    remote._file_system.cache_clear()
    done = call("clean", f"{scheme}://bucket/a.txt", "-o", tmp_path / "a.txt")
    assert done.code == 2
    assert f"{scheme}:// needs another package" in done.err
    assert package in done.err


def test_a_missing_fsspec_is_named(call: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    remote._file_system.cache_clear()
    monkeypatch.setitem(sys.modules, "fsspec", None)
    done = call("clean", "memory://in/a.txt")
    assert done.code == 2
    assert (
        "memory:// needs fsspec, which is not installed; install it with: pip install 'boilerplate-detector[remote]'"
        in done.err
    )


def test_a_run_is_refused_while_another_one_writes(call: Command, memory: MemoryFileSystem) -> None:
    with lease.leased(Url("memory://out/.detector-lock"), Url("memory://out")):
        done = call("clean", "memory://in", "-o", "memory://out")
    assert done.code == 1
    assert (
        "memory://out: another run is writing there; wait until it has finished, or give another --output" in done.err
    )
    assert not memory.exists("/out/a.txt")
    assert call("clean", "memory://in", "-o", "memory://out").code == 0
    assert not memory.exists(LOCK)


def test_the_lease_of_a_killed_run_is_taken_over(call: Command, memory: MemoryFileSystem) -> None:
    memory.pipe_file(LOCK, b'{"owner": "gone", "number": 7}')
    assert call("clean", "memory://in", "-o", "memory://out").code == 0
    assert not memory.exists(LOCK)


def test_a_run_whose_lease_is_taken_over_publishes_nothing_more(
    call: Command, memory: MemoryFileSystem, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lease, "RENEWED", 0.001)
    taken = threading.Event()
    renew = lease.Lease._renew

    def renewing(self: lease.Lease) -> None:
        renew(self)
        taken.set()

    monkeypatch.setattr(lease.Lease, "_renew", renewing)
    get_file = MemoryFileSystem.get_file

    def getting(self: MemoryFileSystem, path: str, *arguments: Any, **options: Any) -> None:
        if path == "/in/b.txt":
            while not taken.is_set():  # a renewal that is under way may come after it
                memory.pipe_file(LOCK, b'{"owner": "another", "number": 1}')
                taken.wait(0.01)
        get_file(self, path, *arguments, **options)

    monkeypatch.setattr(MemoryFileSystem, "get_file", getting)
    done = call("clean", "memory://in", "-o", "memory://out")
    assert done.code == 1
    assert "another run is writing there" in done.err
    assert not memory.exists(f"/out/{MANIFEST_FILE}")
    assert b"another" in memory.cat_file(LOCK)


@pytest.mark.parametrize("removed", ["removed.jsonl", "removed.jsonl.gz"])
@pytest.mark.parametrize("stop", range(1, 9))
def test_a_run_that_is_killed_while_it_publishes_is_resumed(
    stop: int, removed: str, call: Command, memory: MemoryFileSystem, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After any write, nothing is claimed that is not there, and the next run makes what one run would have made."""
    command = ("clean", "memory://in", "-o", "memory://out", "--removed", f"memory://{removed}", *REMOVING)
    assert call(*command).code == 0
    expected = results(memory)
    assert expected[f"/{removed}"]
    for path in [path for path in memory.store if not path.startswith("/in/")]:
        memory.rm_file(path)
    monkeypatch.setattr(mirror, "SECONDS", 0.0)
    monkeypatch.setattr(mirror, "_SHARE", 0)
    put_file, written = MemoryFileSystem.put_file, []

    def dying(self: MemoryFileSystem, *arguments: Any, **options: Any) -> None:
        if len(written) >= stop:
            raise SystemExit(9)
        put_file(self, *arguments, **options)
        written.append(arguments[1])

    monkeypatch.setattr(MemoryFileSystem, "put_file", dying)
    assert call(*command).code == 9
    claimed = memory.cat_file(f"/out/{MANIFEST_FILE}") if memory.exists(f"/out/{MANIFEST_FILE}") else b""
    for line in claimed.splitlines():
        assert memory.exists(f"/out/{json.loads(line)['file']}")
    monkeypatch.setattr(MemoryFileSystem, "put_file", put_file)
    assert call(*command).code == 0
    assert results(memory) == expected
    summary = json.loads(memory.cat_file("/out/_summary.json"))
    assert summary["done_before"] == len(claimed.splitlines())


def results(memory: MemoryFileSystem) -> dict[str, bytes]:
    """Everything that a run has written, without what has times in it; the lines of a sidecar in any order."""
    import gzip

    found: dict[str, bytes] = {}
    for path in sorted(memory.store):
        data = memory.cat_file(path)
        if path.startswith("/in/") or path.endswith(("_manifest.jsonl", "_summary.json")):
            continue
        lines = gzip.decompress(data) if path.endswith(".gz") else data
        found[path] = b"".join(sorted(lines.splitlines(keepends=True))) if "removed" in path else data
    return found


def test_a_sidecar_that_cannot_be_fetched_stays(
    call: Command, memory: MemoryFileSystem, monkeypatch: pytest.MonkeyPatch
) -> None:
    command = (
        "clean",
        "memory://in",
        "-o",
        "memory://out",
        "--removed",
        "memory://removed.jsonl",
        "--max-removed",
        "1",
    )
    assert call(*command).code == 0
    before = {path: memory.cat_file(path) for path in memory.store}
    memory.pipe_file("/in/d.txt", PAGE)
    get_file = MemoryFileSystem.get_file

    def breaking(self: MemoryFileSystem, path: str, file: str, *arguments: Any, **options: Any) -> None:
        get_file(self, path, file, *arguments, **options)
        if path == "/removed.jsonl":
            Path(file).write_bytes(b"{")
            raise ConnectionResetError("connection lost")

    monkeypatch.setattr(MemoryFileSystem, "get_file", breaking)
    done = call(*command)
    assert done.code == 1
    assert "memory://removed.jsonl: cannot be read (connection lost)" in done.err
    assert {path: memory.cat_file(path) for path in before} == before
    assert not memory.exists("/out/d.txt")


def test_a_sidecar_that_cannot_be_written_is_kept(
    call: Command, memory: MemoryFileSystem, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setattr(mirror, "SECONDS", 0.0)
    put_file = MemoryFileSystem.put_file

    def failing(self: MemoryFileSystem, file: str, path: str, *arguments: Any, **options: Any) -> None:
        if path == "/removed.jsonl":
            raise PermissionError("Access Denied")
        put_file(self, file, path, *arguments, **options)

    monkeypatch.setattr(MemoryFileSystem, "put_file", failing)
    done = call("clean", "memory://in", "-o", "memory://out", "--removed", "memory://removed.jsonl", *REMOVING)
    assert done.code == 1
    assert "memory://removed.jsonl: cannot be written (Access Denied)" in done.err
    assert {f"/out/{name}.txt" for name in "abc"} <= set(memory.find("/out"))
    (kept,) = tmp_path.glob("detector-kept-*/removed.jsonl")
    assert f"is kept in {kept.parent}" in done.err
    assert {json.loads(line)["file"] for line in kept.read_bytes().splitlines()} == {"a.txt", "b.txt", "c.txt"}
    assert memory.cat_file(f"/out/{MANIFEST_FILE}") == b""  # it names no result whose removed text is not there


def test_a_sidecar_of_another_run_is_refused(call: Command, memory: MemoryFileSystem) -> None:
    memory.pipe_file("/removed.jsonl", b'{"file": "a.txt"}\n')
    before = dict(memory.store)
    for _ in range(2):
        done = call("clean", "memory://in", "-o", "memory://out", "--removed", "memory://removed.jsonl")
        assert done.code == 2
        assert "memory://removed.jsonl: has lines already, but memory://out has no results" in done.err
        assert dict(memory.store) == before


class Renaming(LocalFileSystem):
    """A file system where a file is there as soon as it is begun, as over SFTP."""

    protocol = "renaming"
    broken = False

    @classmethod
    def _strip_protocol(cls, path: str) -> str:  # type: ignore[override]
        return path.removeprefix("renaming://")

    def put_file(self, lpath: str, rpath: str, *arguments: Any, **options: Any) -> None:
        Path(rpath).write_bytes(Path(lpath).read_bytes()[: 10 if self.broken else None])
        if self.broken:
            raise ConnectionResetError("connection lost")


@pytest.fixture
def renaming() -> Iterator[type[Renaming]]:
    fsspec.register_implementation("renaming", Renaming, clobber=True)
    remote._file_system.cache_clear()
    yield Renaming
    Renaming.broken = False
    remote._file_system.cache_clear()


def test_a_result_is_renamed_when_it_is_complete(call: Command, renaming: type[Renaming], tmp_path: Path) -> None:
    folder = f"renaming://{tmp_path}/out"
    assert call("clean", "memory://in", "-o", folder, *REMOVING).code == 0
    before = {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir() if path.suffix == ".txt"}
    assert sorted(before) == ["a.txt", "b.txt", "c.txt"]
    renaming.broken = True
    done = call("clean", "memory://in", "-o", folder, *REMOVING, "--keep", "newsletter", "--force")
    assert done.code == 1
    assert "cannot be written (connection lost)" in done.err
    assert {path.name: path.read_bytes() for path in (tmp_path / "out").glob("*.txt")} == before
    assert not list(tmp_path.rglob("*.tmp"))


def test_a_file_that_is_replaced_while_it_is_read_is_read_again(
    memory: MemoryFileSystem, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    get_file, replaced = MemoryFileSystem.get_file, []

    def changing(self: MemoryFileSystem, path: str, *arguments: Any, **options: Any) -> None:
        get_file(self, path, *arguments, **options)
        if not replaced:
            memory.pipe_file(path, b"another")
            replaced.append(path)

    monkeypatch.setattr(MemoryFileSystem, "get_file", changing)
    monkeypatch.setattr(remote, "_LARGE", 1)  # as if it were read in parts
    listed = remote.fetch(Url("memory://in/a.txt"), tmp_path / "a.txt")
    assert (tmp_path / "a.txt").read_bytes() == b"another"
    assert listed.size == len(b"another")


def test_a_file_that_is_cut_off_is_not_taken_for_the_whole(
    call: Command, memory: MemoryFileSystem, monkeypatch: pytest.MonkeyPatch
) -> None:
    def cutting(self: MemoryFileSystem, path: str, file: str, *arguments: Any, **options: Any) -> None:
        Path(file).write_bytes(self.cat_file(path)[:-1])

    monkeypatch.setattr(MemoryFileSystem, "get_file", cutting)
    done = call("clean", "memory://in/a.txt", "-o", "memory://a.txt")
    assert done.code == 1
    assert "memory://in/a.txt: cannot be read (it changes while it is read, or is cut off)" in done.err
    assert not memory.exists("/a.txt")


def test_a_full_disk_stops_the_run(
    call: Command, memory: MemoryFileSystem, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(self: MemoryFileSystem, *arguments: Any, **options: Any) -> None:
        raise OSError(28, os.strerror(28))

    monkeypatch.setattr(MemoryFileSystem, "get_file", full)
    with pytest.raises(OutputError, match="set TMPDIR to another place"):
        remote.fetch(Url("memory://in/a.txt"), tmp_path / "a.txt")
    done = call("clean", "memory://in", "-o", "memory://out")
    assert done.code == 1
    assert "make room for it" in done.err
    assert "failed:" not in done.err
    assert sorted(memory.find("/out")) == [f"/out/{MANIFEST_FILE}", f"/out/{REJECTED_FILE}"]
