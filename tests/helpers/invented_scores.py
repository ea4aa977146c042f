"""Invented documents of several sites with invented decisions, for tests of what is computed from them."""

from __future__ import annotations

import numpy as np

from detector.evaluation.evaluate import Measured, ScoredDocument, gold_texts, measured
from detector.evaluation.labelled import LabelledDocument, LabelledParagraph
from detector.results import Prediction

LABELS = ("reporting", "appeal", "navigation")
KINDS = {"reporting": "body", "appeal": "donation", "navigation": "menu"}


def scored(
    rows: list[tuple[str | None, str | None, int, float]],
    site: str = "a.example",
    name: str = "d",
    origin: str | None = None,
    lang: str | None = None,
    threshold: float = 0.5,
    labels: tuple[str, ...] = LABELS,
    gold: bool = False,
) -> ScoredDocument:
    """A document of rows: label, source of the label, words, and the probability of reporting."""
    paragraphs = tuple(
        LabelledParagraph(" ".join(f"w{n}x{k}" for k in range(words)) or "—", label, KINDS.get(label or ""), by)
        for n, (label, by, words, _) in enumerate(rows)
    )
    first = np.array([row[3] for row in rows], dtype=np.float32)
    rest = (1 - first)[:, None] * np.linspace(2, 1, len(labels) - 1, dtype=np.float32) / (1.5 * (len(labels) - 1))
    scores = np.column_stack([first, rest]) if rows else np.zeros((0, len(labels)), np.float32)
    at = np.arange(len(rows))
    text = "\n".join(p.text for p in paragraphs if p.label == labels[0])
    document = LabelledDocument(name, site, origin, lang, text if gold else None, paragraphs)
    kinds, keep = tuple(KINDS.get(label, label) for label in labels), scores[:, 0] >= threshold
    prediction = Prediction(
        "", labels, kinds, tuple(range(len(labels))), at, at, scores, scores, scores[:, 0], keep, threshold=threshold
    )
    return ScoredDocument(document, prediction)


def random_documents(seed: int, sites: int, per_site: int = 2, origin: str | None = None) -> list[Measured]:
    """Documents of several sites; scores fit the labels on the whole."""
    rng = np.random.default_rng(seed)
    documents = []
    for site in range(sites):
        for number in range(per_site):
            rows: list[tuple[str | None, str | None, int, float]] = []
            for label in rng.choice([*LABELS, "unknown"], size=rng.integers(3, 9), p=[0.5, 0.25, 0.2, 0.05]):
                centre = 0.8 if label == "reporting" else 0.3
                by = "read" if label != "navigation" or rng.random() < 0.8 else "auto"
                rows.append(
                    (None if label == "unknown" else str(label), by, int(rng.integers(0, 30)),
                     float(np.clip(rng.normal(centre, 0.2), 0, 1)))
                )  # fmt: skip
            documents.append(scored(rows, f"s{site}.example", f"d{site}-{number}", origin, gold=number == 0))
    gold = gold_texts(one.document for one in documents)
    return [measured(one, gold) for one in documents]
