"""The body of the one request that carries an event."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

_MOST = (1 << 53) - 1  # the largest whole number that a browser writes exactly
_Number = Annotated[int, Field(ge=0, le=_MOST)]
_Name = Annotated[str, Field(min_length=1, max_length=100)]


class EventRequest(BaseModel):
    """An event, as `detector.labelling.session.Asked` describes it."""

    model_config = ConfigDict(extra="forbid", strict=True)

    client: Annotated[str, Field(pattern=r"^[A-Za-z0-9-]{8,64}$")]
    serial: Annotated[int, Field(ge=1, le=_MOST)]
    action: Literal["label", "clear", "done", "reopen", "undo"]
    document: _Number | None = None
    first: _Number | None = None
    last: _Number | None = None
    label: _Name | None = None
    kind: _Name | None = None
    seen: _Number = 0
    model: _Name | None = None
    annotator: Annotated[str, Field(max_length=100, pattern=r"\S")] | None = None
