"""The commands as an application of Typer, which prints the help, words errors, and completes words in shells."""

from __future__ import annotations

import inspect
import os
import sys
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperCommand, TyperGroup

from detector import __version__
from detector.cli.commands import COMMANDS, COMPLETION, GROUPS, command, examples, named
from detector.cli.messages import log_as_json, print_help, print_message
from detector.cli.parameters import Argument, Command, Parameter, parameters_of
from detector.corpus.messages import Message

_UsageError: type[Exception] = typer.BadParameter.__bases__[0]  # the base class of all errors in a call
_UNREADABLE = "a file or record could not be read or written"
_TO_CHECK = "3 all was written, but an input came out empty or held no document"
_LISTING: tuple[list[str], ...] = ([], ["-h"], ["--help"])  # calls that list the commands
# The exit codes that differ: the meaning of 1, and the codes that other commands do not have.
_EXIT_CODES = {
    "clean": (_UNREADABLE, _TO_CHECK),
    "predict": (_UNREADABLE, _TO_CHECK),
    "restore": ("a file could not be read, restored or written",),
    "explain": (_UNREADABLE, _TO_CHECK),
    "diff": (_UNREADABLE, _TO_CHECK),
    "report": (_UNREADABLE, _TO_CHECK),
    "train": ("the data or a model cannot be used",),
    "adapt": ("the data or a model cannot be used, or the new model is no better and was not written",),
    "evaluate": ("the data or the model cannot be used",),
    "info": ("the model cannot be used",),
    "extract": (_UNREADABLE, _TO_CHECK),
    "label": ("an input could not be read, or the labels could not be written",),
    "serve": ("the model or the address cannot be used",),
    "labels convert": (
        "a file cannot be read or written",
        "3 all was written, but some records could not be read and were left out",
    ),
    "labels check": ("the data cannot be used", "3 something was found"),
    "labels split": ("the data cannot be used, or a file cannot be written",),
    "repeats learn": (_UNREADABLE, _TO_CHECK),
    "repeats merge": ("a file of counts cannot be used, or the result cannot be written",),
    "repeats show": ("the file cannot be used",),
}


def run(words: Sequence[str]) -> int:
    """Run a call, or print what is wrong with it. Returns its exit code."""
    name = named(words)
    asked: Iterable[str] = [name] if name else COMMANDS
    app = application(asked, with_parameters=[*words] not in _LISTING or COMPLETION in os.environ)
    try:
        given = None if os.name == "nt" else list(words)  # on Windows, Typer expands the words of the process itself
        code: int | None = app(given, prog_name="detector", standalone_mode=False)
    except typer.Abort:
        return 130
    except _UsageError as error:
        _print_usage_error(error)
        return 2
    return code or 0


def application(names: Iterable[str] = COMMANDS, with_parameters: bool = True) -> typer.Typer:
    """The application with some of the commands; without their parameters, it can only list them."""
    app = _group()
    app.callback()(_every_command)
    groups: dict[str, typer.Typer] = {"": app}
    for name in names:
        group, _, last = name.rpartition(" ")
        if group not in groups:
            groups[group] = _group()
            app.add_typer(groups[group], name=group, help=GROUPS[group])
        function = command(name)
        text = "\n\n".join(" ".join(part.split()) for part in (function.__doc__ or "").split("\n\n"))
        groups[group].command(last, cls=_Command, help=text, epilog=_epilog(name))(
            _for_typer(function) if with_parameters else _listed
        )
    return app


def _group() -> typer.Typer:
    """Commands under one name."""
    return typer.Typer(
        cls=_Group,
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        rich_markup_mode="rich",
        context_settings={"help_option_names": ["-h", "--help"]},
    )


def _print_version(requested: bool) -> None:
    if requested:
        print(f"detector {__version__}")
        raise typer.Exit


def _every_command(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """Remove boilerplate from article text, paragraph by paragraph."""


def _listed() -> None:
    """A command that is only listed."""


def _epilog(name: str) -> str:
    """The end of the help of a command: examples and exit codes."""
    failure, *others = _EXIT_CODES[name]
    stopped = [] if name == "label" else ["130 interrupted", "143 terminated"]  # that is how labelling ends
    codes = ", ".join(["0 success", f"1 {failure}", "2 invalid usage", *others, *stopped])
    lines = [f"  {line}" for line in examples(name)]
    return "\n\n".join(["[bold]Examples[/bold]", *lines, f"[bold]Exit codes[/bold]  {codes}"])


def _for_typer(function: Command) -> Callable[..., None]:
    """A function with the parameters of a command, as Typer describes them."""

    def called(**values: Any) -> None:  # noqa: ANN401 - of the parameters
        raise typer.Exit(_call(function, values))

    parameters = {each.name: Annotated[each.type, _described(each)] for each in parameters_of(function)}
    given = inspect.signature(function).parameters.values()
    called.__annotations__ = parameters
    called.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
        [each.replace(annotation=parameters[each.name]) for each in given]
    )
    return called


def _call(function: Command, values: dict[str, Any]) -> int:
    return function(**values)


def _described(parameter: Parameter) -> Any:  # noqa: ANN401 - Typer does not say what it returns
    described = parameter.described
    if isinstance(described, Argument):
        return typer.Argument(metavar=described.metavar, help=described.help, show_default=False)
    return typer.Option(
        *described.names,
        help=described.help,
        rich_help_panel=described.panel,
        metavar=described.metavar,
        show_default=described.show_default,
        min=described.min,
        max=described.max,
        autocompletion=(lambda: [*described.completions]) if described.completions else None,
    )


class _Command(TyperCommand):
    """A command whose parameters are processed by `_process`."""

    def get_params(self, ctx: Any) -> list[Any]:  # noqa: ANN401 - Typer's context
        return _changed(super().get_params(ctx))


class _Group(TyperGroup):
    """The commands together, with their own parameters processed by `_process`."""

    def get_params(self, ctx: Any) -> list[Any]:  # noqa: ANN401 - Typer's context
        return _changed(super().get_params(ctx))


def _changed(parameters: list[Any]) -> list[Any]:
    """Typer's parameters, each with `_process` in place of Typer's own function.

    A flag takes no value, though Typer 0.29 shows the type of one in the help.
    """
    for parameter in parameters:
        if getattr(parameter, "is_flag", False):
            parameter.metavar = ""
        if not isinstance(parameter.process_value, partial):
            parameter.process_value = partial(_process, parameter, parameter.process_value)
    return parameters


def _process(parameter: Any, process: Callable[[Any, Any], Any], context: Any, value: Any) -> Any:  # noqa: ANN401
    """Refuse empty paths, and take flags and what is not given as they are: Typer 0.29 would import pydantic."""
    if isinstance(value, bool) or (value is None and not parameter.required):
        return parameter.callback(context, parameter, value) if parameter.callback else value
    if _is_path(parameter) and "" in (value if isinstance(value, list | tuple) else (value,)):
        # it would be the current folder
        raise typer.BadParameter("an empty path; name a file or a folder", ctx=context, param=parameter)
    return process(context, value)


def _is_path(parameter: Any) -> bool:  # noqa: ANN401
    descriptor = getattr(parameter, "type_descriptor", None)  # None before Typer 0.29
    if descriptor is None:
        return getattr(parameter.type, "name", "") == "path"
    return descriptor.annotation in (Path, list[Path])


def _print_usage_error(error: Exception) -> None:
    """Print a usage error on one line; for a command without arguments, its whole help."""
    if "--log-json" in sys.argv:  # not read yet where the call cannot be read
        log_as_json(True)
    message: str = error.format_message()  # type: ignore[attr-defined]
    if "\n" in message:
        print_help(message)
    elif message:  # else the help has been printed
        context = getattr(getattr(error, "ctx", None), "command_path", "detector")
        message = message.replace("Value error, ", "")  # the wording of pydantic, through which Typer validates
        print_message(Message(f"{context}: {message} (see {context} --help)", "error", "error"))
