"""Reads the records of one input, and counts their paragraphs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from detector.corpus.one_file import Sidecars
from detector.corpus.plan import Task
from detector.corpus.progress import Meter
from detector.corpus.reading import check_readable, open_source, without_rejected
from detector.corpus.summary import Summary
from detector.formats.base import Fields, Record, Rejected
from detector.repeats.counter import RepeatCounter
from detector.repeats.sites import ONE_SITE, NoSiteError, Sites
from detector.text.paragraphs import ParagraphBreak


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
        with open_source(task, meter) as stream:
            parts = self._with_sites(task.type.format.read(stream, task.name, fields), task)
            for record, site in without_rejected(parts, task, summary, sidecars.rejected, self.max_rejected):
                if record.text is None:
                    summary.nulls += record.is_null
                    summary.left_out += record.is_left_out
                    continue
                counter.add(site, record.text)
                summary.documents += 1
                meter.add(documents=1)
        check_readable(task, summary)
        none = not (summary.documents or summary.nulls or summary.rejected)
        summary.to_check += none and summary.bytes > 0

    def _with_sites(self, parts: Iterable[Record | Rejected], task: Task) -> Iterator[tuple[Record, str] | Rejected]:
        """Each record with its site; one without a site is rejected."""
        for part in parts:
            if isinstance(part, Rejected):
                yield part
                continue
            try:
                site = "" if part.text is None else self.sites.site(part, task)
            except NoSiteError as error:
                yield Rejected(part.number, str(error), part.source)
            else:
                yield part, site
