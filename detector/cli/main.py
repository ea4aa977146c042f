"""The command ``detector``."""

from __future__ import annotations

import gc
import signal
import sys
from collections.abc import Callable, Iterable
from typing import Annotated

import typer

from detector import __version__
from detector.cli import clean, models
from detector.cli.command import Command, Group
from detector.cli.messages import print_message
from detector.errors import DetectorError, UsageError

_TyperUsageError: type[Exception] = typer.BadParameter.__bases__[0]  # the base class of all errors in a call

app = typer.Typer(
    cls=Group,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _print_version(requested: bool) -> None:
    if requested:
        print(f"detector {__version__}")
        raise typer.Exit


@app.callback()
def every_command(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """Remove boilerplate from article text, paragraph by paragraph."""


def _add(function: Callable[..., None], examples: Iterable[str], failure: str) -> None:
    """Add a command whose help ends with examples and exit codes. ``failure`` is the meaning of exit code 1."""
    text = "\n\n".join(" ".join(part.split()) for part in (function.__doc__ or "").split("\n\n"))
    codes = f"0 success, 1 {failure}, 2 invalid usage, 130 interrupted, 143 terminated"
    epilog = "\n\n".join(
        ["[bold]Examples[/bold]", *(f"  {line}" for line in examples), f"[bold]Exit codes[/bold]  {codes}"]
    )
    app.command(cls=Command, help=text, epilog=epilog)(function)


_UNREADABLE = "a file or record could not be read or written"
_add(clean.clean, clean.CLEAN_EXAMPLES, _UNREADABLE)
_add(clean.predict, clean.PREDICT_EXAMPLES, _UNREADABLE)
_add(models.train, models.TRAIN_EXAMPLES, "the data or a model cannot be used")
_add(models.evaluate, models.EVALUATE_EXAMPLES, "the data or the model cannot be used")
_add(models.info, models.INFO_EXAMPLES, "the model cannot be used")


def main() -> None:
    """Run the command and exit: with 0 for success, 1 for a failure, 2 for invalid usage.

    The exit code is 130 after Ctrl-C and 143 after SIGTERM, as in shells. If the output is closed (``| head``), Typer
    exits with 1 and prints nothing.
    """
    signal.signal(signal.SIGTERM, _terminate)  # an exception, so that half-written files are removed
    try:
        code = app(prog_name="detector", standalone_mode=False)
    except (KeyboardInterrupt, typer.Abort):
        code = 130
    except _TyperUsageError as error:
        if message := _usage_message(error):
            print_message(message)
        code = 2
    except (DetectorError, OSError) as error:
        print_message(f"detector: {error}")
        code = 2 if isinstance(error, UsageError) else 1
    gc.freeze()  # the last garbage collection would take a fifth of the time of a short run
    sys.exit(code)


def _terminate(*_: object) -> None:
    sys.exit(143)


def _usage_message(error: Exception) -> str:
    """The message for a usage error, on one line; for a command without arguments, its whole help."""
    message: str = error.format_message()  # type: ignore[attr-defined]
    if not message or "\n" in message:  # the help, printed already or here
        return message
    command = getattr(getattr(error, "ctx", None), "command_path", "detector")
    message = message.replace("Value error, ", "")  # the wording of pydantic, through which Typer validates
    return f"{command}: {message} (see {command} --help)"
