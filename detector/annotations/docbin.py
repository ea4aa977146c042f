"""spaCy's DocBin: documents with span groups, or with entities. Needs the extra ``spacy``.

The whole file is in memory, as spaCy reads and writes it.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from detector.annotations.base import FIELDS
from detector.annotations.fields import an_object, document_of, meta_of
from detector.annotations.reading import Reading
from detector.annotations.source import Source
from detector.annotations.spans import Span, Stretch, labelled_paragraphs
from detector.annotations.writing import writing
from detector.errors import DataError
from detector.evaluation.labelled import LabelledDocument, LabelledParagraph
from detector.util.libraries import load_library

GROUP = "boilerplate"  # the span group that is written, and that the component of `detector.spacy` sets
KINDS = "kinds"  # the attribute of a group that has the kind of each span, as in that component
_DATA = "detector"  # the key in `Doc.user_data` of what a document has besides its text


class DocBinFormat:
    """One document per `Doc`; its labels are in a span group."""

    name = "spacy"
    extensions = (".spacy",)
    holds = FIELDS

    def recognises(self, source: Source) -> bool:
        """Whether this is a compressed message that begins with the version of a DocBin."""
        try:
            start = zlib.decompressobj().decompress(source.head, 64)
        except zlib.error:
            return False
        return b"version" in start and b"attrs" in start

    def read(self, source: Source, reading: Reading) -> Iterator[LabelledDocument]:
        """Read one document per `Doc`."""
        spacy = load_library("spacy", "reading a DocBin", "spacy")
        with source.opened() as stream:
            data = stream.read()
        for number, doc in enumerate(_docs(spacy, data, source), 1):
            where = f"{source.path}: document {number}"
            with reading.record(where, doc.text):
                yield _document(doc, where, f"{source.stem}-{number}", reading)

    def write(self, documents: Iterable[LabelledDocument], path: Path) -> None:
        """Write all documents as one DocBin, with the span group `GROUP`."""
        spacy = load_library("spacy", "writing a DocBin", "spacy")
        nlp = spacy.blank("xx")
        collected = spacy.tokens.DocBin(store_user_data=True)
        for document in documents:
            collected.add(_doc(spacy, nlp, document))
        with writing(path) as stream:
            stream.write(collected.to_bytes())


def _docs(spacy: Any, data: bytes, source: Source) -> Iterator[Any]:  # noqa: ANN401
    """The documents of a DocBin. Raises `DataError` where spaCy cannot read it: it checks little itself."""
    try:
        yield from spacy.tokens.DocBin().from_bytes(data).get_docs(spacy.blank("xx").vocab)
    except (AttributeError, LookupError, OverflowError, TypeError, ValueError, zlib.error) as error:
        raise DataError(f"{source.path}: no DocBin that this spaCy can read ({error})") from error


def _document(doc: Any, where: str, default: str, reading: Reading) -> LabelledDocument:  # noqa: ANN401
    spans = []
    group = _given(doc, where)
    kinds = getattr(group, "attrs", {}).get(KINDS)
    if not isinstance(kinds, list | tuple) or len(kinds) != len(group):
        kinds = None
    for number, (name, stretch) in enumerate(_stretches(group, where)):
        place = f"{where}: span {number + 1}"
        label = reading.label(name, place) if kinds is None else reading.own_label(name, place, kinds[number])
        if label:
            spans.append(Span(label, (stretch,)))
    meta = an_object(doc.user_data.get(_DATA) or {}, "what was kept with the document", where)
    paragraphs = labelled_paragraphs(doc.text, spans, reading)
    by = meta.get("by")
    if isinstance(by, list | tuple) and len(by) == len(paragraphs):
        paragraphs = [
            LabelledParagraph(each.text, each.label, each.kind, source)
            for each, source in zip(paragraphs, by, strict=True)
        ]
    return document_of(meta, where, default, paragraphs)


def _stretches(group: Any, where: str) -> list[tuple[str, Stretch]]:  # noqa: ANN401
    """The label of each span, and where it is. Raises `DataError` for spans that are damaged: spaCy makes them here."""
    try:
        return [(span.label_, Stretch(span.start_char, span.end_char)) for span in group]
    except LookupError as error:
        raise DataError(f"{where}: its spans are damaged ({error}); write the DocBin again") from error


def _given(doc: Any, where: str) -> Any:  # noqa: ANN401
    """The span group that holds the labels; the entities where there is no group."""
    groups = [name for name in doc.spans if len(doc.spans[name])]
    if GROUP in groups or len(groups) == 1:
        return doc.spans[GROUP if GROUP in groups else groups[0]]
    if groups:
        raise DataError(f"{where}: several span groups: {', '.join(sorted(groups))}; name the labels' one {GROUP}")
    return doc.ents


def _doc(spacy: Any, nlp: Any, document: LabelledDocument) -> Any:  # noqa: ANN401
    """A `Doc` whose tokens end where the paragraphs do."""
    words: list[str] = []
    spaces: list[bool] = []
    bounds = []
    for paragraph in document.paragraphs:
        if words:
            words.append("\n")
            spaces.append(False)
        first = len(words)
        for token in nlp.tokenizer(paragraph.text):
            words.append(token.text)
            spaces.append(bool(token.whitespace_))
        bounds.append((first, len(words)))
    doc = spacy.tokens.Doc(nlp.vocab, words=words, spaces=spaces)
    if doc.text != document.text:
        raise DataError(f'the document "{document.id[:40]}" cannot be written: spaCy changes its text')
    labelled = [pair for pair in zip(document.paragraphs, bounds, strict=True) if pair[0].label is not None]
    spans = [spacy.tokens.Span(doc, *pair, label=each.label) for each, pair in labelled]
    doc.spans[GROUP] = spacy.tokens.SpanGroup(doc, spans=spans, attrs={KINDS: [each.kind for each, _ in labelled]})
    by = [each.by for each in document.paragraphs]
    doc.user_data[_DATA] = {**meta_of(document), **({"by": by} if any(by) else {})}
    return doc


DOCBIN = DocBinFormat()
