"""Cleaning on Ray Data.

>>> pages = ray.data.read_parquet("pages/")
>>> detector.ray.clean(pages, Settings(threshold="gentle"), workers=8).write_parquet("clean/")
"""

from __future__ import annotations

from detector.util.libraries import missing_library

try:
    import ray.data
except ImportError as error:
    raise missing_library("Ray Data", "detector.ray", "ray") from error

import pyarrow as pa

from detector.arrow import Settings


class CleaningActor:
    """A worker of Ray: loads the model when it starts, then cleans batch after batch."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        _ = settings.cleaner  # what is wrong with the settings should be heard before the first batch

    def __call__(self, batch: pa.Table) -> pa.Table:
        """The batch with its texts cleaned."""
        return self.settings.clean(batch)


def clean(
    dataset: ray.data.Dataset,
    settings: Settings | None = None,
    *,
    workers: int | tuple[int, int] | None = None,
    **options: object,
) -> ray.data.Dataset:
    """The dataset with its texts cleaned, lazily.

    ``workers`` is how many actors clean, or from how many to how many; without it, as many as Ray finds room for, but
    at least one. ``options`` go to `ray.data.Dataset.map_batches`, for instance ``batch_size`` or ``num_cpus``.
    """
    least, most = workers if isinstance(workers, tuple) else (workers or 1, workers)
    return dataset.map_batches(
        CleaningActor,
        fn_constructor_args=(settings or Settings(),),
        batch_format="pyarrow",
        compute=ray.data.ActorPoolStrategy(min_size=least, max_size=most),
        **options,
    )
