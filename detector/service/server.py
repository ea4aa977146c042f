"""Runs the service on a socket, in this process."""

from __future__ import annotations

import gc
import logging
import os
import signal
import socket
from collections.abc import Callable
from math import ceil
from types import FrameType

import uvicorn

from detector.corpus.messages import Message
from detector.errors import UsageError
from detector.service.app import application
from detector.service.edge import App
from detector.service.protocol import limited
from detector.service.settings import Limits, Log, ServiceSettings

_KEEP_ALIVE = 15  # seconds
_TO_FINISH = 5  # seconds beyond the time of an answer that are left to finish requests when the service stops
_BACKLOG = 2048
_OBJECTS = 20_000  # objects after which garbage is looked for; an answer has thousands that are no garbage


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens on an address; for port 0, the system chooses one.

    Raises `UsageError` if the address cannot be used.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        server = socket.socket(family, kind, protocol)
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        server.bind(address)
        server.listen(_BACKLOG)
    except (OSError, OverflowError, UnicodeError) as error:
        reason = getattr(error, "strerror", None) or error
        raise UsageError(f"cannot listen on {host}, port {port}: {reason}; choose others: --host, --port") from error
    server.setblocking(False)
    return server


def address_of(server: socket.socket) -> str:
    """The address of a listening socket as a URL."""
    host, port = server.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


class Server(uvicorn.Server):
    """A server that calls ``ready`` when it answers requests.

    With a ``parent``, the id of the process that has started it as a worker, it stops when that process is gone, and
    leaves Ctrl-C to it.
    """

    def __init__(self, app: App, limits: Limits, ready: Callable[[], None], parent: int | None = None) -> None:
        config = uvicorn.Config(
            app, http=limited(limits.client_seconds), ws="none", loop="auto", lifespan="on", log_config=None,
            access_log=False, proxy_headers=False, server_header=False, timeout_keep_alive=_KEEP_ALIVE,
            timeout_graceful_shutdown=seconds_to_finish(limits), limit_concurrency=limits.connections,
        )  # fmt: skip
        super().__init__(config)
        self._ready = ready
        self._parent = parent

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start to answer requests."""
        gc.collect()
        gc.freeze()  # what is there now stays, and is not looked at again
        gc.set_threshold(_OBJECTS, 50, 50)
        await super().startup(sockets)
        if self.started:
            self._ready()

    async def on_tick(self, counter: int) -> bool:
        """Whether to stop; asked ten times in a second."""
        orphaned = self._parent is not None and os.getppid() != self._parent
        return await super().on_tick(counter) or orphaned

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Stop, at the signal of another process or of a person."""
        if self._parent is None or sig != signal.SIGINT:
            super().handle_exit(sig, frame)


def seconds_to_finish(limits: Limits) -> int:
    """How long a service that stops may take to answer the requests that have begun."""
    return ceil(limits.seconds) + _TO_FINISH


def serve(settings: ServiceSettings, server: socket.socket) -> None:
    """Serve until a signal says to stop; then, answer the requests that have begun, and raise the signal again.

    Raises the errors of `detector.load`.
    """
    log_with(settings.log)
    app = application(settings)
    Server(app, settings.limits, lambda: settings.log(listening(server))).run(sockets=[server])


def listening(server: socket.socket) -> Message:
    """That the service can be called, and where."""
    address = address_of(server)
    return Message(f"detector: listening on {address}", "listening", "info", {"address": address})


def log_with(log: Log) -> None:
    """Print the warnings and errors of the server, and of what it is built on, as messages."""
    for name in ("uvicorn.error", "asyncio"):
        logger = logging.getLogger(name)
        logger.handlers = [_Handler(log)]
        logger.setLevel(logging.WARNING)
        logger.propagate = False


class _Handler(logging.Handler):
    """Prints a record without the words of its error, which may quote a text."""

    def __init__(self, log: Log) -> None:
        super().__init__()
        self._log = log

    def emit(self, record: logging.LogRecord) -> None:
        kind = record.exc_info[0] if record.exc_info else None
        if kind is not None and issubclass(kind, ConnectionError):
            return  # the line about the request says it
        line = record.getMessage().strip().partition("\n")[0] + (f" ({kind.__name__})" if kind else "")
        self._log(Message(f"detector: {line}", "server", "error" if record.levelno >= logging.ERROR else "warning"))
