"""brat's standoff format: a folder of texts (``.txt``), each with its annotations (``.ann``).

Offsets count characters, line ends included. The kind of a paragraph is an attribute: ``A1  Kind T1 newsletter``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote, unquote

from detector.annotations.reading import Reading
from detector.annotations.source import Source, decoded
from detector.annotations.spans import Span, Stretch, checked, labelled_paragraphs, named_spans
from detector.annotations.writing import writing_folder
from detector.errors import DataError
from detector.evaluation.labelled import LabelledDocument, LabelledParagraph

_SPAN = re.compile(r"(T[^\t]*)\t(\S+) (\d+ \d+(?:;\d+ \d+)*)(?:\t(.*))?")
_KIND = re.compile(r"[AM][^\t]*\tKind (\S+) (\S+)\s*")
_LINE = re.compile(rb"(T\S+\t\S+ \d+ \d+|[RAMEN]\S*\t\S+ \S+|#\S*\t|\*\t)")
_NAME = re.compile(r"[^\s]+")
_OTHERS = {
    "A": "attributes", "M": "attributes", "E": "events", "N": "normalizations", "R": "relations", "#": "notes",
    "*": "relations",
}  # fmt: skip


class _Marked(NamedTuple):
    """A line of a span: its id, its label, where its text is, the text itself if it is given, and the line's place."""

    id: str
    label: str
    stretches: tuple[Stretch, ...]
    text: str | None
    where: str


class BratFormat:
    """One document per text."""

    name = "brat"
    extensions = ()
    holds = frozenset({"id", "kind"})

    def recognises(self, source: Source) -> bool:
        """Whether this is a file of annotations beside its text, or a folder with one."""
        if source.is_folder:
            return any(path.with_suffix(".txt").is_file() for path in source.path.rglob("*.ann"))
        head = source.head.lstrip(b"\n")
        return source.path.with_suffix(".txt").is_file() and source.path.suffix == ".ann" and _is_standoff(head)

    def read(self, source: Source, reading: Reading) -> Iterator[LabelledDocument]:
        """Read one document per file of annotations. Texts without such a file are left out and counted."""
        for path in sorted(source.path.rglob("*.ann")) if source.is_folder else [source.path]:
            with reading.record(str(path), str(path)):
                name = path.relative_to(source.path) if source.is_folder else Path(path.name)
                yield _document(Source(path), unquote(name.with_suffix("").as_posix()), reading)
        if source.is_folder:
            alone = sum(not path.with_suffix(".ann").exists() for path in source.path.rglob("*.txt"))
            if alone:
                reading.leave_out("texts without annotations", alone)

    def write(self, documents: Iterable[LabelledDocument], path: Path) -> None:
        """Write a folder with two files for each document, which its id names."""
        with writing_folder(path) as folder:
            for document in documents:
                name = quote(document.id, safe=" ,;=+@()[]{}!'&$~", encoding="utf-8", errors="surrogatepass")
                if not name or (folder / f"{name}.txt").exists():
                    raise DataError(f'two documents have the id "{document.id[:40]}", which names the files of brat')
                _write(folder / f"{name}.txt", document.text)
                _write(folder / f"{name}.ann", "".join(_lines(document)))


def _is_standoff(head: bytes) -> bool:
    return not head or _LINE.match(head) is not None


def _document(source: Source, name: str, reading: Reading) -> LabelledDocument:
    text_path = source.path.with_suffix(".txt")
    if not text_path.is_file():
        raise DataError(f"{source.path}: its text is missing: {text_path.name}")
    with Source(text_path).opened() as stream:
        text = decoded(stream.read(), str(text_path))
    marked, kinds = _read_annotations(source, len(text), reading)
    spans = []
    for each in marked:
        _check_text(each, text)
        label = reading.own_label(each.label, each.where, kinds.get(each.id))
        if label:
            spans.append(Span(label, each.stretches))
    paragraphs = labelled_paragraphs(text, spans, reading)
    if text.startswith("\ufeff") and paragraphs:  # brat counts a byte-order mark as a character
        paragraphs = _without_mark(paragraphs)
    return LabelledDocument(name, name, None, None, None, tuple(paragraphs))


def _without_mark(paragraphs: list[LabelledParagraph]) -> list[LabelledParagraph]:
    first = paragraphs[0]
    text = first.text.removeprefix("\ufeff")
    changed = [LabelledParagraph(text, first.label, first.kind)] if text.strip() else []
    return [*changed, *paragraphs[1:]]


def _read_annotations(source: Source, size: int, reading: Reading) -> tuple[list[_Marked], dict[str, str]]:
    """The spans, and the kinds by the ids of spans. Everything else is counted."""
    marked, kinds = [], {}
    for line, where in source.lines():
        kind = _KIND.fullmatch(line)
        if kind:
            kinds[kind[1]] = kind[2]
        elif line.startswith("T"):
            marked.append(_span(line.removesuffix("\r"), size, where))
        elif line.strip():
            if line[0] not in _OTHERS:
                raise DataError(f"{where}: no annotation of brat: {line[:40]!r}")
            reading.leave_out(f"brat's {_OTHERS[line[0]]}")
    return marked, kinds


def _span(line: str, size: int, where: str) -> _Marked:
    found = _SPAN.fullmatch(line)
    if not found:
        raise DataError(f"{where}: no span of brat, such as T1<TAB>appeal 0 5<TAB>text: {line[:40]!r}")
    name, label, offsets, text = found.groups()
    pairs = [pair.split() for pair in offsets.split(";")]
    stretches = tuple(checked(int(start), int(end), size, f"{where}: {name}") for start, end in pairs)
    return _Marked(name, label, stretches, text, f"{where}: {name}")


def _check_text(marked: _Marked, text: str) -> None:
    """Raise `DataError` if the text that a line gives is not at its offsets."""
    parts = [re.sub(r"[\r\n]", " ", text[start:end]) for start, end in marked.stretches]
    if marked.text and not any(marked.text.startswith(glue.join(parts)) for glue in (" ", "")):
        raise DataError(
            f"{marked.where}: its text is {marked.text[:20]!r}, but at its offsets the document has "
            f"{' '.join(parts)[:20]!r}; was the text changed, or its line ends?"
        )


def _lines(document: LabelledDocument) -> Iterator[str]:
    labelled = [each for each in document.paragraphs if each.label is not None]
    for number, (span, paragraph) in enumerate(zip(named_spans(document), labelled, strict=True), 1):
        label = paragraph.label or ""
        for name in (label, *([paragraph.kind] if paragraph.kind else [])):
            if not _NAME.fullmatch(name):
                raise DataError(
                    f'document "{document.id[:40]}": brat cannot hold the label "{name[:40]}": it has spaces'
                )
        yield f"T{number}\t{label} {span.start} {span.end}\t{span.text}\n"
        if paragraph.kind:
            yield f"A{number}\tKind T{number} {paragraph.kind}\n"


def _write(path: Path, text: str) -> None:
    try:
        path.write_bytes(text.encode())
    except UnicodeEncodeError as error:
        raise DataError(f"{path.name}: has a character that UTF-8 cannot hold ({error.reason})") from error


BRAT = BratFormat()
