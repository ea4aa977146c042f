"""The commands by name. The module of a command is imported when it is called."""

from __future__ import annotations

from importlib import import_module
from typing import Any

COMMANDS = {
    "clean": "detector.cli.clean",
    "predict": "detector.cli.predict",
    "restore": "detector.cli.restore",
    "train": "detector.cli.models",
    "evaluate": "detector.cli.models",
    "info": "detector.cli.models",
}  # fmt: skip

COMPLETION = "_DETECTOR_COMPLETE"  # the environment variable by which a shell asks for completions


def command(name: str) -> Any:  # noqa: ANN401 - each has parameters of its own
    """The function of a command, which returns an exit code."""
    return getattr(import_module(COMMANDS[name]), name)


def examples(name: str) -> tuple[str, ...]:
    """Calls of a command, for its help."""
    found: dict[str, tuple[str, ...]] = import_module(COMMANDS[name]).EXAMPLES
    return found[name]
