"""The command ``detector``."""

from __future__ import annotations

import errno
import gc
import io
import signal
import sys
import warnings
from collections.abc import Callable, Iterable
from typing import Annotated, TextIO

import typer

from detector import __version__
from detector.cli import clean, models, predict, restore
from detector.cli.command import Command, Group
from detector.cli.messages import log_as_json, print_help, print_message
from detector.corpus.messages import Message
from detector.errors import DetectorError, UsageError

_TyperUsageError: type[Exception] = typer.BadParameter.__bases__[0]  # the base class of all errors in a call

_CANNOT_BE_WRITTEN = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO)

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


def _add(function: Callable[..., None], examples: Iterable[str], failure: str, *others: str) -> None:
    """Add a command whose help ends with examples and exit codes.

    ``failure`` is the meaning of exit code 1; ``others`` are codes that other commands do not have.
    """
    text = "\n\n".join(" ".join(part.split()) for part in (function.__doc__ or "").split("\n\n"))
    listed = ("0 success", f"1 {failure}", "2 invalid usage", *others, "130 interrupted", "143 terminated")
    codes = ", ".join(listed)
    epilog = "\n\n".join(
        ["[bold]Examples[/bold]", *(f"  {line}" for line in examples), f"[bold]Exit codes[/bold]  {codes}"]
    )
    app.command(cls=Command, help=text, epilog=epilog)(function)


_UNREADABLE = "a file or record could not be read or written"
_TO_CHECK = "3 all was written, but an input came out empty or held no document"
_add(clean.clean, clean.EXAMPLES, _UNREADABLE, _TO_CHECK)
_add(predict.predict, predict.EXAMPLES, _UNREADABLE, _TO_CHECK)
_add(restore.restore, restore.EXAMPLES, "a file could not be read, restored or written")
_add(models.train, models.TRAIN_EXAMPLES, "the data or a model cannot be used")
_add(models.evaluate, models.EVALUATE_EXAMPLES, "the data or the model cannot be used")
_add(models.info, models.INFO_EXAMPLES, "the model cannot be used")


def main() -> None:
    """Run the command and exit: with 0 for success, 1 for a failure, 2 for invalid usage.

    Exit code 3 means that everything was written, but that an input came out empty or held no document. The exit code
    is 130 after Ctrl-C and 143 after SIGTERM, as in shells. If the output is closed (``| head``), Typer exits with 1
    and prints nothing.
    """
    signal.signal(signal.SIGTERM, _terminate)  # an exception, so that half-written files are removed
    log_as_json(False)
    _prepare_streams()
    warnings.showwarning = _show_warning
    try:
        code = app(prog_name="detector", standalone_mode=False)
    except (KeyboardInterrupt, typer.Abort):
        code = 130
    except _TyperUsageError as error:
        _print_usage_error(error)
        code = 2
    except (DetectorError, OSError) as error:
        _print_error(error)
        code = 2 if isinstance(error, UsageError) else 1
    gc.freeze()  # the last garbage collection would take a fifth of the time of a short run
    sys.exit(code if _flush_stdout(silent=bool(code)) else code or 1)


def _show_warning(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,
    line: str | None = None,
) -> None:
    """Print a warning of this package, or of a library, as any other message."""
    print_message(Message(f"detector: {message}"))


def _prepare_streams() -> None:
    """Make standard output and standard error print every character, and all of a text.

    What a stream cannot encode is printed as escapes: it is a pipe of another encoding, or the characters stand for
    bytes. Python's unbuffered mode would lose the rest of a text of which only a part could be written.
    """
    if sys.stdout is None:
        sys.stdout = io.TextIOWrapper(io.BufferedWriter(_ClosedOutput()), line_buffering=True)
    if isinstance(sys.stdout, io.TextIOWrapper) and isinstance(sys.stdout.buffer, io.RawIOBase):
        file = io.FileIO(sys.stdout.fileno(), "wb", closefd=False)
        sys.stdout = io.TextIOWrapper(io.BufferedWriter(file), sys.stdout.encoding, line_buffering=True)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


class _ClosedOutput(io.RawIOBase):
    """Standard output of a process that was started without one: nothing can be written to it."""

    def writable(self) -> bool:
        return True

    def write(self, _: object, /) -> int:
        raise OSError(errno.EBADF, "closed by the caller", "standard output")


def _flush_stdout(silent: bool) -> bool:
    """Write what was printed, and return whether that succeeded. Tells of a failure, unless ``silent``.

    The interpreter would only mention the failure as it exits.
    """
    try:
        sys.stdout.flush()
    except OSError as error:
        if not silent and not isinstance(error, BrokenPipeError):
            _print_error(error)
        sys.stdout = io.StringIO()  # what is left is not written after all
        return False
    return True


def _print_error(error: Exception) -> None:
    print_message(Message(f"detector: {_reason(error)}", "error", "error"))


def _reason(error: Exception) -> str:
    """What an error says; of an error of the operating system, the file and the reason."""
    if not isinstance(error, OSError) or not error.strerror:
        return str(error)
    # files have names; what has none and cannot be written is what the command prints
    name = error.filename or ("standard output" if error.errno in _CANNOT_BE_WRITTEN else None)
    return f"{name}: {error.strerror}" if name else str(error)


def _terminate(*_: object) -> None:
    sys.exit(143)


def _print_usage_error(error: Exception) -> None:
    """Print a usage error on one line; for a command without arguments, its whole help."""
    if "--log-json" in sys.argv:  # not read yet where the call cannot be read
        log_as_json(True)
    message: str = error.format_message()  # type: ignore[attr-defined]
    if "\n" in message:
        print_help(message)
    elif message:  # else the help has been printed
        command = getattr(getattr(error, "ctx", None), "command_path", "detector")
        message = message.replace("Value error, ", "")  # the wording of pydantic, through which Typer validates
        print_message(Message(f"{command}: {message} (see {command} --help)", "error", "error"))
