"""The golden scores (``tests/helpers/golden.py``): the same bits in every batch and backend, on every machine."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from importlib.util import find_spec

import golden
import pytest
from tiny import ROOT

from detector.backend.reference import NUMPY_BACKEND
from detector.backend.switch import VARIABLE
from detector.cleaner import Cleaner
from detector.inference.predict import Backend

needs_numba = pytest.mark.skipif(find_spec("numba") is None, reason="numba is not installed")
TEXTS = golden.documents()
Scored = golden.Scored


@pytest.fixture(scope="module")
def expected() -> Scored:
    scored: Scored = json.loads(golden.GOLDEN.read_text("utf-8"))
    return scored


def compiled() -> Backend:
    from detector.backend.compiled import CompiledBackend

    return CompiledBackend()


BACKENDS = [
    pytest.param(lambda: NUMPY_BACKEND, id="NumPy"),
    pytest.param(compiled, id="compiled", marks=needs_numba),
]


def test_there_are_200_documents(expected: Scored) -> None:
    assert list(expected) == list(TEXTS)
    assert len(TEXTS) == golden.NUMBER
    assert (
        0 < sum(int(of["removed"]) for of in expected.values()) < sum(int(of["paragraphs"]) for of in expected.values())
    )


@pytest.mark.parametrize("backend", BACKENDS)
def test_all_documents_together(backend: Callable[[], Backend], expected: Scored, shipped: Cleaner) -> None:
    assert golden.scored(TEXTS, shipped.model, backend()) == expected


@pytest.mark.parametrize("backend", BACKENDS)
def test_all_documents_reversed(backend: Callable[[], Backend], expected: Scored, shipped: Cleaner) -> None:
    assert golden.scored(dict(reversed(TEXTS.items())), shipped.model, backend()) == expected


@pytest.mark.parametrize("backend", BACKENDS)
def test_each_document_alone(backend: Callable[[], Backend], expected: Scored, shipped: Cleaner) -> None:
    for name, text in TEXTS.items():
        assert golden.scored({name: text}, shipped.model, backend())[name] == expected[name], name


def test_what_a_cleaner_removes(expected: Scored, shipped: Cleaner) -> None:
    for (name, of), prediction in zip(expected.items(), shipped.predict_many(TEXTS.values()), strict=True):
        assert (name, len(prediction.keep), int((~prediction.keep).sum())) == (name, of["paragraphs"], of["removed"])


# Other processors


PROCESSORS = {
    "SSE2, Prescott": {
        "NPY_DISABLE_CPU_FEATURES": "AVX2 FMA3 AVX512F AVX512CD AVX512_SKX AVX512_CLX AVX512_CNL AVX512_ICL AVX512_SPR "
        "X86_V3 X86_V4",
        "OPENBLAS_CORETYPE": "Prescott",
    },
    "without AVX-512, Haswell": {
        "NPY_DISABLE_CPU_FEATURES": "AVX512F AVX512CD AVX512_SKX AVX512_CLX AVX512_CNL AVX512_ICL AVX512_SPR X86_V4",
        "OPENBLAS_CORETYPE": "Haswell",
    },
}


def printed(**settings: str) -> dict[str, object]:
    """The golden scores of a process of its own, with those environment variables."""
    script = ROOT / "tests" / "helpers" / "golden.py"
    done = subprocess.run(
        [sys.executable, "-W", "ignore", script, "--print"], capture_output=True, text=True, check=True,
        env={**os.environ, "PYTHONPATH": str(ROOT), **settings},
    )  # fmt: skip
    said: dict[str, object] = json.loads(done.stdout)
    return said


@pytest.mark.slow
@pytest.mark.parametrize("processor", PROCESSORS)
def test_other_processors(processor: str, expected: Scored, shipped: Cleaner) -> None:
    assert shipped
    assert printed(**PROCESSORS[processor], **{VARIABLE: "0"}) == {"backend": "NumpyBackend", "scored": expected}


@needs_numba
@pytest.mark.slow
def test_kernels_compiled_for_any_processor(
    expected: Scored, shipped: Cleaner, tmp_path_factory: pytest.TempPathFactory
) -> None:
    assert shipped
    cache = str(tmp_path_factory.mktemp("numba"))
    generic = {"NUMBA_CPU_NAME": "generic", "NUMBA_CPU_FEATURES": "", "NUMBA_CACHE_DIR": cache}
    assert printed(**generic, **{VARIABLE: "1"}) == {"backend": "CompiledBackend", "scored": expected}
