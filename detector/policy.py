"""Policies and thresholds: which labels and kinds of paragraph are kept, and at which probability."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detector.errors import UsageError
from detector.inference.model import REPORTING, Model


@dataclass(frozen=True, slots=True)
class Policy:
    """The labels and kinds to keep and to drop. A named kind takes precedence over its label.

    Kinds that neither list covers are dropped; where ``keep`` is empty, they are kept. A paragraph is kept if the
    probabilities of the kept kinds sum to at least the threshold. Raises `UsageError` for anything but tuples.
    """

    keep: tuple[str, ...] = (REPORTING,)
    drop: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        values: tuple[tuple[str, object], ...] = (("keep", self.keep), ("drop", self.drop))
        for name, value in values:
            if not isinstance(value, tuple):
                raise UsageError(f"{name}={value!r}: give a tuple of names, such as ('about',)")

    def kept_kinds(self, model: Model) -> NDArray[np.bool_]:
        """A mask of the model's kinds that are kept, ``(kinds,)``.

        Raises `UsageError` for a name that is neither a label nor a kind of the model, or that is in both lists.
        """
        _check_names((*self.keep, *self.drop), model)
        both = sorted(set(self.keep) & set(self.drop))
        if both:
            raise UsageError(f"{', '.join(both)}: both kept and dropped; name each only once")
        decided = dict.fromkeys(self.keep, True) | dict.fromkeys(self.drop, False)
        return np.array([
            decided.get(kind, decided.get(model.labels[label], not self.keep))
            for kind, label in zip(model.kinds, model.kind_labels, strict=True)
        ])  # fmt: skip

    def changed(self, keep: Iterable[str], drop: Iterable[str]) -> Policy:
        """A policy with further names: those to keep are removed from ``drop``, those to drop from ``keep``.

        Raises `UsageError` if everything that this policy keeps by name is dropped: it would keep all the rest instead.
        """
        keep, drop = tuple(keep), tuple(drop)
        kept = tuple(dict.fromkeys([*(n for n in self.keep if n not in drop), *keep]))
        if self.keep and not kept:
            raise UsageError(f"nothing is left to keep without {', '.join(self.keep)}: name what to keep as well")
        return Policy(kept, tuple(dict.fromkeys([*(n for n in self.drop if n not in keep), *drop])))


REPORTING_ONLY = Policy()
POLICIES = {
    "reporting": REPORTING_ONLY,
    "appeals-only": Policy(keep=(), drop=("appeal",)),
    "text": Policy(keep=(REPORTING, "metadata", "about")),
}


def resolve_policy(policy: Policy | str) -> Policy:
    """A policy by its name in `POLICIES`, or as it is. Raises `UsageError` for anything else."""
    if isinstance(policy, Policy):
        return policy
    if not isinstance(policy, str) or policy not in POLICIES:
        raise UsageError(f"policy {policy!r}: choose {', '.join(POLICIES)}, or give a Policy")
    return POLICIES[policy]


def _check_names(names: Sequence[str], model: Model) -> None:
    known = {*model.labels, *model.kinds}
    for name in names:
        if name not in known:
            raise UsageError(
                f"{name!r} is neither a label nor a kind of this model; "
                f"labels: {', '.join(model.labels)}; kinds: {', '.join(model.kinds)}"
            )


def resolve_threshold(threshold: float | str, model: Model) -> float:
    """The value of a threshold, given as a name that the model has or as a number from 0 to 1.

    Raises `UsageError` for an unknown name or a number out of range.
    """
    if isinstance(threshold, str) and threshold in model.thresholds:
        return model.thresholds[threshold]
    try:
        value = float(threshold)
    except (TypeError, ValueError, OverflowError):
        value = float("nan")
    if not 0 <= value <= 1:
        raise UsageError(f"threshold {threshold!r}: give a number from 0 to 1, or one of {', '.join(model.thresholds)}")
    return value
