"""Messages to the user, on standard error: as lines, or as JSON for a log."""

from __future__ import annotations

import contextlib
import re
import sys
from typing import Any

from detector.corpus.messages import Message

_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")  # may not reach a terminal


class _Log:
    """How messages are printed: ``as_json`` is set once per command, by ``--log-json``."""

    as_json = False


def log_as_json(wanted: bool) -> None:
    """Print all further messages as JSON: one object per line, with ``time``, ``level``, ``event`` and more."""
    _Log.as_json = wanted


def logs_json() -> bool:
    """Whether messages are printed as JSON."""
    return _Log.as_json


def print_message(message: str | Message) -> None:
    """Print a message of one line, and flush it. Control characters, as in odd names of files, are escaped.

    A message that cannot be printed is lost: the exit code still tells of a failure.
    """
    given = message if isinstance(message, Message) else Message(message)
    _print(_json(given) if _Log.as_json else escaped(given.line))


def escaped(text: str) -> str:
    """A text with escapes for its control characters, which may not reach a terminal: they could change what it shows.

    Tabs and ends of lines are control characters, too.
    """
    return _CONTROL.sub(_escape, text)


def print_summary(lines: list[str], values: dict[str, Any]) -> None:
    """Print the summary of a run: its lines, or as JSON its values."""
    if _Log.as_json:
        _print(_json(Message("", "summary", "info", values)))
        return
    for line in lines:
        print_message(line)


def print_help(text: str) -> None:
    """Print a text of several lines to standard error."""
    _print(text)


def _print(text: str) -> None:
    if sys.stderr is not None:  # it is closed, and print would write to standard output
        with contextlib.suppress(OSError):
            sys.stderr.write(f"{text}\n")  # at once, so that lines of several processes are not mixed
            sys.stderr.flush()


def _json(message: Message) -> str:
    import json
    from datetime import UTC, datetime

    time = datetime.now(UTC).isoformat(timespec="milliseconds")
    values = {"time": time, "level": message.level, "event": message.event}
    if message.line:
        values["message"] = message.line
    return json.dumps({**values, **message.fields})


def _escape(character: re.Match[str]) -> str:
    return character[0].encode("unicode_escape").decode()
