"""Pages in many encodings, and what is said of them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detector.html.encoding import decode

RUSSIAN = "<p>Мост через реку открыли после ремонта, сообщил совет города."
JAPANESE = "<p>橋は月曜日に再び開通したと市議会が発表した。"
GERMAN = "<p>Die Brücke über den Fluß ist wieder geöffnet – für alle."


def declared(name: str, text: str) -> str:
    return f'<html><head><meta charset="{name}"></head>{text}'


SENT = [  # bytes, what the page was sent as, text
    (GERMAN.encode("utf-8-sig"), "latin-1", GERMAN),
    (GERMAN.encode("utf-16"), "latin-1", GERMAN),
    (GERMAN.encode("utf-32"), None, GERMAN),
    ("\ufeff".encode("utf-32-be") + GERMAN.encode("utf-32-be"), "utf-8", GERMAN),
    ("\ufeff".encode("utf-16-be") + GERMAN.encode("utf-16-be"), None, GERMAN),
    (GERMAN.encode(), None, GERMAN),
    (GERMAN.encode(), "latin-1", GERMAN),
    (GERMAN.encode("cp1252"), "ISO-8859-1", GERMAN),
    (GERMAN.encode("cp1252"), " 'Windows-1252' ", GERMAN),
    (GERMAN.encode("cp1252"), None, GERMAN),
    (GERMAN.encode("cp1252"), "no-such-name", GERMAN),
    (GERMAN.encode("cp1252"), "utf-8", GERMAN),
    (RUSSIAN.encode("koi8-r"), "KOI8-R", RUSSIAN),
    (RUSSIAN.encode("cp1251"), None, RUSSIAN),
    (JAPANESE.encode("shift_jis"), "Shift_JIS", JAPANESE),
    (JAPANESE.encode("euc_jp"), "euc-jp", JAPANESE),
    (JAPANESE.encode("iso2022_jp"), "ISO-2022-JP", JAPANESE),
    (GERMAN.encode("utf-16-le"), "utf-16", GERMAN),
    (GERMAN.encode() + b"\xff", "utf-8", f"{GERMAN}\ufffd"),
    (b"<p>plain", "utf-16", "<p>plain"),
    (GERMAN.encode() + b"\0", "latin-1", f"{GERMAN}\0"),
    (GERMAN.encode() + b"\x1b", None, f"{GERMAN}\x1b"),
    (b"", "utf-8", ""),
]
DECLARED = [  # the name in the page, the encoding of its bytes, text
    ("windows-1251", "cp1251", RUSSIAN),
    ("koi8-r", "koi8-r", RUSSIAN),
    ("gb2312", "gb18030", "<p>大桥在星期一重新开放，镕基"),
    ("big5", "big5hkscs", "<p>大橋在星期一重新開放，市議會說"),
    ("euc-kr", "cp949", "<p>다리는 월요일에 다시 열렸다고 시의회가 밝혔다 똠"),
    ("shift_jis", "cp932", f"{JAPANESE}①"),
    ("iso-8859-1", "cp1252", GERMAN),
    ("iso-8859-2", "iso8859-2", "<p>Most był zamknięty przez trzy lata"),
    ("windows-1251", "utf-8", RUSSIAN),  # stored again, as UTF-8
    ("utf-16", "cp1252", "<p>Brücke"),  # the name itself is no UTF-16
]


@pytest.mark.parametrize(("markup", "encoding", "text"), SENT)
def test_what_a_page_was_sent_as(markup: bytes, encoding: str | None, text: str) -> None:
    assert decode(markup, encoding) == text


@pytest.mark.parametrize(("name", "codec", "text"), DECLARED)
def test_what_a_page_says_of_itself(name: str, codec: str, text: str) -> None:
    page = declared(name, text)
    assert decode(page.encode(codec)) == page
    assert decode(page.encode(codec), "no-such-name") == page


@pytest.mark.parametrize(
    "head",
    [
        '<META HTTP-EQUIV="Content-Type" CONTENT="text/html; charset=koi8-r">',
        "<meta charset = koi8-r>",
        "<meta name=x content='y'><meta\ncharset='koi8-r'/>",
        "<!-- <meta charset=cp1253> --><meta charset=koi8-r>",
        '<?xml version="1.0" encoding="koi8-r"?>',
        f"<script>{'x' * 5000}</script><meta charset=koi8-r>",
    ],
)
def test_ways_to_say_it(head: str) -> None:
    assert decode((head + RUSSIAN).encode("koi8-r")) == head + RUSSIAN


def test_what_it_was_sent_as_goes_before_what_the_page_says() -> None:
    page = declared("koi8-r", RUSSIAN)
    assert decode(page.encode("cp1251"), "windows-1251") == page


@given(st.text(st.characters(codec="utf-8", exclude_characters="\0\x1b")), st.sampled_from([None, "latin-1", "gbk"]))
def test_valid_utf8_is_utf8(text: str, encoding: str | None) -> None:
    assert decode(text.encode(), encoding) == text.removeprefix("\ufeff")


@given(st.binary(max_size=100), st.sampled_from([None, "utf-8", "utf-16", "big5", "hz", "replacement", "\0", ""]))
def test_all_bytes_have_characters(markup: bytes, encoding: str | None) -> None:
    decode(markup, encoding).encode()
