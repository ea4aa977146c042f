"""Detecting a file's format, missing libraries, and plain text."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rewriting import rewritten

from detector.errors import UsageError
from detector.formats.base import Fields
from detector.formats.registry import FORMATS, FileType, file_type, format_by_extension, load_format, require

# Detecting the format


@pytest.mark.parametrize(
    ("path", "name", "around"),
    [
        ("a.txt", "text", ""),
        ("a.MD", "text", ""),
        ("a", "text", ""),
        ("a.jsonl", "jsonl", ""),
        ("a.json", "json", ""),
        ("a.JSON.gz", "json", ".gz"),
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
def test_the_extension_tells_format_and_compression(path: str, name: str, around: str) -> None:
    assert file_type(Path(path)) == FileType(name, around)
    assert file_type(Path(path)).format.name == name


def test_a_named_format_overrides_the_extension() -> None:
    assert file_type(Path("a.txt.gz"), "jsonl") == FileType("jsonl", ".gz")
    assert (file_type(None), file_type(None, "jsonl")) == (FileType("text"), FileType("jsonl"))
    with pytest.raises(UsageError, match="choose one of text, json, jsonl"):
        file_type(None, "docx")


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_has_its_name(name: str) -> None:
    assert load_format(name).name == name


def test_only_files_with_known_extensions_are_read_from_folders() -> None:
    assert format_by_extension(Path("a.jsonl.gz")) == "jsonl"
    assert format_by_extension(Path("a.pdf")) is None
    assert format_by_extension(Path("a.gz")) is None


# Missing libraries


@pytest.mark.parametrize(
    ("path", "module", "command"),
    [
        ("a.parquet", "pyarrow.parquet", "pip install 'boilerplate-detector[parquet]'"),
        ("a.jsonl.zst", "zstandard", "pip install 'boilerplate-detector[zstd]'"),
    ],
)
def test_a_missing_library_is_named_with_its_command(
    path: str, module: str, command: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(UsageError) as caught:
        require([file_type(Path("b.txt")), file_type(Path(path))])
    assert command in str(caught.value)
    assert module.partition(".")[0] in str(caught.value)


# Memory


class Endless(io.RawIOBase):
    """The same bytes over and over, after other bytes at the start."""

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
        ("json", b"[", b'{"text":"Rain."},'),
        ("jsonl", b"", b'{"text":"Rain."}\n'),
        ("csv", b"text,n\n", b'"Rain\nand sun",1\n'),
        ("warc", b"", WARC_HEADER + b"Rain.\n\r\n\r\n"),
    ],
)
def test_files_are_read_no_further_than_needed(name: str, start: bytes, again: bytes) -> None:
    stream = Endless(start, again)
    found = load_format(name).read(io.BufferedReader(stream), "file", Fields())
    assert len([next(found) for _ in range(10_000)]) == 10_000
    assert stream.given < 10_000 * len(again) + (1 << 18)


# Text


@given(st.binary())
def test_text_is_preserved_byte_for_byte(data: bytes) -> None:
    assert rewritten("text", data) == data
