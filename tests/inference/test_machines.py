"""The same scores on every machine.

Whatever kernels OpenBLAS chooses, however wide the vectors of NumPy are, and at every level of instructions.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from backends import BACKENDS, NUMPY
from random_models import random_network
from tiny import ROOT

from detector.features.context import input_width
from detector.inference.model import Model
from detector.inference.storage import save

pytestmark = pytest.mark.slow
CORE_TYPE = "OPENBLAS_CORETYPE"
CORE_TYPES = ("Haswell", "Sandybridge", "Prescott")  # AVX2, AVX, SSE3
WIDE = "NPY_DISABLE_CPU_FEATURES"
TWO_BACKENDS = dict.fromkeys([NUMPY, BACKENDS[-1]])
SCRIPT = """
import hashlib, json, sys
import numpy as np
from backends import backend_named
from threadpoolctl import threadpool_info
from detector.inference.storage import load_model
from detector.text.paragraphs import split

model, texts = load_model(sys.argv[1]), json.load(sys.stdin)
backend = backend_named(sys.argv[2])

def scores(texts):
    return backend.predict(model, split(texts, splitter=backend.split_lines))

whole, alone = scores(texts), [scores([text]) for text in texts]
same = all(
    np.array_equal(getattr(whole, name), np.concatenate([getattr(one, name) for one in alone]))
    for name in ("labels", "kinds")
)
features = sys.modules.get("numpy._core._multiarray_umath") or sys.modules["numpy.core._multiarray_umath"]
print(json.dumps({
    "same": same,
    "digest": hashlib.sha256(whole.labels.tobytes() + whole.kinds.tobytes()).hexdigest(),
    "rows": len(whole.labels),
    "cores": [library["architecture"] for library in threadpool_info() if library["internal_api"] == "openblas"],
    "backend": backend.name,
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


def predicted(folder: Path, texts: list[str], backend: str = NUMPY, **settings: str) -> Output:
    """The output of the script in a process of its own, with those environment variables."""
    plain = {name: value for name, value in os.environ.items() if name not in (CORE_TYPE, WIDE)}
    path = os.pathsep.join([str(ROOT), str(ROOT / "tests" / "helpers")])
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(folder), backend], input=json.dumps(texts), capture_output=True, text=True,
        check=True, env={**plain, "PYTHONPATH": path, "OPENBLAS_NUM_THREADS": "1", **settings},
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
    assert here["backend"] == "NumPy"


@pytest.mark.parametrize("level", BACKENDS[1:])
def test_scores_do_not_depend_on_the_level(
    level: str, here: Output, wide_model_dir: Path, seed_texts: list[str]
) -> None:
    """The lowest level has only what every 64-bit processor has: no wide vectors."""
    there = predicted(wide_model_dir, seed_texts, level)
    assert there["backend"] == f"compiled, {level}"
    assert_like(here, there)


@pytest.mark.parametrize("backend", TWO_BACKENDS)
@pytest.mark.parametrize("core_type", CORE_TYPES)
def test_scores_do_not_depend_on_the_type_of_core(
    core_type: str, backend: str, here: Output, wide_model_dir: Path, seed_texts: list[str]
) -> None:
    if not here["cores"]:
        pytest.skip("numpy multiplies by another library than OpenBLAS")
    there = predicted(wide_model_dir, seed_texts, backend, **{CORE_TYPE: core_type})
    if there["cores"] == here["cores"]:
        pytest.skip(f"OpenBLAS takes the same kernels with and without {CORE_TYPE}: {here['cores']}")
    assert_like(here, there)


@pytest.mark.parametrize("narrow", ["AVX2", "SSE"])
@pytest.mark.parametrize("backend", TWO_BACKENDS)
def test_scores_do_not_depend_on_how_wide_numpy_s_vectors_are(
    backend: str, narrow: str, here: Output, wide_model_dir: Path, seed_texts: list[str]
) -> None:
    """Without AVX-512, and without AVX2 as well, with which NumPy's own ``exp`` is another one."""
    prefixes = ("AVX512", "X86_V4") if narrow == "AVX2" else ("AVX512", "X86_V4", "AVX2", "FMA3", "X86_V3")
    wide = {name for name in here["features"] if name.startswith(prefixes)}
    there = predicted(wide_model_dir, seed_texts, backend, **{WIDE: " ".join(wide)})
    if wide <= set(there["features"]):
        pytest.skip("NumPy has no wider vectors here, or does not give them up")
    assert_like(here, there)
