"""The shipped model on the data beside the project: the article that this was asked for with, and the figures."""

from __future__ import annotations

from pathlib import Path

import pytest

from detector.cleaner import Cleaner
from detector.labelled import read_documents
from detector.storage import METADATA_FILE, read_metadata, shipped_model
from detector.train import measure

# What the shipped model must reach on dev: (origin, figure, at least, at most).
FLOORS = (
    ("page", "after", 0.91, 1),
    ("extracted", "lost", 0, 0.005),
    ("extracted", "A@.5", 0.5, 1),
    ("extracted", "N@.5", 0.5, 1),
    ("extracted", "macro", 0.7, 1),
)


def test_the_article_that_this_was_asked_for_with(shared: Path, shipped: Cleaner) -> None:
    """An article, a publisher's letter and a dismiss button: 13 lines and 8."""
    (path,) = (shared / "seeds").glob("*.txt")
    text = path.read_bytes().decode("utf-8")
    cleaned = shipped.clean(text)
    assert cleaned.text == "".join(text.splitlines(keepends=True)[:13])
    assert {p.label for p in cleaned.paragraphs[13:]} <= {"appeal", "navigation"}
    assert len(cleaned.paragraphs) == 21


@pytest.fixture(scope="module")
def figures(shared: Path, shipped: Cleaner) -> dict[str, dict[str, float | None]]:
    return measure(shipped, list(read_documents([shared / "data" / "dev.jsonl.gz"])))


@pytest.mark.parametrize(("origin", "figure", "least", "most"), FLOORS)
def test_floors(
    figures: dict[str, dict[str, float | None]], origin: str, figure: str, least: float, most: float
) -> None:
    value = figures[origin][figure]
    assert value is not None
    assert least <= value <= most


def test_cleaning_makes_the_text_of_every_extractor_better(figures: dict[str, dict[str, float | None]]) -> None:
    for origin, row in figures.items():
        assert (row["after"] or 0) > (row["before"] or 0), origin


def test_the_card_gives_the_figures_of_the_shipped_file(figures: dict[str, dict[str, float | None]]) -> None:
    said = read_metadata(shipped_model())["figures"]["dev"]
    for origin, row in figures.items():
        assert said[origin] == pytest.approx(row, abs=2e-4), f"{METADATA_FILE}: {origin}"
