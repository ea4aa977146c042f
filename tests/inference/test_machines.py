"""The same scores on every machine.

Whatever kernels OpenBLAS chooses, however wide the vectors of NumPy are, and for whatever processor Numba compiles.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from random_models import random_network
from tiny import ROOT

from detector.backend.switch import VARIABLE
from detector.features.context import input_width
from detector.inference.model import Model
from detector.inference.storage import save

pytestmark = pytest.mark.slow
CORE_TYPE = "OPENBLAS_CORETYPE"
CORE_TYPES = ("Haswell", "Sandybridge", "Prescott")  # AVX2, AVX, SSE3
NUMBA_VARIABLES = ("NUMBA_CPU_NAME", "NUMBA_CPU_FEATURES", "NUMBA_CACHE_DIR")
WIDE = "NPY_DISABLE_CPU_FEATURES"
ANY_PROCESSOR = {"NUMBA_CPU_NAME": "generic", "NUMBA_CPU_FEATURES": ""}
SCRIPT = """
import hashlib, json, sys
import numpy as np
from threadpoolctl import threadpool_info
from detector.backend.switch import PROCESS
from detector.inference.predict import predict
from detector.inference.storage import load_model
from detector.text.paragraphs import split

model, texts = load_model(sys.argv[1]), json.load(sys.stdin)
backend = PROCESS.backend(0)

def scores(texts):
    return predict(model, split(texts, splitter=backend.split_lines), backend)

whole, alone = scores(texts), [scores([text]) for text in texts]
same = all(
    np.array_equal(getattr(whole, name), np.concatenate([getattr(one, name) for one in alone]))
    for name in ("labels", "kinds")
)
numba = sys.modules.get("numba")
features = sys.modules.get("numpy._core._multiarray_umath") or sys.modules["numpy.core._multiarray_umath"]
print(json.dumps({
    "same": same,
    "digest": hashlib.sha256(whole.labels.tobytes() + whole.kinds.tobytes()).hexdigest(),
    "rows": len(whole.labels),
    "cores": [library["architecture"] for library in threadpool_info() if library["internal_api"] == "openblas"],
    "backend": type(backend).__name__,
    "processor": numba and numba.config.CPU_NAME,
    "features": [name for name, there in features.__cpu_features__.items() if there],
}))
"""
Output = dict[str, Any]


@pytest.fixture(scope="module")
def wide_model_dir(tiny_model: Model, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tiny model with random networks, one as wide as a real one and one of an odd width."""
    random, kinds = np.random.default_rng(0), len(tiny_model.kinds)
    inputs = input_width(len(tiny_model.labels), kinds)
    members = tuple(random_network(inputs, kinds, hidden, pool, random) for hidden, pool in ((48, 12), (37, 5)))
    folder = tmp_path_factory.mktemp("models") / "wide"
    save(replace(tiny_model, networks=replace(tiny_model.networks, members=members)), folder, {})
    return folder


def predicted(folder: Path, texts: list[str], **settings: str) -> Output:
    """The output of the script in a process of its own, with those environment variables."""
    plain = {name: value for name, value in os.environ.items() if name not in (CORE_TYPE, WIDE, *NUMBA_VARIABLES)}
    fixed = {VARIABLE: "0", "PYTHONPATH": str(ROOT), "OPENBLAS_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(folder)], env={**plain, **fixed, **settings},
        input=json.dumps(texts), capture_output=True, text=True, check=True,
    )  # fmt: skip
    said: Output = json.loads(done.stdout)
    return said


@pytest.fixture(scope="module")
def here(wide_model_dir: Path, seed_texts: list[str]) -> Output:
    """The output on this machine with default settings, by NumPy."""
    return predicted(wide_model_dir, seed_texts)


def assert_like(here: Output, there: Output) -> None:
    assert there["same"]
    assert (there["digest"], there["rows"]) == (here["digest"], here["rows"])


def test_documents_alone_and_in_a_batch_are_the_same_with_the_cores_of_this_machine(here: Output) -> None:
    assert here["rows"] > 200
    assert here["same"]
    assert here["backend"] == "NumpyBackend"


@pytest.mark.parametrize("compiled", [False, True])
@pytest.mark.parametrize("core_type", CORE_TYPES)
def test_scores_do_not_depend_on_the_type_of_core(
    core_type: str, compiled: bool, here: Output, wide_model_dir: Path, seed_texts: list[str]
) -> None:
    if not here["cores"]:
        pytest.skip("numpy multiplies by another library than OpenBLAS")
    if compiled and not find_spec("numba"):
        pytest.skip("numba is not installed")
    there = predicted(wide_model_dir, seed_texts, **{CORE_TYPE: core_type, VARIABLE: str(int(compiled))})
    if there["cores"] == here["cores"]:
        pytest.skip(f"OpenBLAS takes the same kernels with and without {CORE_TYPE}: {here['cores']}")
    assert there["backend"] == ("CompiledBackend" if compiled else "NumpyBackend")
    assert_like(here, there)


@pytest.mark.parametrize("narrow", ["AVX2", "SSE"])
@pytest.mark.parametrize("compiled", [False, True])
def test_scores_do_not_depend_on_how_wide_numpy_s_vectors_are(
    compiled: bool, narrow: str, here: Output, wide_model_dir: Path, seed_texts: list[str]
) -> None:
    """Without AVX-512, and without AVX2 as well, with which NumPy's own ``exp`` is another one."""
    prefixes = ("AVX512", "X86_V4") if narrow == "AVX2" else ("AVX512", "X86_V4", "AVX2", "FMA3", "X86_V3")
    wide = {name for name in here["features"] if name.startswith(prefixes)}
    if compiled and not find_spec("numba"):
        pytest.skip("numba is not installed")
    there = predicted(wide_model_dir, seed_texts, **{WIDE: " ".join(wide), VARIABLE: str(int(compiled))})
    if wide <= set(there["features"]):
        pytest.skip("NumPy has no wider vectors here, or does not give them up")
    assert_like(here, there)


@pytest.mark.parametrize("core_type", [None, "Prescott"])
def test_scores_do_not_depend_on_the_processor_that_kernels_are_compiled_for(
    core_type: str | None, here: Output, wide_model_dir: Path, seed_texts: list[str], any_processor: dict[str, str]
) -> None:
    """Only with what every 64-bit processor has: no fused multiply-add, no wide vectors."""
    cores = {CORE_TYPE: core_type} if core_type else {}
    there = predicted(wide_model_dir, seed_texts, **{VARIABLE: "1"}, **any_processor, **cores)
    assert (there["backend"], there["processor"]) == ("CompiledBackend", "generic")
    assert_like(here, there)


@pytest.fixture(scope="module")
def any_processor(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Environment variables for Numba, with a separate cache that the first process fills."""
    pytest.importorskip("numba")
    return {**ANY_PROCESSOR, "NUMBA_CACHE_DIR": str(tmp_path_factory.mktemp("numba"))}
