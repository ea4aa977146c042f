"""Files of phrases: what is read, and what is refused, with its line."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from detector.errors import UsageError
from detector.evidence.phrase_file import (
    DEFAULT_STRENGTH,
    MAX_LENGTH,
    MAX_NESTED,
    MAX_STRENGTH,
    Phrase,
    patterns,
    read_phrases,
)
from detector.evidence.phrases import Phrases

READ = {
    "three columns": (b"Dear reader\tappeal\t4.5\n", [Phrase("Dear reader", "appeal", 4.5, 1)]),
    "no strength": (b"Dear reader\tappeal\n", [Phrase("Dear reader", "appeal", DEFAULT_STRENGTH, 1)]),
    "an empty strength": (b"Dear reader\tappeal\t\n", [Phrase("Dear reader", "appeal", DEFAULT_STRENGTH, 1)]),
    "no line end": (b"a b\tappeal\t1", [Phrase("a b", "appeal", 1, 1)]),
    "line ends of Windows": (b"a\tmenu\t1\r\nb\tmenu\t2\r\n", [Phrase("a", "menu", 1, 1), Phrase("b", "menu", 2, 2)]),
    "a byte order mark": (b"\xef\xbb\xbfa\tappeal\t1\n", [Phrase("a", "appeal", 1, 1)]),
    "comments and empty lines": (b"# a\tb\n\n  \n\t\t\n  # c\na\tappeal\t1\n", [Phrase("a", "appeal", 1, 6)]),
    "spaces around columns": (b"  a b \t appeal \t 1 \n", [Phrase("a b", "appeal", 1, 1)]),
    "evidence against": (b"a\tappeal\t-20\n", [Phrase("a", "appeal", -20, 1)]),
    "an exponent": (b"a\tappeal\t5e-1\n", [Phrase("a", "appeal", 0.5, 1)]),
    "beyond ASCII": ("Spenden Sie für uns\tappeal\n支持我们\tappeal\n".encode(), [
        Phrase("Spenden Sie für uns", "appeal", DEFAULT_STRENGTH, 1), Phrase("支持我们", "appeal", DEFAULT_STRENGTH, 2),
    ]),
    "a NUL": (b"a\0b\tappeal\t1\n", [Phrase("a\0b", "appeal", 1, 1)]),
    "nothing": (b"", []),
    "the same line twice": (b"a\tmenu\t1\nA \tmenu\t1.0\n", [Phrase("a", "menu", 1, 1), Phrase("A", "menu", 1, 2)]),
}  # fmt: skip

REFUSED = {
    "one column": (b"a\tappeal\nDear reader\n", "line 2: 1 column; give a phrase, a label or kind, and a strength"),
    "four columns": (b"a\tappeal\t1\tx\n", "line 1: 4 columns"),
    "no label": (b"a\t\t1\n", "line 1: no label or kind"),
    "no phrase": (b"\tappeal\t1\n", "line 1: an empty phrase"),
    "only anchors": (b"^$\tappeal\t1\n", "line 1: an empty phrase"),
    "only what is not seen": ("\u200b\u00ad\tappeal\t1\n".encode(), "line 1: an empty phrase"),
    "a word for a strength": (b"# one\na\tappeal\tstrong\n", "line 2: the strength 'strong' is no number"),
    "not a number": (b"a\tappeal\tnan\n", "line 1: the strength nan; give a number from -20 to 20, but not 0"),
    "infinite": (b"a\tappeal\t-inf\n", "line 1: the strength -inf"),
    "too strong": (b"a\tappeal\t20.5\n", "line 1: the strength 20.5"),
    "no strength at all": (b"a\tappeal\t0\n", "line 1: the strength 0.0"),
    "a long phrase": (b"a" * (MAX_LENGTH + 1) + b"\tmenu\t1\n", "line 1: a phrase of 501 characters; 500 are the most"),
    "a line of 10 MB": (b"b\tappeal\n" + b"a" * 10_000_000, "line 2: longer than 16,384 bytes"),
    "not UTF-8": (b"a\tappeal\n\xff\xfe\tappeal\n", "line 2: not UTF-8"),
    "UTF-16": ("a\tappeal\n".encode("utf-16"), "line 1: not UTF-8"),
    "another label": (
        b"Dear all\tappeal\t2\n\n dear  ALL\tmenu\t2\n", "line 3: 'dear  ALL' is menu 2 here, and appeal 2 in line 1"
    ),
    "another strength": (b"a\tappeal\t2\na\tappeal\t3\n", "line 2: 'a' is appeal 3 here, and appeal 2 in line 1"),
    "a lone backslash": (b"a\\b\tappeal\n", "line 1: a backslash stands before"),
    "a backslash at the end": (b"ab\\\tappeal\n", "line 1: a backslash stands before"),
    "too many ends": (
        b"\n".join(b"a" * n + b"\tappeal" for n in range(1, MAX_NESTED + 2)), f"ends with {MAX_NESTED} other phrases"
    ),
}  # fmt: skip


def path_of(content: bytes, folder: Path) -> Path:
    path = folder / "phrases.tsv"
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("name", READ)
def test_what_is_read(name: str, tmp_path: Path) -> None:
    content, expected = READ[name]
    path = path_of(content, tmp_path)
    assert read_phrases(path) == tuple(expected)
    assert Phrases.read(path).phrases == tuple(expected)


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_refused(name: str, tmp_path: Path) -> None:
    content, message = REFUSED[name]
    path = path_of(content, tmp_path)
    with pytest.raises(UsageError, match=re.escape(message)) as raised:
        Phrases.read(path)
    assert str(raised.value).startswith(str(path))
    assert len(str(raised.value)) < 400


def test_files_that_are_not_there(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "none.tsv", str(tmp_path / "no\0ne")):
        with pytest.raises(UsageError, match="the phrases cannot be read"):
            read_phrases(path)


def test_phrases_that_are_made_in_python() -> None:
    for phrase in (Phrase("a", "b", 0), Phrase("a", "b", float("nan")), Phrase("a", "b", True), Phrase("", "b")):
        with pytest.raises(UsageError, match="phrases"):
            Phrases((phrase,))
    with pytest.raises(UsageError, match="strength"):
        Phrases((Phrase("a", "b", "3"),))  # type: ignore[arg-type]
    assert len(Phrases((Phrase("a", "b", -MAX_STRENGTH), Phrase("b", "b", MAX_STRENGTH))).phrases) == 2


ESCAPED = {
    "^Photo:": ("photo:", True, False),
    "Reuters$": ("reuters", False, True),
    "^Share$": ("share", True, True),
    r"\^Photo": ("^photo", False, False),
    r"US\$": ("us$", False, False),
    r"US\\$": ("us\\", False, True),
    r"US\\\$": ("us\\$", False, False),
    r"\#tag": ("#tag", False, False),
    "a^b$c": ("a^b$c", False, False),
    "^ Photo $": ("photo", True, True),
}


@pytest.mark.parametrize("text", ESCAPED)
def test_anchors_and_backslashes(text: str) -> None:
    (pattern,) = patterns([Phrase(text, "appeal")], "phrases")
    assert (pattern.text, pattern.opens, pattern.closes) == ESCAPED[text]


def test_one_text_may_be_looked_for_in_several_places() -> None:
    found = patterns([Phrase("Share", "appeal", 1), Phrase("^Share", "menu"), Phrase("Share$", "social")], "phrases")
    assert len(found) == 3


def test_as_many_phrases_as_a_user_may_have_that_end_alike() -> None:
    words = [" ".join(["news"] * number) for number in range(1, MAX_NESTED + 1)]
    assert len(patterns([Phrase(text, "appeal") for text in words], "phrases")) == MAX_NESTED


@pytest.mark.slow
def test_many_phrases(tmp_path: Path) -> None:
    path = path_of(b"".join(b"phrase %d\tappeal\t1\n" % number for number in range(20_000)), tmp_path)
    phrases = Phrases.read(path)
    assert phrases._matcher.find(["This is phrase 12345.", "A phrase 7", "phrase 20000"]) == {(0, 12345), (1, 7)}


def test_a_million_phrases_are_refused(tmp_path: Path) -> None:
    path = path_of(b"phrase\tappeal\t1\n" * 1_000_000, tmp_path)
    with pytest.raises(UsageError, match="line 200001: more than 200,000 phrases"):
        Phrases.read(path)
