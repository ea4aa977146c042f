"""Names of labels and kinds, as one string."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tiny import ROOT

from detector.annotations.names import GUIDE, Label, known, literal, one_name
from detector.errors import DataError


def test_the_kinds_are_those_of_the_label_guide() -> None:
    guide = (ROOT / "docs" / "labels.md").read_text(encoding="utf-8").partition("## Kinds")[2].partition("\n## ")[0]
    sections = {title.lower(): text for title, text in re.findall(r"### (\w+)\n(.*?)(?=\n### |\Z)", guide, re.DOTALL)}
    assert {label: tuple(re.findall(r"^\| `(\w+)`", text, re.MULTILINE)) for label, text in sections.items()} == GUIDE


@pytest.mark.parametrize(
    ("name", "label"),
    [
        ("appeal", Label("appeal")),
        ("APPEAL", Label("appeal")),
        (" Newsletter ", Label("appeal", "newsletter")),
        ("appeal/newsletter", Label("appeal", "newsletter")),
        ("appeal/menu", None),
        ("appeal/", None),
        ("spam", None),
        ("", None),
    ],
)
def test_names_of_the_guide(name: str, label: Label | None) -> None:
    assert known(name) == label


def test_a_label_with_a_slash_has_no_one_name() -> None:
    with pytest.raises(DataError, match='the label "a/b" contains "/"'):
        one_name("a/b", None)


@given(st.text().filter(lambda label: "/" not in label), st.none() | st.text(min_size=1))
def test_one_name_is_read_as_label_and_kind(label: str, kind: str | None) -> None:
    name = one_name(label, kind)
    found = known(name) or literal(name)
    same = (label, kind) if known(name) is None else (label.strip().casefold(), kind and kind.strip().casefold())
    assert found == same
