"""Which format a file has, compression around it, libraries that are missing, and plain text."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rewriting import needs, rewritten

from detector.errors import UsageError
from detector.formats.base import Fields
from detector.formats.registry import compression_around, format_of, is_known, require
from detector.formats.compression import ENDINGS, packing, unpacking

PACKINGS = [needs("zstandard", ending) if ending == ".zst" else ending for ending in ENDINGS]

# Which format a file has


@pytest.mark.parametrize(
    ("path", "name", "around"),
    [
        ("a.txt", "text", ""),
        ("a.MD", "text", ""),
        ("a", "text", ""),
        ("a.jsonl", "jsonl", ""),
        ("a.ndjson.zst", "jsonl", ".zst"),
        ("a.b.jsonl.gz", "jsonl", ".gz"),
        ("a.csv.bz2", "csv", ".bz2"),
        ("a.tsv.xz", "tsv", ".xz"),
        ("a.parquet", "parquet", ""),
        ("a.warc.wet.gz", "warc", ""),
        ("a.warc.zst", "warc", ".zst"),
        ("a.unknown.gz", "text", ".gz"),
    ],
)
def test_ending_tells_format_and_compression(path: str, name: str, around: str) -> None:
    form = format_of(Path(path))
    assert form.name == name
    assert compression_around(Path(path), form) == around


def test_named_format_goes_before_the_ending() -> None:
    assert format_of(Path("a.txt"), "jsonl").name == "jsonl"
    with pytest.raises(UsageError, match="give one of text, jsonl"):
        format_of(None, "docx")


def test_only_known_endings_are_taken_from_folders() -> None:
    assert is_known(Path("a.jsonl.gz"))
    assert not is_known(Path("a.pdf"))
    assert not is_known(Path("a.gz"))


# Compression


@pytest.mark.parametrize("ending", ["", *PACKINGS])
@pytest.mark.parametrize("data", [b"", b"x", b"The ferry runs again.\n" * 50_000], ids=len)
def test_packed_data_unpacks(ending: str, data: bytes) -> None:
    packed = io.BytesIO()
    with packing(packed, ending) as stream:
        stream.write(data)
    if ending and data[1:]:
        assert len(packed.getvalue()) < len(data)
    assert unpacking(io.BytesIO(packed.getvalue()), ending).read() == data


@pytest.mark.parametrize("ending", PACKINGS)
def test_members_one_after_the_other_are_one_stream(ending: str) -> None:
    packed = io.BytesIO()
    for part in (b"one\n", b"two\n"):
        with packing(packed, ending) as stream:
            stream.write(part)
    assert list(unpacking(io.BytesIO(packed.getvalue()), ending)) == [b"one\n", b"two\n"]


@pytest.mark.parametrize("ending", PACKINGS)
@pytest.mark.parametrize("damage", [lambda b: b[: len(b) // 2], lambda b: b"no such thing" + b], ids=["cut", "garbage"])
def test_damaged_data_is_an_os_error(ending: str, damage: Callable[[bytes], bytes]) -> None:
    packed = io.BytesIO()
    with packing(packed, ending) as stream:
        stream.write(bytes(range(256)) * 500)
    with pytest.raises(OSError, match=r"\w"):
        unpacking(io.BytesIO(damage(packed.getvalue())), ending).read()


@pytest.mark.parametrize(
    ("path", "module", "command"),
    [
        ("a.parquet", "pyarrow.parquet", "pip install 'boilerplate-detector[parquet]'"),
        ("a.wet.gz", "fastwarc.warc", "pip install 'boilerplate-detector[warc]'"),
        ("a.jsonl.zst", "zstandard", "pip install 'boilerplate-detector[zstd]'"),
    ],
)
def test_a_missing_library_is_named_with_its_command(
    path: str, module: str, command: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(UsageError) as caught:
        require([Path("b.txt"), Path(path)], None)
    assert command in str(caught.value)
    assert module.partition(".")[0] in str(caught.value)


# Memory


class Endless(io.RawIOBase):
    """The same bytes over and over, after a beginning."""

    def __init__(self, start: bytes, again: bytes) -> None:
        self.waiting, self.again, self.given = start, again, 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        while len(self.waiting) < len(buffer):
            self.waiting += self.again
        buffer[:] = self.waiting[: len(buffer)]
        self.waiting = self.waiting[len(buffer) :]
        self.given += len(buffer)
        return len(buffer)


WARC_HEADER = b"WARC/1.0\r\nWARC-Type: conversion\r\nContent-Type: text/plain\r\nContent-Length: 6\r\n\r\n"


@pytest.mark.parametrize(
    ("name", "start", "again"),
    [
        ("jsonl", b"", b'{"text":"Rain."}\n'),
        ("csv", b"text,n\n", b'"Rain\nand sun",1\n'),
        ("warc", b"", WARC_HEADER + b"Rain.\n\r\n\r\n"),
    ],
)
def test_files_are_read_no_further_than_needed(name: str, start: bytes, again: bytes) -> None:
    if name == "warc":
        pytest.importorskip("fastwarc")
    stream = Endless(start, again)
    found = format_of(None, name).read(io.BufferedReader(stream), "file", Fields())
    assert len([next(found) for _ in range(10_000)]) == 10_000
    assert stream.given < 10_000 * len(again) + (1 << 18)


# Text


@given(st.binary())
def test_text_comes_back_byte_for_byte(data: bytes) -> None:
    assert rewritten("text", data) == data
