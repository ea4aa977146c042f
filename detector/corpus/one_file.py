"""Clean or predict one file: read its records, decide, write the results. Nothing is printed here."""

from __future__ import annotations

import contextlib
import io
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from detector.cleaner import BATCH_CHARACTERS, Cleaner, Prediction
from detector.corpus.originals import check_original, keep_original
from detector.corpus.plan import Task
from detector.corpus.progress import Meter
from detector.corpus.records import decisions_line, rejected_line, removed_lines
from detector.corpus.summary import Summary
from detector.errors import DataError
from detector.formats.base import DEFAULT_FIELDS, Fields, Record, Rejected
from detector.formats.compression import compressing, decompressing
from detector.util.atomic import replacing
from detector.util.batching import batches

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

_BUFFER = 1 << 18  # bytes
_RECORD_BYTES = 16  # added to the size of each record in a batch, so that empty records fill a batch, too


class TooManyRejectedError(DataError):
    """More records of one input could not be read than `Run.max_rejected` allows."""


@dataclass(frozen=True)
class Sidecars:
    """Streams for the JSON Lines beside a result: removed text, rejected records, and decisions.

    What has no stream is not written.
    """

    removed: BinaryIO | None = None
    rejected: BinaryIO | None = None
    decisions: BinaryIO | None = None


@dataclass(frozen=True)
class Run:
    """Cleans or predicts one input at a time, with the same settings for all. Can be pickled, for worker processes.

    Records that cannot be read are rejected: they are counted, written to a sidecar, and left out of the result. If
    more than ``max_rejected`` records of one input are rejected, `TooManyRejectedError` is raised; None sets no limit.
    """

    cleaner: Cleaner
    fields: Fields = DEFAULT_FIELDS
    max_rejected: int | None = None

    def clean(
        self, task: Task, summary: Summary, sidecars: Sidecars, meter: Meter, scratch: Path | None = None
    ) -> None:
        """Write an input's records with clean texts to its target, and count them in ``summary``.

        The target is replaced only when the result is complete. Until then, the result is written to a temporary file
        in the folder ``scratch`` of the same file system, by default beside the target. Raises `OSError` or
        `DataError` if the input cannot be read or the target cannot be written.
        """
        with self._open_target(task, scratch) as output:
            writer = task.type.format.writer(output, self.fields)
            document = 0
            for record, prediction in self._predicted(task, summary, sidecars, meter):
                writer.write(record, prediction.clean_text() if prediction else None)
                if prediction is not None:
                    document += 1
                    if sidecars.removed:
                        sidecars.removed.writelines(removed_lines(task.file, document, record, prediction))
            writer.close()

    def predict(
        self, task: Task, summary: Summary, sidecars: Sidecars, meter: Meter, output: BinaryIO | None = None
    ) -> None:
        """Write the decisions on every text of an input to ``output``, by default to the sidecar for decisions.

        Counts, and raises errors, as `clean` does. Raises `ValueError` if there is no stream to write to.
        """
        stream = output or sidecars.decisions
        if stream is None:
            raise ValueError("no stream for the decisions: give output or sidecars.decisions")
        self.visit(
            task, summary, sidecars, meter, lambda record, prediction: stream.write(decisions_line(record, prediction))
        )

    def visit(
        self,
        task: Task,
        summary: Summary,
        sidecars: Sidecars,
        meter: Meter,
        visit: Callable[[Record, Prediction], object],
    ) -> None:
        """Call ``visit`` with every record of an input that has a text, and the decisions on that text.

        Counts, and raises errors, as `clean` does.
        """
        for record, prediction in self._predicted(task, summary, sidecars, meter):
            if prediction is not None:
                visit(record, prediction)

    @contextlib.contextmanager
    def _open_target(self, task: Task, scratch: Path | None) -> Iterator[BinaryIO]:
        if task.target is None:
            yield sys.stdout.buffer
            sys.stdout.buffer.flush()
            return
        if task.keep_original:
            check_original(task.target)
        task.target.parent.mkdir(parents=True, exist_ok=True)
        with replacing(task.target, scratch) as file:
            with compressing(file, task.compression) as output:
                yield output
            file.flush()
            if task.keep_original:
                keep_original(task.target)

    def _predicted(
        self, task: Task, summary: Summary, sidecars: Sidecars, meter: Meter
    ) -> Iterator[tuple[Record, Prediction | None]]:
        """Each record with the decisions on its text, in order; None for a record without a text."""
        with _open_source(task, meter) as stream:
            parts = task.type.format.read(stream, task.name, self.fields)
            records = self._without_rejected(parts, task, summary, sidecars)
            for batch in batches(records, _size, BATCH_CHARACTERS):
                texts = [record.text for record in batch if record.text is not None]
                predictions = list(self.cleaner.predict_many(texts))
                _count(predictions, summary, meter)
                remaining = iter(predictions)
                for record in batch:
                    yield record, None if record.text is None else next(remaining)

    def _without_rejected(
        self, parts: Iterable[Record | Rejected], task: Task, summary: Summary, sidecars: Sidecars
    ) -> Iterator[Record]:
        """The records that could be read. The others are counted and written to the sidecar."""
        for part in parts:
            if isinstance(part, Record):
                yield part
                continue
            summary.rejected += 1
            if sidecars.rejected:
                sidecars.rejected.write(rejected_line(task.file, part))
            if self.max_rejected is not None and summary.rejected > self.max_rejected:
                raise TooManyRejectedError(
                    f"{task.name}:{part.number}: {part.reason}; more than {self.max_rejected} records cannot be read "
                    "(--max-rejected): correct the file, or allow more"
                )


def _count(predictions: Sequence[Prediction], summary: Summary, meter: Meter) -> None:
    """Add predictions to the summary of the task and to the progress of the run."""
    characters, removed = summary.characters, summary.removed_characters
    summary.add(predictions)
    meter.add(
        documents=len(predictions),
        characters=summary.characters - characters,
        removed=summary.removed_characters - removed,
    )


def _size(record: Record) -> int:
    """What a record counts for in a batch: its characters, and the bytes that it holds besides."""
    return len(record.text or "") + record.weight + _RECORD_BYTES


@contextlib.contextmanager
def _open_source(task: Task, meter: Meter) -> Iterator[BinaryIO]:
    """The decompressed data of an input. The meter counts the bytes read from the file, not those of standard input."""
    if task.source is None:
        yield decompressing(sys.stdin.buffer, task.type.compression)
        return
    with open(task.source, "rb", buffering=0) as file:
        yield decompressing(io.BufferedReader(_CountingFile(file, meter), _BUFFER), task.type.compression)


class _CountingFile(io.RawIOBase):
    """A file that counts the bytes read from it on a meter."""

    def __init__(self, file: io.FileIO, meter: Meter) -> None:
        self._file = file
        self._meter = meter

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return self._file.seekable()

    def seek(self, offset: int, whence: int = os.SEEK_SET, /) -> int:
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        return self._file.tell()

    def readinto(self, buffer: WriteableBuffer) -> int:
        count = self._file.readinto(buffer) or 0
        self._meter.add(read=count)
        return count
