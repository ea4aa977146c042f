"""The kernels without vector instructions, as they are compiled for other processors than x86-64 and ARM."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from tiny import ROOT

CODE = """
import numpy as np
from detector.backend.compiled import CompiledBackend
from detector.backend.reference import NUMPY_BACKEND
from detector.inference.storage import load_model
from detector.text.paragraphs import split
texts = ["The Ferry left at 9.30.\\nRead more: 5 € now!\\n漢字tower ferry\\nThe ferry came back.", "", "Über"]
texts = [" ".join(texts).replace("\\n", "\\n" * (number % 3 + 1)) * (number + 1) for number in range(9)]
model, backend = load_model(), CompiledBackend("baseline")
for one, other in zip(
    NUMPY_BACKEND.predict(model, split(texts, splitter=NUMPY_BACKEND.split_lines)),
    backend.predict(model, split(texts, splitter=backend.split_lines)),
):
    assert np.array_equal(one, other)
"""


@pytest.mark.slow
def test_they_compute_the_scores_of_numpy(tmp_path: Path) -> None:
    if shutil.which(os.environ.get("CXX", "c++")) is None:
        pytest.skip("there is no C++ compiler")
    shutil.copytree(ROOT / "detector", tmp_path / "detector", ignore=shutil.ignore_patterns("core.*so", "__pycache__"))
    shutil.copytree(ROOT / "models", tmp_path / "models")
    variables = {**os.environ, "CXXFLAGS": "-DDETECTOR_GENERIC", "PYTHONPATH": str(tmp_path)}
    build = tmp_path / "detector" / "backend" / "source" / "build.py"
    subprocess.run([sys.executable, build], cwd=tmp_path, env=variables, check=True, capture_output=True)
    subprocess.run([sys.executable, "-c", CODE], cwd=tmp_path, env=variables, check=True)
