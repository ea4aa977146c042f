"""Trains the model again on the labels, in a process of its own, and takes the result over when it is accepted.

The model that is trained is always the one that the command was given, so that training twice does not add up. What
comes out lies beside the file of labels, in a folder whose name ends with ``.new``, until it is accepted.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import shlex
import shutil
import signal
import sqlite3
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from http import HTTPStatus
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Literal, TypeAlias

from detector.cleaner import Cleaner
from detector.errors import DetectorError, ModelError
from detector.evaluation.labelled import LabelledDocument
from detector.fit.adapt_config import AdaptConfig
from detector.inference.storage import load_model, read_metadata
from detector.labelling.journal import Journal, ModelEvent
from detector.labelling.suggestions import Suggester, digest_of, without_encoder
from detector.util.counted import counted

Status: TypeAlias = Literal["idle", "running", "ready", "failed", "accepted", "rejected"]
_INTERRUPTED = "The last training was interrupted. Start it again."
# what is said, after these events, where the first model has an encoder
_WITHOUT_ENCODER = {
    "ready": "It and its figures are without the encoder of the accurate model, which fits no other model.",
    "accepted": "It works without the encoder of the accurate model, which fits no other model.",
}


class NotNowError(Exception):
    """What is asked for does not go now, for the reason that the message gives; ``status`` is that of the answer."""

    def __init__(self, reason: str, status: HTTPStatus = HTTPStatus.CONFLICT) -> None:
        super().__init__(reason)
        self.status = status


@dataclass(frozen=True, slots=True)
class Trained:
    """Where training is.

    ``before`` and ``after`` are held-out figures on the labels, ``digest`` that of the model that was trained last.
    ``accepted`` is the digest of the model that was taken over and is in use; empty where the first one is.
    """

    status: Status = "idle"
    message: str = ""
    before: Mapping[str, Any] | None = None
    after: Mapping[str, Any] | None = None
    better: bool | None = None
    digest: str = ""
    accepted: str = ""

    def values(self) -> dict[str, Any]:
        """As JSON values. ``adapted`` is whether a model that was trained here is in use."""
        shown = {name: getattr(self, name) for name in ("status", "message", "before", "after", "better")}
        return {**shown, "adapted": bool(self.accepted)}


class Retraining:
    """The training of a labelling. ``base`` is the folder of the model to begin with, None for the shipped one.

    ``cleaner`` has that model, and ``first`` is its digest. An encoder that it has is of no use with a model that was
    trained here. ``use`` is called with the suggester of a model that is taken over.
    """

    def __init__(
        self, base: Path | None, cleaner: Cleaner, folder: Path, journal: Journal, lock: AbstractContextManager[Any],
        use: Callable[[Suggester], None],
    ) -> None:  # fmt: skip
        self.folder = folder
        self.new = folder.with_name(f"{folder.name}.new")
        self._base = base
        self._cleaner = cleaner
        self._journal = journal
        self._lock = lock
        self._use = use
        self._process: multiprocessing.process.BaseProcess | None = None
        self._watcher: threading.Thread | None = None
        self.first = digest_of(cleaner)
        self.now = Trained()
        self._seq = 0  # of the last event about the model that was read

    @property
    def command(self) -> str:
        """The command that cleans with the model that was taken over; empty if the first one is in use."""
        return f"detector clean INPUT -o clean/ --model {shlex.quote(str(self.folder))}" if self.now.accepted else ""

    def resume(self) -> str | None:
        """Go on with what the journal says: a model that was accepted, or one that waits. Returns a warning, if any."""
        self._read()
        is_gone = self.now.status == "ready" and _digest(self.new) != self.now.digest
        if self.now.status == "running" or is_gone:
            self.now = Trained("idle", _INTERRUPTED, accepted=self.now.accepted)
        return self._use_accepted()

    def catch_up(self) -> None:
        """Go on with what another process has done on the same journal."""
        before = self.now.accepted
        self._read()
        if self.now.accepted != before:
            self._use_accepted()

    def _read(self) -> None:
        """Read on in the journal."""
        for event in self._journal.model_events(self._seq):
            self._seq = event.seq
            self.now = _after(event, self.now)

    def _use_accepted(self) -> str | None:
        """Use the model that was accepted. Returns a warning if that cannot be."""
        accepted = self.now.accepted
        if not accepted:
            self._use(Suggester(self._cleaner))
            return None
        if _digest(self.folder) != accepted and _digest(self.new) == accepted:
            self._move()
        try:
            if _digest(self.folder) != accepted:
                raise ModelError("it is not the model that was accepted")
            self._use(Suggester(replace(without_encoder(self._cleaner), model=load_model(self.folder))))
        except DetectorError as error:
            self._use(Suggester(self._cleaner))
            self.now = Trained("idle", "The model that was taken over is gone. The first one suggests.")
            return f"{self.folder}: cannot be used ({error}); the suggestions are those of the first model"
        return None

    def start(self, documents: Sequence[LabelledDocument]) -> None:
        """Begin to train. Raises `NotNowError` while that goes on already."""
        with self._lock:
            if self._process is not None:
                raise NotNowError("the model is being trained already; wait for its figures")
            self._note("started", {"documents": len(documents)})
            context = multiprocessing.get_context("spawn")
            hear, say = context.Pipe(duplex=False)
            self._process = context.Process(
                target=_train, args=(self._base, list(documents), self.new, say, os.getpid()), daemon=True
            )
            self._process.start()
            say.close()
            self._watcher = threading.Thread(target=self._watch, args=(hear, self._process), daemon=True)
            self._watcher.start()

    def _watch(self, hear: Connection, process: multiprocessing.process.BaseProcess) -> None:
        """Wait for the end of training, and note it."""
        said: dict[str, Any] = {}
        with contextlib.suppress(EOFError, OSError):
            while "action" not in said:
                said = hear.recv()
                if "progress" in said:
                    self.now = replace(self.now, message=said["progress"])
        process.join()
        with self._lock:
            if self._process is not process:
                return  # it was stopped
            self._process = None
            if "action" not in said:
                said = {"action": "failed", "message": f"Training ended with exit code {process.exitcode}."}
            try:
                self._note(said.pop("action"), said)
            except sqlite3.Error as error:
                self.now = replace(self.now, status="failed", message=f"The journal cannot be written ({error}).")
            if self.now.status != "ready":
                shutil.rmtree(self.new, ignore_errors=True)

    def accept(self) -> None:
        """Take the new model over. Raises `NotNowError` if there is none, `ModelError` if it cannot be used."""
        with self._lock:
            if self.now.status != "ready":
                raise NotNowError("there is no new model to take over; train one first")
            if _digest(self.new) != self.now.digest:
                raise NotNowError(f"{self.new.name} was changed since it was trained; train again")
            suggester = Suggester(replace(without_encoder(self._cleaner), model=load_model(self.new)))
            self._note("accepted", {"digest": self.now.digest, "message": "The new model is taken over."})
            self._move()
            self._use(suggester)

    def reject(self) -> None:
        """Drop the new model; one that was taken over, too: then the first one counts again. Raises `NotNowError`."""
        with self._lock:
            if self.now.status == "ready":
                self._note("rejected", {"message": "The new model is dropped. The model stays as it was."})
                shutil.rmtree(self.new, ignore_errors=True)
            elif self.now.accepted and self._process is None:
                self._note("reverted", {"message": "The suggestions are those of the first model again."})
                self._use(Suggester(self._cleaner))
                shutil.rmtree(self.folder, ignore_errors=True)
            else:
                raise NotNowError("there is no new model to drop")

    def stop(self) -> None:
        """End training that still goes on."""
        with self._lock:
            process, self._process = self._process, None
        if process is not None:
            process.terminate()
            process.join()
            shutil.rmtree(self.new, ignore_errors=True)

    def wait(self, seconds: float) -> None:
        """Wait for the end of training."""
        if self._watcher is not None:
            self._watcher.join(seconds)

    def _note(self, action: str, detail: dict[str, Any]) -> None:
        self.catch_up()
        if self._cleaner.encoder and action in _WITHOUT_ENCODER:
            detail = {**detail, "message": f"{detail['message']} {_WITHOUT_ENCODER[action]}"}
        event = ModelEvent(datetime.now(UTC).isoformat(timespec="milliseconds"), action, detail)
        self._seq = self._journal.add_model_event(event)
        self.now = _after(event, self.now)

    def _move(self) -> None:
        """Put the new model in the place of the one before, unless another process has done so."""
        old = self.folder.with_name(f"{self.folder.name}.old")
        shutil.rmtree(old, ignore_errors=True)
        with contextlib.suppress(FileNotFoundError):
            self.folder.rename(old)
        try:
            self.new.rename(self.folder)
        except FileNotFoundError:  # another process was faster: what lay there was the new one
            old.rename(self.folder)
        shutil.rmtree(old, ignore_errors=True)


def to_train_on(documents: Iterable[LabelledDocument], labels: Sequence[str]) -> list[LabelledDocument]:
    """The documents to train on, without labels that the model does not have. Raises `NotNowError` for too few."""
    known = [
        replace(
            document,
            paragraphs=tuple(
                each if each.label in labels else replace(each, label=None, kind=None) for each in document.paragraphs
            ),
        )
        for document in documents
    ]
    number = sum(each.label is not None for document in known for each in document.paragraphs)
    least = AdaptConfig().min_labels
    if number < least:
        has = "has" if number == 1 else "have"
        reason = (
            f"{counted(number, 'paragraph')} {has} a label. Training needs {least}, and learns more from a few dozen."
        )
        raise NotNowError(reason, HTTPStatus.UNPROCESSABLE_ENTITY)
    return known


def _after(event: ModelEvent, before: Trained) -> Trained:
    """Where training is after an event."""
    detail = dict(event.detail)
    if event.action == "started":
        return Trained("running", f"Training on {counted(detail['documents'], 'document')}.", accepted=before.accepted)
    if event.action == "accepted":
        return replace(before, status="accepted", message=detail["message"], accepted=detail["digest"])
    if event.action == "reverted":
        return Trained("rejected", detail["message"])
    fields = {name: detail[name] for name in ("message", "before", "after", "better", "digest") if name in detail}
    status = "accepted" if event.action == "rejected" and before.accepted else event.action  # an earlier one is in use
    return replace(before, status=status, **fields)  # type: ignore[arg-type]


def _digest(folder: Path) -> str:
    """The digest of the model in a folder; empty if there is none."""
    try:
        return str(read_metadata(folder).get("sha256", ""))
    except DetectorError:
        return ""


def _train(base: Path | None, documents: list[LabelledDocument], folder: Path, say: Connection, parent: int) -> None:
    """Train in a process of its own, and say what came of it."""
    from detector.labelling.training import train

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the server, which ends this process
    with contextlib.suppress(BrokenPipeError):
        say.send(train(base, documents, folder, lambda line: _progress(say, line, parent)))


def _progress(say: Connection, line: str, parent: int) -> None:
    if os.getppid() != parent and os.name != "nt":
        raise SystemExit(1)  # nobody waits for the model any more
    say.send({"progress": line})
