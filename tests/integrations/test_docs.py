"""The page of the documentation on other libraries: all of its code runs, and prints what is shown."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from documented import follow
from tiny import ROOT

for library in ("datasets", "haystack", "langchain_core", "llama_index.core", "pandas", "polars", "spacy"):
    pytest.importorskip(library, reason=f"{library} is not installed here; .ci/integrations runs this")

PAGE = ROOT / "docs" / "integrations.md"


@pytest.mark.parametrize(
    "section",
    PAGE.read_text("utf-8").split("\n## ")[1:],
    ids=lambda text: text.split("\n")[0],
)
def test_the_instructions_of_a_section_work(
    section: str, shipped: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_HOME", str(tmp_path / "cache"))
    for name in ("seeds", "examples"):
        shutil.copytree(ROOT / name, tmp_path / name)
    follow(section, tmp_path, PAGE)
