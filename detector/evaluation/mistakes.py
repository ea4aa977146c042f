"""The worst mistakes: reporting that is removed, and boilerplate that is kept, with the paragraphs around them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, zip_longest
from typing import Literal, TypeAlias

from detector.evaluation.evaluate import Measured, count_words

MistakeType: TypeAlias = Literal["lost", "kept"]
AROUND = 2  # paragraphs of context on each side
SHOWN = 2000  # characters of a paragraph
SHOWN_AROUND = 300  # characters of a paragraph of the context


@dataclass(frozen=True, slots=True)
class Neighbour:
    """A paragraph beside a mistake, shortened; its true label, None where unknown, and whether it is kept."""

    text: str
    label: str | None
    keep: bool


@dataclass(frozen=True, slots=True)
class Mistake:
    """A paragraph of reporting that is removed (``lost``), or one of another label that is kept (``kept``).

    ``cost`` is the number of words that are wrongly removed or kept, in all ``documents`` in which the same paragraph
    of the site has this fate. The rest describes the first of these: its id and origin; ``paragraph`` counts from 1.
    ``score`` is the probability of what is kept, which was below the document's ``threshold``, or not. ``kept_whole``
    tells that the guard kept the document.
    """

    type: MistakeType
    cost: int
    documents: int
    text: str
    label: str
    kind: str | None
    predicted_label: str
    predicted_kind: str
    score: float
    threshold: float
    kept_whole: bool
    document: str
    site: str
    origin: str | None
    lang: str | None
    paragraph: int
    before: tuple[Neighbour, ...]
    after: tuple[Neighbour, ...]


@dataclass(slots=True)
class _Found:
    """A mistake by its first place; ``cost`` and ``documents`` are sums over all places."""

    one: Measured
    row: int
    cost: int = 0
    documents: int = 0


def worst_mistakes(documents: Sequence[Measured], number: int) -> list[Mistake]:
    """The worst mistakes, the costliest first: half of them of each type, or more where the other type has fewer.

    Only labels that a reader gave count as boilerplate, as in the figures; all labels count as reporting.
    """
    types: tuple[MistakeType, ...] = ("lost", "kept")
    found = {type_: _ranked(documents, type_) for type_ in types}
    turns = zip_longest(*([(type_, each) for each in found[type_]] for type_ in types))
    chosen = [turn for turn in chain.from_iterable(turns) if turn][:number]
    ordered = sorted(enumerate(chosen), key=lambda item: (-item[1][1].cost, item[0]))
    return [_mistake(type_, each) for _, (type_, each) in ordered]


def _ranked(documents: Sequence[Measured], type_: MistakeType) -> list[_Found]:
    """The mistakes of a type, the costliest first; those with the same text on the same site are one."""
    found: dict[tuple[str, str, str], _Found] = {}
    for one in documents:
        seen: set[tuple[str, str, str]] = set()
        for row in _rows(one, type_):
            paragraph = one.scored.document.paragraphs[row]
            key = one.scored.document.site, paragraph.text, paragraph.label or ""
            each = found.setdefault(key, _Found(one, row))
            each.cost += count_words(paragraph.text)
            each.documents += key not in seen
            seen.add(key)
    return sorted(found.values(), key=lambda each: -each.cost)


def _rows(one: Measured, type_: MistakeType) -> Iterator[int]:
    """The paragraphs of a document that are mistakes of a type, counted from 0."""
    reporting = one.scored.prediction.labels[0]
    for row, (paragraph, keep) in enumerate(
        zip(one.scored.document.paragraphs, one.scored.prediction.keep.tolist(), strict=True)
    ):
        if type_ == "lost":
            wrong = paragraph.label == reporting and not keep
        else:
            wrong = paragraph.label not in (None, reporting) and keep and paragraph.by_reader
        if wrong:
            yield row


def _mistake(type_: MistakeType, found: _Found) -> Mistake:
    document, prediction, row = found.one.scored.document, found.one.scored.prediction, found.row
    paragraph = document.paragraphs[row]
    return Mistake(
        type_, found.cost, found.documents, shortened(paragraph.text, SHOWN), paragraph.label or "", paragraph.kind,
        prediction.labels[prediction.label_indices[row]], prediction.kinds[prediction.kind_indices[row]],
        float(prediction.keep_scores[row]), float(prediction.threshold), bool(prediction.kept_whole),
        document.id, document.site, document.origin, document.lang, row + 1,
        _neighbours(found.one, range(max(0, row - AROUND), row)),
        _neighbours(found.one, range(row + 1, min(len(document.paragraphs), row + 1 + AROUND))),
    )  # fmt: skip


def _neighbours(one: Measured, rows: Iterable[int]) -> tuple[Neighbour, ...]:
    paragraphs, keep = one.scored.document.paragraphs, one.scored.prediction.keep
    return tuple(
        Neighbour(shortened(paragraphs[row].text, SHOWN_AROUND), paragraphs[row].label, bool(keep[row])) for row in rows
    )


def shortened(text: str, characters: int) -> str:
    """A text, or its beginning with an ellipsis where it is longer."""
    return text if len(text) <= characters else f"{text[: characters - 1]}…"
