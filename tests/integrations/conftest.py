"""Shared by the tests of the integrations: 200 documents, and what a cleaner returns for each of them by itself."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from browsing import chromium
from engine_corpus import pages

from detector.cleaner import Cleaned, Cleaner
from detector.inference.storage import load_model

NUMBER = 200


@pytest.fixture(scope="session")
def cleaner(tiny_model_dir: Path) -> Cleaner:
    return Cleaner(load_model(tiny_model_dir), threshold="gentle")


@pytest.fixture(scope="session")
def texts() -> list[str]:
    """Texts of one to three documents, with line ends of several kinds; the first ones are empty and blank."""
    return ["", "\n \n", *(str(page["text"]) for page in pages()[: NUMBER - 2])]


@pytest.fixture(scope="session")
def expected(cleaner: Cleaner, texts: list[str]) -> list[Cleaned]:
    """What `Cleaner.clean` returns for each text."""
    cleaned = [cleaner.clean(text) for text in texts]
    assert sum(bool(result.removed) for result in cleaned) > NUMBER // 4  # the model has to remove something
    return cleaned


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Chromium."""
    with chromium() as browser:
        yield browser
