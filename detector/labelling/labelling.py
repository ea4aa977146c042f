"""A labelling as a whole: the session, the file of labels that follows it, and the training of the model."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

from detector.cleaner import Cleaner
from detector.corpus.messages import Message
from detector.errors import DetectorError
from detector.labelling.documents import Document, Documents
from detector.labelling.journal import Journal
from detector.labelling.output import Output, labelled, record, with_labels
from detector.labelling.places import Places
from detector.labelling.retraining import Retraining, to_train_on
from detector.labelling.session import Asked, Session, Values
from detector.labelling.state import State
from detector.labelling.suggestions import Suggester, without_encoder
from detector.labelling.work import Order, Work
from detector.service.settings import Log
from detector.util.counted import counted

SECONDS = 3.0  # between two writings of the file of labels, at least
_PAUSE = 4  # times as long as the last one took, at least: with many labelled documents, it takes seconds
_Made = TypeVar("_Made")


@dataclass(frozen=True, slots=True)
class Settings:
    """What is labelled with: the cleaner, the folder of its model (None for a shipped one), and the outputs.

    With the accurate model, its encoder has a part in the suggestions, and the default model is what is trained.
    """

    cleaner: Cleaner
    model: Path | None
    places: Places
    order: Order = "teach"
    annotator: str | None = None


class Labelling:
    """Everything that the page works with. ``token`` is the secret part of its address.

    Raises `DataError` and `UsageError` for a journal or outputs that cannot be used.
    """

    def __init__(self, documents: Documents, settings: Settings, log: Log, seconds: float = SECONDS) -> None:
        self._log = log
        self._seconds = seconds
        self._name = _name_of(settings)
        self._trained = _name_of(replace(settings, cleaner=without_encoder(settings.cleaner)))
        self._is_new = threading.Event()
        self._stopped = threading.Event()
        self._writing = threading.Lock()
        self.documents = documents
        self.journal = Journal(settings.places.journal)
        try:
            suggester = Suggester(settings.cleaner)
            work = Work(documents, self.journal, suggester, settings.order)
            self.token = work.token(self.journal)
            self.session = Session(documents, self.journal, work, suggester, settings.annotator)
            self._output = Output(settings.places.output, self.journal)
            self._output.check()
            self.retraining = Retraining(
                settings.model, settings.cleaner, settings.places.model, self.journal, self.session.lock, self._use
            )
            if warning := self.retraining.resume():
                log(Message(f"detector: {warning}", "model"))
        except BaseException:
            self.journal.close()
            raise
        self._writer = threading.Thread(target=self._follow, daemon=True)
        self._writer.start()

    def post(self, asked: Asked) -> Values:
        """`Session.post`; the file of labels follows soon."""
        answer = self.session.post(asked)
        self._is_new.set()
        return answer

    def state(self) -> Values:
        """Everything that the page needs at its start."""
        return {**self._progress(), "guide": self.session.guide()}

    def changes(self, since: int) -> Values:
        """What has changed behind an event, and where the labelling is."""
        return {**self.session.changes(since), "state": self._progress()}

    def _progress(self) -> Values:
        with self.session.lock:
            self.retraining.catch_up()
            digest = self.session.suggester.digest
            adapted = digest != self.retraining.first
            name = f"{self._trained}, trained on these labels" if adapted else self._name
            return {
                **self.session.progress(),
                "model": {"name": name, "sha256": digest},
                "retrain": {**self.retraining.now.values(), "command": self.retraining.command},
            }

    def retrain(self) -> None:
        """Begin to train on the labels. Raises `NotNowError` while that goes on, and if there are too few."""
        self.retraining.start(to_train_on(self._labelled(labelled), self.session.suggester.cleaner.model.labels))

    def _use(self, suggester: Suggester) -> None:
        self.session.suggester = suggester

    def _follow(self) -> None:
        """Write the file of labels whenever it is out of date, not more often than every few seconds."""
        took = 0.0
        while not self._stopped.is_set():
            self._is_new.wait()
            if self._stopped.wait(max(self._seconds, _PAUSE * took)):
                return
            self._is_new.clear()
            began = time.monotonic()
            self._try(self.write)
            took = time.monotonic() - began

    def write(self) -> None:
        """Write the file of labels. Raises `DataError` if it is not ours, `OutputError` if it cannot be written."""
        with self._writing:
            content = self._output.content(self._labelled(record))
            with self.session.lock:
                self._output.announce(content)
            self._output.write(content)

    def _labelled(self, make: Callable[[Documents, Document, State], _Made]) -> Iterator[_Made]:
        """What is made of each document that has labels. Events come in between: they do not wait for all documents."""
        state = self.session.state
        with self.session.lock:
            documents = with_labels(self.documents, state)
        for document in documents:
            with self.session.lock:
                made = make(self.documents, document, state)
            yield made

    def _try(self, function: Callable[[], None]) -> bool:
        try:
            function()
        except (DetectorError, sqlite3.Error) as error:
            self._log(Message(f"detector: {error}", "error", "error"))
            return False
        return True

    def close(self) -> bool:
        """Stop training, write the labels, and close the journal. Returns whether the labels could be written."""
        if self._stopped.is_set():
            return True
        self._stopped.set()
        self._is_new.set()
        self._writer.join()
        self.retraining.stop()
        written = self._try(self.write) if self.session.labelled or self._output.path.exists() else True
        self.journal.close()
        self.documents.close()
        return written

    def fields(self) -> Values:
        """What was labelled, as JSON values."""
        found = {"output": str(self._output.path), "labelled": self.session.labelled, "done": self.session.done}
        return {**found, "model": str(self.retraining.folder)} if self.retraining.now.accepted else found

    def resumed(self) -> str:
        """What was labelled before, as a line to print; empty if nothing was."""
        labelled, all_of_them = self.session.labelled, counted(self.session.paragraphs, "paragraph")
        return f"{labelled:,} of {all_of_them} {_be(labelled)} labelled already" if labelled else ""

    def line(self) -> str:
        """What was labelled, as a line to print."""
        if not self._output.path.exists():
            return "nothing was labelled"
        labelled = self.session.labelled
        line = f"{counted(labelled, 'paragraph')} {_be(labelled)} labelled; the labels are in {self._output.path}"
        if not self.retraining.now.accepted:
            return line
        return f"{line}, and {self.retraining.folder} is the model trained on them: {self.retraining.command}"


def _name_of(settings: Settings) -> str:
    """What the page calls a model."""
    if settings.cleaner.encoder:
        return f"the accurate model, effort {settings.cleaner.effort:g}"
    return settings.model.name if settings.model else "the model that comes with the package"


def _be(number: int) -> str:
    return "is" if number == 1 else "are"
