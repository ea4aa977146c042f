"""The shipped model on the data beside the project: the article that this was asked for with, and what its card says.

How good it has to be is for ``training/gate.py`` to say.
"""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import pytest

from detector.cleaner import Cleaner
from detector.evaluation.evaluate import Evaluation, evaluate
from detector.evaluation.labelled import read_documents
from detector.inference.storage import METADATA_FILE, read_metadata, shipped_model


def test_the_article_that_this_was_asked_for_with(shared: Path, shipped: Cleaner) -> None:
    """An article, a publisher's letter and a dismiss button: 13 lines and 8."""
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
def test_the_card_gives_the_figures_of_the_shipped_file(evaluation: Evaluation) -> None:
    said = read_metadata(shipped_model())["figures"]["dev"]
    for origin, row in evaluation.figures.items():
        assert said[origin] == pytest.approx(row, abs=2e-4), f"{METADATA_FILE}: {origin}"


@pytest.mark.slow
def test_the_card_says_which_kinds_are_taken_for_which(evaluation: Evaluation) -> None:
    assert evaluation.confusion is not None
    measured = asdict(evaluation.confusion)
    said = read_metadata(shipped_model())["confusion"]
    assert said["kinds"] == list(measured["kinds"])
    for true, counted, stated in zip(said["kinds"], measured["counts"], said["counts"], strict=True):
        assert sum(stated) == sum(counted), true
        assert stated == pytest.approx(counted, abs=2), true  # another processor's sums may tip a paragraph over
