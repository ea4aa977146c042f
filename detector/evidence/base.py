"""What a user knows beside the text, as evidence for the model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from detector.inference.model import Model
from detector.reasons import Group
from detector.util.arrays import Floats, Offsets


@dataclass(frozen=True, slots=True)
class Found:
    """A piece of evidence on one paragraph: where it comes from, and what it says in a few words.

    ``kinds`` is its part of `Evidence.logits`: log-odds of each of the model's kinds.
    """

    group: Group
    text: str
    kinds: Floats


class Evidence(Protocol):
    """Evidence on paragraphs, in log-odds of their kinds.

    It counts before the networks, in what they read of the linear model: so it also counts for the paragraphs around.
    If it ``decides``, it counts once more after them, for the probabilities of its own paragraph. See
    `detector.evidence.known`.

    It has no state, can be pickled, and two are equal when their contents are: they are part of a `Cleaner`.
    """

    @property
    def digest(self) -> str:
        """A hash of all that `logits` depends on besides its arguments, in hexadecimal digits."""

    @property
    def decides(self) -> bool:
        """Whether the log-odds are meant of the decision: the probabilities of the kinds change by just as much.

        Otherwise they are meant of the linear model, and the networks weigh them.
        """

    def logits(self, model: Model, paragraphs: Sequence[str], bounds: Offsets | None = None) -> Floats | None:
        """The log-odds, ``(paragraphs, kinds)`` in float32; None where there is no evidence on any of the paragraphs.

        Document ``d`` has the paragraphs ``bounds[d]`` to ``bounds[d + 1]``; None for one document.

        Raises `UsageError` where the evidence does not fit the model, also for no paragraphs.
        """

    def found(self, model: Model, paragraphs: Sequence[str]) -> list[list[Found]]:
        """The evidence on each paragraph of one document, for explanations.

        The sum of the ``kinds`` of a paragraph is its row of `logits`.
        """
