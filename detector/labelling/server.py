"""Serves a labelling until a signal says to stop."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Callable
from dataclasses import dataclass

from detector.errors import UsageError
from detector.labelling.app import application
from detector.labelling.journal import Journal
from detector.labelling.labelling import Labelling
from detector.labelling.security import LOOPBACK, Access, Guard
from detector.service import hosts
from detector.service.server import Server, address_of, listen, log_with
from detector.service.settings import Limits, Log

_LIMITS = Limits(seconds=5, client_seconds=30, connections=200)
_ANY_ADDRESS = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}  # noqa: S104 - all addresses, and how this machine calls them


@dataclass(frozen=True, slots=True)
class Address:
    """Where to listen. With the ``port`` 0, it is that of the last time if it is free, else one that is free.

    ``names`` are those by which browsers call this machine, where other machines may.
    """

    host: str = "127.0.0.1"
    port: int = 0
    names: frozenset[str] = frozenset()

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine can call."""
        name = self.host.lower().strip("[]")
        return name in LOOPBACK or (hosts.is_address(name) and name.startswith("127."))

    def listen(self, journal: Journal) -> socket.socket:
        """A socket that listens there; the journal keeps its port. Raises `UsageError` if that cannot be."""
        last = int(journal.setting("port", "0"))
        try:
            server = listen(self.host, self.port or last)
        except UsageError:
            if self.port or not last:
                raise
            server = listen(self.host, 0)  # another program has the port now
        journal.keep_setting("port", str(server.getsockname()[1]))
        return server


def serve(
    labelling: Labelling, server: socket.socket, address: Address, log: Log, ready: Callable[[str], None]
) -> None:
    """Serve until Ctrl-C or SIGTERM. ``ready`` is called with the page's address when it can be opened."""
    log_with(log)
    host, port = server.getsockname()[:2]
    names = frozenset({*address.names, address.host.lower()})
    access = Access(labelling.token, port, address.is_loopback, names)
    origin = f"http://{_ANY_ADDRESS[host]}:{port}" if host in _ANY_ADDRESS else address_of(server)
    url = f"{origin}/{labelling.token}/"
    app = Guard(application(labelling, log), access)
    with contextlib.suppress(KeyboardInterrupt, SystemExit):  # the signal that said to stop is raised again at the end
        Server(app, _LIMITS, lambda: ready(url)).run(sockets=[server])
