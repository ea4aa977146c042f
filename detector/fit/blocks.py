"""Augmentation with blocks: the appeals of one page, such as donation letters, in the stories of other pages.

The labelled pages have few donation letters and membership boxes, each beside a single story. An extractor leaves such
a block after a story, before it or inside it, and so does the augmentation.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from detector.evaluation.labelled import LabelledDocument, LabelledParagraph
from detector.fit.balance import draw_groups
from detector.fit.origins import AUGMENTED, PAGE
from detector.util.languages import language_code

DONATION = "donation"
# Kinds that fit into any story, because they are about the publisher and not about the story.
PORTABLE_KINDS = frozenset({DONATION, "subscription", "newsletter", "app", "social"})
_COMPANION_KINDS = frozenset({"menu", "about", "legal", "feedback"})  # buttons and small print inside a block
_MAX_BLOCK = 14  # paragraphs
_MIN_STORY, _MAX_STORY = 2, 50  # paragraphs of reporting, at least; paragraphs, at most
_DONATION_SHARE = 0.4  # probability that a block of this kind is drawn before all kinds are drawn from
_POSITIONS = ("end", "start", "inside")  # of the block in the story
_POSITION_SHARES = (0.7, 0.1, 0.2)  # the probability of each


@dataclass(frozen=True, slots=True)
class _Block:
    """Consecutive paragraphs of one document; ``kind`` is the first of `PORTABLE_KINDS` among them."""

    site: str
    language: str | None
    kind: str
    paragraphs: tuple[LabelledParagraph, ...]


@dataclass
class _Pool:
    """The material of one language in one fold; the blocks by kind."""

    blocks: dict[str, list[_Block]] = field(default_factory=lambda: defaultdict(list))
    stories: list[LabelledDocument] = field(default_factory=list)


def insert_blocks(
    documents: Sequence[LabelledDocument], folds: Mapping[str, int], number: int, reporting: str, seed: int
) -> list[LabelledDocument]:
    """Make at most ``number`` documents, each a story with a block from another site of the same fold and language.

    ``folds`` is the fold of each site, ``reporting`` the label of a story's paragraphs. All kinds of block are drawn
    equally often, except donation letters, which are drawn more often. Rare languages are drawn more often than they
    occur. A new document keeps its story's site. There are
    no new documents where there are no blocks or no stories.
    """
    random = np.random.default_rng(seed)
    pools = [pool for pool in _pools(documents, folds, reporting).values() if pool.blocks and pool.stories]
    if not pools:
        return []
    augmented = []
    for turn, which in enumerate(draw_groups([len(pool.stories) for pool in pools], number, random)):
        pool = pools[which]
        story = pool.stories[random.integers(len(pool.stories))]
        kinds = sorted(pool.blocks)
        kind = kinds[random.integers(len(kinds))]
        if random.random() < _DONATION_SHARE and DONATION in kinds:
            kind = DONATION
        blocks = pool.blocks[kind]
        block = blocks[random.integers(len(blocks))]
        if block.site == story.site:
            continue
        position = _POSITIONS[random.choice(len(_POSITIONS), p=_POSITION_SHARES)]
        augmented.append(_insert(story, block, position, random, turn, reporting))
    return augmented


def _pools(
    documents: Sequence[LabelledDocument], folds: Mapping[str, int], reporting: str
) -> dict[tuple[str | None, int], _Pool]:
    pools: dict[tuple[str | None, int], _Pool] = defaultdict(_Pool)
    for block in _blocks(documents):
        pools[block.language, folds[block.site]].blocks[block.kind].append(block)
    for document in documents:
        number = sum(p.label == reporting for p in document.paragraphs)
        if document.origin != PAGE and len(document.paragraphs) <= _MAX_STORY and number >= _MIN_STORY:
            pools[language_code(document.lang), folds[document.site]].stories.append(document)
    return pools


def _blocks(documents: Sequence[LabelledDocument]) -> list[_Block]:
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
                block = _Block(document.site, language_code(document.lang), kind, tuple(run))
                found.setdefault(tuple(p.text for p in run), block)
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
