"""The file of labels: what is in it, when it is written, and that no other file is replaced."""

from __future__ import annotations

import gzip
import json
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from labelling import TEXTS, Opened, document, documents_of
from served import until

from detector.cleaner import Cleaner
from detector.errors import DataError, UsageError
from detector.evaluation.labelled import LabelledDocument, LabelledParagraph, parse_document
from detector.labelled import read
from detector.labelling import labelling as module
from detector.labelling.events import Choice, Event
from detector.labelling.labelling import Labelling, Settings
from detector.labelling.output import record
from detector.labelling.places import places_of
from detector.labelling.session import Asked
from detector.labelling.state import State

Open = Callable[..., Opened]
A = "window-aaaa"


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_bytes().splitlines()]


def label(found: Opened, serial: int, number: int = 0, first: int = 0, last: int = 0, name: str = "appeal") -> None:
    found.labelling.post(Asked(A, serial, "label", number, first, last, name))


def test_what_is_written(open_labelling: Open, tmp_path: Path, tiny_cleaner: Cleaner) -> None:
    given = document(0, TEXTS[0], p0=("reporting", "body", "auto"), p2=("navigation", "menu", "read"))
    found = open_labelling([given, document(1, TEXTS[1]), document(2, TEXTS[2])], annotator="Ada")
    label(found, 1, 2, 1, 1)
    label(found, 2, 0, 0, 1)
    assert found.labelling.close()
    first, second = lines(tmp_path / "labels.jsonl")  # nothing is known of the other one
    assert (first["id"], first["site"]) == ("d0", "site0.example")
    mine, *others = first["paragraphs"]
    suggested = tiny_cleaner.predict("\n".join(TEXTS[0])).paragraphs[0]
    assert mine.pop("at").endswith("+00:00")
    assert mine == {
        "text": TEXTS[0][0], "label": "appeal", "by": "read", "annotator": "Ada",
        "suggested": {"label": suggested.label, "kind": suggested.kind},
        "model": tiny_cleaner.model.metadata["sha256"],
    }  # fmt: skip
    assert others[1:] == [
        {"text": TEXTS[0][2], "label": "navigation", "kind": "menu", "by": "read"},
        {"text": TEXTS[0][3], "label": None},
    ]
    assert [each["label"] for each in second["paragraphs"]] == [None, "appeal"]


def test_a_document_without_a_site_is_written_without_one(open_labelling: Open, tmp_path: Path) -> None:
    found = open_labelling([replace(document(0, TEXTS[0]), site="d0")])
    label(found, 1)
    found.labelling.close()
    (written,) = lines(tmp_path / "labels.jsonl")
    assert (written["id"], "site" in written) == ("d0", False)
    (got,) = read(tmp_path / "labels.jsonl")
    assert got.site == "d0"


def test_what_is_written_is_read_as_any_labelled_document(open_labelling: Open, tmp_path: Path) -> None:
    found = open_labelling()
    label(found, 1, 0, 0, 1)
    found.labelling.close()
    (got,) = read(tmp_path / "labels.jsonl")
    assert [(each.label, each.by) for each in got.paragraphs] == [("appeal", "read")] * 2 + [(None, None)] * 2


_texts = st.text(st.characters(exclude_characters="\n\r"), min_size=1).filter(lambda text: bool(text.strip()))
_names = st.none() | st.sampled_from(["reporting", "appeal", "rubric"])


@given(st.lists(st.tuples(_texts, _names, _names), min_size=1, max_size=5))
def test_any_text_and_label_comes_back(rows: list[tuple[str, str | None, str | None]]) -> None:
    given_ = LabelledDocument(
        "d", "s", None, "en", "gold", tuple(LabelledParagraph(text, label) for text, label, _ in rows)
    )
    documents = documents_of([given_])
    (held,) = documents
    events = [
        Event(A, n, "2031", "Ada", held.digest, "label", place, place, label, None, 0, (Choice("x", "y"),), "m", n)
        for n, (place, label) in enumerate(((p, row[2]) for p, row in enumerate(rows) if row[2]), 1)
    ]
    got = parse_document(json.loads(json.dumps(record(documents, held, State(events)))), "here")
    assert [(each.text, each.label) for each in got.paragraphs] == [(text, new or old) for text, old, new in rows]
    assert (got.lang, got.gold) == ("en", "gold")
    documents.close()


def test_a_compressed_file(open_labelling: Open, tmp_path: Path) -> None:
    found = open_labelling(name="labels.jsonl.gz")
    label(found, 1)
    found.labelling.close()
    assert json.loads(gzip.decompress((tmp_path / "labels.jsonl.gz").read_bytes()))["id"] == "d0"
    assert (tmp_path / "labels.journal").exists()


def test_without_labels_nothing_is_written(open_labelling: Open, tmp_path: Path) -> None:
    assert open_labelling().labelling.close()
    assert not (tmp_path / "labels.jsonl").exists()


def test_it_is_written_while_people_label(tiny_cleaner: Cleaner, tmp_path: Path) -> None:
    path = tmp_path / "labels.jsonl"
    settings = Settings(tiny_cleaner, None, places_of(path), "plain")
    labelling = Labelling(documents_of(), settings, print, seconds=0)
    labelling.post(Asked(A, 1, "label", 0, 0, 0, "appeal"))
    until(path.exists)
    labelling.post(Asked(A, 2, "label", 1, 0, 0, "appeal"))
    until(lambda: len(lines(path)) == 2)
    labelling.close()


def test_work_goes_on_where_it_stopped(open_labelling: Open, tmp_path: Path) -> None:
    first = open_labelling()
    label(first, 1)
    first.labelling.post(Asked(A, 2, "done", 0))
    token = first.labelling.token
    first.labelling.close()
    again = open_labelling()
    assert again.labelling.token == token
    assert again.labelling.session.progress()["done"] == 1
    label(again, 3, 1)
    again.labelling.close()
    assert [each["id"] for each in lines(tmp_path / "labels.jsonl")] == ["d0", "d1"]


def test_a_file_that_was_edited_is_not_replaced(open_labelling: Open, tmp_path: Path) -> None:
    path = tmp_path / "labels.jsonl"
    found = open_labelling()
    label(found, 1)
    found.labelling.write()
    path.write_text("mine\n")
    label(found, 2, 1)
    assert not found.labelling.close()
    assert path.read_text() == "mine\n"
    assert "was changed since" in str(found.messages[-1])
    with pytest.raises(DataError, match="is not replaced; rename it"):
        open_labelling()
    path.rename(tmp_path / "mine.jsonl")
    open_labelling().labelling.close()
    assert len(lines(path)) == 2  # everything was in the journal


def test_a_file_of_another_origin_is_refused_at_once(open_labelling: Open, tmp_path: Path) -> None:
    for name in ("labels.jsonl", "labels.model"):
        path = tmp_path / name
        path.write_text("{}\n")
        with pytest.raises(UsageError, match=r"no journal labels\.journal"):
            places_of(tmp_path / "labels.jsonl").check()
        path.unlink()
    places_of(tmp_path / "labels.jsonl").check()


PLACES = [(None, "--output"), ("labels.json", "ends with .jsonl"), ("nowhere/labels.jsonl", "does not exist"),
          ("folder.jsonl", "is a folder")]  # fmt: skip


@pytest.mark.parametrize(("name", "said"), PLACES)
def test_places_that_cannot_be_one(name: str | None, said: str, tmp_path: Path) -> None:
    (tmp_path / "folder.jsonl").mkdir()
    with pytest.raises(UsageError, match=said):
        places_of(tmp_path / name if name else None)


def test_two_processes_write_the_same_file(open_labelling: Open, tmp_path: Path) -> None:
    one, other = open_labelling(), open_labelling()
    label(one, 1)
    one.labelling.write()
    other.labelling.post(Asked("window-bbbb", 1, "label", 1, 0, 0, "appeal"))
    other.labelling.write()
    assert other.labelling.close()
    assert len(lines(tmp_path / "labels.jsonl")) == 2
    assert one.labelling.session.listed(0, 9)["documents"][1]["labelled"] == 1
    assert one.labelling.close()
    assert len(lines(tmp_path / "labels.jsonl")) == 2


@pytest.mark.parametrize("name", ["content", "write"])
def test_an_event_does_not_wait_for_the_file(
    name: str, open_labelling: Open, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Neither while it is made, document by document, nor while it is written."""
    found, began, go_on = open_labelling(), threading.Event(), threading.Event()
    step = getattr(module.Output, name)

    def slow(self: Any, given: Any) -> Any:
        began.set()
        assert go_on.wait(30)
        return step(self, given)

    monkeypatch.setattr(module.Output, name, slow)
    label(found, 1)
    thread = threading.Thread(target=found.labelling.write)
    thread.start()
    assert began.wait(30)
    labelling = threading.Thread(target=label, args=(found, 2, 0, 1, 1))
    labelling.start()
    labelling.join(20)
    waited = labelling.is_alive()
    go_on.set()
    thread.join()
    labelling.join()
    assert not waited
    assert len(lines(tmp_path / "labels.jsonl")) == 1


def test_an_event_comes_in_between_two_documents_of_the_file(open_labelling: Open, tmp_path: Path) -> None:
    found = open_labelling()
    label(found, 1, 0)
    label(found, 2, 1)
    records = found.labelling._labelled(record)
    assert [each["label"] for each in next(records)["paragraphs"]] == ["appeal", None, None, None]
    other = threading.Thread(target=label, args=(found, 3, 1, 1, 1))
    other.start()
    other.join(20)
    assert not other.is_alive()
    assert [each["label"] for each in next(records)["paragraphs"]] == ["appeal", "appeal", None]
