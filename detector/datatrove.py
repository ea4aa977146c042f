"""Cleaning as a step of a datatrove pipeline.

>>> pipeline = [ParquetReader("pages/"), Clean(Settings(threshold="gentle")), ParquetWriter("clean/")]
"""

from __future__ import annotations

from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

from detector.cleaner import BATCH_CHARACTERS, Cleaned, Prediction
from detector.corpus.summary import Summary, by_label
from detector.util.batching import batches
from detector.util.libraries import missing_library

try:
    from datatrove.pipeline.base import PipelineStep
    from datatrove.utils.typeshelper import StatHints
except ImportError as error:
    raise missing_library("datatrove", "detector.datatrove", "datatrove") from error

from detector.arrow import Settings

if TYPE_CHECKING:
    from datatrove.data import Document, DocumentsPipeline
    from datatrove.pipeline.writers.disk_base import DiskWriter


class Clean(PipelineStep):
    """Cleans the text of each document, and counts what it keeps and removes.

    ``settings.text`` plays no part here: the reader's ``text_key`` does. ``removed_share`` and ``removed_text`` of the
    settings name entries of the metadata. With ``drop_empty``, documents of which nothing but blanks is left are
    dropped, and go to ``exclusion_writer``, with what was their text, where one is given. Without it they go on, but
    beware of datatrove's writers: they leave out the field of a text that is empty, and Parquet wants it in every row.

    Statistics: documents (total, forwarded, dropped), and paragraphs and characters, kept and removed, by label.
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
        self.settings = settings or Settings()
        self.drop_empty = drop_empty
        self.exclusion_writer = exclusion_writer

    def run(self, data: DocumentsPipeline, rank: int = 0, world_size: int = 1) -> DocumentsPipeline:
        """The documents with their texts cleaned, lazily and in order."""
        cleaner = self.settings.cleaner
        with self.exclusion_writer or nullcontext():
            for batch in batches(data or (), lambda document: len(document.text), BATCH_CHARACTERS):
                with self.track_time("batch"):
                    cleaned = list(cleaner.clean_many(document.text for document in batch))
                for document, result in zip(batch, cleaned, strict=True):
                    if self._keep(document, result, rank):
                        yield document

    def _keep(self, document: Document, result: Cleaned, rank: int) -> bool:
        """Count a document and whether it goes on; if it does, it has its clean text."""
        self.stat_update(StatHints.total)
        self._count(result.prediction)
        if self.drop_empty and not result.text.strip():
            self.stat_update(StatHints.dropped)
            if self.exclusion_writer:
                document.metadata["filter_reason"] = "empty"
                self.exclusion_writer.write(document, rank)
            return False
        document.text = result.text
        document.metadata |= self._entries(result)
        self.stat_update(StatHints.forwarded)
        self.update_doc_stats(document)
        return True

    def _entries(self, result: Cleaned) -> dict[str, Any]:
        share, text = self.settings.removed_share, self.settings.removed_text
        entries: dict[str, Any] = {} if share is None else {share: result.removed_share}
        return entries if text is None else {**entries, text: result.prediction.removed_text()}

    def _count(self, prediction: Prediction) -> None:
        summary = Summary()
        summary.add([prediction])
        for verdict, counts in (("kept", summary.kept), ("removed", summary.removed)):
            for label, count in by_label(counts, prediction.labels).items():
                self.stat_update(f"paragraphs_{verdict}_{label}", value=count.paragraphs)
                self.stat_update(f"characters_{verdict}_{label}", value=count.characters)
