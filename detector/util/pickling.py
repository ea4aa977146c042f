"""Pickling dataclasses without what they have cached."""

from __future__ import annotations

from dataclasses import fields
from typing import Any


class PickledFields:
    """A dataclass whose pickle holds its fields only: cached properties are computed again where they are needed."""

    def __getstate__(self) -> dict[str, Any]:
        return {field.name: getattr(self, field.name) for field in fields(self)}  # type: ignore[arg-type]
