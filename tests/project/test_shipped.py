"""The shipped model on the data beside the project: the article of the original request, and the figures of its card.

``training/gate.py`` checks how good it has to be.
"""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import pytest

from detector.cleaner import Cleaner
from detector.evaluation.evaluate import Evaluation, evaluate
from detector.evaluation.labelled import read_documents
from detector.inference.storage import METADATA_FILE, read_metadata, shipped_model


def test_the_article_of_the_original_request(shared: Path, shipped: Cleaner) -> None:
    """An article of 13 lines, then a publisher's letter and a dismiss button of 8."""
    (path,) = (shared / "seeds").glob("*.txt")
    text = path.read_bytes().decode("utf-8")
    cleaned = shipped.clean(text)
    assert cleaned.text == "".join(text.splitlines(keepends=True)[:13])
    assert {p.label for p in cleaned.paragraphs[13:]} <= {"appeal", "navigation"}
    assert len(cleaned.paragraphs) == 21


@pytest.fixture(scope="module")
def evaluation(shared: Path, shipped: Cleaner) -> Evaluation:
    return evaluate(shipped, list(read_documents([shared / "data" / "dev.jsonl.gz"])))


@pytest.mark.slow
def test_the_card_has_the_figures_of_the_shipped_file(evaluation: Evaluation) -> None:
    said = read_metadata(shipped_model())["figures"]["dev"]
    for origin, row in evaluation.figures.items():
        assert said[origin] == pytest.approx(row, abs=2e-4), f"{METADATA_FILE}: {origin}"


@pytest.mark.slow
def test_the_card_has_the_confusion_of_kinds(evaluation: Evaluation) -> None:
    assert evaluation.confusion is not None
    measured = asdict(evaluation.confusion)
    said = read_metadata(shipped_model())["confusion"]
    assert said["kinds"] == list(measured["kinds"])
    for true, counted, stated in zip(said["kinds"], measured["counts"], said["counts"], strict=True):
        assert sum(stated) == sum(counted), true
        assert stated == pytest.approx(counted, abs=2), true  # another processor may round otherwise
