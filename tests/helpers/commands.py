"""The commands of the program as objects of Typer."""

from __future__ import annotations

from typing import Any


def of_name(program: Any, name: str) -> Any:
    """The command with a name, which may be in a group: ``labels convert``."""
    for word in name.split():
        program = program.commands[word]
    return program
