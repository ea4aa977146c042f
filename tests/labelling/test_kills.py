"""The short form of `tests/reliability/kills_labelling.py`."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from tiny import ROOT


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
def test_every_acknowledged_key_is_there_after_three_kills(tiny_model_dir: Path) -> None:
    script = ROOT / "tests" / "reliability" / "kills_labelling.py"
    done = subprocess.run(
        [sys.executable, script, "3", "--model", tiny_model_dir], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.startswith("3 kills")
    assert done.stdout.endswith("0 wrong\n")
