"""What a file looks like by its first bytes, as file(1) knows them."""

from __future__ import annotations

import codecs

from detector.formats.looks import Look, look_of_json, look_of_mail, look_of_markup

HEAD = 4096  # bytes that are enough for `check_content`

CONVERT = "save it as plain text first"
_UTF8 = "convert it to UTF-8 first, for example with iconv"
PDF = "extract its text first, for example with pdftotext"
ARC_TO_WARC = "convert it to WARC first, for example with warcio recompress"
UNPACK = "unpack it first"
_DECOMPRESS = "name it with the extension {}, or decompress it first"
_WARC_FILE = Look("WARC", "give --format warc for its conversions, or warc-html for its pages", ("warc", "warc-html"))

# By the bytes at the start, as file(1) knows them
_MAGIC = {
    b"\x1f\x8b": Look("gzip", _DECOMPRESS.format(".gz"), ("warc", "warc-html")),
    **{b"BZh%d" % level: Look("bzip2", _DECOMPRESS.format(".bz2")) for level in range(1, 10)},
    b"\xfd7zXZ\0": Look("xz", _DECOMPRESS.format(".xz")),
    b"\x28\xb5\x2f\xfd": Look("Zstandard", _DECOMPRESS.format(".zst")),
    b"PK\x03\x04": Look("a ZIP archive, as .docx, .odt and .epub are", f"{UNPACK}, or {CONVERT}"),
    b"7z\xbc\xaf\x27\x1c": Look("a 7z archive", UNPACK),
    b"Rar!\x1a\x07": Look("a RAR archive", UNPACK),
    b"PAR1": Look("Parquet", "give --format parquet", ("parquet",)),
    b"ARROW1\0\0": Look("an Arrow file", "save it as Parquet first"),
    b"Obj\x01": Look("Avro", "save it as Parquet first"),
    b"%PDF-": Look("PDF", PDF),
    b"%!PS": Look("PostScript", "extract its text first, for example with ps2ascii"),
    b"{\\rtf": Look("RTF", CONVERT),
    b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1": Look("an old Office document, as .doc and .xls are", CONVERT),
    b"\x89PNG\r\n\x1a\n": Look("a PNG image", "give a text"),
    b"\xff\xd8\xff": Look("a JPEG image", "give a text"),
    b"GIF87a": Look("a GIF image", "give a text"),
    b"GIF89a": Look("a GIF image", "give a text"),
    b"\x7fELF": Look("a program", "give a text"),
    b"SQLite format 3\0": Look("an SQLite database", "export its texts first, for example as CSV"),
    b"\x93NUMPY": Look("a NumPy array", "give a text"),
    b"filedesc://": Look("an ARC file", ARC_TO_WARC),
    b"WARC/0": _WARC_FILE,
    b"WARC/1": _WARC_FILE,
    # The byte-order marks of UTF-32 begin with those of UTF-16
    codecs.BOM_UTF16_LE: Look("UTF-16 or UTF-32", _UTF8, ("text", "html")),
    codecs.BOM_UTF16_BE: Look("UTF-16", _UTF8, ("text", "html")),
    codecs.BOM_UTF32_BE: Look("UTF-32", _UTF8, ("text", "html")),
}
_TAR_AT, _TAR = 257, b"ustar"
_NOT_MARKED = Look("UTF-16 or UTF-32 without a byte-order mark", _UTF8)
_BINARY = Look("binary data, not a text", "give a text")
_CONTROLS = bytes(set(range(32)) - set(b"\t\n\r\f\v\b\x0e\x0f\x1a\x1b"))  # of no encoding of texts
_FEW_CONTROLS = 3  # that a damaged text may have, and their greatest share of its bytes
_SHARE_OF_CONTROLS = 0.02


def look_of_bytes(data: bytes) -> str:
    """What data is that is said to be a page, and cannot be one, such as ``PDF``; empty for what may be a page."""
    head = data[:HEAD]
    known = _known(head)
    if known:
        return "" if "html" in known.formats else known.what
    return _BINARY.what if _has_many_controls(head) and not _is_wide(head) else ""


def look_of_head(head: bytes) -> Look | None:
    """What the first `HEAD` bytes of a file look like; None for what may be any text."""
    known = _known(head)
    if known:
        return known
    if b"\0" in head:
        return _NOT_MARKED if _is_wide(head) else _BINARY
    if _has_many_controls(head):
        return _BINARY
    text = head.removeprefix(codecs.BOM_UTF8).decode("utf-8", "replace").lstrip()
    return look_of_markup(text) or look_of_json(text) or look_of_mail(text)


def _known(head: bytes) -> Look | None:
    """What the bytes at the start tell, as file(1) knows them."""
    known = next((look for magic, look in _MAGIC.items() if head.startswith(magic)), None)
    return known or (Look("a tar archive", UNPACK) if head.startswith(_TAR, _TAR_AT) else None)


def _has_many_controls(head: bytes) -> bool:
    """Whether more bytes are control characters than a damaged text may have."""
    controls = sum(head.count(byte) for byte in _CONTROLS)
    return controls > max(_FEW_CONTROLS, _SHARE_OF_CONTROLS * len(head))


def _is_wide(head: bytes) -> bool:
    """Whether bytes look like text in UTF-16 or UTF-32: of each two or four, the same ones are zero, nearly always."""
    columns = [head[start::4] for start in range(4)]
    shares = [column.count(0) / max(len(column), 1) for column in columns]
    return max(shares) > 0.7 and min(shares) < 0.1
