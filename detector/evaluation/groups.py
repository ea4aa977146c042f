"""Figures of groups of documents: by language, by site and by length."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from detector.evaluation.bootstrap import Interval, Resampling
from detector.evaluation.evaluate import Figures, Measured, count_words, figures_of
from detector.evaluation.statistics import SiteFigures
from detector.util.languages import language_code

UNKNOWN = "unknown"  # the language of documents without one
LENGTHS = (100, 300, 1000)  # words of a document: from each of these on, another group begins


@dataclass(frozen=True, slots=True)
class Group:
    """The figures of a group of documents, and the intervals of those that have one.

    ``pooled`` is the number of groups that were too small and are taken together in this one; 0 for a single group.
    """

    name: str
    documents: int
    sites: int
    figures: Figures
    intervals: dict[str, Interval | None] = field(default_factory=dict)
    pooled: int = 0


def group_of(name: str, documents: Sequence[Measured], settings: Resampling | None, pooled: int = 0) -> Group:
    """The figures of documents, with intervals over sites if there are ``settings`` for them."""
    figures = figures_of(documents)
    sites = len({one.scored.document.site for one in documents})
    names = [figure for figure, value in figures.items() if figure != "documents" and value is not None]
    intervals: dict[str, Interval | None] = {}
    if settings:
        functions = SiteFigures(documents)
        samples = {figure: functions.figure(figure).sample(settings) for figure in names} if sites > 1 else {}
        intervals = {figure: sample.interval if (sample := samples.get(figure)) else None for figure in names}
    return Group(name, len(documents), sites, figures, intervals, pooled)


def by_language(documents: Sequence[Measured], least: int, settings: Resampling) -> list[Group]:
    """The figures of each language, by its code; the largest first."""
    return _groups(documents, lambda one: language_code(one.scored.document.lang) or UNKNOWN, least, settings)


def by_site(documents: Sequence[Measured], least: int) -> list[Group]:
    """The figures of each site, without intervals; those where most words of reporting are lost first."""
    groups = _groups(documents, lambda one: one.scored.document.site, least, None)
    lost: dict[str, float] = defaultdict(float)
    for one in documents:
        lost[one.scored.document.site] += one.shares["lost"].part
    return sorted(groups, key=lambda group: (group.pooled, -lost[group.name], group.name))


def by_length(documents: Sequence[Measured], least: int, settings: Resampling) -> list[Group]:
    """The figures by the number of words of a document, as `LENGTHS` divides them; the shortest first."""
    names = ["under 100 words", "100 to 299 words", "300 to 999 words", "1,000 words and more"]

    def name(one: Measured) -> str:
        words = sum(count_words(paragraph.text) for paragraph in one.scored.document.paragraphs)
        return names[sum(words >= limit for limit in LENGTHS)]

    groups = _groups(documents, name, least, settings)
    return sorted(groups, key=lambda group: names.index(group.name) if group.name in names else len(names))


def _groups(
    documents: Sequence[Measured], key: Callable[[Measured], str], least: int, settings: Resampling | None
) -> list[Group]:
    """Groups of at least ``least`` documents, the largest first; smaller ones are pooled where there are several."""
    members: dict[str, list[Measured]] = defaultdict(list)
    for one in documents:
        members[key(one)].append(one)
    small = [name for name, group in members.items() if len(group) < least]
    pooled = [one for name in small for one in members[name]] if len(small) > 1 else []
    large = [name for name in members if not pooled or len(members[name]) >= least]
    groups = [group_of(name, members[name], settings) for name in sorted(large, key=lambda n: (-len(members[n]), n))]
    return [*groups, *([group_of("others", pooled, settings, len(small))] if pooled else [])]
