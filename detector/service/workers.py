"""Several processes that answer requests on one socket.

On Linux, the model is loaded once, and the workers are forked: its tables are the same pages of memory for all of them.
Elsewhere, each worker is a new process and loads the model itself; that of the shipped model is a mapped file, which
they share, too.
"""

from __future__ import annotations

import gc
import multiprocessing
import os
import signal
import socket
import sys
import time
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import Any

from prometheus_client.multiprocess import mark_process_dead

from detector.corpus.messages import Message
from detector.errors import DetectorError
from detector.service.app import application
from detector.service.server import Server, listening, log_with, seconds_to_finish
from detector.service.settings import ServiceSettings
from detector.util.signals import STOP_SIGNALS, handle_stop_signals, stop_signals_deferred

START_METHOD = "fork" if sys.platform == "linux" else "spawn"
_KILLED = 2  # seconds beyond the time to finish after which a worker is killed
_PAUSE = 1  # seconds before a worker is replaced that has lived no longer than this


@dataclass
class _Worker:
    """A process, and the connection by which it says that it answers requests."""

    process: BaseProcess
    said: Connection
    started: float = field(default_factory=time.monotonic)
    ready: bool = False


class Workers:
    """Starts workers, replaces those that end, and stops them."""

    def __init__(self, settings: ServiceSettings, server: socket.socket, number: int) -> None:
        self._settings = settings
        self._server = server
        self._number = number
        self._context: Any = multiprocessing.get_context(START_METHOD)
        self._workers: list[_Worker] = []
        self._signals: list[int] = []
        self._told = False  # that the service can be called
        self._heard, self._hear = socket.socketpair()

    def run(self) -> None:
        """Serve until a signal says to stop, and raise that signal again when all workers have ended.

        Raises `DetectorError` if one of the first workers ends before it answers requests, and the errors of
        `detector.load`.
        """
        _ = self._settings.cleaner.cleaner
        gc.freeze()  # the pages that the workers share stay as they are
        before = {number: signal.signal(number, self._note) for number in STOP_SIGNALS}
        try:
            self._workers = [self._start() for _ in range(self._number)]
            while not self._signals:
                self._watch()
        finally:
            self._stop()
            for number, handler in before.items():
                signal.signal(number, handler)
        signal.raise_signal(self._signals[0])

    def _note(self, number: int, _: object) -> None:
        self._signals.append(number)
        self._hear.send(b".")

    def _start(self) -> _Worker:
        said, say = self._context.Pipe(duplex=False)
        process = self._context.Process(target=_work, args=(self._settings, self._server, say, os.getpid()))
        with stop_signals_deferred(spawn=START_METHOD == "spawn"):
            process.start()
        say.close()
        return _Worker(process, said)

    def _watch(self) -> None:
        """Wait until a worker is ready or ends, or a signal comes, and do what that asks for."""
        starting = [worker.said for worker in self._workers if not worker.ready]
        wait([self._heard, *starting, *(worker.process.sentinel for worker in self._workers)])
        for worker in self._workers:
            if not self._signals and not worker.ready and worker.said.poll():
                self._hear_from(worker)
        for number, worker in enumerate(self._workers):
            if not self._signals and worker.process.exitcode is not None:
                self._replace(number, worker)

    def _hear_from(self, worker: _Worker) -> None:
        try:
            worker.ready = bool(worker.said.recv())
        except EOFError:
            worker.process.join()
            if self._told:
                return  # it is replaced, as others that end
            raise DetectorError(
                f"a worker has ended before it answered requests, with exit code {worker.process.exitcode}; "
                "its messages say why"
            ) from None
        if not self._told and all(each.ready for each in self._workers):
            self._told = True
            self._settings.log(listening(self._server))

    def _replace(self, number: int, worker: _Worker) -> None:
        _forget(worker)
        fields = {"worker": worker.process.pid, "code": worker.process.exitcode}
        line = f"detector: worker {worker.process.pid} ended with exit code {worker.process.exitcode}; replaced"
        self._settings.log(Message(line, "worker", "error", fields))
        if time.monotonic() - worker.started < _PAUSE:
            wait([self._heard], _PAUSE)
        self._workers[number] = self._start()

    def _stop(self) -> None:
        """Let the workers finish what they have begun. No new connection is accepted."""
        self._server.close()
        for worker in self._workers:
            worker.process.terminate()
        until = time.monotonic() + seconds_to_finish(self._settings.limits) + _KILLED
        for worker in self._workers:
            worker.process.join(max(0, until - time.monotonic()))
            if worker.process.exitcode is None:
                worker.process.kill()
                worker.process.join()
            _forget(worker)


def _forget(worker: _Worker) -> None:
    """Drop what is counted of a worker that has ended only while it lives."""
    worker.said.close()
    mark_process_dead(worker.process.pid)  # type: ignore[no-untyped-call]


def _work(settings: ServiceSettings, server: socket.socket, say: Connection, parent: int) -> None:
    """Answer requests, in a process of its own."""
    handle_stop_signals(signal.SIG_DFL)
    log_with(settings.log)
    Server(application(settings), settings.limits, lambda: say.send(True), parent).run(sockets=[server])
