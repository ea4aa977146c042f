"""Word F1 of a text against the article's text."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import lru_cache

_WORD = re.compile(r"\w+")


def word_f1(texts: Sequence[str], keep: Sequence[bool], gold: str) -> tuple[float | None, float | None]:
    """The word F1 of a document before and after cleaning; None where ``gold`` has no words.

    ``texts`` are the paragraphs, ``keep`` the decisions on them. Words are compared in lower case, as multisets.
    """
    wanted = _gold_words(gold)
    if not wanted:
        return None, None
    every, removed = _words(texts), _words(text for text, kept in zip(texts, keep, strict=True) if not kept)
    total, gold_total = every.total(), wanted.total()
    both = sum(min(every[word], wanted[word]) for word in every.keys() & wanted.keys())
    gone = sum(
        min(every[word], wanted[word]) - min(every[word] - count, wanted[word]) for word, count in removed.items()
    )
    return 2 * both / (total + gold_total), 2 * (both - gone) / (total - removed.total() + gold_total)


@lru_cache(maxsize=16)
def _gold_words(gold: str) -> Counter[str]:
    """The words of an article, which the texts of several extractors are compared with, one after the other."""
    return _words([gold])


def _words(texts: Iterable[str]) -> Counter[str]:
    """The words of texts in lower case, with their numbers."""
    return Counter(_WORD.findall("\n".join(texts).lower()))
