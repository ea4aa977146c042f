"""HTML pages among the inputs: their texts before they are cleaned, and that no text replaces a page."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from detector.errors import DataError, UsageError
from detector.formats.base import Fields, Record
from detector.formats.compression import compressing, compression_of
from detector.formats.registry import file_type, format_by_extension, is_of_pages, load_format, result_format
from detector.util.atomic import replacing
from detector.util.urls import named, place_of

if TYPE_CHECKING:
    from detector.corpus.inputs import Input, Inputs
    from detector.formats.registry import FileType


def without_pages(inputs: Inputs, paths: Sequence[str]) -> Inputs:
    """The inputs of a run in place without HTML, which is passed over. Raises `UsageError` where nothing else is left.

    It does so, too, where HTML is named by its path, and not found in a folder.
    """
    pages = {each.file for each in inputs.found if is_of_pages(each.type.format_name)}
    found = tuple(each for each in inputs.found if each.file not in pages)
    reason = "is HTML, and cannot be replaced in place by its text; name an --output"
    named = {str(place_of(path)) for path in paths}
    refused = [page for page in sorted(pages) if page in named or not found]
    if refused:
        raise UsageError(f"{refused[0]}: {reason}")
    lines = (f"{page}: {reason}" for page in sorted(pages))
    return inputs._replace(found=found, passed_over=(*inputs.passed_over, *lines))


def extracted_files(found: Sequence[Input], extracted: Path, several: bool) -> Iterator[Path]:
    """For each input, the file for the texts of its pages before they are cleaned.

    ``extracted`` is that file for one input, and the folder of these files for ``several``. Raises `UsageError` if it
    has the extension of another format, or is a file where a folder is needed.
    """
    if several and extracted.exists() and not extracted.is_dir():
        raise UsageError(f"--extracted {extracted}: not a folder; {len(found)} inputs need one: name another")
    in_folder = several or extracted.is_dir()
    if not in_folder:
        wanted, name = result_format(found[0].type.format_name), format_by_extension(extracted)
        if name not in (None, wanted):
            raise UsageError(f"--extracted {extracted}: has the extension of {name}, but is {wanted}; name another")
        own = load_format(wanted).own_compressions
        source = named(found[0].source) if found[0].source else None
        if (compression_of(source) in own) != (compression_of(extracted) in own):
            raise UsageError(
                f"--extracted {extracted}: {wanted} is written with the compression of the input; name it so"
            )
    yield from (extracted / each.relative if in_folder else extracted for each in found)


@contextlib.contextmanager
def writing_extracted(path: Path | None, type_: FileType, fields: Fields) -> Iterator[Callable[[Record], object]]:
    """A function that writes the text of each record as it is to a file; without one, it does nothing.

    ``type_`` is the type of the input. The file appears complete or not at all. Raises `DataError` if it cannot be
    written.
    """
    if path is None:
        yield lambda record: None
        return
    with contextlib.ExitStack() as stack:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            file = stack.enter_context(replacing(path))
        except OSError as error:
            raise DataError(f"{path}: cannot be written: {error.strerror or error}; name another file") from error
        compression = file_type(path, type_.format_name).compression
        stream = stack.enter_context(compressing(file, compression))
        writer = type_.format.writer(stream, fields)
        yield lambda record: writer.write(record, record.text if isinstance(record.text, str) else None)
        writer.close()
