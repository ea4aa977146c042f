"""Augmentation with single lines: pointers, appeals and boxes between the paragraphs of stories in the same language.

An extractor leaves such lines where they stood on the page, mostly in the middle of a story. Labelled pages have too
few of them in most languages. The lines come from documents whose origin is `LINES`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from detector.evaluation.labelled import LabelledDocument, LabelledParagraph
from detector.fit.balance import draw_groups
from detector.fit.origins import AUGMENTED, LINES, PAGE
from detector.util.languages import language_code

_MAX_STORY = 50  # paragraphs
_MAX_INSERTIONS = 4  # in a story; fewer are likelier
_BOX_SHARE = 0.25  # probability of a box: a label, and headlines of other stories below it
_MAX_HEADLINES = 3  # of a box
_END_SHARE = 0.2  # probability that a line comes after the story


@dataclass(frozen=True, slots=True)
class _Line:
    """A line, and the site that it comes from."""

    site: str
    paragraph: LabelledParagraph


@dataclass
class _Pool:
    """The material of one language in one fold."""

    lines: list[_Line] = field(default_factory=list)
    labels: list[_Line] = field(default_factory=list)  # short pointers, which head a box
    headlines: list[_Line] = field(default_factory=list)
    stories: list[LabelledDocument] = field(default_factory=list)


def insert_lines(
    documents: Sequence[LabelledDocument], folds: Mapping[str, int], number: int, reporting: str, seed: int
) -> list[LabelledDocument]:
    """Make ``number`` documents, each a story with at most `_MAX_INSERTIONS` lines or boxes from other sites.

    ``folds`` is the fold of each site: story and lines share one. ``reporting`` is the label of a story's paragraphs. A
    new document keeps its story's site. There are no new documents without documents of single lines.
    """
    random = np.random.default_rng(seed)
    pools = [pool for pool in _pools(documents, folds, reporting).values() if pool.lines and pool.stories]
    if not pools:
        return []
    drawn = draw_groups([len(pool.stories) for pool in pools], number, random)
    return [_insert(pools[which], random, turn, reporting) for turn, which in enumerate(drawn)]


def _pools(
    documents: Sequence[LabelledDocument], folds: Mapping[str, int], reporting: str
) -> dict[tuple[str | None, int], _Pool]:
    pools: dict[tuple[str | None, int], _Pool] = defaultdict(_Pool)
    for document in documents:
        pool = pools[language_code(document.lang), folds[document.site]]
        if document.origin == LINES:
            lines = [_Line(document.site, p) for p in document.paragraphs]
            pool.lines += lines
            pool.labels += [
                line for line in lines if line.paragraph.kind == "related" and len(line.paragraph.text.split()) <= 3
            ]
        elif document.origin != PAGE and len(document.paragraphs) <= _MAX_STORY:
            if any(p.label == reporting for p in document.paragraphs):
                pool.stories.append(document)
            first = document.paragraphs[0] if document.paragraphs else None
            if first and first.kind == "heading":
                pool.headlines.append(_Line(document.site, first))
    return pools


def _insert(pool: _Pool, random: np.random.Generator, number: int, reporting: str) -> LabelledDocument:
    """A story of the pool with lines inserted; ``number`` makes the new id unique."""
    story = pool.stories[random.integers(len(pool.stories))]
    paragraphs = list(story.paragraphs)
    for _ in range(min(random.integers(1, _MAX_INSERTIONS + 1, size=2))):
        rows = [n for n, p in enumerate(paragraphs) if p.label == reporting]
        at = rows[-1] + 1 if random.random() < _END_SHARE else rows[random.integers(len(rows))] + 1
        paragraphs[at:at] = (
            _box(pool, story.site, random) if random.random() < _BOX_SHARE else _one(pool.lines, story.site, random)
        )
    return replace(story, id=f"{story.id}+line{number}", origin=AUGMENTED, gold=None, paragraphs=tuple(paragraphs))


def _box(pool: _Pool, site: str, random: np.random.Generator) -> list[LabelledParagraph]:
    label = _one(pool.labels, site, random)
    if not label:
        return _one(pool.lines, site, random)
    headlines = [_one(pool.headlines, site, random) for _ in range(random.integers(1, _MAX_HEADLINES + 1))]
    pointer = label[0]  # what it heads is of its kind
    lines = [pointer, *(replace(line, label=pointer.label, kind=pointer.kind) for found in headlines for line in found)]
    first: dict[str, LabelledParagraph] = {}
    for line in lines:
        first.setdefault(line.text, line)
    return list(first.values())


def _one(lines: Sequence[_Line], site: str, random: np.random.Generator) -> list[LabelledParagraph]:
    """One of the lines, or none where the one that is drawn comes from the story's own site."""
    if not lines:
        return []
    line = lines[int(random.integers(len(lines)))]
    return [] if line.site == site else [line.paragraph]
