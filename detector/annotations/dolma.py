"""The documents and attributes of the Dolma toolkit: spans of a text, in files beside those of the documents.

A data set is a folder with ``documents/PATH.jsonl.gz`` and, for each tagger, ``attributes/NAME/PATH.jsonl.gz``, whose
lines belong to the same documents in the same order. An attribute is a list of spans ``[start, end, score]`` in
characters, ``end`` exclusive; its name is ``EXPERIMENT__TAGGER__LABEL``, or the label alone.
"""

from __future__ import annotations

import contextlib
import gzip
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from detector.annotations.fields import META, Object, an_object, document_of, meta_of, name_of, required_text, shown
from detector.annotations.json_records import JsonRecord, records
from detector.annotations.names import Label
from detector.annotations.reading import Reading
from detector.annotations.source import Source
from detector.annotations.spans import Span, Stretch, checked, labelled_paragraphs, named_spans
from detector.annotations.writing import writing_folder
from detector.errors import DataError
from detector.evaluation.labelled import LabelledDocument
from detector.formats.compression import without_compression
from detector.util.json_lines import json_line
from detector.util.output import open_output

DOCUMENTS, ATTRIBUTES = "documents", "attributes"
TAGGER = "labels"  # the name of the attributes that are written
_SEPARATOR = "__"  # between the parts of an attribute's name
_FILE = "labels.jsonl.gz"
_EXTENSIONS = (".jsonl", ".json", ".ndjson")
_MIN_SCORE = 0.5  # a span with a lower score does not have the label


class _Scored(NamedTuple):
    span: Span
    score: float


class DolmaFormat:
    """A folder with documents and their attributes."""

    name = "dolma"
    extensions = ()
    holds = frozenset({"id", "site", "lang", "origin", "gold", "kind"})

    def recognises(self, source: Source) -> bool:
        """Whether this is a folder with documents and attributes."""
        return source.is_folder and all((source.path / name).is_dir() for name in (DOCUMENTS, ATTRIBUTES))

    def read(self, source: Source, reading: Reading) -> Iterator[LabelledDocument]:
        """Read the documents, each with the spans of all attributes.

        Spans with a score below 0.5 are left out; of several with the same characters, the best score counts.
        """
        root = source.path
        if not self.recognises(source):
            raise DataError(f"{root}: no folder with {DOCUMENTS}/ and {ATTRIBUTES}/; name the folder that holds both")
        names = sorted(path.name for path in (root / ATTRIBUTES).iterdir() if path.is_dir())
        files = [path for path in sorted((root / DOCUMENTS).rglob("*")) if path.is_file()]
        for file in files:
            if without_compression(file).suffix in _EXTENSIONS:
                inside = file.relative_to(root / DOCUMENTS)
                beside = [path for name in names if (path := root / ATTRIBUTES / name / inside).is_file()]
                if not beside:
                    raise DataError(
                        f"{file}: no attributes; they are expected in {root / ATTRIBUTES / 'NAME' / inside}"
                    )
                yield from _documents(Source(file), [Source(path) for path in beside], reading)

    def write(self, documents: Iterable[LabelledDocument], path: Path) -> None:
        """Write a folder with one file of documents, and one of attributes."""
        with writing_folder(path) as folder, contextlib.ExitStack() as stack:
            texts, spans = (
                stack.enter_context(_gzip(folder / inside / _FILE)) for inside in (DOCUMENTS, f"{ATTRIBUTES}/{TAGGER}")
            )
            for document in documents:
                meta = meta_of(document)
                site = meta.pop("site", None) or document.id
                name = meta.pop("id")
                record = {"id": name, "text": document.text, "source": site, **({"metadata": meta} if meta else {})}
                texts.write(json_line(record))
                spans.write(json_line({"id": name, "source": site, ATTRIBUTES: _attributes(document)}))


@contextlib.contextmanager
def _gzip(path: Path) -> Iterator[gzip.GzipFile]:
    path.parent.mkdir(parents=True)
    with open_output(path) as raw, gzip.GzipFile("", "wb", compresslevel=6, fileobj=raw, mtime=0) as stream:
        yield stream


def _attributes(document: LabelledDocument) -> dict[str, list[list[Any]]]:
    """The labelled paragraphs of a document as spans, by attribute."""
    found: defaultdict[str, list[list[Any]]] = defaultdict(list)
    for start, end, name, _ in named_spans(document):
        if _SEPARATOR in name:
            raise DataError(f'document "{document.id[:40]}": the label "{name[:40]}" contains "{_SEPARATOR}"')
        found[f"{TAGGER}{_SEPARATOR}{TAGGER}{_SEPARATOR}{name}"].append([start, end, 1.0])
    return dict(found)


def _documents(source: Source, beside: list[Source], reading: Reading) -> Iterator[LabelledDocument]:
    """The documents of one file with the attributes of the files that belong to it."""
    attributes = [records(each, Reading()) for each in beside]
    for value, where, number in records(source, Reading()):
        lines = [next(each, None) for each in attributes]
        with reading.record(where, value):
            document = an_object(value, "a document", where)
            name = name_of(document, where, f"{source.stem}-{number}")
            text = required_text(document, reading.text_field or "text", where)
            spans = [
                span
                for line, file in zip(lines, beside, strict=True)
                for span in _spans(line, file, name, text, where, reading)
            ]
            yield _document(document, where, name, text, spans, reading)
    if any(next(each, None) is not None for each in attributes):
        raise DataError(f"{source.path}: has fewer documents than its attributes; both have one line per document")


def _document(
    value: Object, where: str, name: str, text: str, spans: list[_Scored], reading: Reading
) -> LabelledDocument:
    metadata = value.get("metadata")
    known = {each: metadata[each] for each in META if each in metadata} if isinstance(metadata, dict) else {}
    source = value.get("source")
    site = known.get("site") or (source if isinstance(source, str) and source else name)
    return document_of(
        {**known, "id": name, "site": site}, where, name, labelled_paragraphs(text, _best(spans), reading)
    )


def _spans(
    line: JsonRecord | None, file: Source, name: str, text: str, document: str, reading: Reading
) -> Iterator[_Scored]:
    """The spans of a document in one file of attributes."""
    if line is None:
        raise DataError(f"{file.path}: ends before the document at {document}; both files have one line per document")
    record = an_object(line.value, "attributes", line.where)
    if name_of(record, line.where, name) != name:
        raise DataError(
            f'{line.where}: "id" is {shown(record["id"])}, but the document at {document} is {shown(name)}; both files '
            "have the same documents in the same order"
        )
    for attribute, given in an_object(record.get(ATTRIBUTES), f'"{ATTRIBUTES}"', line.where).items():
        where = f'{line.where}: "{attribute[:40]}"'
        label = _label(attribute, where, reading) if given else None
        for start, end, score in (_span(each, where) for each in _list(given, where)):
            if label is not None and score < _MIN_SCORE:
                reading.leave_out("spans with a score below 0.5")
            elif label is not None:
                last = end - (end == len(text) + 1)  # dolma 1.2.1 writes such spans: findings/dolma-last-span.sh
                yield _Scored(Span(label, (checked(start, last, len(text), where),)), score)


def _label(attribute: str, where: str, reading: Reading) -> Label | None:
    """The label of an attribute: of its whole name where that is mapped, else of the last part."""
    whole = attribute in reading.mapping
    return reading.label(attribute if whole else attribute.rpartition(_SEPARATOR)[2], where)


def _list(value: object, where: str) -> list[Any]:
    if not isinstance(value, list):
        raise DataError(f"{where} is {shown(value)}, not a list of spans [start, end, score]")
    return value


def _span(value: object, where: str) -> tuple[int, int, float]:
    if isinstance(value, list) and len(value) in (2, 3) and not any(isinstance(each, bool) for each in value):
        start, end, score = value if len(value) == 3 else (*value, 1.0)
        if isinstance(start, int) and isinstance(end, int) and isinstance(score, int | float):
            return start, end, float(score)
    raise DataError(f"{where} has {shown(value)}, which is no span [start, end, score]")


def _best(spans: Iterable[_Scored]) -> list[Span]:
    """The spans; of those of the same characters, the one with the highest score."""
    best: dict[tuple[Stretch, ...], _Scored] = {}
    for each in spans:
        known = best.get(each.span.stretches)
        if known is None or known.score < each.score:
            best[each.span.stretches] = each
    return [each.span for each in best.values()]


DOLMA = DolmaFormat()
