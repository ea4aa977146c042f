"""What the shipped models are called, and the libraries that the accurate one needs. To import this takes no time."""

from __future__ import annotations

import os

from detector.util.libraries import missing_library

ACCURATE = "accurate"  # in place of a model's folder; the extra has the same name
DEFAULT = "default"  # likewise
LIBRARIES = ("onnxruntime", "tokenizers")


def named_model(model: str | os.PathLike[str] | None) -> str | os.PathLike[str] | None:
    """A model's folder or name. None, the default model, for ``"default"``, unless there is a folder of that name."""
    return None if model == DEFAULT and not os.path.isdir(DEFAULT) else model  # noqa: PTH112 # pathlib takes time


def require_libraries() -> None:
    """Raise `UsageError`, with the command that installs it, if a library of the extra is missing. Imports none."""
    from importlib.util import find_spec

    for library in LIBRARIES:
        if find_spec(library) is None:
            raise missing_library(library, "the accurate model", ACCURATE)
