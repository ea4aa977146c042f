"""Clean and predict one file: records in, decisions, records out. Nothing is printed here."""

from __future__ import annotations

import contextlib
import io
import os
import shutil
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from detector.cleaner import BATCH_CHARACTERS, Cleaner, Prediction
from detector.corpus.plan import ORIGINAL_ENDING, Task
from detector.corpus.progress import Meter
from detector.corpus.records import decisions_line, rejected_line, removed_lines
from detector.corpus.summary import Summary
from detector.errors import DataError
from detector.formats.base import DEFAULT_FIELDS, Fields, Record, Rejected
from detector.formats.compression import packing, unpacking
from detector.util.atomic import replacing
from detector.util.batching import batches

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

_BUFFER = 1 << 18  # bytes
_RECORD_WEIGHT = 16  # bytes that a record at least counts for in a batch, so that empty ones, too, fill it


class TooManyRejectedError(DataError):
    """More records could not be read than the run is to bear."""


@dataclass(frozen=True)
class Sidecars:
    """Streams for the JSON Lines beside a result: removed text, records that cannot be read, and decisions."""

    removed: BinaryIO | None = None
    rejected: BinaryIO | None = None
    decisions: BinaryIO | None = None


@dataclass(frozen=True)
class Run:
    """What to do with every input. It can be pickled, for worker processes.

    More than ``max_rejected`` records of one input that cannot be read end the work on it with `TooManyRejectedError`.
    """

    cleaner: Cleaner
    fields: Fields = DEFAULT_FIELDS
    max_rejected: int | None = None

    def clean(
        self, task: Task, summary: Summary, sidecars: Sidecars, meter: Meter, scratch: Path | None = None
    ) -> None:
        """Write an input's records with clean texts, and count them in ``summary``.

        The target appears whole or not at all; until then it stands in ``scratch``, else beside its place. Raises
        `OSError` and `DataError` where that cannot be done.
        """
        with self._written(task, scratch) as output:
            writer = task.type.format.writer(output, self.fields)
            document = 0
            for record, prediction in self._decided(task, summary, sidecars, meter):
                writer.write(record, prediction.clean_text() if prediction else None)
                if prediction is not None:
                    document += 1
                    if sidecars.removed:
                        sidecars.removed.writelines(removed_lines(task.label, document, record, prediction))
            writer.close()

    def predict(
        self, task: Task, summary: Summary, sidecars: Sidecars, meter: Meter, output: BinaryIO | None = None
    ) -> None:
        """Write the decisions on every text of an input to ``output``, else to the sidecar."""
        stream = output or sidecars.decisions
        if stream is None:
            raise ValueError("neither an output nor a sidecar for the decisions")
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
        """Call ``visit`` with every record of an input that has a text, and the decisions on it."""
        for record, prediction in self._decided(task, summary, sidecars, meter):
            if prediction is not None:
                visit(record, prediction)

    @contextlib.contextmanager
    def _written(self, task: Task, scratch: Path | None) -> Iterator[BinaryIO]:
        if task.target is None:
            yield sys.stdout.buffer
            sys.stdout.buffer.flush()
            return
        if task.keep_original:
            _check_original(task.target)
        task.target.parent.mkdir(parents=True, exist_ok=True)
        with replacing(task.target, scratch) as file:
            with packing(file, task.compression) as output:
                yield output
            file.flush()
            if task.keep_original:
                _keep_original(task.target)

    def _decided(
        self, task: Task, summary: Summary, sidecars: Sidecars, meter: Meter
    ) -> Iterator[tuple[Record, Prediction | None]]:
        """Each record with the decisions on its text, in order; what is rejected is counted and kept aside."""
        with _reading(task, meter) as stream:
            records = self._accepted(task.type.format.read(stream, task.name, self.fields), task, summary, sidecars)
            for batch in batches(records, _weight, BATCH_CHARACTERS):
                texts = [record.text for record in batch if record.text is not None]
                predictions = list(self.cleaner.predict_many(texts))
                _count(predictions, summary, meter)
                decided = iter(predictions)
                for record in batch:
                    yield record, None if record.text is None else next(decided)

    def _accepted(
        self, records: Iterable[Record | Rejected], task: Task, summary: Summary, sidecars: Sidecars
    ) -> Iterator[Record]:
        for record in records:
            if isinstance(record, Record):
                yield record
                continue
            summary.rejected += 1
            if sidecars.rejected:
                sidecars.rejected.write(rejected_line(task.label, record))
            if self.max_rejected is not None and summary.rejected > self.max_rejected:
                raise TooManyRejectedError(
                    f"more than {self.max_rejected} records cannot be read (--max-rejected), the last at "
                    f"{record.number}: {record.reason}"
                )


def _count(predictions: Sequence[Prediction], summary: Summary, meter: Meter) -> None:
    characters, removed = summary.characters, summary.removed_characters
    summary.add(predictions)
    meter.add(
        documents=len(predictions),
        characters=summary.characters - characters,
        removed=summary.removed_characters - removed,
    )


def _weight(record: Record) -> int:
    return len(record.text or "") + record.weight + _RECORD_WEIGHT


@contextlib.contextmanager
def _reading(task: Task, meter: Meter) -> Iterator[BinaryIO]:
    if task.source is None:
        yield unpacking(sys.stdin.buffer, task.type.compression)
        return
    with open(task.source, "rb", buffering=0) as file:
        yield unpacking(io.BufferedReader(_Metered(file, meter), _BUFFER), task.type.compression)


class _Metered(io.RawIOBase):
    """A file whose bytes are counted as they are read."""

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


def _original(path: Path) -> Path:
    return path.with_name(path.name + ORIGINAL_ENDING)


def _check_original(path: Path) -> None:
    """Refuse to go over the original of an earlier run; a link that an interrupted one left is that of this file."""
    original = _original(path)
    if original.exists() and not original.samefile(path):
        raise DataError(f"{original} is there already, the original of an earlier run: move it away first")


def _keep_original(path: Path) -> None:
    original = _original(path)
    if original.exists():
        return
    try:
        os.link(path, original)
    except OSError:  # a file system without hard links
        with replacing(original) as copy, open(path, "rb") as file:
            shutil.copyfileobj(file, copy)
        shutil.copystat(path, original)
