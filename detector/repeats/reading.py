"""Reads the records of one input, and counts their paragraphs."""

from __future__ import annotations

import contextlib
import io
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import BinaryIO

from detector.corpus.one_file import Sidecars, TooManyRejectedError
from detector.corpus.plan import Task
from detector.corpus.progress import Meter, counting
from detector.corpus.records import rejected_line
from detector.corpus.summary import Summary
from detector.errors import DataError
from detector.formats.base import Fields, Record, Rejected
from detector.formats.compression import decompressing
from detector.formats.content import check_content
from detector.repeats.counter import RepeatCounter
from detector.repeats.sites import ONE_SITE, NoSiteError, Sites
from detector.text.paragraphs import ParagraphBreak
from detector.util.peeking import peek

_BUFFER, _HEAD_BYTES = 1 << 18, 1 << 12


@dataclass(frozen=True)
class Reading:
    """How inputs are read: the field of the text, what tells the site of a record, and what ends a paragraph.

    ``max_rejected`` is the number of records that may be rejected, of an input and of all; None sets no limit.
    """

    text_field: str = "text"
    sites: Sites = ONE_SITE
    paragraphs: ParagraphBreak = "line"
    max_rejected: int | None = None

    def count(self, task: Task, summary: Summary, sidecars: Sidecars, meter: Meter, counter: RepeatCounter) -> None:
        """Count the paragraphs of an input. Raises `OSError` or `DataError` if it cannot be read."""
        fields = Fields(self.text_field, self.sites.field(task) or "id")
        with _opened(task, meter) as stream:
            position = 0
            for part in self._with_sites(task.type.format.read(stream, task.name, fields), task):
                if isinstance(part, Rejected):
                    self._reject(part, position, task, summary, sidecars)
                    continue
                record, site = part
                position += 1
                if record.text is None:
                    summary.nulls += record.is_null
                    summary.left_out += record.is_left_out
                    continue
                counter.add(site, record.text)
                summary.documents += 1
                meter.add(documents=1)
        if summary.rejected and not (summary.documents or summary.nulls):
            raise DataError(f"{task.name}: none of its records can be read ({summary.rejected:,} rejected)")
        none = not (summary.documents or summary.nulls or summary.rejected)
        summary.to_check += none and summary.bytes > 0

    def _reject(self, part: Rejected, position: int, task: Task, summary: Summary, sidecars: Sidecars) -> None:
        summary.rejected += 1
        if sidecars.rejected:
            sidecars.rejected.write(rejected_line(task.file, part, position))
        if self.max_rejected is not None and summary.rejected > self.max_rejected:
            raise TooManyRejectedError(
                f"{task.name}:{part.number}: {part.reason}; more than {self.max_rejected} records cannot be read "
                "(--max-rejected): correct the file, or allow more"
            )

    def _with_sites(self, parts: Iterable[Record | Rejected], task: Task) -> Iterator[tuple[Record, str] | Rejected]:
        """Each record with its site; one without a site is rejected."""
        for number, part in enumerate(parts, 1):
            if isinstance(part, Rejected):
                yield part
                continue
            try:
                site = "" if part.text is None else self.sites.site(part, task)
            except NoSiteError as error:
                yield Rejected(number, str(error))
            else:
                yield part, site


@contextlib.contextmanager
def _opened(task: Task, meter: Meter) -> Iterator[BinaryIO]:
    """The decompressed data of an input. Raises `DataError` where it contradicts the format that was found for it."""
    with contextlib.ExitStack() as stack:
        file: BinaryIO = sys.stdin.buffer
        if task.local_source is not None:
            raw = stack.enter_context(open(task.local_source, "rb", buffering=0))
            file = io.BufferedReader(counting(raw, meter), _BUFFER)
        stream = decompressing(file, task.type.compression)
        if not task.forced:
            head, stream = peek(stream, _HEAD_BYTES)
            check_content(head, task.type, task.name)
        yield stream
