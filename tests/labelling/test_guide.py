"""The keys of labels and kinds, the short guide, and the interval of the agreement."""

from __future__ import annotations

from dataclasses import replace

import pytest

from detector.annotations.names import GUIDE
from detector.cleaner import Cleaner
from detector.inference.model import Model
from detector.labelling.agreement import agreement
from detector.labelling.guide import kinds_of, labels_of


def test_the_shipped_model_has_keys_and_rules_for_all_of_the_guide(shipped: Cleaner) -> None:
    labels, kinds = labels_of(shipped.model), kinds_of(shipped.model)
    assert {each.name: each.key for each in labels} == {"reporting": "r", "appeal": "a", "navigation": "n"}
    assert {(each.label, each.name) for each in kinds} == {(label, kind) for label in GUIDE for kind in GUIDE[label]}
    assert all(each.rule for each in (*labels, *kinds))
    for label in GUIDE:
        keys = [each.key for each in kinds if each.label == label]
        assert keys == [str(number) for number in range(1, len(keys) + 1)]


def test_keys_differ_whatever_the_names_are(tiny_model: Model) -> None:
    names = ("reporting", "rubric", "r", "job", "日本", "kudos")
    number = 40
    model = replace(
        tiny_model, labels=names, kinds=tuple(f"k{n}" for n in range(number)), kind_labels=(0,) * number
    )  # fmt: skip
    keys = [each.key for each in labels_of(model)]
    assert keys == ["r", "b", "a", "o", "f", "i"]  # "u" undoes, "j" goes down
    kinds = [each.key for each in kinds_of(model)]
    assert len(kinds) == number
    shown = [key for key in kinds if key]
    assert shown == [*"123456789", *"mnpqtwy"]  # "a" is a label, "c" goes to the next conflict


# the bounds are those of Wilson's formula, computed by hand for the first
INTERVALS = [(10, 8, 0.490, 0.943), (10, 10, 0.722, 1.0), (10, 0, 0.0, 0.278), (1, 1, 0.207, 1.0),
             (1000, 900, 0.880, 0.917)]  # fmt: skip


@pytest.mark.parametrize(("labelled", "agreed", "low", "high"), INTERVALS)
def test_the_interval_of_the_agreement(labelled: int, agreed: int, low: float, high: float) -> None:
    found = agreement(labelled, agreed)
    assert found.share == agreed / labelled
    assert found.low == pytest.approx(low, abs=1e-3)
    assert found.high == pytest.approx(high, abs=1e-3)


def test_without_labels_there_is_no_agreement() -> None:
    assert agreement(0, 0) == (0, 0, None, None, None)
