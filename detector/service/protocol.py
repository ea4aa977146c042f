"""HTTP connections with limits for what comes before a request and after its answer.

Requests are parsed by httptools where that is installed, and else by h11, which takes several times as long.
"""

from __future__ import annotations

import asyncio
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING or find_spec("httptools") is None:
    from uvicorn.protocols.http.h11_impl import H11Protocol as Protocol
else:
    from detector.service.parser import ParsedProtocol as Protocol

_GRACE = 0.5  # seconds after the limit in which the request itself ends first, so that the log says why


class LimitedProtocol(Protocol):
    """Closes a connection whose client does not send the head of a request in time, or does not take the last bytes.

    uvicorn limits only the time between an answer and the next request.
    """

    seconds = 30.0
    _head_timer: asyncio.TimerHandle | None = None
    _write_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:  # noqa: ANN401 - as uvicorn declares it
        """Start to wait for the head of the first request."""
        super().connection_made(transport)
        self._wait_for_head()

    def data_received(self, data: bytes) -> None:
        """Wait for the rest of a head, or for no more of it."""
        super().data_received(data)
        if self.cycle is None or self.cycle.response_complete:
            self._wait_for_head()
        else:
            self._stop_waiting()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop waiting."""
        super().connection_lost(exc)
        self._stop_waiting()
        self._stop_timing_writes()

    def pause_writing(self) -> None:
        """Start to wait for a client that does not take what is written."""
        super().pause_writing()
        self._stop_timing_writes()
        self._write_timer = self.loop.call_later(self.seconds + _GRACE, self.transport.abort)

    def resume_writing(self) -> None:
        """Go on: the client has taken most of it."""
        super().resume_writing()
        self._stop_timing_writes()

    def timeout_keep_alive_handler(self) -> None:
        """Close a connection without a new request, whether or not the client has taken the answer."""
        super().timeout_keep_alive_handler()
        self.loop.call_later(self.seconds, self.transport.abort)

    def _wait_for_head(self) -> None:
        if self._head_timer is None and not self.transport.is_closing():
            self._head_timer = self.loop.call_later(self.seconds, self._close_unless_open)

    def _stop_waiting(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _unsupported_upgrade_warning(self) -> None:
        """Say nothing: a client may offer another protocol, and is answered in this one."""

    def _stop_timing_writes(self) -> None:
        if self._write_timer is not None:
            self._write_timer.cancel()
            self._write_timer = None

    def _close_unless_open(self) -> None:
        self._stop_waiting()
        if self.cycle is None or self.cycle.response_complete:
            self.transport.close()


def limited(seconds: float) -> type[LimitedProtocol]:
    """The protocol with a limit of so many seconds."""
    return type(LimitedProtocol.__name__, (LimitedProtocol,), {"seconds": seconds})
