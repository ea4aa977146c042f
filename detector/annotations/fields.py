"""Checked access to the fields of records, and what of a document goes into such fields."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from detector.annotations.reading import Reading
from detector.errors import DataError
from detector.evaluation.labelled import (
    LabelledDocument,
    LabelledParagraph,
    document_with,
    optional_text,
)

META = ("site", "lang", "origin", "gold")  # what a document has besides its id and its text

Object = dict[str, Any]


def shown(value: object) -> str:
    """A value for a message, in at most 40 characters."""
    return repr(value)[:40]


def an_object(value: object, what: str, where: str) -> Object:
    """A value that must be a JSON object. Raises `DataError`."""
    if not isinstance(value, dict):
        raise DataError(f"{where}: {what} must be a JSON object, not {shown(value)}")
    return value


def required_text(record: Object, field: str, where: str) -> str:
    """The text of a field. Raises `DataError` where it is missing."""
    value = optional_text(record, field, where)
    if value is None:
        raise DataError(f'{where}: "{field}" is missing')
    return value


def whole_number(record: Object, field: str, where: str) -> int:
    """The whole number of a field. Raises `DataError`."""
    value = record.get(field)
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    raise DataError(f'{where}: "{field}" is {"missing" if value is None else f"{shown(value)}, not a whole number"}')


def list_of(record: Object, field: str, where: str) -> list[Any]:
    """The list in a field; an empty one where it is missing or null. Raises `DataError` for any other type."""
    value = record.get(field)
    if value is None or isinstance(value, list):
        return value or []
    raise DataError(f'{where}: "{field}" is {shown(value)}, not a list')


def name_of(record: Object, where: str, default: str, field: str = "id") -> str:
    """The id of a record as a text; numbers are ids, too. ``default`` where there is none."""
    value = record.get(field)
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return optional_text(record, field, where) or default


def meta_of(document: LabelledDocument) -> dict[str, str]:
    """What a document has besides its paragraphs, as fields; without those that are None, or follow from others."""
    fields = {name: getattr(document, name) for name in META if getattr(document, name) is not None}
    if document.site == document.id:
        del fields["site"]
    return {"id": document.id, **fields}


def document_of(meta: Object, where: str, default: str, paragraphs: Iterable[LabelledParagraph]) -> LabelledDocument:
    """A document with the fields that `meta_of` returned; ``default`` is its id if they hold none."""
    return document_with(meta, where, name_of(meta, where, default), paragraphs)


def count_others(record: Object, known: Iterable[str], reading: Reading) -> None:
    """Count the fields of a record that are not among those that are read."""
    for name in record.keys() - set(known):
        if record[name] not in (None, "", [], {}):
            reading.leave_out(f'values of the field "{name[:40]}"')
