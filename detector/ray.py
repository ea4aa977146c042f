"""Cleaning with Ray Data.

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

from detector.arrow import Settings, given_settings


class CleaningActor:
    """A Ray actor that loads the model when it starts, and then cleans batches."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        _ = settings.cleaner  # so that invalid settings raise an error before the first batch

    def __call__(self, batch: pa.Table) -> pa.Table:
        """Clean the texts of a batch."""
        return self.settings.clean(batch)


def clean(
    dataset: ray.data.Dataset,
    settings: Settings | None = None,
    *,
    workers: int | tuple[int, int] | None = None,
    **options: object,
) -> ray.data.Dataset:
    """Clean the texts of a dataset, lazily.

    ``workers`` is the number of actors, or their minimum and maximum; by default there is at least one, and Ray starts
    as many as its resources allow. ``options`` are passed to `ray.data.Dataset.map_batches`, for instance
    ``batch_size`` or ``num_cpus``.
    """
    minimum, maximum = workers if isinstance(workers, tuple) else (workers or 1, workers)
    return dataset.map_batches(
        CleaningActor,
        fn_constructor_args=(given_settings(settings),),
        batch_format="pyarrow",
        compute=ray.data.ActorPoolStrategy(min_size=minimum, max_size=maximum),
        **options,
    )
