"""Sidecars: what is read back is what was written, in every form, whatever happened in between."""

from __future__ import annotations

import gzip
import json
import os
import re
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from rewriting import needs

from detector.corpus.sidecar import append_to_sidecar, keep_lines, lines_by_file, read_sidecar, require, sidecar
from detector.errors import DataError, UsageError
from detector.util.json_lines import json_line
from detector.util.output import OutputError

NAMES = ["r.jsonl", "r.jsonl.gz", "r.jsonl.xz", needs("zstandard", "r.jsonl.zst"), needs("pyarrow", "r.parquet")]
forms = pytest.mark.parametrize("name", NAMES)

Lines = list[dict[str, Any]]


def write(path: Path, lines: Lines) -> None:
    with sidecar(path) as stream:
        assert stream is not None
        stream.writelines(map(json_line, lines))


def append(path: Path, lines: Lines, *arguments: Any) -> None:
    with append_to_sidecar(path, *arguments) as stream:
        assert stream is not None
        stream.writelines(map(json_line, lines))


def line(file: str, number: int = 0) -> dict[str, Any]:
    return {"file": file, "start": number, "text": f"{file} {number}"}


def names(folder: Path) -> list[str]:
    return [file.name for file in folder.iterdir()]


def is_of(file: str) -> Callable[[dict[str, Any]], bool]:
    return lambda record: record["file"] == file


# As written, so read

bytes_as_text = st.binary(max_size=20).map(lambda data: data.decode("utf-8", "surrogateescape"))
lone = st.text(st.characters(), max_size=8).filter(lambda text: json.loads(json.dumps(text)) == text)
text = st.one_of(st.text(max_size=20), bytes_as_text, lone)


@forms
@settings(max_examples=30)
@given(rows=st.lists(st.tuples(text, text, st.integers(0, 2**40), st.none() | text), max_size=6))
@example(rows=[("caf\udce9.txt", "\udcff\udcfe line\r\n", 3, None), ("b", "\x00\u2028", 0, "\ud800")])
@example(rows=[("a", "plain", 0, None), ("a", "plain", 0, "later")])
def test_any_text_comes_back(name: str, rows: list[tuple[Any, ...]], tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("sidecar") / name
    lines = [dict(zip(("file", "text", "start", "kind"), row, strict=True)) for row in rows]
    write(path, lines)
    assert list(read_sidecar(path)) == lines
    append(path, lines)
    assert list(read_sidecar(path)) == lines * 2
    assert lines_by_file(path) == Counter(str(row[0]) for row in rows * 2)


@forms
def test_nested_lines_come_back(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Those of decisions; the first ones have no paragraphs from which a type could be told."""
    monkeypatch.setattr("detector.corpus.sidecar_parquet._GROUP_ROWS", 2)
    paragraph = {"start": 0, "label": "appeal", "keep": False, "scores": {"appeal": 0.5, "reporting": 0.25}}
    lines: Lines = [{"id": str(n), "paragraphs": [paragraph] * (n // 4)} for n in range(9)]
    write(tmp_path / name, lines)
    assert list(read_sidecar(tmp_path / name)) == lines


def test_a_parquet_sidecar_is_read_by_others_as_text(tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    write(tmp_path / "r.parquet", [{"text": "caf\udce9", "end": 4}, {"text": "coffee", "end": 6}])
    assert parquet.read_table(tmp_path / "r.parquet").to_pylist() == [
        {"text": "caf\ufffd", "end": 4, "escaped": '{"text": "caf\\udce9"}'},
        {"text": "coffee", "end": 6, "escaped": None},
    ]
    write(tmp_path / "plain.parquet", [{"text": "coffee", "end": 6}])
    assert parquet.read_table(tmp_path / "plain.parquet").column_names == ["text", "end"]


@pytest.mark.parametrize("files", [["whole"], ["removed"], ["removed", "whole"]], ids=" ".join)
def test_a_parquet_sidecar_has_the_same_columns_whatever_was_removed(files: list[str], tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    place = {"file": "a", "document": 1, "id": "x"}
    removed = {"start": 0, "end": 2, "label": "appeal", "kind": "app", "score": 0.5, "text": "a\n", "digest": "0"}
    lines = {
        "removed": place | removed | {"original": None, "kept_whole": False},
        "whole": place | dict.fromkeys(removed) | {"original": None, "kept_whole": True},
    }
    write(tmp_path / "r.parquet", [lines[file] for file in files])
    assert list(read_sidecar(tmp_path / "r.parquet")) == [lines[file] for file in files]
    assert [(field.name, str(field.type)) for field in parquet.read_schema(tmp_path / "r.parquet")] == [
        ("file", "string"), ("document", "int64"), ("id", "string"), ("start", "int64"), ("end", "int64"),
        ("label", "string"), ("kind", "string"), ("score", "double"), ("text", "string"), ("digest", "string"),
        ("original", "string"), ("kept_whole", "bool"),
    ]  # fmt: skip


def test_a_compressed_parquet_file_is_refused() -> None:
    pytest.importorskip("pyarrow")
    with pytest.raises(UsageError, match="compressed inside"):
        require(Path("r.parquet.gz"))


# Over several runs


@forms
def test_lines_of_a_file_are_replaced_when_it_is_done_again(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    append(path, [line("a", 1), line("b", 1), line("a", 2)])
    append(path, [line("a", 3)], None, is_of("a"))
    assert list(read_sidecar(path)) == [line("b", 1), line("a", 3)]
    append(path, [], None, is_of("c"))
    assert list(read_sidecar(path)) == [line("b", 1), line("a", 3)]
    assert names(tmp_path) == [name]


@forms
def test_surplus_lines_are_the_first_ones(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    append(path, [line("a", 1), line("b", 1), line("a", 2), line("a", 3)])
    append(path, [line("c", 1)], Counter(a=2, c=1, d=1))
    assert list(read_sidecar(path)) == [line("b", 1), line("a", 3), line("c", 1)]


@forms
@pytest.mark.parametrize("error", [KeyboardInterrupt, OutputError])
def test_a_run_that_is_ended_keeps_all_lines(name: str, error: type[BaseException], tmp_path: Path) -> None:
    path = tmp_path / name
    append(path, [line("a", 1)])

    def fail() -> None:
        with append_to_sidecar(path, None, is_of("a")) as stream:
            assert stream is not None
            stream.write(json_line(line("a", 2)))
            stream.flush()
            raise error

    with pytest.raises(error):
        fail()
    assert lines_by_file(path) == {"a": 2}
    append(path, [line("b", 1)])
    assert list(read_sidecar(path)) == [line("a", 1), line("a", 2), line("b", 1)]


@pytest.mark.parametrize("torn", [b'{"file": "b", "te', b'{"file": "b"}', b"\xff", b"null\n"])
def test_a_torn_line_swallows_no_other(torn: bytes, tmp_path: Path) -> None:
    path = tmp_path / "r.jsonl"
    path.write_bytes(json_line(line("a")) + torn)
    assert lines_by_file(path) == {"a": 1}
    append(path, [line("c")])
    assert list(read_sidecar(path)) == [line("a"), line("c")]


@forms
def test_a_strict_reading_returns_all_lines(name: str, tmp_path: Path) -> None:
    write(tmp_path / name, [line("a"), line("b")])
    assert list(read_sidecar(tmp_path / name, strict=True)) == [line("a"), line("b")]


@pytest.mark.parametrize("compression", ["", ".gz"])
@pytest.mark.parametrize(
    "bad", [b'{"file": "b", "te', b'{"file": "b"}', b"\xff\n", b"null\n", b"\n", b"[" * 99 + b"\n"]
)
def test_a_torn_line_is_an_error_of_a_strict_reading(bad: bytes, compression: str, tmp_path: Path) -> None:
    path = tmp_path / f"r.jsonl{compression}"
    data = json_line(line("a")) + bad
    path.write_bytes(gzip.compress(data) if compression else data)
    with pytest.raises(DataError, match=rf"{re.escape(str(path))}: line 2 is no line of a file of removed text; "):
        list(read_sidecar(path, strict=True))


@pytest.mark.parametrize("cut", [0, 1, 40, -1, -9])
@pytest.mark.parametrize("name", NAMES[1:])
def test_a_damaged_sidecar_is_named_and_stays(name: str, cut: int, tmp_path: Path) -> None:
    path = tmp_path / name
    write(path, [line("a", number) for number in range(9)])
    path.write_bytes(path.read_bytes()[:cut])
    damaged = path.read_bytes()
    for read in (lambda: list(read_sidecar(path)), lambda: lines_by_file(path), lambda: append(path, [line("b")])):
        with pytest.raises(DataError, match=rf"{re.escape(str(path))}: .*get the file again"):
            read()
    assert path.read_bytes() == damaged
    assert names(tmp_path) == [name]


def test_a_changed_value_in_a_parquet_sidecar_is_noticed(tmp_path: Path) -> None:
    pytest.importorskip("pyarrow")
    path = tmp_path / "r.parquet"
    write(path, [{"file": "a", "text": "Subscribe to our newsletter!"}])
    path.write_bytes(path.read_bytes().replace(b"newsletter", b"newsLetter", 1))
    with pytest.raises(DataError, match=r"r\.parquet: damaged"):
        list(read_sidecar(path))


@pytest.mark.parametrize("bad", [{"file": ["x"]}, {"file": {}}, {"file": 5}, {"n": 1}])
def test_lines_of_no_file_stay(bad: dict[str, Any], tmp_path: Path) -> None:
    path = tmp_path / "r.jsonl"
    write(path, [line("a"), bad])
    append(path, [], Counter(b=1), lambda record: record["file"] in {"a"})
    assert list(read_sidecar(path)) == [bad]


@forms
def test_two_runs_do_not_append_at_the_same_time(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    write(path, [line("a")])
    (tmp_path / "link").mkdir()
    link = tmp_path / "link" / name
    link.symlink_to(path)
    with append_to_sidecar(path) as stream:
        assert stream is not None
        for same in (path, link):
            with pytest.raises(
                DataError, match=f"{same}: another run is writing to it; wait until it has finished, or"
            ):
                append(same, [line("b")])
        stream.write(json_line(line("c")))
    append(path, [line("d")])
    assert list(read_sidecar(path)) == [line("a"), line("c"), line("d")]


@pytest.mark.parametrize("name", ["r.csv", "r.JSON", "r.txt", "r.md", "r.tsv.gz", "r.wet", "r.warc.gz"])
def test_the_name_of_another_format_is_refused(name: str) -> None:
    with pytest.raises(UsageError, match=r"\.jsonl, \.jsonl\.gz or \.parquet"):
        require(Path(name))


@pytest.mark.parametrize("name", ["r.jsonl", "r.ndjson.gz", "r", "r.removed", "r.gz", "/dev/stdout"])
def test_other_names_are_allowed(name: str) -> None:
    require(Path(name))


@forms
def test_an_error_leaves_the_old_sidecar(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    write(path, [line("old")])

    def fail() -> None:
        with sidecar(path) as stream:
            assert stream is not None
            stream.write(json_line(line("new")))
            raise ValueError("stop")

    with pytest.raises(ValueError, match="stop"):
        fail()
    assert list(read_sidecar(path)) == [line("old")]
    assert [file.name for file in tmp_path.iterdir()] == [name]


def test_lines_are_kept_by_a_condition(tmp_path: Path) -> None:
    path = tmp_path / "r.jsonl"
    write(path, [line("a"), line("b")])
    keep_lines(path, is_of("b"))
    assert list(read_sidecar(path)) == [line("b")]


# Odd places


@pytest.mark.parametrize("length", [255, 250, 240])
@pytest.mark.parametrize("extension", [".jsonl", ".jsonl.gz", needs("pyarrow", ".parquet")])
def test_the_longest_possible_name(length: int, extension: str, tmp_path: Path) -> None:
    path = tmp_path / ("x" * (length - len(extension)) + extension)
    append(path, [line("a")])
    append(path, [line("b")])
    assert list(read_sidecar(path)) == [line("a"), line("b")]
    assert names(tmp_path) == [path.name]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
@pytest.mark.parametrize("opened", [sidecar, append_to_sidecar])
def test_a_full_disk_is_named(opened: Callable[[Path], Any], tmp_path: Path) -> None:
    def fail() -> None:
        with opened(Path("/dev/full")) as stream:
            stream.write(json_line(line("a")))

    with pytest.raises(OutputError, match="/dev/full: cannot be written: No space left on device"):
        fail()


def test_a_pipe_gets_the_new_lines_only(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "r.jsonl")
    reading = os.open(tmp_path / "r.jsonl", os.O_RDONLY | os.O_NONBLOCK)
    try:
        for name in "ab":
            assert lines_by_file(tmp_path / "r.jsonl") == {}
            append(tmp_path / "r.jsonl", [line(name)])
            assert os.read(reading, 1000) == json_line(line(name))
    finally:
        os.close(reading)
