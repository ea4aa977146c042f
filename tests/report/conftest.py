"""Shared by the tests of reports."""

from __future__ import annotations

import pytest

from detector.cleaner import Cleaner
from detector.inference.model import Model


@pytest.fixture
def cleaner(tiny_model: Model) -> Cleaner:
    return Cleaner(tiny_model)
