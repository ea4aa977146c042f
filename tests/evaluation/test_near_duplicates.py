"""Near-duplicate documents of different sites."""

from __future__ import annotations

from itertools import combinations, product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detector.evaluation import near_duplicates as module
from detector.evaluation.near_duplicates import MIN_WORDS, NearDuplicates, Shingles

WORDS = ["".join(letters) for letters in product("bcdfgklm", "aeiou", "bdglnrst")]  # 320 of them
STORY = " ".join(WORDS[:60])
EDITED = STORY.replace(WORDS[30], "other")
ELSE = " ".join(WORDS[100:160])
CHINESE = "".join(chr(0x4E00 + number) for number in range(40))


def groups(texts: list[str], sites: list[str], similarity: float = 0.7) -> list[NearDuplicates]:
    shingles = Shingles()
    shingles.add(texts[:1])
    shingles.add(texts[1:])
    return shingles.near_duplicates(sites, similarity)


def test_an_edited_copy_on_another_site() -> None:
    (found,) = groups([STORY, ELSE, EDITED], ["a", "b", "c"])
    assert found.documents == (0, 2)
    assert found.similarity == pytest.approx((58 - 3) / (58 + 3))


@pytest.mark.parametrize(
    ("texts", "sites"),
    [
        ([STORY, EDITED], ["a", "a"]),  # the same site is not split
        ([STORY, ELSE], ["a", "b"]),
        ([STORY, " ".join(reversed(STORY.split()))], ["a", "b"]),  # the order of words counts
        ([" ".join(WORDS[: MIN_WORDS - 1])] * 2, ["a", "b"]),  # too short
        (["", ""], ["a", "b"]),
    ],
)
def test_what_is_no_near_duplicate(texts: list[str], sites: list[str]) -> None:
    assert groups(texts, sites) == []


def test_no_document() -> None:
    assert Shingles().near_duplicates([]) == []


def test_numbers_do_not_matter() -> None:
    assert groups([f"{STORY} 12 {ELSE}", f"{STORY} 47 {ELSE}"], ["a", "b"], 1) == [NearDuplicates((0, 1), 1)]


def test_case_line_ends_and_scripts_without_spaces_do_not_matter() -> None:
    texts = [STORY, STORY.upper().replace(" ", "\n"), CHINESE, f"{CHINESE[:20]}\n{CHINESE[20:]}"]
    assert [each.documents for each in groups(texts, ["a", "b", "c", "d"], 1)] == [(0, 1), (2, 3)]


def test_near_duplicates_of_near_duplicates_are_one_group() -> None:
    again = EDITED.replace(WORDS[10], "different")
    (found,) = groups([STORY, EDITED, again], ["a", "b", "c"], 0.88)
    assert found.documents == (0, 1, 2)


def test_texts_that_very_many_documents_share(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_PRODUCTS", 300)  # pairs; the notice alone would make 25 * 58 of them
    texts = [*[STORY] * 5, f"{STORY} {ELSE}", f"{STORY} {ELSE} end"]
    found = groups(texts, [f"site-{number}" for number in range(7)], 0.9)
    assert [each.documents for each in found] == [(0, 1, 2, 3, 4), (5, 6)]  # equal ones; without the notice, near ones


def jaccard(first: str, second: str) -> float:
    one, two = ({tuple(text.split()[at : at + 3]) for at in range(len(text.split()) - 2)} for text in (first, second))
    return len(one & two) / len(one | two)


@given(
    st.lists(st.tuples(st.integers(0, 3), st.integers(0, 60), st.integers(0, 60)), min_size=2, max_size=6),
    st.sampled_from([0.3, 0.7, 1.0]),
)
def test_the_groups_are_those_of_the_pairs(given_documents: list[tuple[int, int, int]], similarity: float) -> None:
    """Against the definition; texts are stretches of one sequence of words."""
    texts = [" ".join(WORDS[start : start + 25 + more]) for _, start, more in given_documents]
    sites = [f"site-{site}" for site, _, _ in given_documents]
    pairs = {
        (first, second)
        for first, second in combinations(range(len(texts)), 2)
        if sites[first] != sites[second] and jaccard(texts[first], texts[second]) >= similarity
    }
    found = groups(texts, sites, similarity)
    together = {pair for each in found for pair in combinations(each.documents, 2)}
    assert pairs <= together
    assert {number for pair in pairs for number in pair} == {number for each in found for number in each.documents}
