"""Counting of the documents of one input."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from detector.corpus.progress import Meter
from detector.corpus.summary import Summary
from detector.text.wrapping import looks_wrapped

if TYPE_CHECKING:
    from detector.formats.base import Record
    from detector.results import Prediction, SectionPrediction
    from detector.text.paragraphs import ParagraphBreak


class DocumentCounter(NamedTuple):
    """Counts decisions in the summary of a task and in the progress of the run."""

    summary: Summary
    meter: Meter
    paragraphs: ParagraphBreak

    def short(self, predictions: Sequence[Prediction]) -> Sequence[Prediction]:
        """Count documents, and return them."""
        self._add(predictions)
        self.summary.documents += len(predictions)
        self.meter.add(documents=len(predictions))
        for prediction in predictions:
            self.summary.emptied += len(prediction) > 0 and not prediction.keep.any()
            self.summary.kept_whole += prediction.kept_whole
            self.summary.wrapped += self._wrapped(prediction)
        return predictions

    def nothing(self, record: Record) -> tuple[()] | None:
        """Count a record with an empty text, of which there are no sections, or without a text; returns None then."""
        if record.text is None:
            self.summary.nulls += record.is_null
            self.summary.left_out += record.is_left_out
            return None
        self.summary.emptied += record.is_page
        self.summary.documents += 1
        self.meter.add(documents=1)
        return ()

    def long(self, sections: Iterator[SectionPrediction]) -> Iterator[SectionPrediction]:
        """Count a document by its sections, and return them."""
        some = any_kept = kept_whole = False
        for section in sections:
            prediction = section.prediction
            self._add([prediction], section.continued)
            self.summary.wrapped += section.start == 0 and self._wrapped(prediction)
            some |= len(prediction) > 0
            any_kept |= bool(prediction.keep.any())
            kept_whole |= prediction.kept_whole
            yield section
        self.summary.documents += 1
        self.meter.add(documents=1)
        self.summary.emptied += some and not any_kept
        self.summary.kept_whole += kept_whole

    def finish(self) -> None:
        """Count the input as one to check if it came out empty, or held no document although it was not empty."""
        summary = self.summary
        none = not (summary.documents or summary.nulls or summary.rejected) and summary.bytes > 0
        summary.to_check += none or (summary.emptied > 0 and not summary.kept)

    def _add(self, predictions: Sequence[Prediction], continued: bool = False) -> None:
        characters, removed = self.summary.characters, self.summary.removed_characters
        self.summary.add(predictions, continued)
        self.meter.add(
            characters=self.summary.characters - characters, removed=self.summary.removed_characters - removed
        )

    def _wrapped(self, prediction: Prediction) -> bool:
        return self.paragraphs == "line" and looks_wrapped(prediction.source, prediction.starts, prediction.ends)
