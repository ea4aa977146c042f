"""The service with the accurate model: what requests may ask for, what it says of itself, and that it can stop."""

from __future__ import annotations

import os
import pickle
import re
import threading
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from fastapi.testclient import TestClient
from served import LONG

from detector.cleaner import Cleaner
from detector.encoder.engine import Engine
from detector.service.answers import clean, predict
from detector.service.problems import ProblemError
from detector.service.requests import Asked
from detector.service.settings import CleanerSettings
from detector.util.arrays import Floats

Start = Callable[..., TestClient]
SETTINGS = CleanerSettings("accurate", max_removed=1)


@pytest.fixture
def client(start: Start, accurate: Cleaner) -> TestClient:
    """A client of a service with the accurate model."""
    return start(cleaner=SETTINGS)


@pytest.mark.parametrize("effort", [None, 0, 0.25, 1])
def test_a_request_says_how_much_is_read(
    effort: float | None, client: TestClient, accurate: Cleaner, seed_texts: list[str]
) -> None:
    used = replace(accurate, max_removed=1, effort=accurate.effort if effort is None else effort)
    expected = [each.text for each in used.clean_many(seed_texts[:12])]
    asked: dict[str, Any] = {} if effort is None else {"effort": effort}
    answer = client.post("/clean", json={"texts": seed_texts[:12], **asked})
    assert [each["text"] for each in answer.json()["results"]] == expected
    plain = client.post("/clean", params=asked, content=seed_texts[0], headers={"Content-Type": "text/plain"})
    assert plain.text == expected[0]


@pytest.mark.parametrize("effort", [-0.1, 1.5, "much", True])
def test_an_effort_that_is_refused(effort: object, client: TestClient) -> None:
    answer = client.post("/clean", json={"text": "Rain.", "effort": effort})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"].startswith("effort")


def test_another_model_has_no_effort(start: Start) -> None:
    client = start()
    answer = client.post("/clean", json={"text": "Rain.", "effort": 0.5})
    assert answer.status_code == 422
    assert "effort: is for the accurate model" in answer.json()["detail"]
    health = client.get("/healthz").json()
    assert (health["encoder"], health["effort"]) == (None, None)
    assert 'encoder=""' in client.get("/metrics").text


def test_it_says_what_it_runs(client: TestClient, accurate: Cleaner, seed_texts: list[str]) -> None:
    assert accurate.encoder is not None
    health = client.get("/healthz").json()
    assert (health["encoder"], health["effort"]) == (accurate.encoder.digest, accurate.effort)
    assert health["thresholds"] == dict(accurate.model.thresholds)
    metrics = client.get("/metrics").text
    assert f'encoder="{accurate.encoder.digest}"' in metrics
    assert "detector_encoder_windows_total 0.0" in metrics
    client.post("/predict", json={"texts": seed_texts[:3], "effort": 1})
    assert (
        int(float(re.findall(r"^detector_encoder_windows_total (\S+)$", client.get("/metrics").text, re.MULTILINE)[0]))
        >= 3
    )


@pytest.mark.parametrize("compute", [clean, predict])
@pytest.mark.parametrize("is_plain", [True, False])
def test_reading_stops_when_nobody_waits(compute: Any, is_plain: bool, accurate: Cleaner, text: str) -> None:
    stopped, asked_for = threading.Event(), []

    class Slow:
        def __call__(self, rows: Floats) -> Floats:
            asked_for.append(len(rows))
            stopped.set()
            return engine(rows)

    assert accurate.encoder is not None
    engine: Engine = accurate.encoder.engine
    cleaner = replace(accurate, effort=1.0, encoder=replace(accurate.encoder, engine=Slow()))  # type: ignore[arg-type]
    asked = Asked([text * 20], [None], True, is_plain, cleaner)
    with pytest.raises(ProblemError, match="nobody waits"):
        compute(asked, stopped)
    assert len(asked_for) == 1


def test_settings_are_small_and_load_anew(accurate: Cleaner) -> None:
    settings = replace(SETTINGS, effort=0.75)
    assert settings.cleaner == replace(accurate, max_removed=1, effort=0.75)
    pickled = pickle.dumps(settings)
    assert len(pickled) < 1000
    assert pickle.loads(pickled).cleaner == settings.cleaner


@pytest.mark.skipif(not hasattr(os, "fork"), reason="workers are forked where that can be")
def test_a_forked_worker_reads_with_the_encoder_of_its_parent(accurate: Cleaner, text: str) -> None:
    expected = replace(accurate, effort=1.0).clean(text).text  # the parent has used it already
    import multiprocessing

    context = multiprocessing.get_context("fork")
    hear, say = context.Pipe(duplex=False)
    process = context.Process(target=_clean, args=(replace(accurate, effort=1.0), text, say))
    process.start()
    assert hear.poll(LONG)
    assert hear.recv() == expected
    process.join(LONG)


def _clean(cleaner: Cleaner, text: str, say: Any) -> None:
    say.send(cleaner.clean(text).text)
