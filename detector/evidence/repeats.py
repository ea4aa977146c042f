"""How often paragraphs repeat at their site, as evidence: a letter to the reader repeats, reporting seldom does."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from detector.evidence.base import Found
from detector.evidence.paragraph_keys import NO_KEY, keys_of
from detector.evidence.repeats_file import RepeatedParagraphs, Totals, read_repeats
from detector.inference.model import Model
from detector.util.arrays import Floats, Hashes, Offsets, log2
from detector.util.pickling import PickledFields

# Fitted by `training.repeats_fit`; see training/RESULTS.md. The amount where both shares were 1, and what it changes
# with each halving of the share of documents with the paragraph, and of that of documents without it.
BASE, WITH_HALVED, WITHOUT_HALVED = (np.float32(number) for number in (3.65, -0.36, 1.2))
PER_DOUBLING = np.float32(2)  # of the documents: a few may be versions of one article, so they prove little
MOST = np.float32(5)
# The amount of a paragraph that is in no other document, in a document with others whose amount is clear: there it
# speaks for reporting, and keeps what stands beside a letter that repeats (training/RESULTS.md).
ALONE, CLEAR = np.float32(-1), np.float32(1)
_ALONE_TEXT = "does not repeat, others here do"
# Parts of the amount: what is taken from the logits of the kinds of reporting, and added to those of all others.
_FROM_REPORTING, _TO_OTHERS = np.float32(1 / 3), np.float32(2 / 3)


def amounts(documents: NDArray[np.unsignedinteger], of: NDArray[np.unsignedinteger]) -> Floats:
    """The log-odds against reporting of paragraphs that are in ``documents`` of ``of`` documents of a site.

    From 0 to `MOST`, so that what the model is certain of stays as it is. It is the ratio of two beta-binomial
    probabilities, for what is no reporting and for what is, in a form that is the same on every machine.
    """
    with_it, whole = documents.astype(np.int64), of.astype(np.int64)
    all_of_them = log2(whole)
    halved = all_of_them - log2(with_it - 1)
    amount = BASE + WITH_HALVED * halved + WITHOUT_HALVED * (all_of_them - log2(whole - with_it))
    limited: Floats = np.clip(np.minimum(amount, PER_DOUBLING * log2(with_it - 1)), 0, MOST)
    return limited


def with_alone(amount: Floats, alone: NDArray[np.bool_], document: Offsets) -> Floats:
    """Amounts with those of paragraphs that are ``alone``, given the number of the document of each paragraph."""
    others = np.bincount(document, amount >= CLEAR, minlength=1)
    every: Floats = np.where(alone & (others[document] > 0), ALONE, amount)
    return every


def evidence_on(model: Model, amount: Floats) -> Floats:
    """What amounts of evidence against reporting, ``(paragraphs,)``, add to the logits, ``(paragraphs, kinds)``."""
    parts = [_TO_OTHERS if label else -_FROM_REPORTING for label in model.kind_labels]
    return amount[:, None] * np.array(parts, dtype=np.float32)


class Repeated(NamedTuple):
    """A paragraph that repeats: its key in hexadecimal digits, its counts, and the amount that they are evidence of.

    The counts are those of `detector.evidence.repeats_file.RepeatedParagraphs`.
    """

    key: str
    documents: int
    of: int
    sites: int
    amount: float


@dataclass(frozen=True, eq=False, repr=False)
class Repeats(PickledFields):
    """Repeated paragraphs as evidence (`detector.evidence.base.Evidence`) against reporting.

    It is evidence and no rule: a paragraph that the model holds for reporting with certainty stays reporting.
    """

    counts: RepeatedParagraphs

    @classmethod
    def read(cls, path: str | os.PathLike[str]) -> Repeats:
        """Read a file that ``detector repeats learn`` has written.

        Raises `UsageError` if there is no such file, `DataError` if it cannot be used.
        """
        return cls(read_repeats(path))

    @classmethod
    def merged(cls, several: Sequence[Repeats]) -> Repeats:
        """The evidence of several files; of a paragraph in several, the one with the largest amount counts."""
        if len(several) == 1:
            return several[0]
        counts = [each.counts for each in several]
        keys, documents, of, sites = (
            np.concatenate([getattr(each, name) for each in counts] or [np.zeros(0, np.uint64)])
            for name in ("keys", "documents", "of", "sites")
        )
        order = np.lexsort((of, documents, amounts(documents, of), keys))
        last = order[np.append(np.flatnonzero(np.diff(keys[order])), len(order) - 1)] if len(order) else order
        totals = Totals(*(sum(getattr(each.totals, name) for each in counts) for name in Totals.__slots__))
        return cls(RepeatedParagraphs(keys[last], documents[last], of[last], sites[last], totals))

    @property
    def decides(self) -> bool:
        """False: to count once more did not pay (training/RESULTS.md)."""
        return False

    def logits(self, model: Model, paragraphs: Sequence[str], bounds: Offsets | None = None) -> Floats | None:
        """What to add to the logits, ``(paragraphs, kinds)``.

        Less for the kinds of reporting of a paragraph that repeats, and more for all others; the other way about for
        one that does not, in a document with others that clearly do.
        """
        keys = keys_of(paragraphs)
        rows, known = self._find(keys)
        if not known.any():
            return None
        sizes = [len(keys)] if bounds is None else np.diff(bounds)
        document = np.repeat(np.arange(len(sizes)), sizes)
        amount = np.where(known, self._amounts[rows], np.float32(0))
        return evidence_on(model, with_alone(amount, ~known & (keys != NO_KEY), document))

    def found(self, model: Model, paragraphs: Sequence[str]) -> list[list[Found]]:
        """How often each paragraph repeats, or that it does not where others of its document do."""
        logits = self.logits(model, paragraphs)
        if logits is None:
            return [[] for _ in paragraphs]
        rows, known = self._find(keys_of(paragraphs))
        documents, of = self.counts.documents[rows].tolist(), self.counts.of[rows].tolist()
        return [
            [Found("repeats", f"in {number:,} of {whole:,} documents" if is_known else _ALONE_TEXT, row)]
            if row.any() else []
            for row, is_known, number, whole in zip(logits, known.tolist(), documents, of, strict=True)
        ]  # fmt: skip

    def most(self, number: int) -> list[Repeated]:
        """The paragraphs in the most documents, at most so many, the first one in the most."""
        counts = self.counts
        order = np.lexsort((counts.keys, -(counts.documents / counts.of), -counts.documents.astype(np.int64)))
        return [
            Repeated(
                f"{int(counts.keys[row]):016x}", int(counts.documents[row]), int(counts.of[row]),
                int(counts.sites[row]), round(float(self._amounts[row]), 3),
            )
            for row in order[:number].tolist()
        ]  # fmt: skip

    @cached_property
    def digest(self) -> str:
        """A digest of the counts: equal ones have the same."""
        counts = self.counts
        digest = sha256()
        for array in (counts.keys, counts.documents, counts.of, counts.sites):
            digest.update(array.tobytes())
        return digest.hexdigest()

    @cached_property
    def _amounts(self) -> Floats:
        return amounts(self.counts.documents, self.counts.of)

    def _find(self, keys: Hashes) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        """The row of each key, and whether it is that key's: for another key, the row says nothing."""
        if not len(self.counts):
            return np.zeros(len(keys), dtype=np.int64), np.zeros(len(keys), dtype=np.bool_)
        rows = np.minimum(np.searchsorted(self.counts.keys, keys), len(self.counts) - 1)
        return rows, self.counts.keys[rows] == keys

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Repeats) and self.digest == other.digest

    def __hash__(self) -> int:
        return hash(self.digest)

    def __repr__(self) -> str:
        return f"Repeats({len(self.counts):,} paragraphs)"
