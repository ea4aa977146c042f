"""The formats of labelled documents, by name and by what a file looks like."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

from detector.annotations.base import AnnotationFormat
from detector.annotations.json_records import JSON_LINES
from detector.annotations.source import Source
from detector.errors import DataError, UsageError
from detector.formats.compression import without_compression

# Name, module and object, in the order in which they are tried on a file: the ones with the plainest signs come first.
_PLACES = {
    "parquet": ("detector.annotations.rows", "PARQUET"),
    "spacy": ("detector.annotations.docbin", "DOCBIN"),
    "brat": ("detector.annotations.brat", "BRAT"),
    "dolma": ("detector.annotations.dolma", "DOLMA"),
    "cleaneval": ("detector.annotations.cleaneval", "CLEANEVAL"),
    "label-studio": ("detector.annotations.label_studio", "LABEL_STUDIO"),
    "jsonl": ("detector.annotations.own", "OWN"),
    "prodigy": ("detector.annotations.prodigy", "PRODIGY"),
    "doccano": ("detector.annotations.doccano", "DOCCANO"),
    "lines": ("detector.annotations.rows", "LINES"),  # class<TAB>text
    "tsv": ("detector.annotations.rows", "TSV"),
    "csv": ("detector.annotations.rows", "CSV"),
}
NAMES = tuple(_PLACES)
_EXTENSIONS = (".json", ".csv", ".tsv", ".parquet", ".spacy")  # of files of labels in a folder without JSON Lines
_FOLDERS = ("brat", "cleaneval", "dolma")  # formats that are folders
_NAMED = {  # extensions of the files in a folder, for a format that is named and asks for none in writing
    "label-studio": (".json",),
    "doccano": (*JSON_LINES, ".json"),
    "prodigy": (*JSON_LINES, ".json"),
    "lines": (".txt", ".tsv"),
}


def annotation_format(name: str) -> AnnotationFormat:
    """The format of a name. Raises `UsageError` for any other name."""
    if name not in _PLACES:
        raise UsageError(f"{name}: no format of labelled documents; choose one of {', '.join(sorted(NAMES))}")
    module, found = _PLACES[name]
    result: AnnotationFormat = getattr(import_module(module), found)
    return result


def recognised(source: Source) -> AnnotationFormat:
    """The format of a file or folder by its content. Raises `DataError` if it is none of these.

    A file of JSON Lines that is like none of them counts as ours: reading it says what is wrong, and in which line.
    """
    found = next((each for each in map(annotation_format, NAMES) if each.recognises(source)), None)
    if found is None and _extension(source.path) in JSON_LINES:
        return annotation_format("jsonl")
    if found is None:
        what = "an empty file" if not source.is_folder and not source.head else "no format of labelled documents"
        raise DataError(f"{source.path}: {what}; name its format with --from: {', '.join(sorted(NAMES))}")
    return found


def files_of(source: Source, chosen: AnnotationFormat | None) -> Iterator[tuple[Source, AnnotationFormat]]:
    """The files of a source, each with its format; of a folder that is not of a format itself, those below it.

    There, files with the extensions of the ``chosen`` format are read; without one, JSON Lines, and where there are
    none, all files with a known extension. Raises `DataError` for a file of no format, and for a folder without any
    file to read.
    """
    if not source.is_folder:
        yield source, chosen or recognised(source)
        return
    for each in [chosen] if chosen else map(annotation_format, NAMES):
        if each.recognises(source) or (chosen and each.name in _FOLDERS):
            yield source, each
            return
    files = [path for path in sorted(source.path.rglob("*")) if path.is_file()]
    choices = [_NAMED.get(chosen.name, chosen.extensions)] if chosen else [JSON_LINES, _EXTENSIONS]
    found = next(filter(None, ([path for path in files if _extension(path) in each] for each in choices)), None)
    if not found:
        what = (
            f"no file of the format {chosen.name} ({', '.join(choices[0])})"
            if chosen
            else ("no .jsonl file, nor another of labels")
        )
        raise DataError(f"{source.path}: the folder contains {what}; name its files")
    for path in found:
        yield Source(path), chosen or recognised(Source(path))


def _extension(path: Path) -> str:
    return without_compression(path).suffix.lower()


def format_to_write(path: Path) -> AnnotationFormat:
    """The format that the extension of an output asks for. Raises `UsageError` if it asks for none."""
    for each in map(annotation_format, NAMES):
        if _extension(path) in each.extensions:
            return each
    raise UsageError(f"{path}: its extension names no format; name it with --to: {', '.join(sorted(NAMES))}")
