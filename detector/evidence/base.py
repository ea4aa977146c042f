"""What a user knows beside the text, as evidence for the model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from detector.inference.model import Model
from detector.reasons import Group
from detector.util.arrays import Floats


@dataclass(frozen=True, slots=True)
class Found:
    """A piece of evidence on one paragraph: where it comes from, and what it says in a few words.

    ``kinds`` is what it adds to the logit of each of the model's kinds.
    """

    group: Group
    text: str
    kinds: Floats


class Evidence(Protocol):
    """Evidence on paragraphs, which is added to the logits of the linear model, before the networks read them.

    It has no state, can be pickled, and two are equal when their contents are: they are part of a `Cleaner`.
    """

    @property
    def digest(self) -> str:
        """A hash of all that `logits` depends on besides its arguments, in hexadecimal digits."""

    def logits(self, model: Model, paragraphs: Sequence[str]) -> Floats | None:
        """What to add to the logits, ``(paragraphs, kinds)`` in float32; None where there is nothing to add.

        Raises `UsageError` where the evidence does not fit the model, also for no paragraphs.
        """

    def found(self, model: Model, paragraph: str) -> list[Found]:
        """The evidence on one paragraph, for explanations; the sum of its ``kinds`` is its row of `logits`."""
