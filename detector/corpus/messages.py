"""Messages of a run: a line for people, and the same as fields for programs."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal


@dataclass(frozen=True, slots=True)
class Message:
    """One message.

    ``line`` is what a person reads. ``event`` says what happened (``failed``, ``rejected``, ``passed over``,
    ``progress``), and ``fields`` what it happened to, as JSON values: ``file``, ``record``, ``reason``.
    """

    line: str
    event: str = "message"
    level: Literal["info", "warning", "error"] = "warning"
    fields: dict[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.line
