"""WARC and WET: conversions are changed and stay valid, everything else is preserved byte for byte."""

from __future__ import annotations

import base64
import gzip
import hashlib
import io
from collections.abc import Callable

import pytest
from rewriting import records, rewritten, shorter

from detector.errors import DataError
from detector.formats.base import Fields, Record


def sha1(body: bytes) -> str:
    return "sha1:" + base64.b32encode(hashlib.sha1(body).digest()).decode()


def warc_record(kind: str, body: bytes, content_type: str = "text/plain", digest: str | None = None) -> bytes:
    headers = [
        "WARC/1.0",
        f"WARC-Type: {kind}",
        "WARC-Target-URI: https://harbour.example/news",
        "WARC-Date: 2024-05-06T07:08:09Z",
        f"WARC-Record-ID: <urn:uuid:{hashlib.md5(body).hexdigest()}>",
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


@pytest.mark.parametrize("pack", [bytes, gzip.compress], ids=["plain", "gzip"])
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
    pytest.importorskip("fastwarc")
    out = rewritten("warc", b"".join(map(gzip.compress, WET)), shorter)
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
    pytest.importorskip("fastwarc")
    name = "sha-256" if len(given_digest) == 64 else "sha1"
    out = rewritten("warc", warc_record("conversion", b"The rest", digest=f"{name}:{given_digest}"), lambda t: t[:3])
    assert f"WARC-Block-Digest: {name}:{wanted}\r\nContent-Type" in out.decode()


def test_a_digest_of_an_unknown_algorithm_is_dropped() -> None:
    pytest.importorskip("fastwarc")
    out = rewritten("warc", warc_record("conversion", b"The rest", digest="crc9:ABC"), lambda t: t[:3])
    assert b"Digest" not in out
    assert b"Content-Length: 3\r\n\r\nThe\r\n\r\n" in out


def test_warc_records_are_named_by_their_id_or_another_header() -> None:
    pytest.importorskip("fastwarc")
    data = warc_record("conversion", b"x")
    assert next(r.id for r in records("warc", data) if isinstance(r, Record)).startswith("<urn:uuid:")
    fields = Fields(id="WARC-Target-URI")
    assert [r.id for r in records("warc", data, fields) if isinstance(r, Record)] == ["https://harbour.example/news"]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"no such record\r\n", "damaged, or not WARC"),
        (WET[2][:-300], "truncated"),
        (gzip.compress(WET[2])[:-30], "truncated"),
        (gzip.compress(b"".join(WET)), "record by record"),
        (b"".join(map(gzip.compress, WET)) + b"\0\0\0\0garbage", "damaged, or not WARC"),
    ],
)
def test_warc_that_cannot_be_read(data: bytes, message: str) -> None:
    pytest.importorskip("fastwarc")
    with pytest.raises(DataError, match=message):
        rewritten("warc", data, shorter)
