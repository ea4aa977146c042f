"""Numbers with their nouns, for messages."""

from __future__ import annotations


def counted(number: int, noun: str) -> str:
    """A number and its noun, whose plural ends with ``s``: ``1 site``, ``2,000 sites``."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
