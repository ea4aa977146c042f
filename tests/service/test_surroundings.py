"""What surrounds the answers: hosts, headers, the log, counts, the description, the page."""

from __future__ import annotations

import json
import re
from importlib.resources import files
from typing import Any

import pytest
from fastapi.testclient import TestClient
from prometheus_client.parser import text_string_to_metric_families

import detector
from detector.corpus.messages import Message
from detector.service.hosts import is_allowed
from detector.service.page import PATHS

HOSTS: list[tuple[str, set[str], bool]] = [
    ("localhost", set(), True),
    ("LOCALHOST.:8000", set(), True),
    ("app.localhost:80", set(), True),
    ("127.0.0.1:8000", set(), True),
    ("192.0.2.7", set(), True),
    ("[::1]:8000", set(), True),
    ("[::1]", set(), True),
    ("rebound.example", set(), False),
    ("localhost.rebound.example", set(), False),
    ("127.0.0.1.rebound.example:8000", set(), False),
    ("evil localhost", set(), False),
    ("cleaner.example:9000", {"cleaner.example"}, True),
    ("Cleaner.Example", {"cleaner.example"}, True),
    ("other.example", {"cleaner.example"}, False),
    ("any.example", {"*"}, True),
]


@pytest.mark.parametrize(("host", "names", "allowed"), HOSTS)
def test_the_names_of_a_service(host: str, names: set[str], allowed: bool) -> None:
    assert is_allowed(host, names) is allowed


def test_another_name_is_refused(start: Any) -> None:
    client = start(hosts=frozenset({"cleaner.example"}))
    answer = client.get("/healthz", headers={"Host": "rebound.example"})
    assert answer.status_code == 421
    assert "--allow-host" in answer.json()["detail"]
    assert client.get("/healthz", headers={"Host": "cleaner.example"}).status_code == 200
    twice = [("Host", "localhost"), ("Host", "rebound.example")]
    assert client.get("/healthz", headers=twice).status_code == 421


@pytest.mark.parametrize("path", [*PATHS, "/healthz", "/metrics", "/openapi.json", "/nowhere"])
def test_every_answer_has_the_headers_of_security(path: str, client: TestClient) -> None:
    headers = client.get(path).headers
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert "unsafe" not in headers["Content-Security-Policy"]
    assert "Access-Control-Allow-Origin" not in headers
    assert headers["Cache-Control"] == ("no-cache" if path in PATHS else "no-store")


def test_the_page_is_served_and_loads_nothing_from_elsewhere(client: TestClient) -> None:
    for path, name in PATHS.items():
        answer = client.get(path)
        assert answer.content == (files("detector.service") / name).read_bytes()
        assert not re.search(
            r"//[a-z]|innerHTML|insertAdjacent|document\.write|\beval\b", answer.text.replace("= //", "")
        )
        again = client.get(path, headers={"If-None-Match": answer.headers["ETag"]})
        assert (again.status_code, again.content) == (304, b"")
        head = client.head(path)
        assert (head.status_code, head.content) == (200, b"")
    assert client.get("/").headers["Content-Type"] == "text/html; charset=utf-8"


def test_health(client: TestClient) -> None:
    health = client.get("/healthz").json()
    assert (health["status"], health["version"]) == ("ok", detector.__version__)
    assert "gentle" in health["thresholds"]
    for path in ("/healthz", "/metrics"):
        answer = client.head(path)
        assert (answer.status_code, answer.content) == (200, b"")


def test_a_request_is_logged_without_text_and_query(client: TestClient, messages: list[Message]) -> None:
    client.post("/clean?threshold=0.5", json={"texts": ["Secret.\n", "Rain."]})
    client.get("/Secret")
    assert [message.event for message in messages] == ["request", "request"]
    first, second = [message.fields for message in messages]
    assert list(first) == ["method", "path", "status", "ms", "bytes", "sent", "documents"]
    assert (first["method"], first["path"], first["status"], first["documents"]) == ("POST", "/clean", 200, 2)
    assert first["bytes"] == len(json.dumps({"texts": ["Secret.\n", "Rain."]}, separators=(",", ":")))
    assert (second["path"], second["status"]) == ("other", 404)
    assert "Secret" not in str(messages)
    assert "threshold" not in str(messages)


def test_requests_are_not_logged_if_that_is_not_wanted(start: Any, messages: list[Message]) -> None:
    start(log_requests=False).get("/healthz")
    assert messages == []


def counts(client: TestClient) -> dict[tuple[str, ...], float]:
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(client.get("/metrics").text)
        for sample in family.samples
    }


def test_counts(client: TestClient) -> None:
    client.post("/clean", json={"texts": ["Rain fell all day on the harbour.\n", "a\nb\nc"]})
    client.post("/clean", json={"text": 1})
    client.request("BREW", "/pot")
    found = counts(client)
    assert found["detector_requests_total", "POST", "/clean", "200"] == 1
    assert found["detector_requests_total", "POST", "/clean", "422"] == 1
    assert found["detector_requests_total", "other", "other", "404"] == 1
    assert found["detector_documents_total", "/clean"] == 2
    assert found["detector_characters_total", "/clean"] == 39
    assert found["detector_paragraphs_total", "kept"] + found["detector_paragraphs_total", "removed"] == 4
    assert found["detector_request_seconds_count", "/clean"] == 2
    assert (found["detector_running",], found["detector_waiting",]) == (0, 0)
    assert found["process_open_fds",] > 0


@pytest.fixture
def described(client: TestClient) -> dict[str, Any]:
    description: dict[str, Any] = client.get("/openapi.json").json()
    return description


def references(value: Any) -> set[str]:
    if isinstance(value, dict):
        own = {value["$ref"]} if "$ref" in value else set()
        return own.union(*map(references, value.values()))
    return set().union(*map(references, value)) if isinstance(value, list) else set()


def test_the_description_is_complete(described: dict[str, Any]) -> None:
    assert set(described["paths"]) == {"/clean", "/predict", "/healthz", "/metrics"}
    schemas = described["components"]["schemas"]
    assert {name.rpartition("/")[2] for name in references(described)} <= set(schemas)
    for path in ("/clean", "/predict"):
        asked = described["paths"][path]["post"]
        assert set(asked["requestBody"]["content"]) == {"application/json", "text/plain"}
        assert set(asked["responses"]) == {"200", "400", "408", "413", "415", "422", "503", "504"}
    for name in ("Request", "Clean", "Prediction", "Problem"):
        assert schemas[name]["examples"], name


def test_the_examples_of_the_description_work(described: dict[str, Any], client: TestClient) -> None:
    for path, single in (("/clean", "Clean"), ("/predict", "Prediction")):
        schema = described["components"]["schemas"][single]
        for example in described["components"]["schemas"]["Request"]["examples"]:
            answer = client.post(path, json=example)
            assert answer.status_code == 200, answer.text
            for result in answer.json().get("results", [answer.json()]):
                assert set(result) - {"id"} == set(schema["properties"]) - {"id"} == set(schema["examples"][0])
