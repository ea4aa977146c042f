"""Messages to the user, on standard error."""

from __future__ import annotations

import sys


def print_message(line: str) -> None:
    """Print a message to standard error, and flush it."""
    print(line, file=sys.stderr, flush=True)
