"""A lease on a place in another file system, where there are no locks: one run writes there at a time.

The lease is a small file that its holder writes again every few seconds, with another number. Who finds one waits and
sees whether the number changes: if it does, another run is writing; if it does not, that run was killed, and the lease
is taken over. Two that begin at the same moment read it again once it is written: the last one has it.
"""

from __future__ import annotations

import contextlib
import json
import os
import threading
import time
from collections.abc import Iterator

from detector.errors import DataError
from detector.util import remote
from detector.util.urls import Url

RENEWED = 10.0  # seconds between two numbers
PATIENCE = 3  # times as long is a lease watched before it is taken over


class Lease:
    """A lease that is held. ``place`` is what messages call that which it is for."""

    def __init__(self, url: Url, place: Url) -> None:
        self._url = url
        self._place = place
        self._owner = os.urandom(8).hex()
        self._number = 0
        self._taken = False
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._renew, daemon=True)

    def check(self) -> None:
        """Raise `DataError` if another run has taken the lease over."""
        if self._taken:
            raise self._busy()

    def acquire(self) -> None:
        """Take the lease. Raises `DataError` if another run holds it, or nothing can be written there."""
        found = remote.read(self._url)
        if found is not None and self._changes(found):
            raise self._busy()
        self._write()
        if not self._is_own(remote.read(self._url)):
            raise self._busy()
        self._thread.start()

    def release(self) -> None:
        """Give the lease back."""
        self._stopped.set()
        if self._thread.is_alive():
            self._thread.join()
        with contextlib.suppress(DataError):
            if self._is_own(remote.read(self._url)):
                remote.delete(self._url)

    def _changes(self, found: bytes) -> bool:
        """Whether the lease is renewed or given back while it is watched. A lease that is given back is free."""
        last = time.monotonic() + PATIENCE * RENEWED
        while time.monotonic() < last:
            time.sleep(RENEWED / 10)
            now = remote.read(self._url)
            if now is None:
                return False
            if now != found:
                return True
        return False

    def _renew(self) -> None:
        while not self._stopped.wait(RENEWED):
            with contextlib.suppress(DataError):  # a renewal that fails is tried again
                found = remote.read(self._url)
                if found is not None and not self._is_own(found):
                    self._taken = True
                    return
                self._write()

    def _write(self) -> None:
        self._number += 1
        remote.write(self._url, json.dumps({"owner": self._owner, "number": self._number}).encode())

    def _is_own(self, found: bytes | None) -> bool:
        return found is not None and self._owner.encode() in found

    def _busy(self) -> DataError:
        return DataError(
            f"{self._place}: another run is writing there; wait until it has finished, or give another --output"
        )


@contextlib.contextmanager
def leased(url: Url, place: Url) -> Iterator[Lease]:
    """Hold the lease ``url`` for ``place`` while the block runs. Raises `DataError` if another run holds it."""
    lease = Lease(url, place)
    try:
        lease.acquire()
        yield lease
    finally:
        lease.release()
