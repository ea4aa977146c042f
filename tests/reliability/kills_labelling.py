"""Kill a labelling at random moments, start it again, and look for every key that was acknowledged.

    python tests/reliability/kills_labelling.py [N] [--seed SEED] [--model MODEL]

Three windows label, clear, undo and mark documents as done, as fast as they get answers. N (50) times, the server is
killed (SIGKILL) at a random moment; each window notes what was acknowledged, and sends what was not again, to the next
server. After each kill, the journal is opened and compared with the notes: every acknowledged event is in it, under its
number, as it was sent; nothing is in it twice, and nothing that was not sent. The file of labels is complete. In the
end, the labels on the page are those that the windows gave. Prints one line of figures; the exit code is 1 if something
was not as it should be.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from detector.labelling.events import Event  # noqa: E402
from detector.labelling.journal import Journal  # noqa: E402

WINDOWS, DOCUMENTS, PARAGRAPHS = 3, 9, 12
DEADLINE, LONGEST = 120.0, 3.0  # seconds: for a server to start; until it is killed
LABELS = (("reporting", "body"), ("appeal", "newsletter"), ("appeal", None), ("navigation", "menu"))


@dataclass
class Window:
    """A window. It has the documents that its number leaves, so that no other window changes its labels."""

    number: int
    chance: random.Random
    serial: int = 0
    waiting: dict[str, Any] | None = None  # sent, and not acknowledged
    acknowledged: dict[int, tuple[dict[str, Any], int]] = field(default_factory=dict)  # event and number, by serial
    done: list[list[tuple[tuple[int, int], Any]]] = field(default_factory=list)  # what each event replaced
    labels: dict[tuple[int, int], Any] = field(default_factory=dict)
    retried: int = 0

    @property
    def name(self) -> str:
        """The name that it sends."""
        return f"window-{self.number:04}"

    def event(self) -> dict[str, Any]:
        """What a person does next."""
        self.serial += 1
        document = self.chance.randrange(DOCUMENTS // WINDOWS) * WINDOWS + self.number
        action = self.chance.choices(["label", "clear", "undo", "done", "reopen"], [70, 10, 12, 5, 3])[0]
        event: dict[str, Any] = {
            "client": self.name,
            "serial": self.serial,
            "action": action,
            "document": document,
            "seen": 0,
        }
        if action in ("label", "clear"):
            first = self.chance.randrange(PARAGRAPHS)
            event |= {"first": first, "last": min(PARAGRAPHS - 1, first + self.chance.choice((0, 0, 0, 1, 5)))}
        if action == "label":
            event["label"], event["kind"] = self.chance.choice(LABELS)
        return event

    def work(self, address: str) -> None:
        """Send events until the server is gone."""
        origin = "/".join(address.split("/", 3)[:3])
        with httpx.Client(base_url=address, headers={"Origin": origin}, timeout=DEADLINE) as client:
            while True:
                self.retried += self.waiting is not None
                self.waiting = self.waiting or self.event()
                try:
                    answer = client.post("api/events", json=self.waiting)
                except httpx.HTTPError:
                    return
                if answer.status_code != 200:
                    sys.exit(f"{answer.status_code}: {answer.text}")
                self.acknowledge(answer.json()["seq"])

    def acknowledge(self, seq: int) -> None:
        """Note an event that was acknowledged, and what it did."""
        event, self.waiting = self.waiting or {}, None
        self.acknowledged[event["serial"]] = (event, seq)
        if event["action"] == "undo":
            for place, before in self.done.pop() if self.done else []:
                self.labels[place] = before
            return
        places = [(event["document"], each) for each in range(event.get("first", 0), event.get("last", -1) + 1)]
        self.done.append([(place, self.labels.get(place)) for place in places])
        for place in places:
            self.labels[place] = (event["label"], event["kind"]) if event["action"] == "label" else None


@dataclass
class Figures:
    """What happened in all rounds."""

    kills: int = 0
    wrong: list[str] = field(default_factory=list)


def main() -> None:
    """Kill servers, and print what came of it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("kills", nargs="?", type=int, default=50)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--model")
    options = parser.parse_args()
    chance, figures = random.Random(options.seed), Figures()
    windows = [Window(number, random.Random(chance.random())) for number in range(WINDOWS)]
    with tempfile.TemporaryDirectory(prefix="kills-") as name:
        folder = Path(name)
        make_articles(folder)
        model = ["--model", options.model] if options.model else []
        for _ in range(options.kills):
            kill_once(folder, model, windows, LONGEST * chance.random(), figures)
        check_end(folder, model, windows, figures)
    known = sum(len(window.acknowledged) for window in windows)
    again = sum(window.retried for window in windows)
    print(f"{figures.kills} kills, {known:,} keys acknowledged, {again} sent again; {len(figures.wrong)} wrong")
    for line in figures.wrong:
        print(line)
    sys.exit(bool(figures.wrong))


def make_articles(folder: Path) -> None:
    """Write invented articles."""
    with open(folder / "articles.jsonl", "w", encoding="utf-8") as file:
        for number in range(DOCUMENTS):
            lines = [f"Line {line} of the story of the {number}. bridge over the Sola." for line in range(PARAGRAPHS)]
            file.write(json.dumps({"id": f"a{number}", "text": "\n".join(lines)}) + "\n")


def start(folder: Path, model: list[str]) -> tuple[subprocess.Popen[bytes], str]:
    """Start a server. Returns it, and the page's address."""
    process = subprocess.Popen(
        [
            sys.executable, "-m", "detector", "label", "articles.jsonl", "-o", "labels.jsonl", "--order", "plain",
            "--no-browser", *model,
        ],
        cwd=folder, env={**os.environ, "PYTHONPATH": str(ROOT)}, stderr=subprocess.PIPE,
    )  # fmt: skip
    last = b""
    for last in process.stderr or ():
        message = json.loads(last)
        if message["event"] == "listening":
            return process, message["address"]
    sys.exit(f"the server did not start: {last.decode()}")


def kill_once(folder: Path, model: list[str], windows: list[Window], seconds: float, figures: Figures) -> None:
    """Work until the server is killed, and check what it left."""
    process, address = start(folder, model)
    threads = [threading.Thread(target=window.work, args=(address,)) for window in windows]
    for thread in threads:
        thread.start()
    time.sleep(seconds)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    for thread in threads:
        thread.join(DEADLINE)
    figures.kills += 1
    check(folder, windows, f"kill {figures.kills}, after {seconds:.2f} s", figures)


def check(folder: Path, windows: list[Window], label: str, figures: Figures) -> None:
    """Compare the journal with what was acknowledged, and look whether the file of labels is complete."""
    journal = Journal(folder / "labels.journal")  # it raises an error if it is damaged
    events = list(journal.events())
    journal.close()
    found = {(event.client, event.serial): event for event in events}
    if len(found) != len(events) or [event.seq for event in events] != list(range(1, len(events) + 1)):
        figures.wrong.append(f"{label}: events are there twice, or numbers are missing")
    for window in windows:
        for serial, (sent, seq) in window.acknowledged.items():
            event = found.pop((window.name, serial), None)
            if event is None or event.seq != seq or not is_same(event, sent):
                figures.wrong.append(f"{label}: {window.name} {serial} was acknowledged as {seq}, and is {event}")
        if window.waiting is not None:
            found.pop((window.name, window.waiting["serial"]), None)  # it may be there, or not
    if found:
        figures.wrong.append(f"{label}: {len(found)} events that no window has sent")
    if not is_complete(folder / "labels.jsonl"):
        figures.wrong.append(f"{label}: the file of labels is not complete")


def is_complete(path: Path) -> bool:
    """Whether a file of labels has whole documents alone; it need not be there."""
    lines = path.read_bytes().splitlines(keepends=True) if path.exists() else []
    return all(line.endswith(b"\n") and len(json.loads(line)["paragraphs"]) == PARAGRAPHS for line in lines)


def is_same(event: Event, sent: dict[str, Any]) -> bool:
    """Whether an event of the journal is what a window sent."""
    if event.action == "label" and len(event.suggested) != event.last - event.first + 1:
        return False
    fields = ("action", *(("first", "last") if event.action in ("label", "clear") else ()), "label", "kind")
    return all(getattr(event, name) == sent.get(name) for name in fields)


def check_end(folder: Path, model: list[str], windows: list[Window], figures: Figures) -> None:
    """Send what was not acknowledged, and compare the labels on the page and in the file with those of the windows."""
    process, address = start(folder, model)
    origin = "/".join(address.split("/", 3)[:3])
    with httpx.Client(base_url=address, headers={"Origin": origin}, timeout=DEADLINE) as client:
        for window in windows:
            if window.waiting is not None:
                window.acknowledge(client.post("api/events", json=window.waiting).json()["seq"])
        labels: dict[tuple[int, int], Any] = {}
        for number in range(DOCUMENTS):
            paragraphs = client.get(f"api/documents/{number}").json()["paragraphs"]
            labels |= {
                (number, at): (each["label"], each["kind"]) for at, each in enumerate(paragraphs) if each["label"]
            }
    expected = {place: label for window in windows for place, label in window.labels.items() if label}
    if labels != expected:
        figures.wrong.append(f"in the end: {len(labels.items() ^ expected.items())} labels differ")
    process.terminate()
    process.communicate()
    written = sum(
        each["label"] is not None
        for line in (folder / "labels.jsonl").read_bytes().splitlines()
        for each in json.loads(line)["paragraphs"]
    )
    if process.returncode or written != len(expected):
        figures.wrong.append(f"in the end: exit code {process.returncode}, {written} labels of {len(expected)} written")


if __name__ == "__main__":
    main()
