"""Splitting labelled documents into parts, such as train and dev, by site."""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from detector.errors import DataError, UsageError
from detector.evaluation.labelled import LabelledDocument
from detector.evaluation.near_duplicates import SIMILARITY, NearDuplicates, Shingles
from detector.util.counted import counted
from detector.util.languages import language_code

UNITS = ("site", "document", "lang")  # what is never split
_BATCH = 500  # documents
_SUM = 1e-6  # by how much shares may miss 1


@dataclass(frozen=True, slots=True)
class Unit:
    """What is never split: a site, say. ``sizes`` counts its documents, and its paragraphs by label and language."""

    name: str
    sizes: Counter[str] = field(hash=False)


class Units:
    """Collects the units of documents, and which of them near-duplicates connect."""

    def __init__(self, by: str = "site", together: bool = True) -> None:
        self._by = by
        self._shingles = Shingles() if together else None
        self._names: list[str] = []
        self._texts: list[str] = []
        self._sizes: defaultdict[str, Counter[str]] = defaultdict(Counter)

    def add(self, document: LabelledDocument) -> None:
        """Add a document."""
        name = self.add_kept(document)
        language = language_code(document.lang) or ""
        sizes = self._sizes[name]
        sizes["documents"] += 1
        sizes[f"language {language}"] += len(document.paragraphs)
        for each in document.paragraphs:
            sizes[f"label {each.label}"] += 1

    def add_kept(self, document: LabelledDocument) -> str:
        """Add a document of an earlier split: only its near-duplicates are looked for. Returns the name of its unit."""
        name = unit_of(document, self._by)
        self._names.append(name)
        if self._shingles is not None:
            self._texts.append(document.text)
            if len(self._texts) == _BATCH:
                self._flush()
        return name

    def units(self) -> list[Unit]:
        """The units of the documents to split, sorted by name."""
        return [Unit(name, self._sizes[name]) for name in sorted(self._sizes)]

    def near_duplicates(self, similarity: float = SIMILARITY) -> list[tuple[str, ...]]:
        """The names of units that near-duplicates connect."""
        if self._shingles is None:
            return []
        self._flush()
        found = self._shingles.near_duplicates(self._names, similarity)
        return [self._named(group) for group in found]

    def _named(self, group: NearDuplicates) -> tuple[str, ...]:
        return tuple(sorted({self._names[number] for number in group.documents}))

    def _flush(self) -> None:
        if self._shingles is not None and self._texts:
            self._shingles.add(self._texts)
        self._texts = []


def unit_of(document: LabelledDocument, by: str) -> str:
    """The name of the unit that a document belongs to; ``by`` is one of `UNITS`."""
    if by == "lang":
        return language_code(document.lang) or "unknown"
    return document.site if by == "site" else document.id


def parse_parts(given: str) -> dict[str, float]:
    """Parts and their shares, from ``train=0.8,dev=0.1,test=0.1``. Raises `UsageError`."""
    parts: dict[str, float] = {}
    for each in filter(None, (part.strip() for part in given.split(","))):
        name, _, share = each.partition("=")
        if not name.isidentifier() or name in parts:
            raise UsageError(f"--parts {each}: {name!r} is no name of its own; letters, digits and _ will do")
        try:
            parts[name] = float(share)
        except ValueError:
            raise UsageError(f"--parts {each}: not of the form name=share, such as dev=0.1") from None
        if not 0 < parts[name] < 1:
            raise UsageError(f"--parts {each}: a share is more than 0 and less than 1")
    if len(parts) < 2 or abs(sum(parts.values()) - 1) > _SUM:
        raise UsageError(f"--parts {given}: the shares of two or more parts sum to 1, not to {sum(parts.values()):g}")
    return parts


def split_units(
    units: Sequence[Unit],
    parts: Mapping[str, float],
    seed: int = 0,
    together: Sequence[Sequence[str]] = (),
    kept: Mapping[str, str] | None = None,
    by: str = "site",
) -> dict[str, str]:
    """The part of each unit, by its name.

    Large units come first, those of a similar size in an order that follows from their names and the seed. Each goes
    where it brings the shares of documents, labels and languages nearest to ``parts``. Units that are named
    ``together`` go to one part. ``kept`` is the part of each unit of an earlier split, also of units that are not among
    ``units``; units connected to them follow. No part stays empty unless a unit is kept in it. Raises `DataError` where
    there are fewer units than parts to fill, or connected ones are kept in different parts.
    """
    names, kept, groups = list(parts), kept or {}, _connected(units, together)
    to_fill = {number for number, name in enumerate(names) if name not in kept.values()}
    given = [_kept_part(group, kept, names) for group in groups]
    if given.count(None) < len(to_fill):
        raise DataError(_too_few(given, units, len(to_fill), by))
    sizes, shares = _relative_sizes(groups), np.array([[parts[name]] for name in names])
    need = shares * sizes.sum(axis=0)  # of each part and stratum, what it still lacks
    order = sorted(range(len(groups)), key=lambda at: (given[at] is None, _order(groups[at], seed)))
    chosen: dict[int, int] = {}
    for left, number in zip(range(len(order), 0, -1), order, strict=True):
        part = given[number]
        if part is None:
            empty = sorted(to_fill - set(chosen.values()))
            part = _nearest(need, sizes[number], shares, empty if left <= len(empty) else range(len(names)))
        need[part] -= sizes[number]
        chosen[number] = part
    return {unit.name: names[part] for number, part in chosen.items() for unit in groups[number]}


def _connected(units: Sequence[Unit], together: Sequence[Sequence[str]]) -> list[list[Unit]]:
    """The units in groups that stay together; units sorted by name, groups by their first unit.

    Names in ``together`` that no unit has are units of no size. Groups of these alone are left out.
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    given = {unit.name for unit in units}
    others = {name for group in together for name in group} - given
    units = sorted((*units, *(Unit(name, Counter()) for name in others)), key=lambda unit: unit.name)
    number = {unit.name: at for at, unit in enumerate(units)}
    pairs = [(number[group[0]], number[name]) for group in together for name in group[1:]]
    first, second = np.array(pairs, dtype=int).reshape(-1, 2).T
    graph = coo_array((np.ones(len(pairs)), (first, second)), shape=(len(units), len(units)))
    groups: dict[int, list[Unit]] = {}
    for unit, at in zip(units, connected_components(graph)[1].tolist(), strict=True):
        groups.setdefault(at, []).append(unit)
    return [group for group in groups.values() if any(unit.name in given for unit in group)]


def _too_few(given: Sequence[int | None], units: Sequence[Unit], parts: int, by: str) -> str:
    """``given`` is the part that each group is kept in."""
    what = {"site": "site", "document": "document", "lang": "language"}[by]
    joined = f", {len(given)} where near-duplicates stay together" if len(given) < len(units) else ""
    if given.count(None) < len(given):
        joined += f", {given.count(None)} without those that are kept in a part"
    advice = "add documents of other sites, or ask for fewer parts"
    if by == "site":
        advice += "; --by document splits within sites, which makes every figure look better than it is"
    return f"{counted(len(units), what)}{joined}, for {counted(parts, 'part')}: no {what} is split; {advice}"


def _kept_part(group: Sequence[Unit], kept: Mapping[str, str], names: Sequence[str]) -> int | None:
    """The part that the units of a group are kept in. Raises `DataError` if these are several."""
    found = sorted({kept[unit.name] for unit in group if unit.name in kept})
    if len(found) > 1:
        first, second = (next(unit.name for unit in group if kept.get(unit.name) == part) for part in found[:2])
        raise DataError(
            f"{first[:40]} is kept in {found[0]}, and {second[:40]} in {found[1]}, but near-duplicates connect them: "
            "split anew without --keep, or add --separate-near-duplicates"
        )
    return names.index(found[0]) if found else None


def _relative_sizes(groups: Sequence[Sequence[Unit]]) -> NDArray[np.float64]:
    """The share of each group in each stratum: documents, labels and languages; smaller strata weigh less."""
    totals = [sum((unit.sizes for unit in group), Counter[str]()) for group in groups]
    strata = sorted(set().union(*totals))
    counts = np.array([[total[stratum] for stratum in strata] for total in totals], dtype=float)
    sums = counts.sum(axis=0)
    paragraphs = max(sum(sums[at] for at, name in enumerate(strata) if name.startswith("language")), 1)
    weights = np.array([1.0 if name == "documents" else sums[at] / paragraphs for at, name in enumerate(strata)])
    relative: NDArray[np.float64] = counts / np.maximum(sums, 1) * np.sqrt(weights)
    return relative


def _order(group: Sequence[Unit], seed: int) -> tuple[int, bytes]:
    """A key to sort groups by: from large to small by powers of two, then by a hash."""
    size = sum(unit.sizes.total() for unit in group)
    return -size.bit_length(), hashlib.sha256(f"{seed} {group[0].name}".encode("utf-8", "surrogatepass")).digest()


def _nearest(
    need: NDArray[np.float64], size: NDArray[np.float64], shares: NDArray[np.float64], among: Iterable[int]
) -> int:
    """The part, of those ``among``, to which adding a group brings all parts nearest to what they need."""
    cost = (((need - size) ** 2 - need**2) / shares).sum(axis=1)
    return min(among, key=lambda part: cost[part])
