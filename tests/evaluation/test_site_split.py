"""Splitting documents by site: nothing is split, shares are met, and the same input gives the same parts."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st
from labelled import document, paragraph

from detector.errors import DataError, UsageError
from detector.evaluation import site_split as module
from detector.evaluation.labelled import LabelledDocument
from detector.evaluation.site_split import Unit, Units, parse_parts, split_units, unit_of

PARTS = {"train": 0.8, "dev": 0.1, "test": 0.1}
STORY = " ".join(first + second for first in "bcdfgklm" for second in ("an", "en", "in", "on", "un"))


def units(sizes: dict[str, int], label: str = "reporting") -> list[Unit]:
    return [
        Unit(name, Counter({"documents": size, "language en": size, f"label {label}": size}))
        for name, size in sorted(sizes.items())
    ]


SITES = units({f"site-{number}": 1 + number % 7 for number in range(200)})


def shares(parts: dict[str, str], given_units: list[Unit], stratum: str) -> dict[str, float]:
    total = sum(unit.sizes[stratum] for unit in given_units)
    found: Counter[str] = Counter()
    for unit in given_units:
        found[parts[unit.name]] += unit.sizes[stratum]
    return {name: count / total for name, count in found.items()}


def test_the_shares_are_met() -> None:
    mixed = [*SITES, *units({f"appeals-{number}": 3 for number in range(40)}, "appeal")]
    found = split_units(mixed, PARTS)
    for stratum in ("documents", "label reporting", "label appeal"):
        assert shares(found, mixed, stratum) == pytest.approx(PARTS, abs=0.02), stratum


def test_a_seed_makes_a_split_and_another_seed_another() -> None:
    first, again, other = (split_units(SITES, PARTS, seed) for seed in (1, 1, 2))
    assert first == again
    assert sum(first[name] != other[name] for name in first) > 20


def test_the_order_of_documents_does_not_matter() -> None:
    documents = [document(f"d{number}", paragraph("Rain."), site=f"site-{number % 9}") for number in range(30)]
    found = []
    for given_documents in (documents, documents[::-1]):
        collected = Units()
        for each in given_documents:
            collected.add(each)
        found.append(split_units(collected.units(), PARTS))
    assert found[0] == found[1]


@given(
    st.dictionaries(st.text(max_size=5), st.integers(0, 50), min_size=3, max_size=30),
    st.integers(0, 5),
    st.lists(st.lists(st.integers(0, 29), min_size=2, max_size=3), max_size=2),
)
def test_no_part_is_empty_and_nothing_that_belongs_together_is_split(
    sizes: dict[str, int], seed: int, pairs: list[list[int]]
) -> None:
    names = sorted(sizes)
    together = [[names[at % len(names)] for at in pair] for pair in pairs]
    if len(names) - sum(len(each) - 1 for each in together) < len(PARTS):
        together = []
    found = split_units(units(sizes), PARTS, seed, together)
    assert set(found) == set(names)
    assert set(found.values()) == set(PARTS)
    assert all(len({found[name] for name in each}) == 1 for each in together)


def test_sites_of_an_earlier_split_stay() -> None:
    earlier = split_units(SITES, PARTS, 1)
    more = [*SITES, *units({f"new-{number}": 3 for number in range(50)})]
    found = split_units(more, PARTS, 2, kept=earlier)
    assert {name: found[name] for name in earlier} == earlier
    assert shares(found, more, "documents") == pytest.approx(PARTS, abs=0.02)
    beside = split_units(more, PARTS, 2, [["new-1", "site-3"]], earlier)
    assert beside["new-1"] == earlier["site-3"]


def test_units_of_an_earlier_split_that_are_not_split_again() -> None:
    new = units({f"new-{number}": 3 for number in range(20)})
    together = [["new-1", "site-3"], ["new-2", "site-3"], ["site-4", "site-5"]]
    kept = {"site-3": "dev", "site-4": "train", "site-5": "test"}
    found = split_units(new, PARTS, 2, together, kept)
    assert found["new-1"] == found["new-2"] == "dev"
    assert {unit.name for unit in new} <= set(found)
    with pytest.raises(DataError, match="site-3 is kept in dev, and site-4 in train, but near-duplicates connect them"):
        split_units(new, PARTS, 2, [*together[:2], ["new-1", "site-4"]], kept)


def test_a_part_in_which_a_unit_is_kept_may_stay_empty() -> None:
    new = units({"new": 3})
    assert set(split_units(new, PARTS, kept={"a": "train", "b": "dev", "c": "test"})) == {"new"}
    assert split_units(new, PARTS, kept={"a": "train", "b": "dev"}) == {"new": "test"}
    with pytest.raises(DataError, match="1 site, for 2 parts"):
        split_units(new, PARTS, kept={"a": "train"})
    with pytest.raises(DataError, match="1 site, 0 without those that are kept in a part, for 1 part:"):
        split_units(new, PARTS, kept={"new": "train", "b": "dev"})


def test_near_duplicates_in_two_parts_of_an_earlier_split() -> None:
    with pytest.raises(DataError, match=r"site-1 is kept in dev, and site-2 in train, .*near-duplicates"):
        split_units(SITES, PARTS, together=[["site-1", "site-2"]], kept={"site-1": "dev", "site-2": "train"})


@pytest.mark.parametrize(
    ("count", "together", "by", "words"),
    [
        (1, [], "site", "1 site, for 3 parts: no site is split; add documents of other sites, .*--by document"),
        (3, [["s0", "s1"]], "site", "3 sites, 2 where near-duplicates stay together, for 3 parts"),
        (2, [], "lang", "2 languages, for 3 parts: no language is split; .*fewer parts$"),
    ],
)
def test_too_few_sites(count: int, together: list[list[str]], by: str, words: str) -> None:
    with pytest.raises(DataError, match=words):
        split_units(units({f"s{number}": 2 for number in range(count)}), PARTS, together=together, by=by)


@pytest.mark.parametrize(("by", "name"), [("site", "paper.example"), ("document", "a1"), ("lang", "de")])
def test_what_is_not_split(by: str, name: str) -> None:
    assert unit_of(LabelledDocument("a1", "paper.example", None, "German", None, ()), by) == name
    assert unit_of(LabelledDocument("a1", "paper.example", None, None, None, ()), "lang") == "unknown"


@pytest.mark.parametrize("batch", [1, 2, 500])
def test_near_duplicates_connect_units(batch: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_BATCH", batch)
    documents = [document(name, paragraph(STORY), site=site) for name, site in (("1", "a"), ("2", "b"), ("3", "b"))]
    for by, wanted in (("site", [("a", "b")]), ("document", [("1", "2", "3")])):
        collected = Units(by)
        apart = Units(by, together=False)
        for each in documents:
            collected.add(each)
            apart.add(each)
        assert collected.near_duplicates() == wanted
        assert apart.near_duplicates() == []


def test_parts() -> None:
    assert parse_parts(" train=0.8, dev=.1,test=0.1") == PARTS
    assert parse_parts("a=0.333333,b=0.333333,c=0.333334")["c"] == 0.333334


@pytest.mark.parametrize(
    ("given_parts", "words"),
    [
        ("train=1", "more than 0 and less than 1"),
        ("train=0.5", "sum to 1, not to 0.5"),
        ("train=0.5,dev=0.6", "sum to 1, not to 1.1"),
        ("train=0.5,train=0.5", "'train' is no name of its own"),
        ("../x=0.5,b=0.5", "is no name of its own"),
        ("train,dev=0.5", "not of the form name=share"),
        ("train=nan,dev=0.5", "more than 0 and less than 1"),
        ("", "sum to 1, not to 0"),
    ],
)
def test_invalid_parts(given_parts: str, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        parse_parts(given_parts)
