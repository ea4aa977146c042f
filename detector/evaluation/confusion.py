"""Confusion matrices of kinds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass

MIN_PARAGRAPHS = 50  # of a kind; with fewer, its F1 is too uncertain
OTHER = "other"  # the column for all kinds that are not in the matrix


@dataclass(frozen=True, slots=True)
class Confusion:
    """A confusion matrix: how many paragraphs of each true kind were predicted to be of each kind.

    ``counts`` has one row per true kind and one column per predicted kind, both in the order of ``kinds``, and a last
    column for all other predicted kinds. ``f1`` is the F1 of each kind over all paragraphs, also where the true kind is
    not among ``kinds``.
    """

    kinds: tuple[str, ...]
    counts: tuple[tuple[int, ...], ...]
    f1: tuple[float, ...]

    @property
    def macro(self) -> float:
        """Macro F1: the mean of the F1 of all kinds."""
        return sum(self.f1) / len(self.f1)


def confusion(
    true: Sequence[str], predicted: Sequence[str], known: Collection[str], min_paragraphs: int = MIN_PARAGRAPHS
) -> Confusion | None:
    """The confusion matrix of the kinds that occur at least ``min_paragraphs`` times in ``true``.

    ``true`` and ``predicted`` are the kinds of the same paragraphs, in order; ``known`` are the kinds of the model.
    Returns None where no kind is that frequent, or where the model knows none of the frequent kinds.
    """
    number, guessed = Counter(true), Counter(predicted)
    kinds = tuple(sorted(kind for kind, count in number.items() if count >= min_paragraphs))
    if not set(kinds) & set(known):
        return None
    pairs = Counter(zip(true, predicted, strict=True))
    rows = [[pairs[kind, guess] for guess in kinds] for kind in kinds]
    counts = tuple((*row, number[kind] - sum(row)) for kind, row in zip(kinds, rows, strict=True))
    f1 = tuple(2 * pairs[kind, kind] / (number[kind] + guessed[kind]) for kind in kinds)
    return Confusion(kinds, counts, f1)
