"""Arguments and options of commands, described without Typer, whose import takes longer than cleaning a short text.

A command is a function each of whose parameters is annotated with its type and an `Argument` or an `Option`.
`detector.cli.plain_calls` reads plain calls by them; `detector.cli.application` gives them to Typer, for the help, for
errors, and for all other calls.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

Command = Callable[..., int]  # returns an exit code


class Argument:
    """An argument of a command, which has its position and no name."""

    def __init__(self, metavar: str, help: str) -> None:
        self.metavar = metavar
        self.help = help


class Option:
    """An option of a command; without ``names``, its name is that of the parameter.

    ``panel`` is the part of the help that it is in. ``min`` and ``max`` are bounds of a number. ``show_default`` tells
    whether the help shows the default, ``completions`` are values that a shell completes.
    """

    def __init__(
        self,
        *names: str,
        help: str,
        panel: str | None = None,
        metavar: str | None = None,
        show_default: bool = True,
        min: float | None = None,
        max: float | None = None,
        completions: tuple[str, ...] = (),
    ) -> None:
        self.names = names
        self.help = help
        self.panel = panel
        self.metavar = metavar
        self.show_default = show_default
        self.min, self.max = min, max
        self.completions = completions


class Parameter(NamedTuple):
    """A parameter of a command: its name, its type, what describes it, and its default, `REQUIRED` if it has none."""

    name: str
    type: Any
    described: Argument | Option
    default: Any


REQUIRED = object()


def parameters_of(command: Command) -> list[Parameter]:
    """The parameters of a command."""
    function: Any = command
    names = function.__code__.co_varnames[: function.__code__.co_argcount]
    given = function.__defaults__ or ()
    defaults = [REQUIRED] * (len(names) - len(given)) + [*given]
    annotations = [function.__annotations__[name] for name in names]
    return [
        Parameter(name, annotation.__origin__, annotation.__metadata__[0], default)
        for name, annotation, default in zip(names, annotations, defaults, strict=True)
    ]
