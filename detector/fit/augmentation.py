"""More training documents: the publishers' letters and boxes of one page put into the stories of another.

Labelled pages hold few donation letters and membership boxes, and each stands beside one story only. An extractor
leaves such a block at the end of a story, before it or inside it; so does this.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from detector.evaluation.labelled import LabelledDocument, LabelledParagraph

AUGMENTED = "augmented"  # the origin of such a document

DONATION = "donation"
_LETTERS = 0.4  # how often a donation letter is drawn outright
# Kinds that speak for the publisher, not about the story: they fit any story.
PORTABLE_KINDS = frozenset({DONATION, "subscription", "newsletter", "app", "social"})
_COMPANIONS = frozenset({"menu", "about", "legal", "feedback"})  # what such a block may hold besides
_LONGEST_BLOCK = 14  # paragraphs
_LONGEST_HOST = 50
_PLACES = ("end", "start", "inside")
_SHARES = (0.7, 0.1, 0.2)  # how often a block is put there


@dataclass(frozen=True, slots=True)
class _Block:
    site: str
    fold: int
    kind: str
    paragraphs: tuple[LabelledParagraph, ...]


def augment(
    documents: Sequence[LabelledDocument], folds: Mapping[str, int], number: int, reporting: str, seed: int
) -> list[LabelledDocument]:
    """At most ``number`` new documents: stories of ``documents`` with a block of another site of the same fold put in.

    The kinds of block are drawn evenly, but for letters, which come more often. A new document keeps its
    story's site. Where there are no blocks or no stories, there are none.
    """
    random = np.random.default_rng(seed)
    by_fold: dict[int, dict[str, list[_Block]]] = {}
    for block in _blocks(documents, folds):
        by_fold.setdefault(block.fold, {}).setdefault(block.kind, []).append(block)
    hosts = [
        d for d in documents
        if folds[d.site] in by_fold and d.origin != "page" and len(d.paragraphs) <= _LONGEST_HOST
        and any(p.label == reporting for p in d.paragraphs)
    ]  # fmt: skip
    if not hosts:
        return []
    augmented = []
    for turn in range(number):
        host = hosts[random.integers(len(hosts))]
        kinds = by_fold[folds[host.site]]
        drawn = DONATION if random.random() < _LETTERS else sorted(kinds)[random.integers(len(kinds))]
        those = kinds.get(drawn) or kinds[sorted(kinds)[0]]
        block = those[random.integers(len(those))]
        if block.site == host.site:
            continue
        place = _PLACES[random.choice(len(_PLACES), p=_SHARES)]
        augmented.append(_put(host, block, place, random, turn, reporting))
    return augmented


def _blocks(documents: Sequence[LabelledDocument], folds: Mapping[str, int]) -> list[_Block]:
    """The distinct runs of appeals, with the buttons and small print among them, that hold a portable kind."""
    found: dict[tuple[str, ...], _Block] = {}
    for document in documents:
        run: list[LabelledParagraph] = []
        for paragraph in (*document.paragraphs, None):
            if paragraph and (paragraph.kind in PORTABLE_KINDS or (run and paragraph.kind in _COMPANIONS)):
                run.append(paragraph)
                continue
            if run and len(run) <= _LONGEST_BLOCK:
                kind = next(p.kind for p in run if p.kind in PORTABLE_KINDS) or ""
                found.setdefault(
                    tuple(p.text for p in run), _Block(document.site, folds[document.site], kind, tuple(run))
                )
            run = []
    return list(found.values())


def _put(
    host: LabelledDocument, block: _Block, place: str, random: np.random.Generator, turn: int, reporting: str
) -> LabelledDocument:
    story = [n for n, p in enumerate(host.paragraphs) if p.label == reporting]
    at = {
        "end": story[-1] + 1,
        "start": story[0],
        "inside": story[int(random.integers(len(story)))] + 1,
    }[place]
    paragraphs = (*host.paragraphs[:at], *block.paragraphs, *host.paragraphs[at:])
    return replace(host, id=f"{host.id}+{turn}", origin=AUGMENTED, gold=None, paragraphs=paragraphs)
