"""Changing the files of a saved encoder, as an attacker would who wants them to be loaded."""

from __future__ import annotations

import hashlib
import json
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from detector.encoder.storage import ARRAYS_FILE, load
from detector.errors import ModelError
from detector.inference.storage import METADATA_FILE


def change_metadata(folder: Path, change: Callable[[dict[str, Any]], object]) -> None:
    file = folder / METADATA_FILE
    metadata = json.loads(file.read_text("utf-8"))
    change(metadata)
    file.write_text(json.dumps(metadata), encoding="utf-8")


def write(folder: Path, name: str, content: bytes) -> None:
    """Replace a file, and its digest in the metadata."""
    (folder / name).write_bytes(content)
    change_metadata(folder, lambda metadata: metadata["sha256"].update({name: hashlib.sha256(content).hexdigest()}))


def change_arrays(folder: Path, change: Callable[[dict[str, Any]], object]) -> None:
    """Change the dictionary in ``encoder.joblib``, and its digest."""
    content = pickle.loads((folder / ARRAYS_FILE).read_bytes())
    change(content)
    write(folder, ARRAYS_FILE, pickle.dumps(content, 4))


def message(folder: Path) -> str:
    """The message of the error that loading the folder must raise, which names the folder and a remedy."""
    with pytest.raises(ModelError) as caught:
        load(folder)
    said = str(caught.value)
    assert said.startswith(str(folder))
    assert "; install the package again" in said or "; copy" in said or "nothing in it was run" in said
    assert len(said) < 1000
    return said
