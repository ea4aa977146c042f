"""Files that are not what they are taken for are refused, in both directions; odd texts are not."""

from __future__ import annotations

import bz2
import contextlib
import gzip
import io
import json
import lzma
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from web_pages import MHTML

from detector.errors import DataError
from detector.formats.content import HEAD, check_content
from detector.formats.registry import FORMATS, FileType, file_type

PROSE = "Rain fell on Dovery all day. The ferry stayed in the harbour until noon.\n"
PRETTY = json.dumps([{"id": number, "text": PROSE * 20} for number in range(9)], indent=2).encode()


def packed(write: Callable[[io.BytesIO], object]) -> bytes:
    out = io.BytesIO()
    write(out)
    return out.getvalue()


def as_zip(out: io.BytesIO) -> None:
    with zipfile.ZipFile(out, "w") as archive:
        # with a fixed date: the bytes are part of the names of tests, on which all processes of a run must agree
        archive.writestr(zipfile.ZipInfo("word/document.xml"), "<w:document/>")


def as_tar(out: io.BytesIO) -> None:
    with tarfile.open(fileobj=out, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("a.txt"))


# What the bytes look like, and what the message says
REFUSED_AS_TEXT: dict[str, tuple[bytes, str]] = {
    "gzip": (gzip.compress(PROSE.encode(), mtime=0), "gzip; name it with the extension .gz"),
    "bzip2": (bz2.compress(PROSE.encode()), "bzip2; name it with the extension .bz2"),
    "xz": (lzma.compress(PROSE.encode()), "xz; name it"),
    "zstd": (b"\x28\xb5\x2f\xfd\x04\x00\x01\x00\x00", "Zstandard; name it"),
    "docx": (packed(as_zip), r"ZIP archive, as \.docx"),
    "tar": (packed(as_tar), "tar archive; unpack it first"),
    "pdf": (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj", "PDF; extract its text first"),
    "rtf": (rb"{\rtf1\ansi Rain fell.}", "RTF; save it as plain text"),
    "doc": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(100), "old Office document"),
    "png": (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "PNG image"),
    "jpeg": (b"\xff\xd8\xff\xe0\0\x10JFIF", "JPEG image"),
    "gif": (b"GIF89a\1\0\1\0", "GIF image"),
    "elf": (b"\x7fELF\2\1\1", "a program"),
    "sqlite": (b"SQLite format 3\0\x10\0", "SQLite database"),
    "numpy": (b"\x93NUMPY\1\0v\0{'descr'", "NumPy array"),
    "parquet": (b"PAR1\x15\x04\x15\x10", "Parquet; give --format parquet"),
    "arrow": (b"ARROW1\0\0\xff\xff", "Arrow file"),
    "warc": (b"WARC/1.0\r\nWARC-Type: warcinfo\r\n", "WARC; give --format warc"),
    "arc": (b"filedesc://a.arc 0.0.0.0 20310101000000 text/plain 76\n", "ARC file"),
    "nul": (b"a\0b" + PROSE.encode() * 9, "binary data"),
    "controls": (bytes(range(1, 256)) * 4, "binary data"),
    "utf-16 without a mark": (PROSE.encode("utf-16-le"), "UTF-16 or UTF-32 without a byte-order mark; convert it"),
    "utf-16-be without a mark": (PROSE.encode("utf-16-be"), "UTF-16 or UTF-32 without a byte-order mark"),
    "utf-32 without a mark": (PROSE.encode("utf-32-le"), "UTF-16 or UTF-32 without a byte-order mark"),
    "html": (b"<!DOCTYPE html>\n<html><body><p>Rain</p>", "HTML; give --format html to read its text"),
    "html with space": (b"\xef\xbb\xbf\n  <!doctype  HTML PUBLIC>", "HTML"),
    "html alone": (b'<HTML lang="en">\n<p>Rain', "HTML"),
    "html after comments": (b"<!-- saved -->\n<!-- from -->\n<html>", "HTML"),
    "xhtml": (b'<?xml version="1.0"?>\n<!-- a -->\n<!DOCTYPE html PUBLIC>\n<html>', "HTML"),
    "mhtml": (MHTML, r"a saved web page \(MHTML\); give --format mhtml"),
    "head": (b"<head>\n<title>Rain</title>", "HTML"),
    "xml": (b'<?xml version="1.0"?>\n<TEI>', "XML; extract"),
    "xml without declaration": (b"<doc sitename='KDLM' title='Fire'><main><p>Rain</p></main></doc>", "XML"),
    "rss": (b'<rss version="2.0">\n <channel>\n  <title>Rain</title>', "XML"),
    "namespace": (b'<feed xmlns="http://www.w3.org/2005/Atom">Rain', "XML"),
    "prefix": (b"<tei:TEI>Rain", "XML"),
    "json": (b'{"text": "Rain fell."}', "JSON; give --format json, and with --text-field"),
    "json, pretty": (PRETTY, "JSON; give --format json,"),
    "json array": (b'[{"text": "Rain fell."}, {"text": "Then sun."}]', "JSON; give --format json,"),
    "json of strings": (b'["Rain fell.", "Then sun."]\n', "JSON"),
    "json, deep": (b'{"text":' * 5000, "JSON"),
    "json, cut": (b'{"text": "' + PROSE.replace("\n", " ").encode() * 99, "JSON"),
    "json lines": (b'{"text": "Rain fell."}\n{"text": "Then sun."}\n', "JSON Lines; give --format jsonl"),
    "json lines, long": (b'{"text": "Rain", "n": 1}\n' * 999, "JSON Lines"),
}

READ_AS_TEXT: dict[str, str | bytes] = {
    "nothing": "",
    "space": "\n \n",
    "prose": PROSE,
    "latin-1": "Im Hafen lag die Fähre für Ärö still.\n".encode("latin-1") * 20,
    "shift-jis": "雨が降った。船は港にいた。\n".encode("shift-jis") * 20,
    "iso-2022-jp": "雨が降った。船は港にいた。\n".encode("iso-2022-jp") * 20,
    "utf-8 with a mark": "\ufeff" + PROSE,
    "utf-16": PROSE.encode("utf-16"),
    "utf-32": PROSE.encode("utf-32"),
    "form feeds": f"{PROSE}\f{PROSE}\x1a",
    "a stray control": f"{PROSE}\x02{PROSE}",
    "colours": "\x1b[31mERROR\x1b[0m disk is full\n" * 20,
    "markdown": "# Rain\n\n* one\n* two\n",
    "markdown with a picture": '<p align="center">\n  <img src="rain.png">\n</p>\n\n# Rain\n',
    "markdown with a block": "<div>\n<h1>Rain</h1>\n</div>\n\nIt rained.\n",
    "markdown with details": "<details><summary>More</summary>\n\nRain.\n</details>\n",
    "markdown with a comment": "<!-- draft -->\n\n# Rain\n",
    "markdown with a style": "<style>h1 {color: red}</style>\n# Rain\n",
    "front matter": '---\ntitle: "Rain"\n---\nIt rained.\n',
    "links": "[Rain](https://rain.example)\n",
    "a task": "[ ] buy an umbrella\n[x] wait\n",
    "footnotes": "[1] The ferry.\n[2] The harbour.\n",
    "a footnote": "[1]\n",
    "brackets": "[Applause] Thank you all for coming.\n",
    "ellipsis": "[…] and so it rained.\n",
    "quoted in brackets": '["Rain," he said, "is all we get."] It went on.\n',
    "a list in prose": '["rain", "sun"] are the two words that she wrote.\n',
    "an open quote in brackets": '["Rain is all we get\n',
    "braces": "{Enter the harbour master}\nRain again!\n",
    "a template": "{{ title }}\n{% for line in lines %}\n",
    "a set": '{"rain", "sun"}\n',
    "code": '{"rain": 1}.get("sun")\n',
    "javascript": '{\n  rain: 1,\n  "sun": 2\n}\n',
    "an unknown escape": '{"rain": "\\u00g0 it fell"}\n',
    "code that names a value": '{"rain": truth}\n',
    "quoted": '"Rain," he said. "Again."\n',
    "numbers": "[1, 2, 3]\n",
    "latex": "\\documentclass{article}\n%PDF is made of this\n",
    "a program": "#!/usr/bin/env python3\nimport sys\n\nprint({'rain': 1})\n",
    "a log": "2031-11-01T00:00:00Z [INFO] {rain} started\n" * 9,
    "a log in angles": "<34>1 2031-11-01T00:00:00Z host app - it rained\n",
    "chat": "<alice> it rains\n<bob> again?\n",
    "chat of commands": "<alice> <wave>\n<bob> hi\n",
    "an address": "<ann@rain.example> wrote:\n> rain\n",
    "tags of a corpus": '<doc id="1" url="https://rain.example" title="Rain">\nRain\n\nIt rained.\n</doc>\n',
    "about a format": "WARC/WET files hold texts. PDF and PNG do not.\n",
    "a name": "BZhang wrote this. GIF8 is no file.\n",
    "capitals": "PAREIL SOIR, MÊME PLUIE\n",
    "an empty object": "{}\n",
    "iso-2022-kr": "비가 내렸다. 배는 항구에 있었다.\n".encode("iso-2022-kr") * 20,
    "mail with pictures": "From: ann@rain.example\nContent-Type: multipart/related; boundary=x\n\n--x\n\nRain\n",
    "fields": "name: Rain\n" * 400,
    "mail": "From: ann@rain.example\nSubject: Rain\n\nIt rained.\n",
    "csv": "id,text\n1,Rain\n",
    "poem": "    rain\n        rain\n  and\n            rain\n",
}


def head(data: str | bytes) -> bytes:
    return (data.encode() if isinstance(data, str) else data)[:HEAD]


@pytest.mark.parametrize("case", REFUSED_AS_TEXT)
@pytest.mark.parametrize("name", ["-", "news/a.txt"])
def test_what_is_no_plain_text_is_refused(case: str, name: str) -> None:
    data, message = REFUSED_AS_TEXT[case]
    wanted = rf"^{name}: taken for text, but it looks like .*{message}.*, or force it with --format text$"
    with pytest.raises(DataError, match=wanted):
        check_content(head(data), FileType("text"), name)


@pytest.mark.parametrize("case", READ_AS_TEXT)
def test_odd_texts_are_plain_text(case: str) -> None:
    check_content(head(READ_AS_TEXT[case]), FileType("text"), "-")


@pytest.mark.parametrize("name", ["a.xml", "b/A.PDF", "a.docx", "a.epub", "a.xml.gz", "a.xlsx"])
def test_the_names_of_other_documents_are_refused(name: str) -> None:
    with pytest.raises(DataError, match=r"first.*or force it with --format text"):
        check_content(PROSE.encode(), file_type(Path(name)), name)


@pytest.mark.parametrize("name", ["a", "a.log", "a.unknown", "README", "a.html.txt"])
def test_other_names_are_not(name: str) -> None:
    check_content(PROSE.encode(), file_type(Path(name)), name)


LINES = b'{"text": "Rain fell."}\n{"text": "Then sun."}\n'


@pytest.mark.parametrize(
    ("format_name", "data", "message"),
    [
        ("jsonl", b'[{"text": "Rain fell."}]', "it looks like JSON; give --format json,"),
        ("jsonl", PRETTY, "--format json,"),
        ("jsonl", b'{\n  "text": "Rain fell."\n}\n', "--format json,"),
        ("jsonl", PROSE.encode("utf-16"), "UTF-16 or UTF-32; convert it to UTF-8"),
        ("jsonl", b"<html>", "HTML"),
        ("jsonl", gzip.compress(LINES, mtime=0), r"\.gz"),
        ("json", b"<html>", "HTML"),
        ("json", PROSE.encode("utf-16-be"), "UTF-16"),
        ("json", b"PAR1\x15\x04", "Parquet"),
        ("csv", b"<!DOCTYPE html>", "HTML"),
        ("csv", packed(as_zip), "ZIP"),
        ("csv", LINES, "JSON Lines; give --format jsonl"),
        ("csv", "text\tid\n".encode("utf-16"), "UTF-16 or UTF-32; convert it to UTF-8"),
        ("tsv", PRETTY, "JSON"),
        ("parquet", b"id,text\n1,Rain\n", "not parquet: Parquet begins with PAR1"),
        ("parquet", LINES, "JSON Lines"),
        ("parquet", gzip.compress(b"PAR1", mtime=0), "gzip"),
        ("warc", PROSE.encode(), "not warc: WARC begins with WARC/"),
        ("warc", b"<html>", "HTML"),
        ("warc", b"filedesc://a.arc 0.0.0.0", "ARC"),
    ],
)
def test_files_of_other_formats_are_refused(format_name: str, data: bytes, message: str) -> None:
    with pytest.raises(DataError, match=f"^a: .*{message}"):
        check_content(head(data), FileType(format_name), "a")


@pytest.mark.parametrize(
    ("format_name", "data"),
    [
        ("jsonl", LINES),
        ("jsonl", b'\xef\xbb\xbf{"text": "Rain fell."}'),
        ("jsonl", b'\n{"text": "' + b"rain " * 9999),
        ("jsonl", b"no record\n" + LINES),
        ("jsonl", b'{"text": "cut\n' + LINES),
        ("jsonl", b"{\n" + LINES),
        ("json", LINES),
        ("json", PRETTY),
        ("json", b'{"text": "Rain fell."}'),
        ("json", b'["a", "b"]'),
        ("csv", b'"id","text"\n1,"{""a"": 1}"\n'),
        ("csv", "name,text\n1,Größe\n".encode("latin-1")),
        ("tsv", b"id\ttext\n"),
        ("parquet", b"PAR1" + bytes(100)),
        ("warc", b"WARC/1.0\r\nWARC-Type: warcinfo\r\n"),
        ("warc", b"WARC/1.1\n\0\0"),
        ("warc", gzip.compress(b"WARC/1.0\r\n", mtime=0)),
    ],
)
def test_files_of_a_format_are_not(format_name: str, data: bytes) -> None:
    check_content(head(data), FileType(format_name), "a")


@pytest.mark.parametrize("format_name", FORMATS)
def test_an_empty_file_may_be_anything(format_name: str) -> None:
    check_content(b"", FileType(format_name), "a")


@given(st.binary(max_size=200) | st.text(st.sampled_from('{}[]<>"\\:,/?! \nabdhlmot1'), max_size=60).map(str.encode))
def test_the_check_ends_with_one_kind_of_error(data: bytes) -> None:
    for format_name in FORMATS:
        with contextlib.suppress(DataError):
            check_content(data, FileType(format_name), "a")


ESCAPED = b'{"id": -1.5e-7, "ok": [true, false, null, NaN, -Infinity], "text": "\\ud83d\\ude80 Gr\\u00fc\\u00DFe'


@pytest.mark.parametrize("stop", range(6, len(ESCAPED)))
def test_json_that_is_cut_anywhere_is_no_plain_text(stop: int) -> None:
    with pytest.raises(DataError, match="looks like JSON"):
        check_content(ESCAPED[:stop], FileType("text"), "a")


@pytest.mark.parametrize("shift", range(13))
def test_escapes_at_the_end_of_the_head(shift: int) -> None:
    record = json.dumps({"text": "x" * shift + "🚀é" * HEAD}).encode()
    with pytest.raises(DataError, match="looks like JSON"):
        check_content(head(record), FileType("text"), "a.txt")


@given(st.integers(1, HEAD))
def test_where_the_head_ends_does_not_matter(stop: int) -> None:
    for data in (PRETTY, LINES * 99):
        if stop > 12:
            with pytest.raises(DataError, match="looks like JSON"):
                check_content(data[:stop], FileType("text"), "a")
    check_content((LINES * 99)[:stop], FileType("jsonl"), "a")
    check_content(PRETTY[:stop], FileType("json"), "a")


def test_public_cases(shared: Path) -> None:
    refused = []
    for path in sorted((shared / "cases" / "formats").iterdir()):
        try:
            check_content(path.read_bytes()[:HEAD], file_type(path), path.name)
        except DataError:
            refused.append(path.name)
    assert refused == ["doc.xml"]
    xml = (shared / "cases" / "formats" / "doc.xml").read_bytes()
    with pytest.raises(DataError, match="XML; extract the text first"):
        check_content(xml[:HEAD], FileType("text"), "-")
