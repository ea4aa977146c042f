"""Messages to the person at the terminal."""

from __future__ import annotations

import sys


def print_message(line: str) -> None:
    """Print a line to standard error."""
    print(line, file=sys.stderr, flush=True)
