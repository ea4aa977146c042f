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

_CallError: type[Exception] = typer.BadParameter.__bases__[0]  # of the command library that this Typer builds on

app = typer.Typer(
    cls=Group,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _print_version(wanted: bool) -> None:
    if wanted:
        print(f"detector {__version__}")
        raise typer.Exit


@app.callback()
def every_command(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """Remove from article text what is not the article, paragraph by paragraph."""


def _add(function: Callable[..., None], examples: Iterable[str], failure: str) -> None:
    """Add a command whose help ends with examples and exit codes."""
    text = "\n\n".join(" ".join(part.split()) for part in (function.__doc__ or "").split("\n\n"))
    codes = f"0 done, 1 {failure}, 2 a wrong call, 130 interrupted"
    epilog = "\n\n".join(
        ["[bold]Examples[/bold]", *(f"  {line}" for line in examples), f"[bold]Exit codes[/bold]  {codes}"]
    )
    app.command(cls=Command, help=text, epilog=epilog)(function)


_UNREADABLE = "something could not be read or written"
_add(clean.clean, clean.CLEAN_EXAMPLES, _UNREADABLE)
_add(clean.predict, clean.PREDICT_EXAMPLES, _UNREADABLE)
_add(models.train, models.TRAIN_EXAMPLES, "the data or a model cannot be used")
_add(models.evaluate, models.EVALUATE_EXAMPLES, "the data or the model cannot be used")
_add(models.info, models.INFO_EXAMPLES, "the model cannot be used")


def main() -> None:
    """Run the command, and exit with 0 for done, 1 for a failure, 2 for a wrong call.

    Interrupted (Ctrl-C), it exits with 130, as shells do for signals. Where nobody reads the output any more
    (``| head``), Typer ends it silently with 1.
    """
    signal.signal(signal.SIGTERM, _terminate)  # so that half-written files are removed
    try:
        code = app(prog_name="detector", standalone_mode=False)
    except (KeyboardInterrupt, typer.Abort):
        code = 130
    except _CallError as error:
        print_message(_call_error(error))
        code = 2
    except (DetectorError, OSError) as error:
        print_message(f"detector: {error}")
        code = 2 if isinstance(error, UsageError) else 1
    gc.freeze()  # otherwise the last garbage collection takes a fifth of a short run
    sys.exit(code)


def _terminate(*_: object) -> None:
    sys.exit(143)


def _call_error(error: Exception) -> str:
    message: str = error.format_message()  # type: ignore[attr-defined]
    if "\n" in message:  # the whole help, for a command without arguments
        return message
    command = getattr(getattr(error, "ctx", None), "command_path", "detector")
    return f"{command}: {message} (see {command} --help)"
