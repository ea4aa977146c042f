"""Invented web pages, and the archives that hold them: MHTML as browsers save it, WARC as crawlers write it."""

from __future__ import annotations

import gzip
import html
import quopri
from collections.abc import Sequence

LINES = (
    "The ferry to Aldermoor sails again after three years, the harbour board said on Monday.",
    "About 90 people were on board for the first crossing, “and all of them sang”, said Ida Marløw.",
    "Subscribe to our newsletter and get the news from the harbour every morning!",
)
TEXT = "".join(f"{line}\n" for line in LINES)
ADDRESS = "https://harbour.example/ferry"


def web_page(lines: Sequence[str] = LINES, charset: str = "utf-8") -> str:
    """A page with these paragraphs."""
    paragraphs = "\n".join(f"<p>{html.escape(line)}</p>" for line in lines)
    return f'<!DOCTYPE html>\n<html><head><meta charset="{charset}"></head><body>\n{paragraphs}\n</body></html>\n'


PAGE = web_page().encode()


def part(body: bytes, kind: str = "text/html", *fields: str, encoding: str = "quoted-printable") -> bytes:
    """A part of an archive, whose body has its encoding already, unless that is quoted-printable."""
    lines = [f"Content-Type: {kind}", f"Content-Transfer-Encoding: {encoding}", *fields]
    encoded = quopri.encodestring(body) if encoding == "quoted-printable" else body
    return "\r\n".join([*lines, "", ""]).encode() + encoded


def mhtml(*parts: bytes, start: str = "", end: bool = True) -> bytes:
    """An archive as a browser saves it."""
    header = [
        "From: <Saved by a browser>",
        f"Snapshot-Content-Location: {ADDRESS}",
        "Subject: =?utf-8?Q?The_ferry_=E2=80=93_again?=",
        "MIME-Version: 1.0",
        'Content-Type: multipart/related;\r\n\ttype="text/html";\r\n\tboundary="----Boundary--x"'
        + (f';\r\n\tstart="{start}"' if start else ""),
        "",
        "",
    ]
    body = b"".join(b"------Boundary--x\r\n" + each + b"\r\n" for each in parts)
    return "\r\n".join(header).encode() + body + (b"------Boundary--x--\r\n" if end else b"")


MHTML = mhtml(
    part(PAGE, "text/html", f"Content-Location: {ADDRESS}"), part(b"iVBORw0KGgo=", "image/png", encoding="base64")
)


def response(body: bytes = PAGE, *fields: str, status: str = "200 OK", kind: str = "text/html; charset=utf-8") -> bytes:
    """An HTTP response."""
    lines = [f"HTTP/1.1 {status}", *([f"Content-Type: {kind}"] if kind else []), *fields]
    return "\r\n".join([*lines, "", ""]).encode() + body


def chunked(body: bytes, size: int = 100) -> bytes:
    """A body in chunks."""
    chunks = (body[at : at + size] for at in range(0, len(body), size))
    return b"".join(b"%x;a=b\r\n%s\r\n" % (len(chunk), chunk) for chunk in chunks) + b"0\r\n\r\n"


def record(kind: str, block: bytes, number: int = 1, media: str = "", *fields: str) -> bytes:
    """A WARC record."""
    media = media or {"response": "application/http; msgtype=response", "warcinfo": "application/warc-fields"}.get(
        kind, "application/http; msgtype=request"
    )
    lines = [
        "WARC/1.1",
        f"WARC-Type: {kind}",
        f"WARC-Record-ID: <urn:uuid:00000000-0000-4000-8000-{number:012}>",
        "WARC-Date: 2031-11-01T00:00:00Z",
        f"WARC-Target-URI: {ADDRESS}",
        *fields,
        f"Content-Type: {media}",
        f"Content-Length: {len(block)}",
    ]
    return "\r\n".join([*lines, "", ""]).encode() + block + b"\r\n\r\n"


def crawl(*records: bytes, compressed: bool = False) -> bytes:
    """A WARC file."""
    return b"".join(gzip.compress(each, mtime=0) if compressed else each for each in records)


CRAWL = (
    record("warcinfo", b"software: invented\r\n", 1),
    record("request", b"GET /ferry HTTP/1.1\r\n\r\n", 2),
    record("response", response(), 3),
    record("response", response(b"\x89PNG\r\n", kind="image/png"), 4),
    record("response", response(b"<p>Not found", status="404 Not Found"), 5),
    record("metadata", b"fetchTimeMs: 7\r\n", 6, "application/warc-fields"),
    record("resource", PAGE, 7, "text/html"),
)
