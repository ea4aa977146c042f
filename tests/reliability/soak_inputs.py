"""Invented inputs of the soak test: folders of files in every format, some of them damaged, some with bad records."""

from __future__ import annotations

import bz2
import gzip
import importlib.util
import io
import json
import lzma
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Literal

SEEDS = Path(__file__).resolve().parents[2] / "seeds"
ID = re.compile(rb"soak-\d+-\d+-\d+")
_FILES = {  # of each format in one folder; all are of one size before compression
    ".jsonl": 16, ".jsonl.gz": 8, ".csv": 6, ".tsv": 4, ".csv.gz": 2, ".parquet": 4, ".wet.gz": 4, ".jsonl.zst": 2,
    ".jsonl.xz": 1, ".jsonl.bz2": 1,
}  # fmt: skip
_NEEDS = {".parquet": "pyarrow", ".jsonl.zst": "zstandard"}
_CUT = (".jsonl.gz", ".jsonl.xz", ".jsonl.bz2", ".csv.gz", ".jsonl.zst")  # formats of the damaged files
_TEXT_FILES = 40
_VANISHING = 4
_POOL = 1500  # texts that the records of one folder are drawn from
_OTHERS = 0.3  # share of the paragraphs that are no reporting
_BAD_SHARE = 1 / 400
_BAD_JSON = (b'{"id": "bad", "text": \n', b'{"id": "bad"}\n', b'{"id": "bad", "text": 7}\n', b"[1, 2]\n", b"bad\n")

Fate = Literal["whole", "cut", "vanishes"]


@dataclass(frozen=True)
class Input:
    """One input file: its path below the folder, the ids of its records in order, and what happens to it.

    ``bad`` is the number of records that must be rejected, ``size`` that of the bytes before compression. A plain text
    has no ids and is one document. A file that is cut can not be read; a file that vanishes may be deleted at any time.
    """

    name: str
    ids: tuple[bytes, ...]
    bad: int
    size: int
    fate: Fate = "whole"

    @property
    def documents(self) -> int:
        """The number of its texts."""
        return len(self.ids) or 1


@dataclass(frozen=True)
class _Text:
    raw: bytes
    json: bytes
    quoted: bytes


def write_inputs(folder: Path, size: int, number: int) -> list[Input]:
    """Write the inputs of round ``number``, of about ``size`` bytes before compression. A number decides every byte."""
    random = Random(number)
    pool = _texts(random)
    endings = [e for e, files in _FILES.items() for _ in range(files) if _is_installed(e)]
    planned: list[tuple[str, Fate, int]] = [(ending, "whole", size // len(endings)) for ending in endings]
    cut = [ending for ending in _CUT if _is_installed(ending)]
    planned += [(cut[(number + n) % len(cut)], "cut", size // len(endings) // 4) for n in range(2)]
    planned += [(".jsonl", "vanishes", size // len(endings) // 4)] * _VANISHING
    planned += [(".txt", "whole", 0)] * _TEXT_FILES
    random.shuffle(planned)
    return [
        _write(folder, pool, random, f"{number}-{n}", ending, fate, each)
        for n, (ending, fate, each) in enumerate(planned)
    ]


def content(path: Path) -> bytes:
    """The bytes of a file without its compression."""
    if path.suffix == ".zst":
        import zstandard

        with open(path, "rb") as file:
            return zstandard.ZstdDecompressor().stream_reader(file, read_across_frames=True).read()
    data = path.read_bytes()
    return {".gz": gzip.decompress, ".bz2": bz2.decompress, ".xz": lzma.decompress}.get(path.suffix, bytes)(data)


def ids_of(path: Path) -> tuple[bytes, ...]:
    """The ids of the records of a file, in order."""
    if path.suffix == ".parquet":
        import pyarrow.parquet as pq

        return tuple(value.encode() for value in pq.read_table(path, columns=["id"])["id"].to_pylist())
    return tuple(ID.findall(content(path)))


def _is_installed(ending: str) -> bool:
    return ending not in _NEEDS or importlib.util.find_spec(_NEEDS[ending]) is not None


def _texts(random: Random) -> list[_Text]:
    """Texts made of the paragraphs of two seeds each: the articles, and a part of what stands around them."""
    lines = [line for path in sorted(SEEDS.glob("*.jsonl")) for line in path.read_text(encoding="utf-8").splitlines()]
    documents = [
        [(p["text"].replace("\n", " "), p["label"] == "reporting") for p in json.loads(line)["paragraphs"]]
        for line in random.sample(lines, 300)
    ]
    texts = []
    for _ in range(_POOL):
        paragraphs = [
            text for two in random.sample(documents, 2) for text, is_kept in two if is_kept or random.random() < _OTHERS
        ]
        text = "\n".join([f"The council met for the {random.randrange(10**6)}th time on Friday.", *paragraphs])
        quoted = text.replace('"', '""')
        texts.append(_Text(text.encode(), json.dumps(text).encode(), f'"{quoted}"'.encode()))
    return texts


def _write(folder: Path, pool: list[_Text], random: Random, key: str, ending: str, fate: Fate, size: int) -> Input:
    """Write one file. Folders and files have names that need care: spaces, other letters, a leading dash."""
    path = folder / random.choice(("plain", "with space", "größe/tief", "-dash")) / f"{key}{ending}"
    path.parent.mkdir(parents=True, exist_ok=True)
    name = path.relative_to(folder).as_posix()
    if ending == ".txt":
        text = random.choice(pool).raw
        path.write_bytes(text)
        return Input(name, (), 0, len(text), fate)
    texts = list(_until(size, pool, random))
    ids = [f"soak-{key}-{number}".encode() for number in range(len(texts))]
    records, bad = _records(path, ids, texts, random if fate == "whole" else None)
    if ending == ".parquet":
        _write_parquet(path, ids, texts)
    elif ending == ".wet.gz":
        path.write_bytes(b"".join(gzip.compress(record, 1) for record in records))
    else:
        half = len(records) // 2
        streams = [_compressed(path.suffix, b"".join(part)) for part in (records[:half], records[half:])]
        data = b"".join(streams)  # two streams, one after the other, as parallel compressors write them
        path.write_bytes(data[: -len(streams[1]) // 2] if fate == "cut" else data)
    return Input(name, tuple(ids), bad, sum(map(len, records)), fate)


def _until(size: int, pool: list[_Text], random: Random) -> Iterator[_Text]:
    while size > 0:
        text = random.choice(pool)
        size -= len(text.raw)
        yield text


def _records(path: Path, ids: list[bytes], texts: list[_Text], random: Random | None) -> tuple[list[bytes], int]:
    """The records of a file as bytes, and how many bad ones are between them: none without ``random``."""
    kind = path.name.split(".")[1]
    if kind in ("parquet", "wet"):
        make = _warc_record if kind == "wet" else lambda id_, text: text.raw
        return [make(id_, text) for id_, text in zip(ids, texts, strict=True)], 0
    delimiter = {"csv": b",", "tsv": b"\t"}.get(kind)
    records, bad = [b"id%stext\r\n" % delimiter] if delimiter else [], 0
    for id_, text in zip(ids, texts, strict=True):
        if random and random.random() < _BAD_SHARE * len(text.raw) / 1000:
            records.append(b"bad\r\n" if delimiter else random.choice(_BAD_JSON))
            bad += 1
        parts = (id_, delimiter, text.quoted) if delimiter else (id_, text.json)
        records.append((b"%s%s%s\r\n" if delimiter else b'{"id": "%s", "text": %s}\n') % parts)
    return records, bad


def _warc_record(id_: bytes, text: _Text) -> bytes:
    header = (
        b"WARC/1.0\r\nWARC-Type: conversion\r\nWARC-Record-ID: <urn:%s>\r\nContent-Type: text/plain\r\n"
        b"Content-Length: %d\r\n\r\n%s\r\n\r\n"
    )
    return header % (id_, len(text.raw), text.raw)


def _write_parquet(path: Path, ids: list[bytes], texts: list[_Text]) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    columns = {"id": [id_.decode() for id_ in ids], "text": [text.raw.decode() for text in texts]}
    pq.write_table(pa.table(columns), path, row_group_size=500)


def _compressed(suffix: str, data: bytes) -> bytes:
    if suffix == ".zst":
        import zstandard

        return zstandard.ZstdCompressor(write_checksum=True).compress(data)
    if suffix == ".gz":
        out = io.BytesIO()
        with gzip.GzipFile(fileobj=out, mode="wb", compresslevel=1, mtime=0) as file:
            file.write(data)
        return out.getvalue()
    if suffix == ".xz":
        return lzma.compress(data, preset=0)
    return bz2.compress(data, 1) if suffix == ".bz2" else data
