"""What the service answers is what the cleaner returns."""

from __future__ import annotations

import gzip
import json
from typing import Any

import pytest
from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import strategies as st

import detector
from detector.cleaner import Cleaned, Cleaner
from detector.inference.model import Model
from detector.policy import Policy
from detector.service.answers import cleaned, decisions

ODD = [
    "",
    "\n \n",
    "One.\r\nTwo.\r\n\r\nShare this story\r\n",
    "Ferry 🚢 sails.\nSubscribe now!\n",
    "\ufeffRain.\n\x0b\n",
]


@pytest.fixture
def cleaner(tiny_model: Model) -> Cleaner:
    return Cleaner(tiny_model, threshold="gentle")


@pytest.fixture
def texts(seed_texts: list[str]) -> list[str]:
    return [*ODD, *seed_texts]


def removed(result: Cleaned) -> list[dict[str, Any]]:
    spans = zip(result.removed, result.removed_spans, strict=True)
    return [
        {
            "start": start, "end": start + len(text), "label": p.label, "kind": p.kind, "score": round(p.keep_score, 6),
            "text": text,
        }
        for p, (start, text) in spans
    ]  # fmt: skip


def clean_answer(result: Cleaned) -> dict[str, Any]:
    prediction = result.prediction
    return {
        "text": result.text, "removed": removed(result), "familiarity": round(prediction.familiarity, 6),
        "threshold": round(prediction.threshold, 6), "kept_whole": prediction.kept_whole,
    }  # fmt: skip


def paragraphs(result: Cleaned) -> list[dict[str, Any]]:
    return [
        {
            "start": p.start, "end": p.end, "label": p.label, "kind": p.kind, "keep": p.keep,
            "score": round(p.keep_score, 6), "scores": {name: round(score, 6) for name, score in p.scores.items()},
            "kind_score": round(p.kind_score, 6),
        }
        for p in result.paragraphs
    ]  # fmt: skip


def test_a_batch_is_answered_as_the_cleaner_cleans_it(client: TestClient, cleaner: Cleaner, texts: list[str]) -> None:
    results = client.post("/clean", json={"texts": texts}).json()["results"]
    expected = [cleaner.clean(text) for text in texts]
    assert sum(bool(result.removed) for result in expected) > len(texts) // 4
    assert results == [clean_answer(result) for result in expected]
    assert [
        detector.restore(result["text"], [(span["start"], span["text"]) for span in result["removed"]])
        for result in results
    ] == texts


def test_decisions_are_those_of_the_cleaner(client: TestClient, cleaner: Cleaner, texts: list[str]) -> None:
    results = client.post("/predict", json={"texts": texts}).json()["results"]
    assert [result["paragraphs"] for result in results] == [paragraphs(cleaner.clean(text)) for text in texts]


def test_a_document_is_answered_by_itself(client: TestClient, texts: list[str]) -> None:
    batch = client.post("/clean", json={"texts": texts}).json()["results"]
    assert [client.post("/clean", json={"text": text}).json() for text in texts[:12]] == batch[:12]


def test_ids_come_back(client: TestClient) -> None:
    asked = {"documents": [{"id": 7, "text": "Rain.\n", "site": "ignored"}, {"text": ""}, {"id": "b", "text": "Snow."}]}
    for path in ("/clean", "/predict"):
        results = client.post(path, json=asked).json()["results"]
        assert [result.get("id") for result in results] == [7, None, "b"]
        assert client.post(path, json={"text": "Rain.", "id": "a"}).json()["id"] == "a"
    assert client.post("/clean", json={"texts": []}).json() == {"results": []}


def test_plain_text_is_answered_as_plain_text(client: TestClient, cleaner: Cleaner, texts: list[str]) -> None:
    for text in texts:
        answer = client.post("/clean", content=text.encode(), headers={"Content-Type": "text/plain; charset=utf-8"})
        assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
        assert answer.content == cleaner.clean(text).text.encode()
    answer = client.post("/predict", content=b"Rain.\n", headers={"Content-Type": "text/plain"})
    assert answer.json()["paragraphs"][0]["end"] == 5


@pytest.mark.parametrize("name", ["utf-8", "UTF8", '"utf-8"', "US-ASCII"])
def test_names_of_utf_8(name: str, client: TestClient) -> None:
    assert client.post("/clean", content=b"Rain.", headers={"Content-Type": f"text/plain; charset={name}"}).is_success


def test_bodies_may_be_compressed(client: TestClient, texts: list[str]) -> None:
    body = json.dumps({"texts": texts}).encode()
    expected = client.post("/clean", content=body, headers={"Content-Type": "application/json"}).content
    members = gzip.compress(body[:1000]) + gzip.compress(body[1000:])
    empty = gzip.compress(b"") * 2000 + gzip.compress(body)
    for sent in (gzip.compress(body), members, empty):
        headers = {"Content-Type": "application/json", "Content-Encoding": "gzip"}
        assert client.post("/clean", content=sent, headers=headers).content == expected


SETTINGS: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({"threshold": 0.9}, {"threshold": 0.9}),
    ({"threshold": "strict", "max_removed": 1}, {"threshold": "strict", "max_removed": 1.0}),
    ({"policy": "appeals-only"}, {"policy": Policy((), ("appeal",))}),
    ({"keep": ["navigation"], "drop": ["heading"]}, {"policy": Policy(("reporting", "navigation"), ("heading",))}),
    ({"paragraphs": "blank"}, {"paragraphs": "blank"}),
]


@pytest.mark.parametrize(("asked", "settings"), SETTINGS, ids=[str(asked) for asked, _ in SETTINGS])
def test_settings_of_a_request(
    asked: dict[str, Any], settings: dict[str, Any], client: TestClient, tiny_model: Model, texts: list[str]
) -> None:
    cleaner = Cleaner(tiny_model, **{"threshold": "gentle", **settings})
    expected = [clean_answer(result) for result in cleaner.clean_many(texts)]
    assert client.post("/clean", json={"texts": texts, **asked}).json()["results"] == expected
    query = {name: ",".join(value) if isinstance(value, list) else str(value) for name, value in asked.items()}
    assert client.post("/clean", params=query, json={"texts": texts}).json()["results"] == expected
    plain = client.post("/clean", params=query, content=texts[-1], headers={"Content-Type": "text/plain"})
    assert plain.text == expected[-1]["text"]


@given(st.lists(st.text("ab .\n\r\u2028Subscribe", max_size=60), max_size=8))
def test_documents_are_described_together_as_one_by_one(tiny_model: Model, texts: list[str]) -> None:
    predictions = list(Cleaner(tiny_model, threshold=0.6, max_removed=1).predict_many([*texts, "x"]))
    for describe in (cleaned, decisions):
        assert list(describe(predictions)) == [entry for each in predictions for entry in describe([each])]
