"""The shipped model on whole small articles, as data: in the wild, negative ones, and what it is known to get wrong."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from detector.cleaner import Cleaner

CASES = json.loads((Path(__file__).parent / "cases.json").read_text("utf-8"))


def named(group: str) -> list[Any]:
    return [pytest.param(case, id=case["name"]) for case in CASES[group]]


def cleaned_lines(case: dict[str, Any], cleaner: Cleaner) -> list[str]:
    return cleaner.clean("\n".join(case["text"])).text.split("\n")


@pytest.mark.parametrize("case", named("in the wild"))
def test_the_story_stays_and_what_comes_after_it_goes(case: dict[str, Any], shipped: Cleaner) -> None:
    assert [line for line in cleaned_lines(case, shipped) if line] == case["text"][: case["keep"]]


@pytest.mark.parametrize("case", named("negative"))
def test_nothing_goes_where_nothing_should(case: dict[str, Any], shipped: Cleaner) -> None:
    assert cleaned_lines(case, shipped) == case["text"]


@pytest.mark.xfail(strict=True, reason="known: take the case over to the others when it passes")
@pytest.mark.parametrize("case", named("known failures"))
def test_known_failures(case: dict[str, Any], shipped: Cleaner) -> None:
    assert [line for line in cleaned_lines(case, shipped) if line] == case["text"][: case["keep"]]
