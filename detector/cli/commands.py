"""The commands by name. The module of a command is imported when it is called.

A name of two words is a command of a group: ``labels convert``. Its function is named by the last word.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from typing import Any

COMMANDS = {
    "clean": "detector.cli.clean",
    "predict": "detector.cli.predict",
    "restore": "detector.cli.restore",
    "extract": "detector.cli.extract",
    "explain": "detector.cli.explain",
    "diff": "detector.cli.diff",
    "report": "detector.cli.report",
    "serve": "detector.cli.serve",
    "train": "detector.cli.models",
    "adapt": "detector.cli.adapt",
    "evaluate": "detector.cli.evaluate",
    "label": "detector.cli.label",
    "info": "detector.cli.models",
    "labels convert": "detector.cli.labels_convert",
    "labels check": "detector.cli.labels_check",
    "labels split": "detector.cli.labels_check",
    "repeats learn": "detector.cli.repeats",
    "repeats merge": "detector.cli.repeats",
    "repeats show": "detector.cli.repeats",
}  # fmt: skip
GROUPS = {
    "labels": "Convert, check and split labelled documents.",
    "repeats": "Count how often paragraphs repeat in a corpus.",
}

COMPLETION = "_DETECTOR_COMPLETE"  # the environment variable by which a shell asks for completions


def named(words: Sequence[str]) -> str | None:
    """The name of the command that a call begins with; None if it begins with no command."""
    return next((name for name in (" ".join(words[:1]), " ".join(words[:2])) if name in COMMANDS), None)


def command(name: str) -> Any:  # noqa: ANN401 - each has parameters of its own
    """The function of a command, which returns an exit code."""
    return getattr(import_module(COMMANDS[name]), name.rpartition(" ")[2])


def examples(name: str) -> tuple[str, ...]:
    """Calls of a command, for its help."""
    found: dict[str, tuple[str, ...]] = import_module(COMMANDS[name]).EXAMPLES
    return found[name]
