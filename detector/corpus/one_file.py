"""Clean or predict one file: read its records, decide, write the results. Nothing is printed here."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, NamedTuple

from detector.cleaner import BATCH_CHARACTERS, Cleaner, Prediction, text_size
from detector.corpus.counting import DocumentCounter
from detector.corpus.pages import writing_extracted
from detector.corpus.plan import Task
from detector.corpus.progress import Meter
from detector.corpus.reading import Lines, check_readable, open_source, without_rejected
from detector.corpus.summary import Summary
from detector.errors import DataError
from detector.formats.base import DEFAULT_FIELDS, Fields, Record
from detector.formats.compression import compressing
from detector.results import SectionPrediction
from detector.text.sections import count_lines, is_short
from detector.util.atomic import replacing
from detector.util.batching import batches
from detector.util.output import standard_output
from detector.util.threads import map_ahead

if TYPE_CHECKING:
    from detector.corpus.records import RemovedLines

_RECORD_BYTES = 16  # added to the size of each record in a batch, so that empty records fill a batch, too


class Sidecars(NamedTuple):
    """Streams for the JSON Lines beside a result: removed text, rejected records, and decisions.

    What has no stream is not written.
    """

    removed: BinaryIO | None = None
    rejected: Lines | None = None
    decisions: BinaryIO | None = None


@dataclass(frozen=True)
class Run:
    """Cleans or predicts one input at a time, with the same settings for all. Can be pickled, for worker processes.

    ``threads`` batches of records are predicted at the same time, while one thread reads and writes.

    Records that cannot be read are rejected: they are counted, written to a sidecar, and left out of the result. If
    more than ``max_rejected`` records of one input are rejected, `TooManyRejectedError` is raised; None sets no limit.
    """

    cleaner: Cleaner
    fields: Fields = DEFAULT_FIELDS
    max_rejected: int | None = None
    threads: int = 1

    def clean(
        self, task: Task, summary: Summary, sidecars: Sidecars, meter: Meter, scratch: Path | None = None
    ) -> None:
        """Write an input's records with clean texts to its target, and count them in ``summary``.

        The target is replaced only when the result is complete. Until then, the result is written to a temporary file
        in the folder ``scratch`` of the same file system, by default beside the target. Raises `OSError` or
        `DataError` if the input cannot be read or the target cannot be written.
        """
        if task.keep_original and self._cleaned_before(task):
            summary.up_to_date += 1
            return
        with (
            self._open_target(task, scratch) as output,
            writing_extracted(task.extracted, task.type, self.fields) as write_extracted,
        ):
            writer = task.type.format.writer(output, self.fields)
            document = 0
            for record, sections in self._decided(task, summary, sidecars, meter):
                document += record.text is not None
                write_extracted(record)
                if not sections:
                    writer.write(record, None)
                    continue
                if isinstance(record.text, str):
                    writer.write(record, self._clean_record(task, document, record, tuple(sections), sidecars.removed))
                    continue
                removed = sidecars.removed and _removed_lines(sidecars.removed, task, document, record)
                for section in sections:  # a text in chunks is never held as a whole
                    if removed:
                        removed.add(section)
                    writer.write(record, section.prediction.clean_text())
                if removed:
                    removed.end()
            writer.close()

    def _cleaned_before(self, task: Task) -> bool:
        from detector.corpus.originals import cleaned_before

        return cleaned_before(task, self.fields)

    @staticmethod
    def _clean_record(
        task: Task, document: int, record: Record, sections: Sequence[SectionPrediction], stream: BinaryIO | None
    ) -> str:
        """The clean text of a record. What is removed, or that it was kept whole, is written to ``stream``."""
        text = "".join(section.prediction.clean_text() for section in sections)
        if stream and (text != record.text or any(section.prediction.kept_whole for section in sections)):
            removed = _removed_lines(stream, task, document, record)
            for section in sections:
                removed.add(section)
            removed.end(task.type.format.original(record, text))
        return text

    def predict(
        self, task: Task, summary: Summary, sidecars: Sidecars, meter: Meter, output: BinaryIO | None = None
    ) -> None:
        """Write the decisions on every text of an input to ``output``, by default to the sidecar for decisions.

        Counts, and raises errors, as `clean` does. Raises `ValueError` if there is no stream to write to.
        """
        stream = output or sidecars.decisions
        if stream is None:
            raise ValueError("no stream for the decisions: give output or sidecars.decisions")
        for record, sections in self._decided(task, summary, sidecars, meter):
            if sections is not None:
                stream.writelines(self.lines(task, record, sections))

    def lines(self, task: Task, record: Record, sections: Iterable[SectionPrediction]) -> Iterable[bytes]:
        """What `predict` writes about a record, given the decisions on its text: one line, in pieces."""
        from detector.corpus.records import decisions_line

        return decisions_line(record, sections)

    def visit(
        self,
        task: Task,
        summary: Summary,
        sidecars: Sidecars,
        meter: Meter,
        visit: Callable[[Record, Prediction], object],
    ) -> None:
        """Call ``visit`` with every record of an input that has a text, and the decisions on that text.

        A long text is visited section by section. Counts, and raises errors, as `clean` does.
        """
        for record, sections in self._decided(task, summary, sidecars, meter):
            for section in sections or ():
                visit(record, section.prediction)

    @contextlib.contextmanager
    def _open_target(self, task: Task, scratch: Path | None) -> Iterator[BinaryIO]:
        target = task.local_target
        if target is None:
            with standard_output() as stream:
                yield stream
            return
        with contextlib.ExitStack() as stack:
            try:
                target.parent.mkdir(parents=True, exist_ok=True)
                file = stack.enter_context(replacing(target, scratch))
            except OSError as error:
                reason = error.strerror or error
                raise DataError(f"{target}: cannot be written: {reason}; choose another --output") from error
            with compressing(file, task.compression) as output:
                yield output
            file.flush()
            if task.keep_original:
                from detector.corpus.originals import check_unedited, keep_original

                if task.again:
                    check_unedited(target, Path(file.name), task.compression)
                keep_original(target)

    def _decided(
        self, task: Task, summary: Summary, sidecars: Sidecars, meter: Meter
    ) -> Iterator[tuple[Record, Iterable[SectionPrediction] | None]]:
        """Each record with the decisions on its text, in order; None for a record without a text, ``()`` for an empty
        one.

        The decisions on a long text come section by section. They must be read before the next record is asked for.
        """
        counter = DocumentCounter(summary, meter, self.cleaner.paragraphs)
        with open_source(task, meter) as stream:
            parts = task.type.format.read(stream, task.name, self.fields)
            records = without_rejected(parts, task, summary, sidecars.rejected, self.max_rejected)
            groups = batches(map(_Sized.of, records), lambda sized: sized.size, BATCH_CHARACTERS)
            for batch, predicted in map_ahead(self._predict_short, groups, self.threads):
                predictions = iter(counter.short(predicted))
                for record, _, text in batch:
                    if text is not None:
                        yield record, (SectionPrediction(0, next(predictions)),)
                    elif record.text:
                        yield record, counter.long(self.cleaner.predict_sections(record.text))
                    else:
                        yield record, counter.nothing(record)
        check_readable(task, summary)
        counter.finish()

    def _predict_short(self, batch: Sequence[_Sized]) -> list[Prediction]:
        return list(self.cleaner.predict_batch([sized.short for sized in batch if sized.short is not None]))


def _removed_lines(stream: BinaryIO, task: Task, document: int, record: Record) -> RemovedLines:
    from detector.corpus.records import RemovedLines

    return RemovedLines(stream, task.file, document, record)


class _Sized(NamedTuple):
    """A record, what it counts for in a batch, and its text if that is short enough to be predicted in one."""

    record: Record
    size: int
    short: str | None

    @classmethod
    def of(cls, record: Record) -> _Sized:
        held = record.weight + _RECORD_BYTES
        text = record.text
        if not text or not isinstance(text, str):
            return cls(record, held, None)
        lines = count_lines(text)
        return cls(record, held + text_size(text, lines), text if is_short(text, lines) else None)
