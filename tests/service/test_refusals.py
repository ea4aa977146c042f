"""Requests that are refused: with which status, and with words that say what to do and show no text."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from fastapi.testclient import TestClient

from detector.corpus.messages import Message
from detector.service.app import Service

TOLD = "The harbour master resigned on Sunday, a person who was there has told us."
JSON = {"Content-Type": "application/json"}
TEXT = {"Content-Type": "text/plain"}
GZIP = {**JSON, "Content-Encoding": "gzip"}


def body(**fields: Any) -> bytes:
    return json.dumps({"text": TOLD, **fields}).encode()


REFUSED: list[tuple[str, bytes, dict[str, str], int, str]] = [
    ("/clean", body()[:-9], JSON, 400, "not valid JSON"),
    ("/clean", b"", JSON, 400, "not valid JSON"),
    ("/clean", b'{"text": "\xff"}', JSON, 400, "not valid JSON"),
    ("/clean", rb'{"text": "\ud800"}', JSON, 400, "not valid JSON"),
    ("/clean", b"[" * 100_000, JSON, 400, "not valid JSON"),
    ("/clean", TOLD.encode() + b"\xff", TEXT, 400, "byte 74 is wrong"),
    ("/clean", b"no gzip", GZIP, 400, "gzip"),
    ("/clean", gzip.compress(body(), mtime=0)[:-9], GZIP, 400, "gzip"),
    ("/clean", body(), {}, 415, "Content-Type: application/json"),
    ("/clean", body(), {"Content-Type": "application/x-www-form-urlencoded"}, 415, "Content-Type"),
    ("/clean", body(), {"Content-Type": "text/plain; charset=latin-1"}, 415, "UTF-8"),
    ("/clean", body(), {**JSON, "Content-Encoding": "br"}, 415, "gzip"),
    ("/clean", json.dumps([TOLD]).encode(), JSON, 422, "fields that are wrong"),
    ("/clean", b"{}", JSON, 422, "none of them"),
    ("/clean", body(texts=[TOLD]), JSON, 422, "text and texts"),
    ("/clean", json.dumps({"texts": [TOLD, 1]}).encode(), JSON, 422, "texts.1"),
    ("/clean", json.dumps({"texts": [TOLD], "id": 1}).encode(), JSON, 422, "each of documents has its own"),
    ("/clean", json.dumps({"documents": [{"id": TOLD}]}).encode(), JSON, 422, "documents.0.text"),
    ("/clean", body(treshold=1), JSON, 422, "treshold"),
    ("/clean", body(**{TOLD: 1}), JSON, 422, "The harbour master resigned on Sunday, …"),
    ("/clean", body(threshold=2), JSON, 422, "threshold 2"),
    ("/clean", body(threshold="low"), JSON, 422, "gentle"),
    ("/clean", body(threshold=True), JSON, 422, "threshold"),
    ("/clean", body(max_removed="1"), JSON, 422, "max_removed"),
    ("/clean", body(max_removed=1.5), JSON, 422, "max_removed"),
    ("/clean", body(policy="all"), JSON, 422, "policy"),
    ("/clean", body(keep=["nothing"]), JSON, 422, "neither a label nor a kind"),
    ("/clean", body(drop=["reporting"]), JSON, 422, "nothing is left to keep"),
    ("/clean", body(keep=[TOLD]), JSON, 422, "keep.0"),
    ("/clean", body(threshold=TOLD), JSON, 422, "threshold"),
    ("/clean", body(keep=["about"] * 101), JSON, 422, "keep"),
    ("/clean", body(**{f"unknown{n}": 1 for n in range(2000)}), JSON, 422, "2,000 fields that are wrong"),
    ("/clean", gzip.compress(body()) + b"more", GZIP, 400, "gzip"),
    ("/clean?threshold=2", TOLD.encode(), TEXT, 422, "threshold"),
    ("/clean?treshold=0.5", TOLD.encode(), TEXT, 422, "treshold"),
    ("/clean?threshold=0.5&threshold=0.6", TOLD.encode(), TEXT, 422, "given twice"),
    ("/clean?threshold=0.5", body(threshold=0.5), JSON, 422, "give it once"),
    ("/clean/", b"", JSON, 404, "no such path"),
]


@pytest.mark.parametrize(("path", "sent", "headers", "status", "said"), REFUSED, ids=map(str, range(len(REFUSED))))
def test_a_request_is_refused(
    path: str, sent: bytes, headers: dict[str, str], status: int, said: str, client: TestClient, messages: list[Message]
) -> None:
    answer = client.post(path, content=sent, headers=headers, follow_redirects=False)
    assert answer.status_code == status
    assert answer.headers["Content-Type"] == "application/problem+json"
    problem = answer.json()
    assert problem["status"] == status
    assert said in answer.text
    assert TOLD[:41] not in answer.text
    assert TOLD[:20] not in json.dumps([message.fields | {"line": message.line} for message in messages])


def test_other_methods_are_refused(client: TestClient) -> None:
    answer = client.get("/clean")
    assert (answer.status_code, answer.headers["Allow"]) == (405, "POST")
    assert "Allow" in answer.json()["detail"]


def parts(*sent: bytes) -> Iterator[bytes]:
    yield from sent


LARGE: list[tuple[str, Callable[[], Any], dict[str, str]]] = [
    ("announced", lambda: b" " * 1001, TEXT),
    ("in parts", lambda: parts(b" " * 600, b" " * 600), TEXT),
    ("compressed", lambda: gzip.compress(b" " * 1_000_000), GZIP),
]


@pytest.mark.parametrize(("name", "sent", "headers"), LARGE, ids=[name for name, *_ in LARGE])
def test_a_large_body_is_refused(name: str, sent: Callable[[], Any], headers: dict[str, str], start: Any) -> None:
    client = start({"body": 1000})
    answer = client.post("/clean", content=sent(), headers=headers)
    assert answer.status_code == 413
    assert "1,000 bytes" in answer.json()["detail"]
    assert client.post("/clean", content=b" " * 1000, headers=TEXT).status_code == 200


def test_many_documents_and_lines_are_refused(start: Any) -> None:
    client = start({"documents": 3, "paragraphs": 5})
    assert client.post("/clean", json={"texts": [""] * 3}).status_code == 200
    assert "at most 3 at a time" in client.post("/clean", json={"texts": [""] * 4}).json()["detail"]
    assert client.post("/predict", json={"text": "\n" * 4}).status_code == 200
    answer = client.post("/predict", json={"text": "\n" * 5})
    assert (answer.status_code, answer.json()["detail"]) == (413, "6 lines: send at most 5 at a time")


def test_bodies_that_do_not_fit_into_memory_together_are_refused(start: Any) -> None:
    answer = start({"held": 100}).post("/clean", content=b" " * 101, headers=TEXT)
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "1")


def test_answers_that_do_not_fit_into_memory_together_are_refused(start: Any) -> None:
    client = start({"held": 1000})
    answer = client.post("/predict", content=b"a\n" * 100, headers=TEXT)
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "1")
    assert client.post("/clean", content=b"a\n" * 100, headers=TEXT).status_code == 200


def test_of_many_wrong_texts_the_first_is_told(client: TestClient) -> None:
    for sent in ({"texts": [1] * 5000}, {"documents": [{}] * 5000}):
        assert len(client.post("/clean", json=sent).json()["errors"]) == 1


def test_ten_thousand_empty_documents_are_answered(client: TestClient) -> None:
    results = client.post("/clean", json={"texts": [""] * 10_000}).json()["results"]
    assert len(results) == 10_000
    assert client.post("/clean", json={"texts": [""] * 10_001}).status_code == 413


def test_an_unexpected_error_is_answered_and_logged_without_its_words(
    client: TestClient, messages: list[Message], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise ValueError(TOLD)

    monkeypatch.setattr(Service, "_computed", fail)
    answer = client.post("/clean", content=TOLD, headers=TEXT)
    assert answer.status_code == 500
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "log" in answer.json()["detail"]
    failure = next(message for message in messages if message.event == "failure")
    assert failure.fields["error"] == "ValueError"
    assert "fail" in failure.fields["trace"][-1]
    assert TOLD[:20] not in f"{answer.text}{messages}"
