"""Checks of labelled documents: counts, and what a person should look at again."""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from detector.evaluation.labelled import LabelledDocument, LabelledParagraph
from detector.evaluation.languages import UNKNOWN
from detector.evaluation.near_duplicates import SIMILARITY, Shingles
from detector.util.batching import batches
from detector.util.languages import language_code

LONG = 3000  # characters; of the lines of 968 real pages, one in 10,000 is longer
SHOWN = 160  # characters of a text
_BATCH = 1 << 20  # characters
_PLACES = 3  # of a text that are named, for each of its labels
CHECKS = {
    "conflict": "the same text with different labels",
    "near-duplicates": "near-duplicate documents of different sites, which a split by site may separate",
    "one label": "documents with one label only, of those with several labelled paragraphs",
    "no label": "documents without a labelled paragraph",
    "long": f"paragraphs of more than {LONG:,} characters",
    "empty": "paragraphs without a letter or digit",
    "disagreement": "labels that are not the most probable ones for the model",
}


class Place(NamedTuple):
    """Where something is: ``file:line`` where known, the id of the document, and the paragraph, counted from 1."""

    where: str
    document: str
    paragraph: int | None = None

    def __str__(self) -> str:
        paragraph = f", paragraph {self.paragraph}" if self.paragraph else ""
        return f"{self.where}: {self.document}{paragraph}"


class Finding(NamedTuple):
    """Something to look at: its check, one of `CHECKS`, what was found, where, and the text, shortened."""

    check: str
    what: str
    places: tuple[Place, ...]
    text: str = ""


@dataclass
class Report:
    """What was counted, and what was found.

    ``found`` counts the findings of each check; ``findings`` holds the first ones.

    ``counts`` has the number of paragraphs by ``label``, and by ``kind`` as ``label/kind``, and the number of documents
    by ``lang`` and ``site``. Paragraphs without a label count as ``(none)``.
    """

    documents: int = 0
    paragraphs: int = 0
    counts: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    found: Counter[str] = field(default_factory=Counter)
    findings: dict[str, list[Finding]] = field(default_factory=lambda: {check: [] for check in CHECKS})

    def add(self, finding: Finding, top: int | None) -> None:
        """Count a finding, and keep it if it is among the first ``top`` of its check."""
        self.found[finding.check] += 1
        if top is None or len(self.findings[finding.check]) < top:
            self.findings[finding.check].append(finding)


NO_LABEL = "(none)"


class Located(NamedTuple):
    """A labelled document, where it was found (``file:line``), and the record of our JSON Lines that it was read from.

    ``record`` is None where it was read from another format.
    """

    document: LabelledDocument
    where: str
    record: dict[str, Any] | None = None


def check_labels(
    documents: Iterable[Located],
    similarity: float = SIMILARITY,
    top: int | None = None,
    visit: Callable[[list[Located]], object] = len,
) -> Report:
    """Check labelled documents, which are read once and not kept; ``visit`` is called with batches of them.

    Documents are near-duplicates from a ``similarity`` on, from 0 to 1. Of each check, the first ``top`` findings are
    listed, all if None.
    """
    report, texts, near = Report(), _Texts(), _Near()
    for batch in batches(documents, lambda item: len(item.document.text), _BATCH):
        near.add(batch)
        visit(batch)
        for item in batch:
            _count(item.document, report)
            texts.add(item)
            for finding in (*_of_document(item), *_of_paragraphs(item)):
                report.add(finding, top)
    for finding in (*texts.conflicts(), *near.findings(similarity)):
        report.add(finding, top)
    return report


def shortened(text: str, size: int = SHOWN) -> str:
    """A text in at most ``size`` characters."""
    return text if len(text) <= size else f"{text[: size - 1]}…"


def _count(document: LabelledDocument, report: Report) -> None:
    report.documents += 1
    report.paragraphs += len(document.paragraphs)
    report.counts["lang"][language_code(document.lang) or UNKNOWN] += 1
    report.counts["site"][document.site] += 1
    for each in document.paragraphs:
        report.counts["label"][each.label or NO_LABEL] += 1
        report.counts["kind"][f"{each.label or NO_LABEL}/{each.kind or NO_LABEL}"] += 1


def _of_document(item: Located) -> Iterator[Finding]:
    labels = Counter(each.label for each in item.document.paragraphs if each.label is not None)
    place = (Place(item.where, item.document.id),)
    if not labels:
        yield Finding("no label", f"{len(item.document.paragraphs)} paragraphs", place)
    elif len(labels) == 1 and labels.total() > 1:
        (label, count), *_ = labels.items()
        yield Finding("one label", f"{count} {label}", place, shortened(item.document.paragraphs[0].text))


def _of_paragraphs(item: Located) -> Iterator[Finding]:
    for number, each in enumerate(item.document.paragraphs, 1):
        place = (Place(item.where, item.document.id, number),)
        if len(each.text) > LONG:
            yield Finding("long", f"{len(each.text):,} characters", place, shortened(each.text))
        elif len(each.text) < LONG and not any(map(str.isalnum, each.text)):
            yield Finding("empty", each.label or NO_LABEL, place, shortened(each.text))


class _Seen:
    """The labels of a text: how often, and the first places of each."""

    __slots__ = ("counts", "places", "text")

    def __init__(self, text: str) -> None:
        self.text = shortened(text)
        self.counts: Counter[str] = Counter()
        self.places: dict[str, list[Place]] = {}

    def add(self, label: str, place: Place) -> None:
        """Count a label."""
        self.counts[label] += 1
        places = self.places.setdefault(label, [])
        if len(places) < _PLACES:
            places.append(place)


class _Texts:
    """The texts of paragraphs, without regard to case and white space, with their labels."""

    def __init__(self) -> None:
        self._once: dict[bytes, tuple[str, Place]] = {}
        self._often: dict[bytes, _Seen] = {}

    def add(self, item: Located) -> None:
        """Add the labelled paragraphs of a document."""
        for number, each in enumerate(item.document.paragraphs, 1):
            if each.label is not None:
                self._add(each, Place(item.where, item.document.id, number))

    def _add(self, paragraph: LabelledParagraph, place: Place) -> None:
        text, label = " ".join(paragraph.text.casefold().split()), paragraph.label or ""
        key = hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=12).digest()
        if key not in self._once:
            self._once[key] = label, place
            return
        if key not in self._often:
            seen = self._often[key] = _Seen(paragraph.text)
            seen.add(*self._once[key])
        self._often[key].add(label, place)

    def conflicts(self) -> list[Finding]:
        """The texts with several labels: first those where most agree and few do not."""
        found = [seen for seen in self._often.values() if len(seen.counts) > 1]
        return [_conflict(seen) for seen in sorted(found, key=_lonely, reverse=True)]


def _lonely(seen: _Seen) -> int:
    """How many more paragraphs have the commonest label of a text than have others."""
    return 2 * max(seen.counts.values()) - seen.counts.total()


def _conflict(seen: _Seen) -> Finding:
    """The places are those of the rarer labels first."""
    ordered = sorted(seen.counts.items(), key=lambda item: item[1])
    what = ", ".join(f"{count} {label}" for label, count in reversed(ordered))
    return Finding("conflict", what, tuple(place for label, _ in ordered for place in seen.places[label]), seen.text)


class _Near:
    """The shingles of all documents, and where the documents are."""

    def __init__(self) -> None:
        self._shingles = Shingles()
        self._sites: list[str] = []
        self._places: list[Place] = []

    def add(self, batch: Sequence[Located]) -> None:
        """Add documents."""
        self._shingles.add([item.document.text for item in batch])
        self._sites += [item.document.site for item in batch]
        self._places += [Place(item.where, item.document.id) for item in batch]

    def findings(self, similarity: float) -> Iterator[Finding]:
        """The groups of near-duplicates, with one document of each site."""
        for group in self._shingles.near_duplicates(self._sites, similarity):
            by_site = {self._sites[number]: number for number in reversed(group.documents)}
            what = f"{len(group.documents)} documents of {len(by_site)} sites, similarity {group.similarity:.2f}"
            places = tuple(self._places[number] for number in sorted(by_site.values()))
            yield Finding("near-duplicates", what, places, ", ".join(shortened(site, 40) for site in list(by_site)[:5]))
