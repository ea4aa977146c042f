"""Shared by the tests of reports."""

from __future__ import annotations

from pathlib import Path

import pytest
from command import Command

from detector.cleaner import Cleaner
from detector.inference.model import Model


@pytest.fixture
def command(
    tiny_model_dir: Path, capfdbinary: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Command:
    monkeypatch.chdir(tmp_path)
    return Command(tiny_model_dir, capfdbinary, monkeypatch)


@pytest.fixture
def cleaner(tiny_model: Model) -> Cleaner:
    return Cleaner(tiny_model)


@pytest.fixture
def text(tiny_model: Model, seed_texts: list[str]) -> str:
    """A text from which something is removed."""
    return max(seed_texts, key=lambda text: len(Cleaner(tiny_model).predict(text).removed))
