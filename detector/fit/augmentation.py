"""Data augmentation: the appeals of one page, such as donation letters, inserted into the stories of other pages.

The labelled pages have few donation letters and membership boxes, each beside a single story. An extractor leaves such
a block after a story, before it or inside it, and so does the augmentation.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from detector.evaluation.labelled import LabelledDocument, LabelledParagraph

AUGMENTED = "augmented"  # the origin of an augmented document

DONATION = "donation"
# Kinds that fit into any story, because they are about the publisher and not about the story.
PORTABLE_KINDS = frozenset({DONATION, "subscription", "newsletter", "app", "social"})
_COMPANION_KINDS = frozenset({"menu", "about", "legal", "feedback"})  # buttons and small print inside a block
_MAX_BLOCK = 14  # paragraphs
_MAX_STORY = 50  # paragraphs
_DONATION_SHARE = 0.4  # probability that a block of this kind is drawn before all kinds are drawn from
_POSITIONS = ("end", "start", "inside")  # of the block in the story
_POSITION_SHARES = (0.7, 0.1, 0.2)  # the probability of each


@dataclass(frozen=True, slots=True)
class _Block:
    """Consecutive paragraphs of one document; ``kind`` is the first of `PORTABLE_KINDS` among them."""

    site: str
    fold: int
    kind: str
    paragraphs: tuple[LabelledParagraph, ...]


def augment(
    documents: Sequence[LabelledDocument], folds: Mapping[str, int], number: int, reporting: str, seed: int
) -> list[LabelledDocument]:
    """Make at most ``number`` documents, each a story with a block from another site of the same fold inserted.

    ``folds`` is the fold of each site, ``reporting`` the label of a story's paragraphs. All kinds of block are drawn
    equally often, except donation letters, which are drawn more often. A new document keeps its story's site. There are
    no new documents where there are no blocks or no stories.
    """
    random = np.random.default_rng(seed)
    by_fold: dict[int, dict[str, list[_Block]]] = {}
    for block in _blocks(documents, folds):
        by_fold.setdefault(block.fold, {}).setdefault(block.kind, []).append(block)
    stories = [
        d for d in documents
        if folds[d.site] in by_fold and d.origin != "page" and len(d.paragraphs) <= _MAX_STORY
        and any(p.label == reporting for p in d.paragraphs)
    ]  # fmt: skip
    if not stories:
        return []
    augmented = []
    for turn in range(number):
        story = stories[random.integers(len(stories))]
        by_kind = by_fold[folds[story.site]]
        kind = DONATION if random.random() < _DONATION_SHARE else sorted(by_kind)[random.integers(len(by_kind))]
        blocks = by_kind.get(kind) or by_kind[sorted(by_kind)[0]]
        block = blocks[random.integers(len(blocks))]
        if block.site == story.site:
            continue
        position = _POSITIONS[random.choice(len(_POSITIONS), p=_POSITION_SHARES)]
        augmented.append(_insert(story, block, position, random, turn, reporting))
    return augmented


def _blocks(documents: Sequence[LabelledDocument], folds: Mapping[str, int]) -> list[_Block]:
    """The distinct runs of paragraphs of `PORTABLE_KINDS`, with the companion paragraphs inside and after them."""
    found: dict[tuple[str, ...], _Block] = {}
    for document in documents:
        run: list[LabelledParagraph] = []
        for paragraph in (*document.paragraphs, None):
            if paragraph and (paragraph.kind in PORTABLE_KINDS or (run and paragraph.kind in _COMPANION_KINDS)):
                run.append(paragraph)
                continue
            if run and len(run) <= _MAX_BLOCK:
                kind = next(p.kind for p in run if p.kind in PORTABLE_KINDS) or ""
                found.setdefault(
                    tuple(p.text for p in run), _Block(document.site, folds[document.site], kind, tuple(run))
                )
            run = []
    return list(found.values())


def _insert(
    story: LabelledDocument, block: _Block, position: str, random: np.random.Generator, number: int, reporting: str
) -> LabelledDocument:
    """The story with the block inserted at a position, one of `_POSITIONS`; ``number`` makes the new id unique."""
    reporting_rows = [n for n, p in enumerate(story.paragraphs) if p.label == reporting]
    at = {
        "end": reporting_rows[-1] + 1,
        "start": reporting_rows[0],
        "inside": reporting_rows[int(random.integers(len(reporting_rows)))] + 1,
    }[position]
    paragraphs = (*story.paragraphs[:at], *block.paragraphs, *story.paragraphs[at:])
    return replace(story, id=f"{story.id}+{number}", origin=AUGMENTED, gold=None, paragraphs=paragraphs)
