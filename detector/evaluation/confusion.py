"""Which kinds are taken for which."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass

LEAST = 50  # paragraphs of a kind, below which its F1 says little
OTHER = "other"


@dataclass(frozen=True, slots=True)
class Confusion:
    """How often each kind was taken for each.

    ``counts`` has a row for each of ``kinds``, the true ones, and a column for each, the predicted ones, and one more
    for all other kinds. ``f1`` is the F1 of each kind, over all paragraphs that were compared.
    """

    kinds: tuple[str, ...]
    counts: tuple[tuple[int, ...], ...]
    f1: tuple[float, ...]

    @property
    def macro(self) -> float:
        """The mean of the kinds' F1."""
        return sum(self.f1) / len(self.f1)


def confusion(
    true: Sequence[str], predicted: Sequence[str], known: Collection[str], least: int = LEAST
) -> Confusion | None:
    """Compare kinds, those of ``true`` that stand there ``least`` times or more.

    None where no kind is that frequent, or where the model that predicted has none of them among its ``known`` kinds.
    """
    number, guessed = Counter(true), Counter(predicted)
    kinds = tuple(sorted(kind for kind, count in number.items() if count >= least))
    if not set(kinds) & set(known):
        return None
    pairs = Counter(zip(true, predicted, strict=True))
    rows = [[pairs[kind, guess] for guess in kinds] for kind in kinds]
    counts = tuple((*row, number[kind] - sum(row)) for kind, row in zip(kinds, rows, strict=True))
    f1 = tuple(2 * pairs[kind, kind] / (number[kind] + guessed[kind]) for kind in kinds)
    return Confusion(kinds, counts, f1)
