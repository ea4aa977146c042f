"""The short form of the soak test. The long one is started by hand: see `soak.py`."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from tiny import ROOT

from detector.cleaner import Cleaner


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="limits and signals of POSIX")
def test_no_document_is_lost_while_faults_are_injected(shipped: Cleaner, tmp_path: Path) -> None:
    command = [sys.executable, ROOT / "tests" / "reliability" / "soak.py", "--short", "--output", tmp_path]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    figures = json.loads((tmp_path / "soak.json").read_text(encoding="utf-8"))
    documents = figures["documents"]
    assert documents["lost"] == 0
    assert min(documents[part] for part in ("out", "rejected", "in_failed_files")) > 0
    assert figures["workers_killed"] > 0
    assert figures["main_stopped"] > 0
