"""Changing the files of a saved model."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from detector.errors import DetectorError, ModelError
from detector.inference.storage import ARRAYS_FILE, METADATA_FILE, load_model


def change_metadata(folder: Path, **changes: Any) -> None:
    file = folder / METADATA_FILE
    file.write_text(json.dumps(json.loads(file.read_text("utf-8")) | changes), encoding="utf-8")


def write_arrays(folder: Path, content: bytes) -> None:
    """Replace ``model.joblib`` and its digest, as an attacker would who wants it to be loaded."""
    (folder / ARRAYS_FILE).write_bytes(content)
    change_metadata(folder, sha256=hashlib.sha256(content).hexdigest())


def message(folder: Path) -> str:
    """The message of the error that loading the folder must raise."""
    with pytest.raises(ModelError) as caught:
        load_model(folder)
    assert isinstance(caught.value, DetectorError)
    return str(caught.value)


def error_of(folder: Path) -> str | None:
    """The message of the `ModelError` that loading the folder raises, if any; other errors propagate."""
    try:
        load_model(folder)
    except ModelError as error:
        return str(error)
    return None
