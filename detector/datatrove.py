"""Cleaning as a step of a datatrove pipeline.

>>> pipeline = [ParquetReader("pages/"), Clean(Settings(threshold="gentle")), ParquetWriter("clean/")]
"""

from __future__ import annotations

from contextlib import nullcontext
from typing import TYPE_CHECKING

from detector.cleaner import BATCH_CHARACTERS, Cleaned, Prediction
from detector.corpus.summary import Summary, by_label
from detector.util.batching import batches
from detector.util.libraries import missing_library

try:
    from datatrove.pipeline.base import PipelineStep
    from datatrove.utils.typeshelper import StatHints
except ImportError as error:
    raise missing_library("datatrove", "detector.datatrove", "datatrove") from error

from detector.arrow import Settings, given_settings

if TYPE_CHECKING:
    from datatrove.data import Document, DocumentsPipeline
    from datatrove.pipeline.writers.disk_base import DiskWriter


class Clean(PipelineStep):
    """A pipeline step that cleans the text of each document and counts what it keeps and removes.

    ``settings.text`` is ignored: the reader's ``text_key`` decides what the text is. ``settings.removed_share``,
    ``settings.removed_text`` and ``settings.kept_whole`` are names of metadata entries to add. With ``drop_empty``, a
    document that has no text except whitespace after cleaning is dropped; an ``exclusion_writer`` receives it with its
    original text. Without ``drop_empty`` such documents are passed on. But datatrove's writers leave out the field of
    an empty text, and its Parquet writer needs the field in every row.

    Statistics: documents (total, forwarded, dropped, kept whole), and paragraphs and characters, kept and removed, by
    label.
    """

    type = "✂️ - FORMAT"
    name = "📰 detector"

    def __init__(
        self,
        settings: Settings | None = None,
        drop_empty: bool = False,
        exclusion_writer: DiskWriter | None = None,
    ) -> None:
        super().__init__()
        self.settings = given_settings(settings)
        self.drop_empty = drop_empty
        self.exclusion_writer = exclusion_writer

    def run(self, data: DocumentsPipeline, rank: int = 0, world_size: int = 1) -> DocumentsPipeline:
        """Clean documents, lazily and in order."""
        cleaner = self.settings.cleaner
        with self.exclusion_writer or nullcontext():
            for batch in batches(data or (), lambda document: len(document.text) + 1, BATCH_CHARACTERS):
                with self.track_time("batch"):
                    cleaned = list(cleaner.clean_many(document.text for document in batch))
                for document, result in zip(batch, cleaned, strict=True):
                    if self._forward(document, result, rank):
                        yield document

    def _forward(self, document: Document, result: Cleaned, rank: int) -> bool:
        """Update the statistics and the document. Returns whether the document is passed on."""
        self.stat_update(StatHints.total)
        self._count(result.prediction)
        if result.kept_whole:
            self.stat_update("kept_whole")
        if self.drop_empty and not result.text.strip():
            self.stat_update(StatHints.dropped)
            if self.exclusion_writer:
                document.metadata["filter_reason"] = "empty"
                self.exclusion_writer.write(document, rank)
            return False
        document.text = result.text
        settings = self.settings
        document.metadata |= result.named(settings.removed_share, settings.removed_text, settings.kept_whole)
        self.stat_update(StatHints.forwarded)
        self.update_doc_stats(document)
        return True

    def _count(self, prediction: Prediction) -> None:
        summary = Summary()
        summary.add([prediction])
        for decision, counts in (("kept", summary.kept), ("removed", summary.removed)):
            for label, count in by_label(counts, prediction.labels).items():
                self.stat_update(f"paragraphs_{decision}_{label}", value=count.paragraphs)
                self.stat_update(f"characters_{decision}_{label}", value=count.characters)
