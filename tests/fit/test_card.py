"""The model card of a model whose metadata are of another program, or were changed: what is known is on it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from detector.fit.card import card
from detector.inference.model import Model

ADAPTED = {"from": "0" * 64, "documents": 3, "paragraphs": {"reporting": 9}, "sha256": "1" * 64}
SECTIONS: list[tuple[str, Any, str]] = [
    ("versions", [1], "## Software"),
    ("versions", "1.0", "## Software"),
    ("data", {"documents": "many"}, "## Training data"),
    ("data", 5, "## Training data"),
    ("figures", [], "## Figures: held-out"),
    ("figures", {"ferries": {}}, "## Figures"),
    ("figures", {"held-out": {"page": {"lost": "none"}}}, "## Figures: held-out"),
    ("figures", {"held-out": {"page": {"lost": 10**400}}}, "## Figures: held-out"),
    ("languages", {"real": []}, "## Languages"),
    ("languages", [1], "## Languages"),
    ("confusion", {"kinds": ["menu"], "counts": [], "f1": []}, "## Confusion matrix"),
    ("confusion", True, "## Confusion matrix"),
    ("adapted", [{**ADAPTED, "held-out": 5}], "held out unless it says otherwise.\n\nFrom"),
]


@pytest.mark.parametrize(("name", "value", "section"), SECTIONS, ids=range(len(SECTIONS)))
def test_metadata_of_another_form_have_no_section(name: str, value: Any, section: str, tiny_model: Model) -> None:
    text = card(replace(tiny_model, metadata={**tiny_model.metadata, name: value}))
    assert section not in text
    assert "## Thresholds" in text
    assert ("## Software" in text) == (name != "versions")


def test_a_table_of_figures_that_is_not_known_leaves_the_others(tiny_model: Model) -> None:
    text = card(replace(tiny_model, metadata={"figures": {"dev": {"page": {"lost": 0.5}}, "test": {"page": {}}}}))
    assert "## Figures: dev" in text
    assert "test" not in text.partition("## Figures")[2].partition("##")[0]


def test_a_wrong_adaptation_leaves_the_others(tiny_model: Model) -> None:
    figures = {"lost": 0.25, "loss": 0.5}
    good = {**ADAPTED, "held-out": {"before": figures, "after": figures}}
    text = card(replace(tiny_model, metadata={"adapted": [{**ADAPTED, "held-out": []}, good]}))
    assert text.count("From the model `0000000000000000`") == 1
