"""The same scores on every machine, as far as products of matrices go: whatever kernels OpenBLAS chooses."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tiny import ROOT

from detector.backend.switch import VARIABLE
from detector.features import context
from detector.inference.layers import Layer
from detector.inference.model import Model
from detector.inference.network import DocumentNetwork, layer_shapes
from detector.inference.storage import save

CORE_TYPE = "OPENBLAS_CORETYPE"
CORE_TYPES = ("Haswell", "Sandybridge", "Prescott")  # AVX2, AVX, SSE3
SCRIPT = """
import hashlib, json, sys
import numpy as np
from threadpoolctl import threadpool_info
from detector.paragraphs import split
from detector.storage import load_model

model, texts = load_model(sys.argv[1]), json.load(sys.stdin)
whole, bounds = model.predict(split(texts)), split(texts).bounds
alone = [model.predict(split([text])) for text in texts]
same = all(
    np.array_equal(getattr(whole, name), np.concatenate([getattr(one, name) for one in alone]))
    for name in ("labels", "kinds", "words")
)
cores = [library["architecture"] for library in threadpool_info() if library["internal_api"] == "openblas"]
digest = hashlib.sha256(whole.labels.tobytes() + whole.kinds.tobytes()).hexdigest()
print(json.dumps({"same": same, "digest": digest, "cores": cores, "rows": len(whole.labels)}))
"""


@pytest.fixture(scope="module")
def wide_model_dir(tiny_model: Model, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tiny model with networks of chance as wide as those of a real one, and of an odd width."""
    random, kinds = np.random.default_rng(0), len(tiny_model.kinds)
    inputs = context.input_width(len(tiny_model.labels), kinds)
    members = [
        DocumentNetwork.quantized([
            Layer((random.normal(size=s) / np.sqrt(s[0])).astype("f4"), random.normal(size=s[1]).astype("f4"))
            for s in layer_shapes(inputs, kinds, hidden, pool)
        ])
        for hidden, pool in ((48, 12), (37, 5))
    ]  # fmt: skip
    folder = tmp_path_factory.mktemp("models") / "wide"
    save(replace(tiny_model, networks=replace(tiny_model.networks, members=tuple(members))), folder, {})
    return folder


def predicted(folder: Path, texts: list[str], core_type: str | None) -> dict[str, Any]:
    """What the script says in a process of its own, for which OpenBLAS takes the kernels of that type of core."""
    environment = {name: value for name, value in os.environ.items() if name != CORE_TYPE}
    environment |= {VARIABLE: "0", "PYTHONPATH": str(ROOT), "OPENBLAS_NUM_THREADS": "1"}
    run = partial(subprocess.run, input=json.dumps(texts), capture_output=True, text=True, check=True)
    done = run(
        [sys.executable, "-c", SCRIPT, str(folder)], env=environment | ({CORE_TYPE: core_type} if core_type else {})
    )
    result: dict[str, Any] = json.loads(done.stdout)
    return result


@pytest.fixture(scope="module")
def plain(wide_model_dir: Path, seed_texts: list[str]) -> dict[str, Any]:
    return predicted(wide_model_dir, seed_texts, None)


def test_documents_alone_and_in_a_batch_are_the_same_with_the_cores_of_this_machine(plain: dict[str, Any]) -> None:
    assert plain["rows"] > 200
    assert plain["same"]


@pytest.mark.parametrize("core_type", CORE_TYPES)
def test_scores_do_not_depend_on_the_type_of_core(
    core_type: str, plain: dict[str, Any], wide_model_dir: Path, seed_texts: list[str]
) -> None:
    if not plain["cores"]:
        pytest.skip("numpy multiplies by another library than OpenBLAS")
    other = predicted(wide_model_dir, seed_texts, core_type)
    if other["cores"] == plain["cores"]:
        pytest.skip(f"OpenBLAS takes the same kernels with and without {CORE_TYPE}: {plain['cores']}")
    assert other["same"]
    assert other["digest"] == plain["digest"]
