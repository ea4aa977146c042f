"""What several measurements do in this process: they choose a backend, and clean a file."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from unittest import mock

import detector.cleaner
from detector.backend.choice import backend
from detector.backend.reference import NUMPY_BACKEND
from detector.cleaner import Cleaner
from detector.corpus.all_files import Options, clean_all
from detector.corpus.messages import Message
from detector.corpus.one_file import Run
from detector.corpus.plan import plan
from detector.errors import DetectorError, UsageError
from detector.inference.scores import Backend


def compiled() -> Backend:
    """The compiled backend. Raises `UsageError` where it was not built."""
    found = backend()
    if found is NUMPY_BACKEND:
        raise UsageError("the compiled kernels are measured, and they cannot be used: build them with make core")
    return found


@contextlib.contextmanager
def using(chosen: Backend) -> Iterator[None]:
    """Let all cleaners compute with the given backend."""

    def choose() -> Backend:
        return chosen

    with mock.patch.object(detector.cleaner, "choose_backend", choose):
        yield


def clean_file(cleaner: Cleaner, source: Path, target: Path) -> None:
    """Clean a file as the command does. Raises `DetectorError` where that fails."""
    messages: list[Message] = []
    clean_all(plan([str(source)], target), Run(cleaner), Options(), messages.append)
    errors = [message for message in messages if message.event != "check"]  # repeated texts may be kept whole
    if errors:
        raise DetectorError(f"{source}: {errors[0]}")
