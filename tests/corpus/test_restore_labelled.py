"""Every labelled document beside the project is restored byte for byte from what cleaning leaves and removes."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest
from tiny import ROOT

from detector.cleaner import Cleaner
from detector.corpus.all_files import Options, clean_all
from detector.corpus.one_file import Run
from detector.corpus.plan import plan
from detector.corpus.restore import restore_file

DATA = ROOT.parent / "shared" / "data"
NAMES = ("train", "train_world", "dev", "dev_world", "clean", "clean_dev")


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_labelled_documents_are_restored(name: str, shipped: Cleaner, tmp_path: Path) -> None:
    path = DATA / f"{name}.jsonl.gz"
    if not path.exists():
        pytest.skip(f"{path.name} is not beside the project")
    source, cleaned, removed = tmp_path / "in.jsonl", tmp_path / "clean.jsonl", tmp_path / "removed.jsonl"
    with gzip.open(path, "rt", encoding="utf-8") as lines, open(source, "w", encoding="utf-8") as out:
        for document in map(json.loads, lines):
            text = "\n".join(paragraph["text"] for paragraph in document["paragraphs"])
            out.write(json.dumps({"id": document["id"], "text": text}, ensure_ascii=False) + "\n")
    summary = clean_all(plan([str(source)], cleaned), Run(shipped), Options(removed=removed), lambda message: None)
    assert summary.ok
    assert summary.removed_characters or name.startswith("clean")
    restore_file(cleaned, removed, None, tmp_path / "back.jsonl")
    assert (tmp_path / "back.jsonl").read_bytes() == source.read_bytes()
