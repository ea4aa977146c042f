"""Rows of one paragraph each become documents, and the other way round."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from detector.annotations.reading import Reading
from detector.annotations.source import Source
from detector.errors import DataError
from detector.evaluation.labelled import LabelledDocument, LabelledParagraph
from detector.formats.column_names import shown

COLUMNS = ("id", "paragraph", "text", "label", "kind", "by", "site", "lang", "origin")  # that are written
HOLDS = frozenset({"id", "site", "lang", "origin", "kind", "by"})
_DOCUMENT = ("id", "site", "lang", "origin")  # what the rows of a document have in common
# Names of columns that are understood, without regard to case: the first one that there is counts.
_NAMES = {
    "id": ("id", "document_id", "doc_id", "docid", "document", "doc", "url"),
    "paragraph": ("paragraph", "paragraph_number", "line_number", "position"),
    "text": ("text", "paragraph_text", "sentence", "line", "content", "body"),
    "label": ("label", "class", "category", "tag", "target"),
    "kind": ("kind", "subclass", "sublabel"),
    "by": ("by", "annotator"),
    "site": ("site", "domain", "host"),
    "lang": ("lang", "language"),
    "origin": ("origin", "extractor"),
}


class Row(NamedTuple):
    """A row: its values by role, one of `COLUMNS`, None where empty; where it is, and how it was found."""

    values: Mapping[str, str | None]
    where: str
    raw: object


def roles(columns: Sequence[str], text_field: str | None = None) -> dict[str, int]:
    """The number of the column for each role that there is a column for."""
    names = [name.strip().casefold().replace(" ", "_").replace("-", "_") for name in columns]
    found = {
        role: next(names.index(name) for name in known if name in names)
        for role, known in _NAMES.items()
        if any(name in names for name in known)
    }
    if text_field in columns:
        found["text"] = columns.index(text_field)
    elif text_field is not None:
        found.pop("text", None)
    return found


def required_roles(columns: Sequence[str], where: str, text_field: str | None) -> dict[str, int]:
    """As `roles`. Raises `DataError` where the text, or both label and kind, have no column."""
    found = roles(columns, text_field)
    if "text" not in found:
        wanted = f'"{text_field[:40]}"' if text_field else "for the text"
        raise DataError(f"{where}: no column {wanted}; choose one with --text-field: {shown(columns)}")
    if "label" not in found and "kind" not in found:
        raise DataError(f'{where}: no column for the label; name one "label", of these: {shown(columns)}')
    return found


class _Ended(NamedTuple):
    """Where a document that is complete was found, and the number of its first paragraph."""

    where: str
    number: int | None

    def begins_again(self, number: int | None) -> bool:
        """Whether a paragraph with this number begins another document with the same id, and does not continue it."""
        return number is not None and self.number is not None and max(number, 1) == max(self.number, 1)


@dataclass
class _Started:
    """A document whose rows are being read."""

    first: Row
    key: tuple[str | None, ...]
    begins: int | None  # the number of its first paragraph
    number: int | None = None  # of its last paragraph
    paragraphs: list[LabelledParagraph] = field(default_factory=list)


class Documents:
    """Makes documents of rows.

    The rows of a document follow each other. Another id, site, language or origin begins a document, and so does the
    number of a first paragraph. Without ids, blank rows separate documents; they are named by the file and their
    number.
    """

    def __init__(self, source: Source, reading: Reading, found: Iterable[str]) -> None:
        self._reading = reading
        self._stem = source.stem
        self._roles = frozenset(found)
        self._with_ids = "id" in self._roles
        self._count = 0
        self._ended: dict[tuple[str | None, ...], _Ended] = {}
        self._started: _Started | None = None

    def of(self, rows: Iterable[Row]) -> Iterator[LabelledDocument]:
        """The documents of rows, lazily."""
        for row in rows:
            if not any(row.values.values()):
                if not self._with_ids:
                    yield from self._end()
                continue
            with self._reading.record(row.where, row.raw):
                number = _number(row)
                paragraphs = self._paragraphs(row)
                if not self._continues(row, number):
                    yield from self._end()
                    self._begin(row, number)
                if self._started is not None:
                    self._started.number = number
                    self._started.paragraphs += paragraphs
        yield from self._end()

    def _continues(self, row: Row, number: int | None) -> bool:
        """Whether a row belongs to the document before it."""
        if self._started is None:
            return False
        last = self._started.number
        return self._started.key == _key(row) and (number is None or last is None or number > last)

    def _begin(self, row: Row, number: int | None) -> None:
        key = _key(row)
        ended = self._ended.get(key)
        if self._with_ids and ended and not ended.begins_again(number):
            raise DataError(
                f'{row.where}: the rows of "{(row.values.get("id") or "")[:40]}" do not follow each other: others are '
                f"at {ended.where}; sort the rows by document, then by paragraph"
            )
        self._started = _Started(row, key, number)

    def _end(self) -> Iterator[LabelledDocument]:
        """The document that is complete, if there is one."""
        started, self._started = self._started, None
        if started is None:
            return
        self._count += 1
        self._ended[started.key] = _Ended(started.first.where, started.begins)
        values = started.first.values
        name = values.get("id") or f"{self._stem}-{self._count}"
        with self._reading.record(started.first.where, started.first.raw):
            yield LabelledDocument(
                name,
                values.get("site") or name,
                values.get("origin"),
                values.get("lang"),
                None,
                tuple(started.paragraphs),
            )

    def _paragraphs(self, row: Row) -> list[LabelledParagraph]:
        """The paragraphs of a row: the lines of its text that are not blank, all with its label."""
        lines = [line for line in (row.values.get("text") or "").replace("\r", "\n").split("\n") if line.strip()]
        label, kind = (_filled(row.values.get(role)) for role in ("label", "kind"))
        if not lines and (label or kind):
            self._reading.leave_out("rows without a text")
        if not lines or not (label or kind):
            found = None
        elif label and "kind" in self._roles:
            found = self._reading.own_label(label, row.where, kind)
        else:
            found = self._reading.label(label or kind or "", row.where)
        chosen, finer = found or (None, None)
        return [LabelledParagraph(line, chosen, finer, row.values.get("by")) for line in lines]


def _key(row: Row) -> tuple[str | None, ...]:
    return tuple(row.values.get(role) for role in _DOCUMENT)


def _filled(value: str | None) -> str | None:
    return value if value and value.strip() else None


def _number(row: Row) -> int | None:
    """The number of a paragraph. Raises `DataError` where it is none."""
    value = row.values.get("paragraph")
    if value is None:
        return None
    try:
        return int(float(value))
    except (ValueError, OverflowError):
        raise DataError(f'{row.where}: "paragraph" is {value[:40]!r}, not a number') from None


def rows_of(document: LabelledDocument) -> Iterator[dict[str, str | int | None]]:
    """The rows of a document, with the values of `COLUMNS`; for one without paragraphs, a row without a text."""
    site = document.site if document.site != document.id else None
    common = {"id": document.id, "site": site, "lang": document.lang, "origin": document.origin}
    if not document.paragraphs:
        yield {**common, "paragraph": 0}
    for number, each in enumerate(document.paragraphs, 1):
        yield {**common, "paragraph": number, "text": each.text, "label": each.label, "kind": each.kind, "by": each.by}
