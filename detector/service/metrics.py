"""Counts for Prometheus: of one process, or of several workers together.

Workers of one service write their counts into files of a folder, which the environment variable
``PROMETHEUS_MULTIPROC_DIR`` names before the library is imported. Each of them answers with the counts of all.
"""

from __future__ import annotations

import os

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    PlatformCollector,
    ProcessCollector,
    generate_latest,
)
from prometheus_client.multiprocess import MultiProcessCollector

from detector import __version__
from detector.cleaner import Cleaner
from detector.service.answers import Counts
from detector.service.queue import WorkQueue

MEDIA_TYPE = CONTENT_TYPE_LATEST
FOLDER = "PROMETHEUS_MULTIPROC_DIR"
_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)


class Metrics:
    """The counts of this process."""

    def __init__(self, queue: WorkQueue) -> None:
        self._queue = queue
        self._registry = own = CollectorRegistry()
        self._requests = Counter(
            "detector_requests", "Requests that were answered.", ["method", "path", "status"], registry=own
        )
        self._seconds = Histogram(
            "detector_request_seconds", "Seconds from the head of a request to the end of its answer.", ["path"],
            buckets=_SECONDS, registry=own,
        )  # fmt: skip
        self._read = Counter("detector_received_bytes", "Bytes of the bodies that were read.", registry=own)
        self._documents = Counter("detector_documents", "Documents that were decided.", ["path"], registry=own)
        self._characters = Counter("detector_characters", "Characters of these documents.", ["path"], registry=own)
        self._whole = Counter("detector_kept_whole", "Documents that the guard kept whole.", registry=own)
        self._paragraphs = Counter(
            "detector_paragraphs", "Paragraphs that were decided: kept or removed.", ["decision"], registry=own
        )
        self._windows = Counter(
            "detector_encoder_windows", "Windows of text that the encoder of the accurate model has read.", registry=own
        )
        self._model = Gauge(
            "detector_model_info", "What decides, as labels: digests, and the effort of requests that name none.",
            ["version", "model", "encoder", "effort"], registry=own, multiprocess_mode="max",
        )  # fmt: skip
        self._running = self._gauge("detector_running", "Requests that are being computed.")
        self._waiting = self._gauge("detector_waiting", "Requests that wait for a thread.")
        if FOLDER not in os.environ:
            ProcessCollector(registry=own)
            PlatformCollector(registry=own)
        queue.on_change = self._update

    def answered(self, method: str, path: str, status: int, seconds: float) -> None:
        """Count an answered request. ``path`` is one that the service has, so that there are few of them."""
        self._requests.labels(method, path, str(status)).inc()
        self._seconds.labels(path).observe(seconds)

    def decided(self, path: str, received: int, counts: Counts) -> None:
        """Count what was decided for a request whose body had so many bytes."""
        self._read.inc(received)
        self._documents.labels(path).inc(counts.documents)
        self._characters.labels(path).inc(counts.characters)
        self._whole.inc(counts.kept_whole)
        self._paragraphs.labels("kept").inc(counts.kept)
        self._paragraphs.labels("removed").inc(counts.removed)
        self._windows.inc(counts.windows)

    def describe(self, cleaner: Cleaner) -> None:
        """Say what decides."""
        encoder, effort = (cleaner.encoder.digest, f"{cleaner.effort:g}") if cleaner.encoder else ("", "")
        self._model.labels(__version__, str(cleaner.model.metadata.get("sha256", "")), encoder, effort).set(1)

    def text(self) -> bytes:
        """All counts, in the format of Prometheus."""
        if FOLDER not in os.environ:
            return generate_latest(self._registry)
        together = CollectorRegistry()
        MultiProcessCollector(together)  # type: ignore[no-untyped-call]
        return generate_latest(together)

    def _update(self) -> None:
        self._running.set(self._queue.running)
        self._waiting.set(self._queue.waiting)

    def _gauge(self, name: str, text: str) -> Gauge:
        return Gauge(name, text, registry=self._registry, multiprocess_mode="livesum")
