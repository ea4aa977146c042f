"""Codes and names of languages, however a corpus writes them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detector.util.languages import NAMES, language_code, language_name

CODES = [
    (None, None),
    ("de", "de"), ("DE", "de"), ("german", "de"), ("German", "de"), ("GERMAN", "de"), ("de-AT", "de"), ("de_CH", "de"),
    ("zh", "zh"), ("zh-Hant", "zh"), ("zh-Hans-CN", "zh"), ("zh_TW", "zh"), ("Chinese", "zh"),
    ("pt_BR", "pt"), ("pt-br", "pt"), ("Portuguese", "pt"), ("sr-Latn", "sr"), ("sh", "sr"),
    ("no", "nb"), ("nn", "nb"), ("nb", "nb"), ("nn-NO", "nb"), ("Norwegian", "nb"),
    ("fil", "tl"), ("fil-PH", "tl"), ("tl", "tl"), ("Filipino", "tl"),
    ("xx", "xx"), ("Klingon", "klingon"), ("xx-YY", "xx-yy"), ("", ""), ("-", "-"), ("deu", "deu"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "code"), CODES)
def test_the_code_of_a_name(name: str | None, code: str | None) -> None:
    assert language_code(name) == code


@pytest.mark.parametrize("code", NAMES)
def test_every_code_and_every_name_is_known(code: str) -> None:
    assert language_code(code) == code
    assert language_code(language_name(code)) == code
    assert language_name(code) == NAMES[code]


def test_no_two_languages_have_one_name() -> None:
    assert len(set(NAMES.values())) == len(NAMES)


@pytest.mark.parametrize("code", ["xx", "", "klingon"])
def test_a_code_that_is_not_known_is_its_own_name(code: str) -> None:
    assert language_name(code) == code


words = st.one_of(st.text(max_size=8), st.sampled_from(sorted({*NAMES, *NAMES.values()})))


@given(words, st.sampled_from(("", "-Latn", "_US", "-x-odd")))
def test_the_code_of_a_code_is_itself(name: str, ending: str) -> None:
    code = language_code(name + ending)
    assert code is not None
    assert language_code(code) == code


@given(st.sampled_from(sorted(NAMES)), st.sampled_from(("-Latn", "_US", "-Hant-TW")), st.booleans())
def test_a_script_or_region_changes_nothing(code: str, ending: str, upper: bool) -> None:
    name = code + ending
    assert language_code(name.upper() if upper else name) == code
