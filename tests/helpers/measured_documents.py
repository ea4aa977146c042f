"""Invented documents to measure on, each as a whole page and as an extractor delivered it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from detector.evaluation.labelled import LabelledDocument, LabelledParagraph

STORY = ("The lighthouse at Ember Point is to be lit again", "Its keeper of forty years climbed the stairs on Friday")
ASKING = ("Support the Ember Gazette from two crowns a month", "Subscribe to our letter from the coast")
MENU = ("Home", "Harbour and tides")


def document(number: int, origin: str) -> LabelledDocument:
    """One document. The extractor kept the appeal and removed the menu."""
    story = [LabelledParagraph(f"{line}, {number}.", "reporting", "body", "read") for line in STORY]
    appeal = [LabelledParagraph(ASKING[number % 2], "appeal", "donation", "read")]
    menu = [LabelledParagraph(line, "navigation", "menu", "read") for line in MENU]
    gold = "\n".join(paragraph.text for paragraph in story)
    paragraphs = (*menu, *story, *appeal) if origin == "page" else (*story, *appeal)
    return LabelledDocument(f"p{number}", f"site{number}.example", origin, "en", gold, tuple(paragraphs))


def documents(pages: int) -> list[LabelledDocument]:
    """Both forms of the given number of pages."""
    return [document(number, origin) for number in range(pages) for origin in ("page", "readability")]


def write(path: Path, documents: Sequence[LabelledDocument]) -> Path:
    """Write labelled documents as JSON Lines."""
    records = [
        {
            "id": one.id, "site": one.site, "origin": one.origin, "lang": one.lang, "gold": one.gold,
            "paragraphs": [{"text": p.text, "label": p.label, "kind": p.kind, "by": p.by} for p in one.paragraphs],
        }
        for one in documents
    ]  # fmt: skip
    path.write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")
    return path
