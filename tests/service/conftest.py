"""Fixtures of the service's tests: the application with the tiny model, and a client that calls it in this process."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from served import Serve, serving

from detector.corpus.messages import Message
from detector.service.app import application
from detector.service.settings import CleanerSettings, Limits, ServiceSettings

Start = Callable[..., TestClient]


@pytest.fixture
def messages() -> list[Message]:
    """The messages of the service."""
    return []


@pytest.fixture
def start(tiny_model_dir: Path, messages: list[Message]) -> Iterator[Start]:
    """Starts the application with settings; ``limits`` are given as values by name."""
    with ExitStack() as stack:

        def call(limits: dict[str, Any] | None = None, **settings: Any) -> TestClient:
            given = ServiceSettings(
                messages.append,
                CleanerSettings(tiny_model_dir, threshold="gentle"),
                replace(Limits(), **(limits or {})),
            )
            app = application(replace(given, **settings))
            client = TestClient(app, base_url="http://localhost", raise_server_exceptions=False)
            return stack.enter_context(client)

        yield call


@pytest.fixture
def client(start: Start) -> TestClient:
    """A client of the application with the usual settings."""
    return start()


@pytest.fixture
def serve(tiny_model_dir: Path) -> Iterator[Serve]:
    """Starts the command with the tiny model; its options are those given."""
    with serving("-m", tiny_model_dir, "-t", "gentle") as call:
        yield call
