"""The shipped model on whole small articles, as data: found in the wild, negative ones, and known failures."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from detector.cleaner import Cleaner

Case = dict[str, Any]


def read(path: Path) -> list[Case]:
    return [json.loads(line) for line in path.read_text("utf-8").rstrip("\n").split("\n")]


FILES = {path.stem: read(path) for path in sorted((Path(__file__).parent / "cases").glob("*.jsonl"))}
CASES = [case for cases in FILES.values() for case in cases]


def as_parameter(case: Case) -> Any:
    reason = case.get("known_failure")
    marks = [pytest.mark.xfail(strict=True, raises=AssertionError, reason=reason)] if reason else []
    return pytest.param(case, id=case["name"], marks=marks)


@pytest.mark.parametrize("case", [as_parameter(case) for case in CASES])
def test_only_the_story_is_kept(case: Case, shipped: Cleaner) -> None:
    """When a known failure passes, it is no longer one: delete its reason."""
    decided = shipped.predict("\n".join(p["text"] for p in case["paragraphs"])).paragraphs
    wrong = [
        ("lost" if wanted["keep"] else "left", wanted["text"])
        for wanted, given in zip(case["paragraphs"], decided, strict=True)
        if wanted["keep"] != given.keep and not wanted.get("either")
    ]
    assert not wrong


def test_there_are_many_cases_in_many_languages() -> None:
    assert len(CASES) >= 150
    assert len({case["lang"] for case in CASES}) >= 20


def test_every_case_has_a_name_of_its_own_and_no_unknown_key() -> None:
    assert len({case["name"] for case in CASES}) == len(CASES)
    for case in CASES:
        assert case.keys() - {"known_failure"} == {"name", "lang", "paragraphs"}
        assert all(p.keys() - {"either"} == {"text", "keep"} for p in case["paragraphs"])


def test_every_case_has_a_story_except_the_page_that_lists_others() -> None:
    assert [c["name"] for c in CASES if not any(p["keep"] for p in c["paragraphs"])] == ["37-en-index-page"]


def test_the_negative_cases_have_nothing_to_remove() -> None:
    assert all(p["keep"] for case in FILES["negative"] for p in case["paragraphs"])
