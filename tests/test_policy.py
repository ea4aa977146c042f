"""Which labels and kinds are kept, and the number that a threshold's name means."""

from __future__ import annotations

import numpy as np
import pytest

from detector.errors import UsageError
from detector.features.hashing import BUCKETS
from detector.features.word_vectors import WordVectors
from detector.inference.linear import LinearModel
from detector.inference.model import Model
from detector.inference.network import Ensemble
from detector.policy import POLICIES, REPORTING_ONLY, Policy, resolve_policy, resolve_threshold

KINDS = {
    "body": "reporting", "heading": "reporting", "donation": "appeal", "newsletter": "appeal",
    "about": "navigation", "menu": "navigation", "metadata": "navigation",
}  # fmt: skip
LABELS = ("reporting", "appeal", "navigation")


@pytest.fixture(scope="module")
def model() -> Model:
    floats = np.zeros(len(KINDS), dtype=np.float32)
    return Model(
        LABELS, tuple(KINDS), tuple(LABELS.index(label) for label in KINDS.values()),
        LinearModel(np.zeros((BUCKETS, len(KINDS)), dtype=np.int8), floats, floats),
        np.zeros(BUCKETS, dtype=np.uint8), WordVectors.none(), Ensemble.none(),
        np.eye(4, 3, dtype=np.float32), {"gentle": 0.1, "balanced": 0.25}, {},
    )  # fmt: skip


KEPT = [
    (REPORTING_ONLY, {"body", "heading"}),
    (POLICIES["reporting"], {"body", "heading"}),
    (POLICIES["appeals-only"], set(KINDS) - {"donation", "newsletter"}),
    (POLICIES["text"], {"body", "heading", "metadata", "about"}),
    (Policy(keep=("navigation",)), {"about", "menu", "metadata"}),
    (Policy(keep=("reporting", "navigation"), drop=("menu",)), {"body", "heading", "about", "metadata"}),
    (Policy(keep=("about",), drop=("navigation",)), {"about"}),  # a kind overrides its label
    (Policy(keep=(), drop=("newsletter",)), set(KINDS) - {"newsletter"}),
    (Policy(keep=("donation",), drop=("appeal",)), {"donation"}),
    (Policy(keep=(), drop=()), set(KINDS)),
    (REPORTING_ONLY.changed(["about"], ["heading"]), {"body", "about"}),
]


@pytest.mark.parametrize(("policy", "kept"), KEPT)
def test_kept_kinds(policy: Policy, kept: set[str], model: Model) -> None:
    flags = policy.kept_kinds(model)
    assert flags.dtype == np.bool_
    assert {kind for kind, keep in zip(model.kinds, flags, strict=True) if keep} == kept


def test_the_error_for_an_unknown_name_lists_the_known_ones(model: Model) -> None:
    with pytest.raises(UsageError, match="'footer' is neither a label nor a kind") as caught:
        Policy(keep=("reporting", "footer")).kept_kinds(model)
    for name in (*LABELS, *KINDS):
        assert name in str(caught.value)
    with pytest.raises(UsageError, match="'footer'"):
        Policy(drop=("footer",)).kept_kinds(model)


def test_a_name_kept_and_dropped(model: Model) -> None:
    with pytest.raises(UsageError, match="about, menu: both kept and dropped"):
        Policy(keep=("menu", "about"), drop=("about", "menu", "metadata")).kept_kinds(model)


CHANGED = [
    (Policy(), ["about"], [], Policy(("reporting", "about"))),
    (Policy(), ["about"], ["reporting"], Policy(("about",), ("reporting",))),
    (Policy((), ("appeal",)), [], ["menu"], Policy((), ("appeal", "menu"))),
    (Policy(("reporting",), ("about",)), ["about"], [], Policy(("reporting", "about"))),
    (Policy(), ["about", "about", "reporting"], [], Policy(("reporting", "about"))),
    (Policy(), [], [], Policy()),
]


@pytest.mark.parametrize(("policy", "keep", "drop", "expected"), CHANGED)
def test_new_names_override_old_ones(policy: Policy, keep: list[str], drop: list[str], expected: Policy) -> None:
    assert policy.changed(keep, drop) == expected


THRESHOLDS = [("gentle", 0.1), ("balanced", 0.25), (0, 0.0), (1, 1.0), (0.5, 0.5), ("0.5", 0.5), ("1e-3", 0.001)]


@pytest.mark.parametrize(("threshold", "value"), THRESHOLDS)
def test_thresholds(threshold: float | str, value: float, model: Model) -> None:
    assert resolve_threshold(threshold, model) == value


@pytest.mark.parametrize("threshold", ["strict", "", "nan", "-0.01", 1.01, -1, float("inf"), 10**400])
def test_invalid_thresholds(threshold: float | str, model: Model) -> None:
    with pytest.raises(UsageError, match="or one of gentle, balanced") as caught:
        resolve_threshold(threshold, model)
    assert repr(threshold) in str(caught.value)


def test_a_change_that_keeps_nothing_is_refused() -> None:
    """It would keep all the rest instead."""
    with pytest.raises(UsageError, match="nothing is left to keep without reporting"):
        Policy().changed([], ["reporting"])


@pytest.mark.parametrize("name", ["keep", "drop"])
def test_a_string_is_not_a_tuple_of_names(name: str) -> None:
    with pytest.raises(UsageError, match=rf"{name}='about': give a tuple of names"):
        Policy(**{name: "about"})  # type: ignore[arg-type]


@pytest.mark.parametrize("name", sorted(POLICIES))
def test_a_policy_has_a_name(name: str) -> None:
    assert resolve_policy(name) is POLICIES[name]
    assert resolve_policy(POLICIES[name]) is POLICIES[name]


@pytest.mark.parametrize("wrong", ["all", "", None, ("reporting",), ["reporting"], {"keep": ["reporting"]}, {"text"}])
def test_invalid_policies(wrong: object) -> None:
    with pytest.raises(UsageError, match="choose reporting, appeals-only, text, or give a Policy"):
        resolve_policy(wrong)  # type: ignore[arg-type]
