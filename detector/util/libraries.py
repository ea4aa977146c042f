"""Libraries that come with an extra of this package."""

from __future__ import annotations

import importlib
from types import ModuleType

from detector.errors import UsageError


def load_library(module: str, purpose: str, extra: str) -> ModuleType:
    """Import a library of an extra. Raises `UsageError`, with the command that installs it, where it is missing."""
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise missing_library(module.partition(".")[0], purpose, extra) from error


def missing_library(library: str, purpose: str, extra: str) -> UsageError:
    """The error to raise where ``purpose`` needs a library of an extra that is not installed."""
    return UsageError(
        f"{purpose} needs {library}, which is not installed; install it with: "
        f"pip install 'boilerplate-detector[{extra}]'"
    )
