"""Fixtures of all tests: a model trained in seconds, the shipped model, and the data beside the project."""

from __future__ import annotations

import json
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from command import Command
from hypothesis import HealthCheck, settings
from tiny import ROOT, TINY_CONFIG, TINY_VECTORS

import detector
from detector.cleaner import Cleaner
from detector.fit.train import train
from detector.inference.model import Model
from detector.inference.storage import ARRAYS_FILE, load_model, shipped_model

if TYPE_CHECKING:
    from detector.encoder.model import Encoder

_TINY_SEEDS = ("letters", "publishers", "about_asking")
_TINY_DOCUMENTS = 18  # of each

# In the background of a shell, SIGINT is ignored, and the processes that the tests start would inherit that.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

settings.register_profile(
    "house",
    derandomize=True,
    deadline=None,
    database=None,
    max_examples=60,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("house")

_LONGEST_NAME = 80  # characters of a value that stands in the name of a test


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Name a case after its parameter where its value is data: gzip writes the time, and all processes must agree."""
    return argname if isinstance(val, bytes) or (isinstance(val, str) and len(val) > _LONGEST_NAME) else None


@pytest.fixture(scope="session")
def tiny_data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small part of the seeds as a JSON Lines file."""
    lines = []
    for name in _TINY_SEEDS:
        lines += (ROOT / "seeds" / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()[:_TINY_DOCUMENTS]
    path = tmp_path_factory.mktemp("data") / "tiny.jsonl"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


@pytest.fixture(scope="session")
def tiny_model_dir(tiny_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a model trained on `tiny_data`: too small to be accurate, but complete."""
    folder = tmp_path_factory.mktemp("models") / "tiny"
    train([tiny_data], folder, TINY_CONFIG, vectors=TINY_VECTORS)
    return folder


@pytest.fixture(scope="session")
def tiny_model(tiny_model_dir: Path) -> Model:
    """The model of `tiny_model_dir`."""
    return load_model(tiny_model_dir)


@pytest.fixture(scope="session")
def encoder(tiny_model: Model) -> Encoder:
    """A tiny encoder for the tiny model."""
    for library in ("onnx", "onnxruntime", "tokenizers"):
        pytest.importorskip(
            library, reason="needs the extra accurate and onnx; make test runs this, and .ci/integrations"
        )
    from tiny_encoder import tiny_encoder

    return tiny_encoder(tiny_model)


@pytest.fixture(scope="session")
def accurate_dir(encoder: Encoder, tiny_model: Model, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the tiny encoder, as that of the accurate model."""
    from accurate import save_accurate

    folder = tmp_path_factory.mktemp("models") / "accurate"
    save_accurate(encoder, tiny_model, folder)
    return folder


@pytest.fixture
def accurate(accurate_dir: Path, tiny_model_dir: Path) -> Iterator[Cleaner]:
    """A cleaner with the accurate model. In this process, that is the tiny one, and the tiny model is the default."""
    from accurate import shipping

    with shipping(accurate_dir, tiny_model_dir):
        yield detector.load("accurate")


@pytest.fixture(scope="session")
def seed_texts(tiny_data: Path) -> list[str]:
    """The documents of `tiny_data` as texts, one paragraph per line."""
    documents = map(json.loads, tiny_data.read_text(encoding="utf-8").splitlines())
    return ["\n".join(p["text"] for p in document["paragraphs"]) for document in documents]


@pytest.fixture(scope="session")
def shared() -> Path:
    """The labelled data and the scorer beside the project."""
    folder = ROOT.parent / "shared"
    if not (folder / "score.py").is_file():
        pytest.skip("../shared (labelled pages, score.py) is not beside the project")
    return folder


@pytest.fixture(scope="session")
def shipped() -> Cleaner:
    """A cleaner with the shipped model."""
    if not (shipped_model() / "model.joblib").is_file():
        pytest.skip("models/default holds no model: train it first (training/train.py)")
    return detector.load()


@pytest.fixture
def model_copy(tiny_model_dir: Path, tmp_path: Path) -> Path:
    """A copy of the tiny model, to be damaged."""
    return Path(shutil.copytree(tiny_model_dir, tmp_path / "model"))


@pytest.fixture(scope="session")
def payload(tiny_model_dir: Path) -> bytes:
    """The pickle that is the tiny model's file."""
    return (tiny_model_dir / ARRAYS_FILE).read_bytes()


@pytest.fixture
def command(
    tiny_model_dir: Path, capfdbinary: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Command:
    """Calls of the command with the tiny model, in a folder of their own."""
    monkeypatch.chdir(tmp_path)
    return Command(tiny_model_dir, capfdbinary, monkeypatch)


@pytest.fixture
def text(tiny_model: Model, seed_texts: list[str]) -> str:
    """A text from which something is removed."""
    return max(seed_texts, key=lambda t: len(Cleaner(tiny_model).predict(t).removed))
