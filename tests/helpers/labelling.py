"""A labelling in this process or in one of its own, and clients of its page."""

from __future__ import annotations

import json
import signal
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from command import start
from served import LONG

from detector.corpus.messages import Message
from detector.evaluation.labelled import LabelledDocument, LabelledParagraph
from detector.labelling import journal
from detector.labelling.documents import Documents
from detector.labelling.labelling import Labelling, Settings
from detector.labelling.places import places_of

TEXTS = (
    ("The ferry sails again.", "Subscribe to our newsletter!", "Home", "The crew was thanked."),
    ("The dam holds, engineers say.", "Give what you can.", "© 2031 Lantern Media"),
    ("Rain fell on Sunday.", "Share this story"),
    ("The mill burned down.", "Nobody was hurt.", "Read more: the mill's history", "Log in to reply", "14 comments"),
)
LABELS = (("reporting", "body"), ("appeal", "newsletter"), ("appeal", None), ("navigation", "menu"))


def document(number: int, texts: Sequence[str], **given: tuple[str, str | None, str | None]) -> LabelledDocument:
    """A document; ``given`` are label, kind and source of paragraphs, as in ``p0=("appeal", None, "read")``."""
    found = [given.get(f"p{place}", (None, None, None)) for place in range(len(texts))]
    paragraphs = tuple(LabelledParagraph(text, *each) for text, each in zip(texts, found, strict=True))
    return LabelledDocument(f"d{number}", f"site{number}.example", None, None, None, paragraphs)


def documents_of(given: Sequence[LabelledDocument] | None = None) -> Documents:
    """Documents, those of `TEXTS` by default."""
    documents = Documents()
    for each in [document(number, texts) for number, texts in enumerate(TEXTS)] if given is None else given:
        documents.add(each)
    return documents


@dataclass
class Opened:
    """A labelling that was opened, and what it has logged."""

    labelling: Labelling
    messages: list[Message]


def opened(
    folder: Path, cleaner: Any, given: Sequence[LabelledDocument] | None = None, name: str = "labels.jsonl",
    **settings: Any,
) -> Opened:  # fmt: skip
    """A labelling in this process, whose file of labels is written only when it is closed."""
    messages: list[Message] = []
    model = settings.pop("model", None)
    chosen = Settings(cleaner, model, places_of(folder / name), **settings)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(journal, "SYNCHRONOUS", "OFF")  # what these tests look at does not need the disk
        return Opened(Labelling(documents_of(given), chosen, messages.append, seconds=1000), messages)


@dataclass
class Client:
    """A window: it numbers its events, and sends them to the page of a server."""

    address: str
    name: str = "window-0001"
    serial: int = 0
    seen: int = 0
    http: httpx.Client = field(init=False)

    def __post_init__(self) -> None:
        origin = "/".join(self.address.split("/", 3)[:3])
        self.http = httpx.Client(base_url=self.address, headers={"Origin": origin}, timeout=LONG)

    def get(self, path: str) -> Any:
        answer = self.http.get(f"api/{path}")
        assert answer.status_code == 200, answer.text
        return answer.json()

    def event(self, action: str, document: int | None = None, **fields: Any) -> dict[str, Any]:
        """The next event of this window."""
        self.serial += 1
        return {
            "client": self.name, "serial": self.serial, "action": action, "document": document, "seen": self.seen,
            **fields,
        }  # fmt: skip

    def post(self, event: dict[str, Any]) -> httpx.Response:
        return self.http.post("api/events", json=event)

    def label(self, document: int, first: int, last: int, label: str, kind: str | None = None) -> dict[str, Any]:
        answer = self.post(self.event("label", document, first=first, last=last, label=label, kind=kind))
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found


@dataclass
class Server:
    """A running command ``label``. ``told`` are its messages until the page could be opened."""

    process: subprocess.Popen[bytes]
    address: str
    told: list[dict[str, Any]]

    def client(self, name: str = "window-0001") -> Client:
        return Client(self.address, name)

    def stop(self, number: int = signal.SIGTERM) -> tuple[int, list[dict[str, Any]]]:
        """Stop it. Returns the exit code, and its last messages."""
        self.process.send_signal(number)
        _, said = self.process.communicate(timeout=LONG)
        return self.process.returncode, [json.loads(line) for line in said.splitlines()]


@contextmanager
def running(*arguments: object, cwd: Path | None = None) -> Iterator[Server]:
    """The command ``label`` while it runs; it is killed at the end of the block, unless it has ended."""
    process = start("label", *arguments, "--no-browser", cwd=cwd)
    assert process.stderr is not None
    told: list[dict[str, Any]] = []
    try:
        for line in process.stderr:
            told.append(json.loads(line))
            if told[-1]["event"] == "listening":
                break
        assert [each["event"] for each in told[-1:]] == ["listening"], told
        yield Server(process, told[-1]["address"], told)
    finally:
        process.kill()
        process.communicate(timeout=LONG)
