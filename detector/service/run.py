"""Runs the service: in this process, or in several workers."""

from __future__ import annotations

import os
from tempfile import TemporaryDirectory

from detector.service.settings import ServiceSettings

_METRICS_FOLDER = "PROMETHEUS_MULTIPROC_DIR"


def run(settings: ServiceSettings, host: str, port: int, workers: int) -> None:
    """Serve on an address until a signal says to stop, and raise that signal again when all requests are answered.

    Raises `UsageError` if the address cannot be used, `DetectorError` if a worker cannot be started, and the errors of
    `detector.load`.
    """
    if workers == 1:
        from detector.service.server import listen, serve

        serve(settings, listen(host, port))
        return
    with TemporaryDirectory(prefix="detector-") as folder:
        os.environ[_METRICS_FOLDER] = folder  # before its library is imported, which then keeps counts in files
        from detector.service.server import listen
        from detector.service.workers import Workers

        Workers(settings, listen(host, port), workers).run()
