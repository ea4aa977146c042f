"""Phrases of a user, each of which speaks for or against a label or a kind, as evidence for the model."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from detector.errors import UsageError
from detector.evidence.base import Found
from detector.evidence.matching import Matcher, Pattern
from detector.evidence.phrase_file import Phrase, patterns, read_phrases
from detector.inference.model import Model
from detector.util.arrays import Floats, Offsets
from detector.util.pickling import PickledFields

MAX_SUM = 20.0  # log-odds on either side: of all phrases of a paragraph together, for a kind
_STEPS = 1024  # of a strength of 1: sums of whole steps are the same in every order


@dataclass(frozen=True, repr=False)
class Phrases(PickledFields):
    """Phrases as evidence (`detector.evidence.base.Evidence`).

    The strength of each phrase that occurs in a paragraph speaks for its kind, or for all kinds of its label: it is
    what the log-odds of the label against the rest rise by in the decision, besides what the networks make of it. A
    phrase counts once per paragraph, and phrases that overlap all count; their sum for a kind stays between -`MAX_SUM`
    and `MAX_SUM`. ``source`` is the file that they come from, for messages.

    Raises `UsageError` for phrases that the file would not be allowed to hold, and where the library is missing that
    matches them.
    """

    phrases: tuple[Phrase, ...]
    source: str = field(default="phrases", compare=False)

    def __post_init__(self) -> None:
        _ = self._matcher

    @classmethod
    def read(cls, path: str | os.PathLike[str]) -> Phrases:
        """The phrases in a file (`detector.evidence.phrase_file.read_phrases`). Raises `UsageError`."""
        return cls(read_phrases(path), os.fspath(path))

    def __repr__(self) -> str:
        return f"Phrases({len(self.phrases):,} of {self.source})"

    @cached_property
    def digest(self) -> str:
        """A hash of the phrases, their names and strengths, in hexadecimal digits."""
        lines = (f"{each.text}\t{each.name}\t{each.strength!r}\n" for each in self.phrases)
        hashed = hashlib.sha256()
        for line in lines:
            hashed.update(line.encode("utf-8", "surrogatepass"))
        return hashed.hexdigest()

    @property
    def decides(self) -> bool:
        """True: a strength is meant of the decision."""
        return True

    def logits(self, model: Model, paragraphs: Sequence[str], bounds: Offsets | None = None) -> Floats | None:
        """The sums of the strengths, ``(paragraphs, kinds)``; None where no phrase occurs.

        Raises `UsageError`, with the line in the file, for a name that is neither a label nor a kind of the model.
        """
        kinds = self._kinds_of_names(model)
        found = self._matcher.find(paragraphs) if paragraphs else set()
        return self._sums(found, len(paragraphs), kinds) if found else None

    def found(self, model: Model, paragraphs: Sequence[str]) -> list[list[Found]]:
        """The phrases in each paragraph, in the order of the file, as they stand there.

        Beyond `MAX_SUM`, each gives up the same share.
        """
        kinds = self._kinds_of_names(model)
        numbers: list[list[int]] = [[] for _ in paragraphs]
        for paragraph, number in sorted(self._matcher.find(paragraphs)):
            numbers[paragraph].append(number)
        return [self._shares(each, kinds) for each in numbers]

    def _shares(self, numbers: Sequence[int], kinds: NDArray[np.int64]) -> list[Found]:
        """The phrases with these numbers, which are all of one paragraph."""
        rows = [self._sums({(0, number)}, 1, kinds)[0] for number in numbers]
        if not rows:
            return []
        together = np.sum(rows, axis=0)
        shares = np.divide(
            np.clip(together, -MAX_SUM, MAX_SUM), together, where=together != 0, out=np.ones_like(together)
        )
        texts = [self._unique[number].text for number in numbers]
        return [Found("phrase", text, row * shares) for text, row in zip(texts, rows, strict=True)]

    def _sums(self, found: Iterable[tuple[int, int]], paragraphs: int, kinds: NDArray[np.int64]) -> Floats:
        rows, numbers = np.array(list(found), dtype=np.int64).reshape(-1, 2).T
        total = np.zeros((paragraphs, kinds.shape[1]), dtype=np.int64)
        np.add.at(total, rows, kinds[self._names[numbers]] * self._steps[numbers, None])
        limit = round(MAX_SUM * _STEPS)
        return (np.clip(total, -limit, limit) / _STEPS).astype(np.float32)

    def _kinds_of_names(self, model: Model) -> NDArray[np.int64]:
        """1 for each kind that a name stands for, ``(names, kinds)``: kinds of that name, else those of the label."""
        rows = [self._kinds_of(name, model) for name in self._distinct]
        return np.array(rows, dtype=np.int64).reshape(len(rows), len(model.kinds))

    def _kinds_of(self, name: str, model: Model) -> list[bool]:
        if name in model.kinds:
            return [kind == name for kind in model.kinds]
        if name in model.labels:
            return [model.labels[label] == name for label in model.kind_labels]
        line = next(each.line for each in self._unique if each.name == name)
        place = f"{self.source}, line {line}" if line else self.source
        raise UsageError(
            f"{place}: {name!r} is neither a label nor a kind of this model; "
            f"labels: {', '.join(model.labels)}; kinds: {', '.join(model.kinds)}"
        )

    @cached_property
    def _matcher(self) -> Matcher:
        return Matcher(list(self._patterns))

    @cached_property
    def _patterns(self) -> dict[Pattern, Phrase]:
        return patterns(self.phrases, self.source)

    @cached_property
    def _unique(self) -> list[Phrase]:
        return list(self._patterns.values())

    @cached_property
    def _distinct(self) -> list[str]:
        return list(dict.fromkeys(phrase.name for phrase in self._unique))

    @cached_property
    def _names(self) -> NDArray[np.int64]:
        numbers = {name: number for number, name in enumerate(self._distinct)}
        return np.array([numbers[phrase.name] for phrase in self._unique], dtype=np.int64)

    @cached_property
    def _steps(self) -> NDArray[np.int64]:
        return np.array([round(phrase.strength * _STEPS) for phrase in self._unique], dtype=np.int64)
