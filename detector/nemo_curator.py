"""Cleaning as a stage of a NeMo Curator pipeline.

>>> pipeline = Pipeline(name="clean")
>>> for stage in (ParquetReader("pages/"), Clean(Settings(threshold="gentle")), ParquetWriter("clean/")):
...     pipeline.add_stage(stage)
>>> pipeline.run(RayDataExecutor())
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from detector.util.libraries import missing_library

try:
    from nemo_curator.stages.base import ProcessingStage
    from nemo_curator.stages.resources import Resources
    from nemo_curator.tasks import DocumentBatch
except ImportError as error:
    raise missing_library("NeMo Curator", "detector.nemo_curator", "curator") from error

import pyarrow as pa

from detector import frame
from detector.arrow import Settings, given_settings

if TYPE_CHECKING:
    import pandas as pd
    from nemo_curator.backends.base import WorkerMetadata


class Clean(ProcessingStage[DocumentBatch, DocumentBatch]):
    """A stage that cleans the texts of batches of documents, in Arrow tables and pandas data frames alike.

    ``settings.text`` is the column to clean; ``settings.removed_share``, ``settings.removed_text`` and
    ``settings.kept_whole`` are names of columns to add. A field of a struct (``article.body``) is found in Arrow tables
    only. Rows, index and the other columns stay as they are, and missing texts stay missing. A document of which
    nothing is left keeps its row. A worker needs one core and no GPU, and loads the model once.
    """

    name = "boilerplate"
    resources = Resources(cpus=1.0)

    def __init__(self, settings: Settings | None = None) -> None:
        self.settings = given_settings(settings)

    def inputs(self) -> tuple[list[str], list[str]]:
        """The column to clean; where it is a field of a struct, `process` looks for it."""
        text = self.settings.text
        return ["data"], [] if "." in text else [text]

    def outputs(self) -> tuple[list[str], list[str]]:
        """The columns that are changed or added."""
        settings = self.settings
        added = (settings.removed_share, settings.removed_text, settings.kept_whole)
        return ["data"], [*self.inputs()[1], *(name for name in added if name is not None)]

    def setup(self, worker_metadata: WorkerMetadata | None = None) -> None:
        """Load the model, once per worker. Raises the same errors as `detector.load`."""
        _ = self.settings.cleaner

    def process(self, task: DocumentBatch) -> DocumentBatch:
        """Clean a batch. Raises `UsageError` for the same columns as `detector.arrow.clean_batch`."""
        data = task.data
        cleaned = self.settings.clean(data) if isinstance(data, pa.Table) else _clean_frame(data, self.settings)
        return DocumentBatch(
            dataset_name=task.dataset_name, data=cleaned, _metadata=task._metadata, _stage_perf=task._stage_perf
        )


def _clean_frame(data: pd.DataFrame, settings: Settings) -> pd.DataFrame:
    return frame.clean(
        data, settings.text, output=settings.text, removed_share=settings.removed_share,
        removed_text=settings.removed_text, kept_whole=settings.kept_whole, cleaner=settings.cleaner,
    )  # fmt: skip
