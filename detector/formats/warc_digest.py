"""The header of a WARC record for a new body: its length and its digests."""

from __future__ import annotations

import base64
import hashlib
import re

from detector.formats.warc_source import FIELD

_DIGEST = re.compile(rb"(\s*)([\w-]+):(\S+)(\s*)")


def header_of_body(header: bytes, body: bytes) -> bytes:
    """A header with the length and the digests of ``body``; all other bytes stay.

    A digest of an unknown algorithm or in an unknown encoding is left out: none is better than a wrong one.
    """
    return FIELD.sub(lambda field: _field(field, body), header)


def _field(field: re.Match[bytes], body: bytes) -> bytes:
    name, value = field.groups()
    start = field[0].removesuffix(value)
    if name.lower() == b"content-length":
        return start + re.sub(rb"\d+", str(len(body)).encode(), value)
    if name.lower() in (b"warc-block-digest", b"warc-payload-digest"):
        digest = _digest(value, body)
        return start + digest if digest else b""
    return field[0]


def _digest(value: bytes, body: bytes) -> bytes:
    """The value of a digest's field for another body, with the algorithm and the encoding of ``value``; else empty."""
    found = _DIGEST.fullmatch(value)
    if not found:
        return b""
    before, algorithm, old, after = found.groups()
    new = _encoded(_hash(algorithm.decode(), body), old)
    return before + algorithm + b":" + new + after if new else b""


def _hash(algorithm: str, body: bytes) -> bytes:
    """The digest of a body; empty for an algorithm that is unknown or, like SHAKE, has digests of any length."""
    try:
        digest = hashlib.new(algorithm.lower().replace("-", ""), body, usedforsecurity=False)
    except ValueError:
        return b""
    return digest.digest() if digest.digest_size else b""


def _encoded(digest: bytes, old: bytes) -> bytes:
    """A digest in the encoding of an older one, which its length tells; empty if no encoding has that length."""
    padded = digest.hex().encode(), base64.b32encode(digest), base64.b64encode(digest)
    candidates = [*padded, *(each.rstrip(b"=") for each in padded)]
    new = next((each for each in candidates if len(each) == len(old)), b"")
    mixed = new == candidates[2] or new == candidates[5]  # base64, which uses both cases
    return new if mixed else new.lower() if old.islower() else new.upper()
