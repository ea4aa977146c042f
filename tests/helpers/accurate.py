"""The tiny encoder in the place of the accurate model, and the tiny model in that of the default model."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from detector.encoder import shipped as shipped_encoder
from detector.encoder.model import Encoder
from detector.encoder.storage import save
from detector.inference import shipped as shipped_model
from detector.inference.model import Model

EFFORT = 0.5  # of the encoder that `save_accurate` writes
THRESHOLDS = {"gentle": 0.1, "balanced": 0.3, "strict": 0.6}
# what keeps models of this process, by module and name
_CACHES = (
    ("detector.encoder.shipped", "load_shipped"), ("detector.loading", "default_cleaner"),
    ("detector.sklearn", "_loaded"), ("detector.arrow", "_model"),
)  # fmt: skip


def save_accurate(encoder: Encoder, model: Model, folder: Path) -> None:
    """Write an encoder for a small model, as ``models/accurate`` is."""
    metadata = {
        "small": model.metadata["sha256"], "effort": EFFORT, "doubts": encoder.doubts.tolist(),
        "thresholds": THRESHOLDS, "config": {"layers": 2}, "versions": {"onnx": "1.20"},
    }  # fmt: skip
    save(encoder, folder, metadata)


@contextmanager
def shipping(folder: Path | None, default: Path) -> Iterator[None]:
    """In this process, ``folder`` is the shipped accurate model (None: there is none), ``default`` the default one."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(shipped_encoder, "shipped_folder", lambda: folder)
        patch.setattr(shipped_model, "shipped_folders", lambda: (default, default))
        patch.setattr(shipped_model, "_begun", [])
        for digests, where, names in (
            (shipped_encoder.SHA256, folder, tuple(shipped_encoder.SHA256)),
            (shipped_model.SHA256, default, tuple(shipped_model.SHA256)),
        ):
            for name in names if where else ():
                patch.setitem(digests, name, hashlib.sha256((where / name).read_bytes()).hexdigest())
        _forget()
        try:
            yield
        finally:
            _forget()


def _forget() -> None:
    """Drop the models that this process keeps."""
    for module, name in _CACHES:
        if module in sys.modules:
            getattr(sys.modules[module], name).cache_clear()
