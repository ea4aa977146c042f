"""The golden scores (``tests/helpers/golden.py``): the same bits in every batch and backend, on every machine."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import golden
import pytest
from backends import BACKENDS, NUMPY, backend_named
from tiny import ROOT

from detector.cleaner import Cleaner

TEXTS = golden.documents()
Scored = golden.Scored


@pytest.fixture(scope="module")
def expected() -> Scored:
    scored: Scored = json.loads(golden.GOLDEN.read_text("utf-8"))
    return scored


def test_there_are_200_documents(expected: Scored) -> None:
    assert list(expected) == list(TEXTS)
    assert len(TEXTS) == golden.NUMBER
    assert (
        0 < sum(int(of["removed"]) for of in expected.values()) < sum(int(of["paragraphs"]) for of in expected.values())
    )


@pytest.mark.parametrize("backend", BACKENDS)
def test_all_documents_together(backend: str, expected: Scored, shipped: Cleaner) -> None:
    assert golden.scored(TEXTS, shipped.model, backend_named(backend)) == expected


@pytest.mark.parametrize("backend", BACKENDS)
def test_all_documents_reversed(backend: str, expected: Scored, shipped: Cleaner) -> None:
    assert golden.scored(dict(reversed(TEXTS.items())), shipped.model, backend_named(backend)) == expected


@pytest.mark.parametrize("backend", BACKENDS)
def test_each_document_alone(backend: str, expected: Scored, shipped: Cleaner) -> None:
    for name, text in TEXTS.items():
        assert golden.scored({name: text}, shipped.model, backend_named(backend))[name] == expected[name], name


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


def printed(backend: str, **settings: str) -> Scored:
    """The golden scores of a process of its own, with those environment variables."""
    script = ROOT / "tests" / "helpers" / "golden.py"
    done = subprocess.run(
        [sys.executable, script, "--print", backend], capture_output=True, text=True, check=True,
        env={**os.environ, "PYTHONPATH": str(ROOT), **settings},
    )  # fmt: skip
    said: Scored = json.loads(done.stdout)
    return said


@pytest.mark.slow
@pytest.mark.parametrize("processor", PROCESSORS)
@pytest.mark.parametrize("backend", sorted({NUMPY, BACKENDS[-1]}))
def test_other_processors(backend: str, processor: str, expected: Scored, shipped: Cleaner) -> None:
    """What NumPy takes from the processor; the compiled kernels do not use NumPy's arithmetic."""
    assert shipped
    assert printed(backend, **PROCESSORS[processor]) == expected
