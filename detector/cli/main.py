"""The command ``detector``.

A plain call, such as ``detector clean article.txt -o clean.txt``, runs without Typer, which is imported for the help,
for errors in a call, and for unusual calls.
"""

from __future__ import annotations

import errno
import gc
import io
import os
import signal
import sys
import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING

from detector import __version__
from detector.cli.commands import COMPLETION, command, named
from detector.cli.messages import log_as_json, print_message
from detector.corpus.messages import Message
from detector.errors import DetectorError, UsageError

if TYPE_CHECKING:
    from typing import TextIO

_CANNOT_BE_WRITTEN = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO)
_OBJECTS = 50_000  # more than a start makes
_USUAL_OBJECTS = gc.get_threshold()


def __getattr__(name: str) -> object:
    """The Typer application ``app``, which is made when it is first used."""
    if name != "app":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from detector.cli.application import application

    return globals().setdefault(name, application())


def main() -> None:
    """Run the command and exit: with 0 for success, 1 for a failure, 2 for invalid usage.

    Exit code 3 means that everything was written, but that an input came out empty or held no document. The exit code
    is 130 after Ctrl-C and 143 after SIGTERM, as in shells. If the output is closed (``| head``), it is 1, and nothing
    is printed.
    """
    _put_off_collecting()
    signal.signal(signal.SIGTERM, _terminate)  # an exception, so that half-written files are removed
    log_as_json(False)
    _prepare_streams()
    warnings.showwarning = _show_warning
    try:
        code = _run(sys.argv[1:])
    except KeyboardInterrupt:
        code = 130
    except BrokenPipeError:
        code = 1
    except (DetectorError, OSError) as error:
        _print_error(error)
        code = 2 if isinstance(error, UsageError) else 1
    gc.freeze()  # the last garbage collection would take a fifth of the time of a short run
    sys.exit(code if _flush_stdout(silent=bool(code)) else code or 1)


def _run(words: Sequence[str]) -> int:
    """Run a call. Returns its exit code."""
    if words == ["--version"]:
        print(f"detector {__version__}")
        return 0
    name = named(words)
    if name and COMPLETION not in os.environ:
        from detector.cli.plain_calls import plain_call

        function = command(name)
        values = plain_call(function, words[len(name.split()) :])
        if values is not None:
            code: int = function(**values)
            return code
    from detector.cli.application import run

    return run(words)


def _put_off_collecting() -> None:
    """Look for garbage only after the start, which makes none: that would take a tenth of the time of a short run."""
    if _collect_as_usual not in gc.callbacks:
        gc.callbacks.append(_collect_as_usual)
        gc.set_threshold(_OBJECTS)


def _collect_as_usual(*_: object) -> None:
    """Collect at the usual intervals, from the first collection on."""
    gc.set_threshold(*_USUAL_OBJECTS)
    gc.callbacks.remove(_collect_as_usual)


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
