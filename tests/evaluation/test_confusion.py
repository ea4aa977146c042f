"""The confusion of kinds: worked out by hand, in a model's metadata and on its card."""

from __future__ import annotations

from pathlib import Path

import measured_documents
import pytest

from detector.cleaner import Cleaner
from detector.evaluation.confusion import confusion
from detector.evaluation.evaluate import evaluate
from detector.fit.train import CARD_FILE, update_dev_figures
from detector.inference.storage import ARRAYS_FILE, load_model

TRUE = ["body"] * 3 + ["menu"] * 3 + ["legal"]
GUESS = ["body", "body", "menu", "menu", "menu", "legal", "body"]


def test_by_hand() -> None:
    found = confusion(TRUE, GUESS, {"body", "menu", "legal"}, min_paragraphs=3)
    assert found is not None
    assert found.kinds == ("body", "menu")
    assert found.counts == ((2, 1, 0), (0, 2, 1))
    assert found.f1 == (2 * 2 / (3 + 3), 2 * 2 / (3 + 3))
    assert found.macro == pytest.approx(2 / 3)


def test_a_kind_that_the_model_does_not_know_counts_as_missed() -> None:
    found = confusion(TRUE, ["body"] * 7, {"body"}, min_paragraphs=3)
    assert found is not None
    assert found.f1 == (2 * 3 / (3 + 7), 0)


@pytest.mark.parametrize(("known", "least"), [({"reporting", "appeal"}, 3), ({"body", "menu"}, 4), (set(), 1)])
def test_nothing_to_compare(known: set[str], least: int) -> None:
    assert confusion(TRUE, GUESS, known, least) is None


def test_only_read_labels_of_whole_pages_count(tiny_model_dir: Path) -> None:
    model = load_model(tiny_model_dir)
    documents = measured_documents.documents(50)
    found = evaluate(Cleaner(model), documents).confusion
    assert found is not None
    assert dict(zip(found.kinds, map(sum, found.counts), strict=True)) == {"body": 100, "donation": 50, "menu": 100}
    assert evaluate(Cleaner(model), documents[:20]).confusion is None


def test_evaluating_a_model_again_updates_its_card_and_keeps_its_arrays(model_copy: Path) -> None:
    before = (model_copy / ARRAYS_FILE).read_bytes()
    documents = measured_documents.documents(50)
    written = update_dev_figures(model_copy, documents)
    assert (model_copy / ARRAYS_FILE).read_bytes() == before
    metadata = load_model(model_copy).metadata
    assert metadata["figures"] == written["figures"]
    assert set(metadata["figures"]["dev"]) == {"page", "readability", "extracted"}
    counts = metadata["confusion"]["counts"]
    card = (model_copy / CARD_FILE).read_text("utf-8")
    assert "## Confusion matrix: dev" in card
    assert "|  | body | donation | menu | other | F1 |" in card
    assert f"| donation | {' | '.join(map(str, counts[1]))} | {metadata['confusion']['f1'][1]:.4f} |" in card
    assert card.index("## Figures: dev") < card.index("## Confusion") < card.index("## Limits")


def test_with_too_few_of_every_kind_the_card_has_no_confusion_table(model_copy: Path) -> None:
    update_dev_figures(model_copy, measured_documents.documents(2))
    assert "## Confusion" not in (model_copy / CARD_FILE).read_text("utf-8")
