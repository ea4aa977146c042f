"""WARC and WET: conversions are changed and stay valid, everything else is preserved byte for byte."""

from __future__ import annotations

import base64
import contextlib
import gzip
import hashlib
import io
import re
from collections.abc import Callable
from itertools import accumulate
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rewriting import records, rewritten, shorter, texts

from detector.cleaner import Cleaner
from detector.corpus.all_files import Options, clean_all
from detector.corpus.one_file import Run
from detector.corpus.plan import plan
from detector.corpus.restore import restore_file
from detector.errors import DataError
from detector.formats.base import Fields, Record, Rejected
from detector.formats.registry import load_format
from detector.inference.model import Model


def member(data: bytes) -> bytes:
    return gzip.compress(data, mtime=0)


def sha1(body: bytes) -> str:
    return "sha1:" + base64.b32encode(hashlib.sha1(body).digest()).decode()


def warc_record(kind: str, body: bytes, content_type: str = "text/plain", digest: str | None = None) -> bytes:
    headers = [
        "WARC/1.0",
        f"WARC-Type: {kind}",
        "WARC-Target-URI: https://harbour.example/news",
        "WARC-Date: 2024-05-06T07:08:09Z",
        f"WARC-Record-ID: <urn:uuid:{kind}>",
        f"WARC-Block-Digest: {digest or sha1(body)}",
        f"Content-Type: {content_type}",
        f"Content-Length: {len(body)}",
    ]
    return ("\r\n".join(headers) + "\r\n\r\n").encode() + body + b"\r\n\r\n"


BODIES = [b"The harbour opened.\nContent-Length: 7\nSubscribe!\n", "Größe ".encode() * 9000, b"caf\xe9 shut\n", b""]
WET = [
    warc_record("warcinfo", b"Software-Info: invented\r\n", "application/warc-fields"),
    *(warc_record("conversion", body) for body in BODIES),
    warc_record("response", b"HTTP/1.1 200 OK\r\n\r\n<p>hello", "application/http"),
    warc_record("conversion", b"<p>no plain text", "text/html"),
]


@pytest.mark.parametrize("pack", [bytes, member], ids=["plain", "gzip"])
def test_warc_changes_only_conversions_and_stays_valid(pack: Callable[[bytes], bytes]) -> None:
    warc = pytest.importorskip("fastwarc.warc")
    data = b"".join(map(pack, WET))
    assert rewritten("warc", data) == data
    out = rewritten("warc", data, lambda text: text[: len(text) // 2])
    found = list(warc.ArchiveIterator(io.BytesIO(out), parse_http=False, func_filter=warc.has_valid_block_digest))
    assert len(found) == len(WET)
    bodies = []
    for record in warc.ArchiveIterator(io.BytesIO(out), parse_http=False):
        bodies.append(record.reader.read())
        assert record.content_length == len(bodies[-1])
    halves = [shorter(body.decode("utf-8", "surrogateescape")).encode("utf-8", "surrogateescape") for body in BODIES]
    assert bodies[1 : 1 + len(BODIES)] == halves
    for untouched in (WET[0], *WET[-2:]):
        assert pack(untouched) in out


def test_gzip_keeps_one_member_per_record() -> None:
    out = rewritten("warc", b"".join(map(member, WET)), shorter)
    starts = [at for at in range(len(out)) if out.startswith(b"\x1f\x8b\x08", at)]
    members = [out[start:stop] for start, stop in zip(starts, [*starts[1:], len(out)], strict=True)]
    assert [gzip.decompress(member).count(b"WARC/1.0\r\n") for member in members] == [1] * len(WET)


@pytest.mark.parametrize(
    ("given_digest", "wanted"),
    [
        (hashlib.sha256(b"x").hexdigest(), hashlib.sha256(b"The").hexdigest()),
        (hashlib.sha1(b"x").hexdigest(), hashlib.sha1(b"The").hexdigest()),
    ],
)
def test_digests_keep_their_algorithm_and_encoding(given_digest: str, wanted: str) -> None:
    name = "sha-256" if len(given_digest) == 64 else "sha1"
    out = rewritten("warc", warc_record("conversion", b"The rest", digest=f"{name}:{given_digest}"), lambda t: t[:3])
    assert f"WARC-Block-Digest: {name}:{wanted}\r\nContent-Type" in out.decode()


@pytest.mark.parametrize("digest", ["crc9:ABC", "shake128:ABCD", "shake_128:ABCD", "sha1:ABC", "no digest"])
def test_a_digest_that_cannot_be_made_again_is_dropped(digest: str) -> None:
    out = rewritten("warc", warc_record("conversion", b"The rest", digest=digest), lambda t: t[:3])
    assert b"Digest" not in out
    assert b"Content-Length: 3\r\n\r\nThe\r\n\r\n" in out


def test_warc_records_are_named_by_their_id_or_another_header() -> None:
    data = warc_record("conversion", b"x")
    assert next(r.id for r in records("warc", data) if isinstance(r, Record)).startswith("<urn:uuid:")
    fields = Fields(id="WARC-Target-URI")
    assert [r.id for r in records("warc", data, fields) if isinstance(r, Record)] == ["https://harbour.example/news"]


# Headers as other writers spell them


def spelled(record: bytes, change: Callable[[bytes], bytes]) -> bytes:
    """A record with another spelling of its header; its body stays."""
    header, body = record.split(b"\r\n\r\n", 1)
    return change(header + b"\r\n\r\n") + body


def lower_names(header: bytes) -> bytes:
    return re.sub(rb"(?m)^[\w-]+:", lambda found: found[0].lower(), header)


SPELLINGS: dict[str, Callable[[bytes], bytes]] = {
    "lower": lower_names,
    "upper": lambda header: re.sub(rb"(?m)^[\w-]+:", lambda found: found[0].upper(), header),
    "LF": lambda header: header.replace(b"\r\n", b"\n"),
    "no space": lambda header: header.replace(b": ", b":"),
    "much space": lambda header: header.replace(b": ", b" :\t  ").replace(b"\r\n", b" \r\n", 6),
    "folded": lambda header: header.replace(b": ", b":\r\n "),
    "odd fields": lambda header: header.replace(b"WARC-Date", b"X-Empty:\r\nX-Odd\xff: \xe9\r\nWARC-Date"),
    "version": lambda header: header.replace(b"WARC/1.0", b"WARC/1.1"),
}


@pytest.mark.parametrize("spelling", SPELLINGS)
@pytest.mark.parametrize("pack", [bytes, member], ids=["plain", "gzip"])
def test_headers_may_be_spelled_differently(spelling: str, pack: Callable[[bytes], bytes]) -> None:
    bodies = [b"The ferry ran.\nSubscribe!\n", "Größe".encode() * 5000, b"Rain."]
    data = b"".join(pack(spelled(warc_record("conversion", body), SPELLINGS[spelling])) for body in bodies)
    assert texts("warc", data) == [body.decode() for body in bodies]
    assert rewritten("warc", data) == data
    changed = rewritten("warc", data, shorter)
    assert texts("warc", changed) == [shorter(body.decode()) for body in bodies]
    if pack is bytes:
        halves = [warc_record("conversion", shorter(body.decode()).encode()) for body in bodies]
        assert changed == b"".join(spelled(half, SPELLINGS[spelling]) for half in halves)


def test_bodies_may_be_separated_by_lf_alone(shared: Path) -> None:
    data = (shared / "cases" / "formats" / "lf.warc.wet").read_bytes()
    found = texts("warc", data)
    assert [len(text.encode()) for text in found if text] == list(map(int, re.findall(rb"Content-Length: (\d+)", data)))
    assert rewritten("warc", data) == data
    assert texts("warc", rewritten("warc", data, shorter)) == [shorter(text) for text in found if text]


@pytest.mark.parametrize("pack", [bytes, member], ids=["plain", "gzip"])
@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
def test_a_text_that_comes_to_end_in_a_carriage_return_can_be_read_again(
    end: bytes, pack: Callable[[bytes], bytes]
) -> None:
    page = warc_record("conversion", b"Rain.\rSubscribe!")
    data = pack(page.removesuffix(b"\r\n\r\n") + end * 2) + pack(PAGES[0])
    changed = rewritten("warc", data, lambda text: text.removesuffix("Subscribe!"))
    assert texts("warc", changed) == ["Rain.\r", "Page 0.\n\nRain fell.\n"]
    assert rewritten("warc", changed, shorter) != changed


@pytest.mark.parametrize("pack", [bytes, member], ids=["plain", "gzip"])
@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
def test_a_text_that_comes_to_end_in_a_carriage_return_is_restored(
    end: bytes, pack: Callable[[bytes], bytes], tiny_model: Model, tmp_path: Path
) -> None:
    name = "in.wet" if pack is bytes else "in.wet.gz"
    story = b"The council voted on Tuesday to reopen the bridge, which had been closed since the flood."
    page = warc_record("conversion", story + b"\rSubscribe to our newsletter!").replace(b"\r\n", end)
    (tmp_path / name).write_bytes(pack(page) + pack(PAGES[0]))
    run, removed = Run(Cleaner(tiny_model, 0.5)), tmp_path / "removed.jsonl"
    clean, again = tmp_path / "clean" / name, tmp_path / "again" / name
    for source, target, sidecar in ((tmp_path / name, clean, removed), (clean, again, tmp_path / "r.jsonl")):
        summary = clean_all(plan([str(source)], target), run, Options(removed=sidecar), lambda message: None)
        assert summary.ok
    assert story + b"\r\r\n" in (clean.read_bytes() if pack is bytes else gzip.decompress(clean.read_bytes()))
    restore_file(clean, removed, None, tmp_path / "back" / name)
    assert (tmp_path / "back" / name).read_bytes() == (tmp_path / name).read_bytes()


# Damage

PAGES = [warc_record("conversion", f"Page {number}.\n\nRain fell.\n".encode()) for number in range(6)]
BAD = {
    "too long": lambda record: record.replace(b"Content-Length: 2", b"Content-Length: 12"),
    "too long by one": lambda record: record.replace(b"Content-Length: 20", b"Content-Length: 21"),
    "longer than the file": lambda record: record.replace(b"Content-Length: 2", b"Content-Length: 99999992"),
    "absurd": lambda record: record.replace(b"Content-Length: 2", b"Content-Length: 999999999999999992"),
    "too short": lambda record: record.replace(b"Content-Length: 20", b"Content-Length: 7"),
    "zero": lambda record: record.replace(b"Content-Length: 20", b"Content-Length: 0"),
    "negative": lambda record: record.replace(b"Content-Length: 20", b"Content-Length: -20"),
    "no number": lambda record: record.replace(b"Content-Length: 20", b"Content-Length: many"),
    "huge number": lambda record: record.replace(b"Content-Length: 20", b"Content-Length: " + b"9" * 5000),
    "other digits": lambda record: record.replace(b"Content-Length: 20", "Content-Length: ²⁰".encode()),
    "missing": lambda record: record.replace(b"Content-Length: 20\r\n", b""),
    "no version": lambda record: record.removeprefix(b"WARC/1.0\r\n"),
    "junk before": lambda record: b"junk\r\n" + record,
    "junk after": lambda record: record + b"junk\r\n\r\n",
    "header without end": lambda record: record.split(b"\r\n\r\n")[0] + b"\r\n",
    "nothing but junk": lambda record: b"junk" * 50_000 + b"\r\n",
}


@pytest.mark.parametrize("damage", BAD)
@pytest.mark.parametrize("pack", [bytes, member], ids=["plain", "gzip"])
@pytest.mark.parametrize("at", [1, 3])
def test_a_bad_record_is_rejected_and_all_others_are_read(damage: str, pack: Callable[[bytes], bytes], at: int) -> None:
    bad = BAD[damage](PAGES[at])
    assert bad != PAGES[at]
    data = b"".join(pack(page) for page in [*PAGES[:at], bad, *PAGES[at + 1 :]])
    offset = sum(len(pack(page)) for page in PAGES[:at])
    found = records("warc", data)
    rejected = [part for part in found if isinstance(part, Rejected)]
    good = [part.text for part in found if isinstance(part, Record)]
    # Junk between two plain records may belong to the record before it
    first = at - (pack is bytes and damage in ("no version", "junk before", "nothing but junk"))
    last = at - (pack is bytes and damage == "junk before")
    assert good == [f"Page {n}.\n\nRain fell.\n" for n in range(6) if not first <= n <= last]
    assert [part.number for part in rejected] == [first + 1]
    place = offset - sum(len(pack(page)) for page in PAGES[first:at])
    assert rejected[0].reason.startswith(f"record {first + 1} at byte {place}: ")
    written = b"".join(pack(page) for n, page in enumerate(PAGES) if not first <= n <= last)
    assert rewritten("warc", data) == written
    assert rejected[0].raw in data
    assert len(rejected[0].raw) + len(written) == len(data)


@pytest.mark.parametrize("pack", [bytes, member], ids=["plain", "gzip"])
def test_a_file_that_is_cut_is_an_error(pack: Callable[[bytes], bytes]) -> None:
    """Except between two records, where nobody can tell."""
    parts = [pack(page) for page in WET[:2] + PAGES[:2]]
    data, ends = b"".join(parts), set(accumulate(map(len, parts)))
    for stop in range(1, len(data)):
        if stop in ends:
            assert rewritten("warc", data[:stop]) == data[:stop]
        else:
            with pytest.raises(DataError, match=r"record \d+ at byte \d+|not WARC"):
                records("warc", data[:stop])


def test_a_flipped_bit_of_a_compressed_file_is_an_error_or_changes_nothing() -> None:
    data = b"".join(member(page) for page in PAGES[:3])
    whole, wrong = texts("warc", data), []
    for bit in range(8 * len(data)):
        damaged = bytearray(data)
        damaged[bit // 8] ^= 1 << bit % 8
        with contextlib.suppress(DataError):
            if texts("warc", bytes(damaged)) != whole:
                wrong.append(bit)
    assert wrong == []


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"no such record\r\n", "not WARC.*--format"),
        (b"\x1f\x8bno gzip", "damaged, or not gzip"),
        (member(b"no such record\r\n"), "not WARC.*--format"),
        (WET[2][:-300], "record 1 at byte 0: truncated"),
        (member(WET[2])[:-30], "record 1 at byte 0: damaged"),
        (member(b"".join(WET)), "record by record"),
        (b"".join(map(member, WET)) + b"\0\0\0\0garbage", "record 8 at byte .*damaged"),
    ],
)
def test_warc_that_cannot_be_read(data: bytes, message: str) -> None:
    with pytest.raises(DataError, match=message):
        rewritten("warc", data, shorter)


@pytest.mark.parametrize("damage", [None, "missing"])
def test_zero_bytes_between_members_belong_to_no_record(damage: str | None) -> None:
    pages = [PAGES[0], BAD[damage](PAGES[1]) if damage else PAGES[1], *PAGES[2:]]
    data = bytes(9).join(map(member, pages))
    (*rejected,) = (part.raw for part in records("warc", data) if isinstance(part, Rejected))
    assert rejected == ([member(pages[1])] if damage else [])
    kept = [page for page in pages if damage is None or page is not pages[1]]
    assert rewritten("warc", data) == b"".join(map(member, kept))
    out = rewritten("warc", data, shorter)
    assert gzip.decompress(out).count(b"WARC/1.0") == len(kept)
    assert texts("warc", out) == [shorter(text) for text in texts("warc", data) if text]


def test_a_file_with_zero_bytes_between_members_is_restored(tiny_model: Model, tmp_path: Path) -> None:
    story = b"The council voted on Tuesday to reopen the bridge, which had been closed since the flood."
    page = member(warc_record("conversion", story + b"\nSubscribe to our newsletter!\n"))
    source, clean, removed = tmp_path / "in.wet.gz", tmp_path / "clean.wet.gz", tmp_path / "removed.jsonl"
    source.write_bytes(page + bytes(5) + page)
    run = Run(Cleaner(tiny_model, 0.5))
    assert clean_all(plan([str(source)], clean), run, Options(removed=removed), lambda message: None).ok
    assert b"Subscribe" not in gzip.decompress(clean.read_bytes())
    restore_file(clean, removed, None, tmp_path / "back.wet.gz")
    assert (tmp_path / "back.wet.gz").read_bytes() == page * 2


def test_zero_bytes_after_the_last_member_are_padding() -> None:
    data = b"".join(map(member, PAGES))
    assert len(records("warc", data + bytes(1000))) == len(PAGES)


@given(
    st.lists(st.tuples(st.integers(0, 2000), st.integers(0, 9), st.binary(max_size=9)), min_size=1, max_size=3),
    st.sampled_from([bytes, member]),
)
def test_of_damaged_bytes_none_are_lost_in_silence(
    edits: list[tuple[int, int, bytes]], pack: Callable[[bytes], bytes]
) -> None:
    """What is neither written nor rejected is an error."""
    data = b"".join(map(pack, PAGES))
    for at, size, new in edits:
        data = data[:at] + new + data[at + size :]
    with contextlib.suppress(DataError):
        rejected = sum(len(part.raw) for part in records("warc", data) if isinstance(part, Rejected))
        lost = len(data) - len(rewritten("warc", data)) - rejected
        padding = sum(new.count(b"\0") for _, _, new in edits) if pack is member else 0  # between two members
        assert 0 <= lost <= padding


# Memory


@pytest.mark.parametrize("pack", [bytes, member], ids=["plain", "gzip"])
def test_a_large_block_without_a_text_is_never_held_as_a_whole(pack: Callable[[bytes], bytes]) -> None:
    large = warc_record("response", bytes(40 << 20), "application/http")
    data = pack(PAGES[0]) + pack(large) + pack(PAGES[1])
    out = io.BytesIO()
    warc = load_format("warc")
    writer, largest = warc.writer(out, Fields()), 0
    for record in warc.read(io.BytesIO(data), "file", Fields()):
        assert isinstance(record, Record)
        largest = max(largest, record.weight)
        writer.write(record, record.text)
    assert out.getvalue() == data
    assert largest <= 16 << 20


def test_a_large_block_that_is_cut_is_an_error() -> None:
    large = warc_record("response", bytes(17 << 20), "application/http")
    for data in (large[:-5000], large[:-1], large + b"junk"):
        with pytest.raises(DataError, match="record 1 at byte 0"):
            records("warc", data)
