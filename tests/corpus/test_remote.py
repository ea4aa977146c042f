"""Files in other file systems are found, read and written as local ones are. The file system is fsspec's in memory."""

from __future__ import annotations

import gzip
import json
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import fsspec
import pytest
from command import Called, Command
from fsspec.implementations.memory import MemoryFileSystem

from detector.corpus.walk import MANIFEST_FILE, REJECTED_FILE, SUMMARY_FILE
from detector.util import lease

STORY = "The council voted on Tuesday to reopen the bridge, which had been closed since the flood.\n"
APPEAL = "Subscribe to our newsletter!\n"
PAGE = f"{STORY}{APPEAL}{STORY}".encode()
REMOVING = ("--threshold", "0.9", "--max-removed", "1")  # the appeal, and some more
Files = dict[str, bytes]


def jsonl(*texts: str) -> bytes:
    return b"".join(json.dumps({"id": n, "text": text}).encode() + b"\n" for n, text in enumerate(texts))


def parquet(*texts: str) -> bytes:
    import io

    import pyarrow as pa
    import pyarrow.parquet as pq

    stream = io.BytesIO()
    pq.write_table(pa.table({"id": [str(n) for n in range(len(texts))], "text": list(texts)}), stream)
    return stream.getvalue()


def wet(*texts: str) -> bytes:
    records = []
    for number, text in enumerate(texts):
        data = text.encode()
        head = (
            f"WARC/1.0\r\nWARC-Type: conversion\r\nWARC-Record-ID: <urn:uuid:{number:032x}>\r\n"
            f"WARC-Date: 2031-04-01T00:00:00Z\r\nContent-Type: text/plain\r\nContent-Length: {len(data)}\r\n\r\n"
        )
        records.append(head.encode() + data + b"\r\n\r\n")
    return b"".join(records)


TEXTS = (PAGE.decode(), STORY, APPEAL + STORY)
FILES: Files = {
    "a.txt": PAGE,
    "b.jsonl": jsonl(*TEXTS) + b"no JSON\n" + jsonl(*TEXTS),
    "c.jsonl.gz": gzip.compress(jsonl(*TEXTS), mtime=0),
    "deep/er/d.parquet": parquet(*TEXTS),
    "deep/e.wet.gz": b"".join(gzip.compress(wet(text), mtime=0) for text in TEXTS),
    "deep/f.csv": b'id,text\r\n1,"' + PAGE + b'"\r\n',
}


@pytest.fixture(autouse=True)
def memory(monkeypatch: pytest.MonkeyPatch) -> Iterator[MemoryFileSystem]:
    """An empty file system in memory. A lease that is left is found to be dead at once."""
    monkeypatch.setattr(lease, "RENEWED", 0.02)
    system = fsspec.filesystem("memory")
    system.store.clear()
    system.pseudo_dirs[:] = [""]
    yield system
    system.store.clear()
    system.pseudo_dirs[:] = [""]


@pytest.fixture
def call(
    tiny_model_dir: Path, capfdbinary: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Called]:
    return Command(tiny_model_dir, capfdbinary, monkeypatch)


@pytest.fixture
def clean(call: Command) -> bytes:
    """What is left of `PAGE`."""
    done = call("clean", "-", *REMOVING, stdin=PAGE)
    assert APPEAL.encode() not in done.out
    return done.out


def put(system: MemoryFileSystem, files: Files, folder: str = "/in") -> None:
    for name, content in files.items():
        system.pipe_file(f"{folder}/{name}", content)


def contents(system: MemoryFileSystem, folder: str) -> Files:
    """The files below a folder, without the reports of a run."""
    found = {path[len(folder) + 1 :]: system.cat_file(path) for path in system.find(folder)}
    return {name: data for name, data in found.items() if name not in (MANIFEST_FILE, SUMMARY_FILE)}


def local_contents(folder: Path) -> Files:
    found = {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    left_out = (MANIFEST_FILE, SUMMARY_FILE, ".detector-lock")
    return {name: data for name, data in found.items() if name not in left_out}


def write(folder: Path, files: Files) -> None:
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)


def summary(system: MemoryFileSystem, folder: str = "/out") -> dict[str, Any]:
    values: dict[str, Any] = json.loads(system.cat_file(f"{folder}/{SUMMARY_FILE}"))
    return values


@pytest.fixture
def locally(call: Command, tmp_path: Path) -> Path:
    """A folder with the results of a local run in ``out``, and its sidecars."""
    folder = tmp_path / "local"
    write(folder / "in", FILES)
    done = call("clean", folder / "in", "-o", folder / "out", "--removed", folder / "removed.jsonl", *REMOVING)
    assert done.code == 1, done.err  # a record is rejected
    return folder


SIDECARS = ["removed.jsonl", "removed.jsonl.gz", "removed.parquet"]


@pytest.mark.parametrize("removed", SIDECARS)
def test_a_folder_is_cleaned_as_a_local_one(
    removed: str, call: Command, locally: Path, memory: MemoryFileSystem
) -> None:
    put(memory, FILES)
    command = ("clean", "memory://in", "-o", "memory://out", "--removed", f"memory://side/{removed}", *REMOVING)
    done = call(*command)
    assert done.code == 1, done.err
    assert "memory://in/b.jsonl:4: rejected" in done.err
    assert tempfile.gettempdir() not in done.err
    assert contents(memory, "/out") == local_contents(locally / "out")
    local_lines = (locally / "removed.jsonl").read_bytes().replace(bytes(locally / "in"), b"memory://in")  # ids
    if removed.endswith(".gz"):
        assert gzip.decompress(memory.cat_file(f"/side/{removed}")) == local_lines
    elif removed.endswith(".jsonl"):
        assert memory.cat_file(f"/side/{removed}") == local_lines
    assert sorted(memory.find("/side")) == [f"/side/{removed}"]  # no working copy, no lease
    before = {name: memory.info(f"/out/{name}")["created"] for name in FILES}
    again = call(*command)
    assert again.code == 1, again.err  # the record that was rejected before still counts
    assert summary(memory)["done_before"] == len(FILES)
    assert summary(memory)["done_now"] == 0
    assert {name: memory.info(f"/out/{name}")["created"] for name in FILES} == before


def test_what_has_changed_is_done_again(call: Command, memory: MemoryFileSystem) -> None:
    put(memory, {"a.txt": PAGE, "b.txt": PAGE, "c.txt": PAGE})
    command = ("clean", "memory://in/", "-o", "memory://out/", "--removed", "memory://removed.jsonl.gz", *REMOVING)
    assert call(*command).code == 0
    put(memory, {"a.txt": PAGE[:-1] + b" "})
    memory.rm_file("/out/b.txt")
    put(memory, {"d.txt": PAGE})
    assert call(*command).code == 0
    counts = summary(memory)
    assert (counts["done_before"], counts["done_now"]) == (1, 3)
    assert sorted(contents(memory, "/out")) == [REJECTED_FILE, "a.txt", "b.txt", "c.txt", "d.txt"]
    lines = [json.loads(line)["file"] for line in gzip.decompress(memory.cat_file("/removed.jsonl.gz")).splitlines()]
    assert sorted(set(lines)) == ["a.txt", "b.txt", "c.txt", "d.txt"]
    assert all(lines.count(name) == lines.count("c.txt") for name in lines)  # no line twice
    assert call(*command, "--force").code == 0
    assert summary(memory)["done_now"] == 4
    assert call(*command, "--threshold", "0.2").code == 0
    assert summary(memory)["done_now"] == 4


@pytest.mark.parametrize(
    "output", ["memory://out/a.txt", "memory://out/", "memory://there", "file://{}/out/a.txt", "{}/a.txt"]
)
def test_a_file_is_cleaned(output: str, call: Command, clean: bytes, memory: MemoryFileSystem, tmp_path: Path) -> None:
    put(memory, {"a.txt": PAGE})
    memory.makedirs("/there")
    target = output.format(tmp_path)
    done = call("clean", "memory://in/a.txt", "-o", target, *REMOVING)
    assert done.code == 0, done.err
    if target.startswith("memory"):
        assert contents(memory, "/there" if "there" in target else "/out") == {"a.txt": clean}
    else:
        assert next(tmp_path.rglob("a.txt")).read_bytes() == clean


def test_standard_streams_go_with_urls(call: Command, clean: bytes, memory: MemoryFileSystem) -> None:
    put(memory, {"a.txt": PAGE})
    assert call("clean", "memory://in/a.txt", *REMOVING).out == clean
    assert call("clean", "-", "-o", "memory://b.txt", *REMOVING, stdin=PAGE).code == 0
    assert memory.cat_file("/b.txt") == clean


@pytest.mark.parametrize(
    ("pattern", "names"),
    [
        ("*.txt", ["a.txt"]),
        ("**/*.gz", ["c.jsonl.gz", "deep/e.wet.gz"]),
        ("de?p", ["deep/e.wet.gz", "deep/er/d.parquet", "deep/f.csv"]),
        ("deep/**", ["e.wet.gz", "er/d.parquet", "f.csv"]),
        ("*/*/*.parquet", ["deep/er/d.parquet"]),
        ("[ac].*", ["a.txt", "c.jsonl.gz"]),
        ("deep/[a", None),
    ],
)
def test_patterns_match_as_local_ones(
    pattern: str, names: list[str] | None, call: Command, locally: Path, memory: MemoryFileSystem, tmp_path: Path
) -> None:
    put(memory, FILES)
    done = call("clean", f"memory://in/{pattern}", "-o", "memory://out", "-q")
    before = call("clean", locally / "in" / pattern, "-o", tmp_path / "out", "-q")
    assert done.code == before.code == (2 if names is None else 0), done.err
    assert sorted(contents(memory, "/out")) == sorted(local_contents(tmp_path / "out"))
    assert [name for name in sorted(contents(memory, "/out")) if name != REJECTED_FILE] == (names or [])


def test_several_urls_begin_with_the_names_of_their_folders(
    call: Command, memory: MemoryFileSystem, tmp_path: Path
) -> None:
    put(memory, {"a.txt": PAGE}, "/one")
    put(memory, {"a.txt": PAGE}, "/two")
    write(tmp_path / "three", {"a.txt": PAGE})
    assert call("clean", "memory://one", "memory://two/", tmp_path / "three", "-o", "memory://out").code == 0
    assert sorted(contents(memory, "/out")) == [REJECTED_FILE, "one/a.txt", "three/a.txt", "two/a.txt"]


def test_local_results_of_a_remote_folder_are_resumed(call: Command, memory: MemoryFileSystem, tmp_path: Path) -> None:
    put(memory, FILES)
    out = tmp_path / "out"
    for done_now in (len(FILES), 0):
        assert call("clean", "memory://in", "-o", out, "--removed", "memory://removed.parquet").code == 1
        assert json.loads((out / SUMMARY_FILE).read_text())["done_now"] == done_now


def test_decisions_are_those_of_local_files(
    call: Command, locally: Path, memory: MemoryFileSystem, tmp_path: Path
) -> None:
    put(memory, FILES)
    rejected = "memory://rejected.jsonl.gz"
    done = call("predict", "memory://in", "-o", "memory://d/decisions.jsonl.gz", "--rejected", rejected)
    assert done.code == 1, done.err
    call("predict", locally / "in", "-o", tmp_path / "decisions.jsonl")
    lines = (tmp_path / "decisions.jsonl").read_bytes().replace(bytes(locally / "in"), b"memory://in")
    assert gzip.decompress(memory.cat_file("/d/decisions.jsonl.gz")) == lines
    assert json.loads(gzip.decompress(memory.cat_file("/rejected.jsonl.gz")))["file"] == "memory://in/b.jsonl"
    assert call("predict", "memory://in/a.txt").out == lines.splitlines(keepends=True)[0]
    table = call("predict", "memory://in/b.jsonl", "--table", "--rejected", "memory://r.jsonl")
    assert table.code == 1
    assert memory.exists("/r.jsonl")


@pytest.mark.parametrize("removed", SIDECARS)
@pytest.mark.parametrize("target", ["memory://back", "{}/back"])
def test_the_originals_are_restored(
    removed: str, target: str, call: Command, memory: MemoryFileSystem, tmp_path: Path
) -> None:
    put(memory, FILES)
    call("clean", "memory://in", "-o", "memory://out", "--removed", f"memory://{removed}", *REMOVING)
    done = call("restore", "memory://out/", f"memory://{removed}", "-o", target.format(tmp_path), model=False)
    assert done.code == 0, done.err
    back = local_contents(tmp_path / "back") if "{" in target else contents(memory, "/back")
    assert {name: plain(name, data) for name, data in back.items()} == {n: plain(n, data) for n, data in FILES.items()}


def plain(name: str, data: bytes) -> object:
    """The content of a file: of a compressed one the data, of Parquet the values."""
    if name.endswith(".parquet"):
        import io

        import pyarrow.parquet as pq

        return pq.read_table(io.BytesIO(data)).to_pylist()
    return gzip.decompress(data) if name.endswith(".gz") else data


def test_one_original_is_restored(call: Command, clean: bytes, memory: MemoryFileSystem) -> None:
    put(memory, {"a.txt.gz": gzip.compress(PAGE)})
    call("clean", "memory://in/a.txt.gz", "-o", "memory://c.txt", "--removed", "memory://r.jsonl", *REMOVING)
    assert memory.cat_file("/c.txt") == clean
    assert call("restore", "memory://c.txt", "memory://r.jsonl", "-o", "memory://o.txt", model=False).code == 0
    assert memory.cat_file("/o.txt") == PAGE
    memory.pipe_file("/r.jsonl", b"{\n")
    damaged = call("restore", "memory://c.txt", "memory://r.jsonl", "-o", "memory://o.txt", model=False)
    assert damaged.code == 1
    assert "memory://r.jsonl: line 1 is no line of a file of removed text" in damaged.err
    missing = call("restore", "memory://c.txt", "memory://no.jsonl", "-o", "memory://o.txt", model=False)
    assert (missing.code, "memory://no.jsonl: no such file or folder" in missing.err) == (2, True)


FAILURES = [
    (PermissionError("Access Denied"), "memory://in/b.txt: cannot be read (Access Denied)"),
    (FileNotFoundError("/in/b.txt"), "memory://in/b.txt: cannot be read (no such file or folder)"),
    (TimeoutError(), "memory://in/b.txt: cannot be read (TimeoutError)"),
    (RuntimeError("The connection\nwas lost"), "memory://in/b.txt: cannot be read (The connection was lost)"),
]


@pytest.mark.parametrize(("error", "message"), FAILURES, ids=[type(error).__name__ for error, _ in FAILURES])
@pytest.mark.parametrize("output", ["memory://out", "{}"])
def test_a_file_that_fails_is_reported_and_the_others_are_cleaned(
    error: Exception,
    message: str,
    output: str,
    call: Command,
    memory: MemoryFileSystem,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    put(memory, {"a.txt": PAGE, "b.txt": PAGE, "c.txt": PAGE})
    get_file = MemoryFileSystem.get_file

    def failing(self: MemoryFileSystem, path: str, *arguments: Any, **options: Any) -> None:
        if path == "/in/b.txt":
            raise error
        get_file(self, path, *arguments, **options)

    monkeypatch.setattr(MemoryFileSystem, "get_file", failing)
    done = call("clean", "memory://in", "-o", output.format(tmp_path / "out"))
    assert done.code == 1
    assert f"failed: {message}\n" in done.err
    results = contents(memory, "/out") if output.startswith("memory") else local_contents(tmp_path / "out")
    assert sorted(results) == [REJECTED_FILE, "a.txt", "c.txt"]
    monkeypatch.setattr(MemoryFileSystem, "get_file", get_file)
    assert call("clean", "memory://in", "-o", output.format(tmp_path / "out")).code == 0


def test_a_result_that_cannot_be_written_is_reported(
    call: Command, memory: MemoryFileSystem, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(memory, {"a.txt": PAGE, "b.txt": PAGE})
    put_file = MemoryFileSystem.put_file

    def failing(self: MemoryFileSystem, file: str, path: str, *arguments: Any, **options: Any) -> None:
        if path == "/out/a.txt":
            raise PermissionError("Access Denied")
        put_file(self, file, path, *arguments, **options)

    monkeypatch.setattr(MemoryFileSystem, "put_file", failing)
    done = call("clean", "memory://in", "-o", "memory://out")
    assert done.code == 1
    assert "failed: memory://in/a.txt: memory://out/a.txt: cannot be written (Access Denied)\n" in done.err
    assert sorted(contents(memory, "/out")) == [REJECTED_FILE, "b.txt"]
    assert [json.loads(line)["file"] for line in memory.cat_file("/out/_manifest.jsonl").splitlines()] == ["b.txt"]


def test_a_folder_that_cannot_be_listed_is_reported(
    call: Command, memory: MemoryFileSystem, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(memory, {"a.txt": PAGE, "closed/b.txt": PAGE})
    ls = MemoryFileSystem.ls

    def failing(self: MemoryFileSystem, path: str, *arguments: Any, **options: Any) -> Any:
        if path == "/in/closed":
            raise PermissionError("Access Denied")
        return ls(self, path, *arguments, **options)

    monkeypatch.setattr(MemoryFileSystem, "ls", failing)
    done = call("clean", "memory://in", "-o", "memory://out")
    assert done.code == 1
    assert "memory://in/closed: cannot be listed (Access Denied); its files are not read\n" in done.err
    assert sorted(contents(memory, "/out")) == [REJECTED_FILE, "a.txt"]


def test_odd_names_are_passed_over_or_read(call: Command, clean: bytes, memory: MemoryFileSystem) -> None:
    odd = {
        "a::b.txt": PAGE, "c d#e.txt": PAGE, "f%20g.txt": PAGE, "h[i].txt": PAGE, "\u00e9\u2603.txt": PAGE,
        ".hidden.txt": PAGE, "_manifest.jsonl": b"", "x.orig": PAGE, "j.pdf": b"", ".k/l.txt": PAGE, "\\m.txt": PAGE,
    }  # fmt: skip
    put(memory, odd)
    done = call("clean", "memory://in", "-o", "memory://out", *REMOVING)
    assert done.code == 0, done.err
    read = {"a::b.txt", "c d#e.txt", "f%20g.txt", "h[i].txt", "\u00e9\u2603.txt", "\\m.txt"}
    assert contents(memory, "/out") == {REJECTED_FILE: b"", **dict.fromkeys(read, clean)}
    assert "passed over: 1 file with an unknown extension: .pdf 1" in done.err
    for name in ("a::b.txt", "h[i].txt"):
        assert call("clean", f"memory://in/{name}", *REMOVING).out == clean
