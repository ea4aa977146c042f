"""Messages of a run: a line for people, and the same as fields for programs."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

if TYPE_CHECKING:
    from detector.util.urls import Place


class Message(NamedTuple):
    """One message.

    ``line`` is what a person reads. ``event`` says what happened (``failed``, ``rejected``, ``passed over``,
    ``progress``), and ``fields`` what it happened to, as JSON values: ``file``, ``record``, ``reason``.
    """

    line: str
    event: str = "message"
    level: Literal["info", "warning", "error"] = "warning"
    fields: Mapping[str, Any] = MappingProxyType({})

    def __str__(self) -> str:
        return self.line


def kept_whole(documents: int, max_removed: float, listed: Place | None) -> Message:
    """The warning that the guard kept documents whole. The file ``listed``, if there is one, has a line for each."""
    subject, its, were, them = (
        ("1 document", "its", "was", "it") if documents == 1 else (f"{documents:,} documents", "their", "were", "them")
    )
    share = "half" if max_removed == 0.5 else f"{100 * max_removed:g} %"
    line = (
        f"{subject} would have lost more than {share} of {its} text, and {were} kept whole; --max-removed 1 cleans "
        f"{them}, too" + (f"; {listed} lists {them}" if listed else "")
    )
    return Message(line, "check", fields={"reason": line, "count": documents})
