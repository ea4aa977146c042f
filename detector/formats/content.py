"""What a file looks like by its first bytes, and whether that agrees with the format that it is taken for."""

from __future__ import annotations

import codecs
from pathlib import Path

from detector.errors import DataError
from detector.formats.compression import without_compression
from detector.formats.looks import Look, look_of_json, look_of_mail, look_of_markup
from detector.formats.registry import FileType

HEAD = 4096  # bytes that are enough for `check_content`

_EXTRACT = "extract its text first, for example with trafilatura"
_CONVERT = "save it as plain text first"
_UTF8 = "convert it to UTF-8 first, for example with iconv"
_PDF = "extract its text first, for example with pdftotext"
_WARC = "convert it to WARC first, for example with warcio recompress"
_ARCHIVE = "unpack it first"
_DECOMPRESS = "name it with the extension {}, or decompress it first"
_WARC_FILE = Look("WARC", "give --format warc for its conversions, or warc-html for its pages", ("warc", "warc-html"))

# By the bytes at the start, as file(1) knows them
_MAGIC = {
    b"\x1f\x8b": Look("gzip", _DECOMPRESS.format(".gz"), ("warc", "warc-html")),
    **{b"BZh%d" % level: Look("bzip2", _DECOMPRESS.format(".bz2")) for level in range(1, 10)},
    b"\xfd7zXZ\0": Look("xz", _DECOMPRESS.format(".xz")),
    b"\x28\xb5\x2f\xfd": Look("Zstandard", _DECOMPRESS.format(".zst")),
    b"PK\x03\x04": Look("a ZIP archive, as .docx, .odt and .epub are", f"{_ARCHIVE}, or {_CONVERT}"),
    b"7z\xbc\xaf\x27\x1c": Look("a 7z archive", _ARCHIVE),
    b"Rar!\x1a\x07": Look("a RAR archive", _ARCHIVE),
    b"PAR1": Look("Parquet", "give --format parquet", ("parquet",)),
    b"ARROW1\0\0": Look("an Arrow file", "save it as Parquet first"),
    b"Obj\x01": Look("Avro", "save it as Parquet first"),
    b"%PDF-": Look("PDF", _PDF),
    b"%!PS": Look("PostScript", "extract its text first, for example with ps2ascii"),
    b"{\\rtf": Look("RTF", _CONVERT),
    b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1": Look("an old Office document, as .doc and .xls are", _CONVERT),
    b"\x89PNG\r\n\x1a\n": Look("a PNG image", "give a text"),
    b"\xff\xd8\xff": Look("a JPEG image", "give a text"),
    b"GIF87a": Look("a GIF image", "give a text"),
    b"GIF89a": Look("a GIF image", "give a text"),
    b"\x7fELF": Look("a program", "give a text"),
    b"SQLite format 3\0": Look("an SQLite database", "export its texts first, for example as CSV"),
    b"\x93NUMPY": Look("a NumPy array", "give a text"),
    b"filedesc://": Look("an ARC file", _WARC),
    b"WARC/0": _WARC_FILE,
    b"WARC/1": _WARC_FILE,
    # The byte-order marks of UTF-32 begin with those of UTF-16
    codecs.BOM_UTF16_LE: Look("UTF-16 or UTF-32", _UTF8, ("text", "html")),
    codecs.BOM_UTF16_BE: Look("UTF-16", _UTF8, ("text", "html")),
    codecs.BOM_UTF32_BE: Look("UTF-32", _UTF8, ("text",)),
}
_TAR_AT, _TAR = 257, b"ustar"
_NOT_MARKED = Look("UTF-16 or UTF-32 without a byte-order mark", _UTF8)
_BINARY = Look("binary data, not a text", "give a text")

# By the extension, where none of the formats has it
_DOCUMENT = Look("a document of an office program", _CONVERT)
_EXTENSIONS = {
    ".xml": Look("XML", _EXTRACT), ".rss": Look("XML", _EXTRACT), ".pdf": Look("PDF", _PDF),
    ".doc": _DOCUMENT, ".docx": _DOCUMENT, ".odt": _DOCUMENT, ".rtf": _DOCUMENT, ".epub": _DOCUMENT,
    ".ppt": _DOCUMENT, ".pptx": _DOCUMENT, ".xls": _DOCUMENT, ".xlsx": _DOCUMENT,
    ".arc": Look("an ARC file", _WARC), ".zip": Look("a ZIP archive", _ARCHIVE),
    ".tar": Look("a tar archive", _ARCHIVE),
}  # fmt: skip
_REQUIRED = {
    "parquet": "Parquet begins with PAR1",
    **dict.fromkeys(("warc", "warc-html"), "WARC begins with WARC/, or with gzip"),
}

_CONTROLS = bytes(set(range(32)) - set(b"\t\n\r\f\v\b\x0e\x0f\x1a\x1b"))  # of no encoding of texts
_FEW_CONTROLS = 3  # that a damaged text may have, and their greatest share of its bytes
_SHARE_OF_CONTROLS = 0.02


def check_content(head: bytes, type_: FileType, name: str) -> None:
    """Raise `DataError` if a file cannot be what it is taken for.

    ``head`` has its first `HEAD` bytes, decompressed as ``type_`` says, or all if there are fewer. ``name`` is its
    path, or ``-`` for standard input.
    """
    look = _look_of_name(type_, name) or _look(head)
    if look and type_.format_name not in look.formats:
        raise DataError(
            f"{name}: taken for {type_.format_name}, but it looks like {look.what}; {look.advice}, "
            f"or force it with --format {type_.format_name}"
        )
    if head and not look and type_.format_name in _REQUIRED:
        raise DataError(f"{name}: not {type_.format_name}: {_REQUIRED[type_.format_name]}; name its --format")


def _look_of_name(type_: FileType, name: str) -> Look | None:
    """What a file's extension tells, where it is of none of the formats, so that it was taken for plain text."""
    return _EXTENSIONS.get(without_compression(Path(name)).suffix.lower()) if type_.format_name == "text" else None


def _look(head: bytes) -> Look | None:
    known = next((look for magic, look in _MAGIC.items() if head.startswith(magic)), None)
    if known:
        return known
    if head.startswith(_TAR, _TAR_AT):
        return Look("a tar archive", _ARCHIVE)
    if b"\0" in head:
        return _NOT_MARKED if _is_wide(head) else _BINARY
    controls = sum(head.count(byte) for byte in _CONTROLS)
    if controls > max(_FEW_CONTROLS, _SHARE_OF_CONTROLS * len(head)):
        return _BINARY
    text = head.removeprefix(codecs.BOM_UTF8).decode("utf-8", "replace").lstrip()
    return look_of_markup(text) or look_of_json(text) or look_of_mail(text)


def _is_wide(head: bytes) -> bool:
    """Whether bytes look like text in UTF-16 or UTF-32: of each two or four, the same ones are zero, nearly always."""
    columns = [head[start::4] for start in range(4)]
    shares = [column.count(0) / max(len(column), 1) for column in columns]
    return max(shares) > 0.7 and min(shares) < 0.1
