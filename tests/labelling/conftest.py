"""Fixtures of the tests of labelling: a labelling with the tiny model, and clients of its page in this process."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from labelling import Opened, opened

from detector.cleaner import Cleaner
from detector.inference.model import Model
from detector.labelling.app import application
from detector.labelling.security import Access, Guard

HOST = "127.0.0.1:7000"
Open = Callable[..., Opened]


@pytest.fixture(scope="session")
def tiny_cleaner(tiny_model: Model) -> Cleaner:
    return Cleaner(tiny_model, threshold="gentle")


@pytest.fixture
def open_labelling(tiny_cleaner: Cleaner, tmp_path: Path) -> Iterator[Open]:
    """Opens labellings in a folder, and closes those that are open at the end."""
    with ExitStack() as stack:

        def call(*given: Any, **settings: Any) -> Opened:
            cleaner = settings.pop("cleaner", tiny_cleaner)
            found = opened(tmp_path, cleaner, *given, **{"order": "plain", **settings})
            stack.callback(found.labelling.close)
            return found

        yield call


@pytest.fixture(scope="module")
def quiet_page(tiny_cleaner: Cleaner, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    """As `page`, for the requests of several tests that record nothing."""
    found = opened(tmp_path_factory.mktemp("quiet"), tiny_cleaner, order="plain")
    yield client_of(found)
    assert found.labelling.session.state.seq == 0
    found.labelling.close()


@pytest.fixture
def page(open_labelling: Open) -> TestClient:
    """A client of the page of a labelling with four documents, in plain order."""
    return client_of(open_labelling())


def client_of(found: Opened, **access: Any) -> TestClient:
    """A client whose requests look like those of the page itself."""
    allowed = Access(found.labelling.token, 7000, **access)
    app = Guard(application(found.labelling, found.messages.append), allowed)
    return TestClient(
        app,
        base_url=f"http://{HOST}/{found.labelling.token}/",
        headers={"Origin": f"http://{HOST}"},
        raise_server_exceptions=False,
    )


@pytest.fixture
def client_for() -> Callable[..., TestClient]:
    """`client_of`, for tests that open a labelling themselves."""
    return client_of
