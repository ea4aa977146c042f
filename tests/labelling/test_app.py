"""What the page asks and does, by the contract of its paths."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from labelling import TEXTS, Opened, document

from detector.cleaner import Cleaner

Open = Callable[..., Opened]
ClientFor = Callable[..., TestClient]
A, B = "window-aaaa", "window-bbbb"


def event(serial: int, action: str = "label", client: str = A, **fields: Any) -> dict[str, Any]:
    if action == "label":
        fields = {"label": "appeal", "kind": "newsletter", **fields}
    if action in ("label", "clear"):
        fields = {"first": 0, "last": 0, **fields}
    return {"client": client, "serial": serial, "action": action, "document": 0, "seen": 0, **fields}


def post(page: TestClient, *args: Any, **fields: Any) -> dict[str, Any]:
    answer = page.post("api/events", json=event(*args, **fields))
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def shown(page: TestClient, number: int = 0) -> list[Any]:
    return [each["label"] for each in page.get(f"api/documents/{number}").json()["paragraphs"]]


def test_the_page_and_its_files(quiet_page: TestClient) -> None:
    start = quiet_page.get("")
    assert start.status_code == 200
    assert start.headers["Content-Type"] == "text/html; charset=utf-8"
    names = [path.name for path in Path("detector/labelling/page").iterdir() if path.suffix == ".js"]
    for name in names:
        assert quiet_page.get(name).headers["Content-Type"] == "text/javascript; charset=utf-8"
    assert quiet_page.head("").status_code == 200


def test_the_state(quiet_page: TestClient, tiny_cleaner: Cleaner) -> None:
    state = quiet_page.get("api/state").json()
    counts = {name: state[name] for name in ("documents", "done", "paragraphs", "labelled", "seq")}
    assert counts == {"documents": 4, "done": 0, "paragraphs": 14, "labelled": 0, "seq": 0}
    assert (state["order"], state["annotator"]) == ("plain", None)
    assert state["agreement"] == {"labelled": 0, "agreed": 0, "share": None, "low": None, "high": None}
    assert state["model"]["sha256"] == tiny_cleaner.model.metadata["sha256"]
    assert state["retrain"] == {
        "status": "idle", "message": "", "before": None, "after": None, "better": None, "adapted": False,
        "command": "",
    }  # fmt: skip
    assert {"name": "reporting", "key": "r"} in state["labels"]
    assert all({"name", "label", "key"} == set(each) for each in state["kinds"])
    assert {"label", "kind", "text"} == set(state["guide"][0])


def test_the_documents_in_the_order_of_work(quiet_page: TestClient) -> None:
    found = quiet_page.get("api/documents", params={"from": 1, "limit": 2}).json()
    assert found["total"] == 4
    assert [(each["number"], each["id"], each["title"], each["paragraphs"]) for each in found["documents"]] == [
        (1, "d1", TEXTS[1][0], 3),
        (2, "d2", TEXTS[2][0], 2),
    ]
    assert quiet_page.get("api/documents", params={"from": 9}).json()["documents"] == []
    assert len(quiet_page.get("api/documents").json()["documents"]) == 4


def test_a_document_with_suggestions(quiet_page: TestClient, tiny_cleaner: Cleaner) -> None:
    found = quiet_page.get("api/documents/3").json()
    assert (found["number"], found["id"], found["done"], found["seq"]) == (3, "d3", False, 0)
    expected = tiny_cleaner.predict("\n".join(TEXTS[3])).paragraphs
    for each, paragraph in zip(found["paragraphs"], expected, strict=True):
        assert (each["text"], each["label"], each["kind"], each["by"]) == (paragraph.text, None, None, None)
        suggestion = each["suggestion"]
        assert (suggestion["label"], suggestion["kind"], suggestion["keep"]) == (
            paragraph.label, paragraph.kind, paragraph.keep,
        )  # fmt: skip
        assert sum(suggestion["scores"].values()) == pytest.approx(1, abs=1e-3)
        assert 0 <= suggestion["doubt"] <= 1


def test_a_label_is_answered_with_what_it_changed(page: TestClient) -> None:
    answer = post(page, 1, first=1, last=2)
    change = {"client": A, "document": 0, "label": "appeal", "kind": "newsletter", "by": None, "seq": 1}
    assert answer["applied"] == [{**change, "paragraph": 1}, {**change, "paragraph": 2}]
    assert (answer["seq"], answer["document"], answer["done"], answer["labelled"]) == (1, 0, False, 2)
    assert (answer["kept"], answer["conflicts"], answer["agreement"]["labelled"]) == ([], [], 2)
    assert shown(page) == [None, "appeal", "appeal", None]
    undone = post(page, 2, "undo")
    assert [each["label"] for each in undone["applied"]] == [None, None]
    assert undone["labelled"] == 0
    assert post(page, 3, "done")["done"]
    assert page.get("api/documents").json()["documents"][0]["done"]
    assert page.get("api/state").json()["done"] == 1
    assert not post(page, 4, "reopen")["done"]


def test_the_same_event_again_is_answered_alike_and_adds_nothing(page: TestClient) -> None:
    first = post(page, 1, first=0, last=1)
    second = post(page, 2, label="navigation", kind="menu")
    post(page, 1, client=B, document=1)
    assert post(page, 1, first=0, last=1) == first
    assert post(page, 2, label="navigation", kind="menu") == second
    assert page.get("api/state").json()["seq"] == 3
    undo = post(page, 3, "undo")
    assert undo["applied"][0]["label"] == "appeal"
    assert post(page, 3, "undo") == undo
    assert shown(page) == ["appeal", "appeal", None, None]


def test_another_event_with_the_same_number_is_refused(page: TestClient) -> None:
    post(page, 1)
    answer = page.post("api/events", json=event(1, label="reporting", kind="body"))
    assert answer.status_code == 409
    assert shown(page)[0] == "appeal"


def test_two_windows_do_not_overwrite_each_other(page: TestClient) -> None:
    post(page, 1)
    answer = post(page, 1, client=B, first=0, last=1, label="reporting", kind="body")
    assert [each["paragraph"] for each in answer["applied"]] == [1]
    (conflict,) = answer["conflicts"]
    assert (conflict["paragraph"], conflict["label"], conflict["client"], conflict["seq"]) == (0, "appeal", A, 1)
    changes = page.get("api/changes", params={"since": 1}).json()
    assert [(each["paragraph"], each["label"]) for each in changes["changes"]] == [(1, "reporting")]
    seen = post(page, 2, client=B, label="reporting", kind="body", seen=changes["seq"])
    assert (len(seen["applied"]), seen["conflicts"]) == (1, [])
    kept = post(page, 2, "undo")
    assert ([each["label"] for each in kept["kept"]], kept["applied"]) == (["reporting"], [])


def test_changes_are_those_behind_an_event(page: TestClient) -> None:
    post(page, 1)
    post(page, 2, "done", document=2)
    changes = page.get("api/changes", params={"since": 0}).json()
    assert (changes["seq"], len(changes["changes"])) == (2, 1)
    assert changes["done"] == [{"document": 2, "done": True}]
    assert changes["state"]["labelled"] == 1
    assert "guide" not in changes["state"]
    assert page.get("api/changes", params={"since": 2}).json()["changes"] == []


def test_who_labels_is_recorded(open_labelling: Open, client_for: ClientFor) -> None:
    page = client_for(open_labelling(annotator="Ada"))
    assert post(page, 1)["applied"][0]["by"] == "Ada"
    assert post(page, 2, first=1, last=1, annotator="Bo")["applied"][0]["by"] == "Bo"
    assert page.get("api/state").json()["annotator"] == "Ada"


def test_labels_that_a_document_came_with_show_and_can_be_taken_away(
    open_labelling: Open, client_for: ClientFor
) -> None:
    given = document(0, TEXTS[0], p0=("reporting", "body", "read"), p1=("appeal", None, None))
    page = client_for(open_labelling([given, document(1, TEXTS[1])]))
    found = page.get("api/documents/0").json()["paragraphs"]
    assert [(each["label"], each["kind"], each["by"]) for each in found[:3]] == [
        ("reporting", "body", "read"), ("appeal", None, "given"), (None, None, None),
    ]  # fmt: skip
    assert page.get("api/state").json()["labelled"] == 2
    assert post(page, 1, "clear", first=0, last=1)["labelled"] == 0
    assert post(page, 2, "undo")["labelled"] == 2
    assert shown(page)[:2] == ["reporting", "appeal"]
    assert page.get("api/state").json()["agreement"]["labelled"] == 0  # nobody has seen a suggestion


def test_characters_that_are_no_unicode_are_answered(open_labelling: Open, client_for: ClientFor) -> None:
    page = client_for(open_labelling([document(0, ("Rain \ud800 fell.", "<script>alert(1)</script>"))]))
    texts = [each["text"] for each in page.get("api/documents/0").json()["paragraphs"]]
    assert texts == ["Rain \ud800 fell.", "<script>alert(1)</script>"]
    assert post(page, 1)["labelled"] == 1


def test_a_label_for_suggestions_of_another_model_is_not_compared(
    open_labelling: Open, client_for: ClientFor, tmp_path: Path
) -> None:
    """The window shows suggestions of a model that is not in use any more, or it was away."""
    found = open_labelling()
    page = client_for(found)
    digest = page.get("api/state").json()["model"]["sha256"]
    answer = page.post("api/events", json=event(1, model="0" * 64)).json()
    assert answer["agreement"]["labelled"] == 0
    assert page.post("api/events", json=event(2, first=1, last=1, model=digest)).json()["agreement"]["labelled"] == 1
    found.labelling.close()
    first, second, *_ = json.loads((tmp_path / "labels.jsonl").read_text())["paragraphs"]
    assert (first["label"], first["model"], "suggested" in first) == ("appeal", "0" * 64, False)
    assert (second["model"], "suggested" in second) == (digest, True)


REFUSED: list[tuple[dict[str, Any], str]] = [
    (event(1, document=4), "document"), (event(1, document=None), "document"), (event(1, document=-1), "document"),
    (event(1, document="0"), "document"), (event(1, document=True), "document"),
    (event(1, first=2, last=1), "first"), (event(1, last=4), "first"), (event(1, first=None), "first"),
    (event(1, label="spam"), "label"), (event(1, label=None), "label"), (event(1, kind="menu"), "kind"),
    (event(1, label="reporting", kind="newsletter"), "kind"), (event(1, client="a"), "client"),
    (event(1, client="x" * 65), "client"), (event(1, client="../../etc"), "client"), (event(0), "serial"),
    (event(1 << 60), "serial"), (event(1, "erase"), "action"), (event(1, seen=-1), "seen"),
    (event(1, annotator=""), "annotator"), (event(1, annotator=" \n"), "annotator"), (event(1, model=""), "model"),
    (event(1, annotator="x" * 101), "annotator"), (event(1, path="/etc"), "path"),
]  # fmt: skip


@pytest.mark.parametrize(("sent", "said"), REFUSED, ids=map(str, range(len(REFUSED))))
def test_an_event_that_makes_no_sense_is_refused_and_not_recorded(
    sent: dict[str, Any], said: str, quiet_page: TestClient
) -> None:
    answer = quiet_page.post("api/events", json=sent)
    assert answer.status_code == 422
    assert said in answer.text
    assert isinstance(answer.json()["detail"], str)
    assert quiet_page.get("api/state").json()["seq"] == 0


BODIES = [(b"", 400), (b"{", 400), (b'{"a": "\xff"}', 400), (b"[" * 60_000, 400), (b"[]", 422), (b" " * 70_000, 413)]


@pytest.mark.parametrize(("body", "status"), BODIES, ids=map(str, range(len(BODIES))))
def test_a_body_that_is_no_event_is_refused(body: bytes, status: int, quiet_page: TestClient) -> None:
    answer = quiet_page.post("api/events", content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == status
    assert answer.json()["status"] == status


PATHS = [("documents/4", 404), ("documents/x", 422), ("documents/-1", 422), ("documents/" + "9" * 30, 422),
         ("documents?from=x", 422), ("changes?since=x", 422), ("nothing", 404), ("retrain", 405)]  # fmt: skip


@pytest.mark.parametrize(("path", "status"), PATHS)
def test_paths_that_are_not_there(path: str, status: int, quiet_page: TestClient) -> None:
    answer = quiet_page.get(f"api/{path}")
    assert answer.status_code == status
    assert answer.json()["detail"]


def test_a_journal_that_cannot_be_written_is_told_and_nothing_is_lost(
    open_labelling: Open, client_for: ClientFor, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = open_labelling()
    page = client_for(found)
    post(page, 1)

    def full(*_: object) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    with monkeypatch.context() as patch:
        patch.setattr(found.labelling.journal, "add", full)
        answer = page.post("api/events", json=event(2, first=1, last=1))
    assert answer.status_code == 503
    assert "nothing was recorded" in answer.json()["detail"]
    assert shown(page) == ["appeal", None, None, None]
    assert found.messages[-1].event == "failure"
    assert post(page, 2, first=1, last=1)["seq"] == 2


def test_an_unexpected_error_is_answered_and_logged_without_its_words(
    open_labelling: Open, client_for: ClientFor, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = open_labelling()

    def fail(*_: object) -> None:
        raise ValueError(TEXTS[0][0])

    monkeypatch.setattr(found.labelling.session, "document", fail)
    answer = client_for(found).get("api/documents/0")
    assert answer.status_code == 500
    assert found.messages[-1].fields == {"error": "ValueError"}
    assert TEXTS[0][0][:15] not in f"{answer.text}{json.dumps([str(each) for each in found.messages])}"
    assert found.labelling.token not in f"{found.messages}"
