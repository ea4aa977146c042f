"""Figures by language: what is lost of the article, and what is removed of the rest."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import TypeAlias

from detector.evaluation.evaluate import ScoredDocument, Share, labelled_rows
from detector.util.languages import language_code

UNKNOWN = "unknown"  # the language of documents without one

LanguageFigures: TypeAlias = dict[str, float | None]


def figures_by_language(scored: Iterable[ScoredDocument]) -> dict[str, LanguageFigures]:
    """The figures of each language, by its code, in alphabetical order.

    ``sites`` and ``documents`` are numbers. ``lost`` is the share of the words of reporting that is removed,
    ``removed`` that of the other paragraphs, of those that a reader labelled; each is None where there are none.
    """
    groups: dict[str, list[ScoredDocument]] = defaultdict(list)
    for item in scored:
        groups[language_code(item.document.lang) or UNKNOWN].append(item)
    return {language: _figures(groups[language]) for language in sorted(groups)}


def _figures(scored: list[ScoredDocument]) -> LanguageFigures:
    lost, words, removed, others = 0, 0, 0, 0
    for item in scored:
        rows = labelled_rows(item)
        reporting, other = rows.label == 0, (rows.label != 0) & rows.read
        lost += int(rows.words[reporting & ~rows.keep].sum())
        words += int(rows.words[reporting].sum())
        removed += int((other & ~rows.keep).sum())
        others += int(other.sum())
    return {
        "sites": len({item.document.site for item in scored}),
        "documents": len(scored),
        "lost": Share(lost, words).value,
        "removed": Share(removed, others).value,
    }
