"""Augmentation with cuts: a few consecutive paragraphs of a document, or several of them on one line.

The length of a document is no evidence of what its paragraphs are; in the labelled pages it would be.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from detector.evaluation.labelled import LabelledDocument, LabelledParagraph
from detector.fit.balance import draw_groups
from detector.fit.origins import AUGMENTED
from detector.util.languages import language_code

_LENGTHS = (1, 1, 1, 2, 2, 3, 5, 8)  # paragraphs of a cut, drawn from these
_JOIN_SHARE = 0.3  # probability that a cut of reporting alone becomes one line
_MAX_JOINED = 4000  # characters
_UNSPACED = ("zh", "ja", "th")


def cut(documents: Sequence[LabelledDocument], number: int, reporting: str, seed: int) -> list[LabelledDocument]:
    """Make ``number`` documents, each of consecutive paragraphs of another one, whose site they keep."""
    random = np.random.default_rng(seed)
    by_language: dict[str | None, list[LabelledDocument]] = defaultdict(list)
    for document in documents:
        if document.paragraphs:
            by_language[language_code(document.lang)].append(document)
    groups = list(by_language.values())
    if not groups:
        return []
    drawn = draw_groups([len(group) for group in groups], number, random)
    cuts = []
    for turn, which in enumerate(drawn):
        document = groups[which][random.integers(len(groups[which]))]
        length = _LENGTHS[random.integers(len(_LENGTHS))]
        first = int(random.integers(max(len(document.paragraphs) - length, 0) + 1))
        paragraphs = document.paragraphs[first : first + length]
        if random.random() < _JOIN_SHARE and all(p.label == reporting for p in paragraphs):
            paragraphs = (_joined(paragraphs, document.lang),)
        cuts.append(
            replace(document, id=f"{document.id}+cut{turn}", origin=AUGMENTED, gold=None, paragraphs=paragraphs)
        )
    return cuts


def _joined(paragraphs: Sequence[LabelledParagraph], lang: str | None) -> LabelledParagraph:
    space = "" if language_code(lang) in _UNSPACED else " "
    longest = max(paragraphs, key=lambda p: len(p.text))
    return replace(longest, text=space.join(p.text for p in paragraphs)[:_MAX_JOINED].rstrip())
