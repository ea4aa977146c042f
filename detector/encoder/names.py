"""What the accurate model is called, and the libraries that it needs. To import this takes no time."""

from __future__ import annotations

from detector.util.libraries import missing_library

ACCURATE = "accurate"  # in place of a model's folder; the extra has the same name
LIBRARIES = ("onnxruntime", "tokenizers")


def require_libraries() -> None:
    """Raise `UsageError`, with the command that installs it, if a library of the extra is missing. Imports none."""
    from importlib.util import find_spec

    for library in LIBRARIES:
        if find_spec(library) is None:
            raise missing_library(library, "the accurate model", ACCURATE)
