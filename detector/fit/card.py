"""A model's card: what it is, what it was trained on, how good it is; in Markdown, from its metadata alone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from detector.evaluation.confusion import LEAST, OTHER
from detector.evaluation.evaluate import FIGURES
from detector.inference.model import Model
from detector.util.markdown import markdown_table


def card(model: Model) -> str:
    """The model card. Everything in it stands in the metadata."""
    metadata = model.metadata
    parts = [
        "# Model card",
        "Decides for each paragraph of an article's plain text whether it is "
        f"{', '.join(model.labels[:-1])} or {model.labels[-1]}, "
        "by hashed n-grams, word vectors, the shape of the line, and the document around it.",
        "## Made with",
        markdown_table(("", ""), [(name, number) for name, number in metadata["versions"].items()]),
        "## Trained on",
        _data(metadata["data"]),
        "## Thresholds",
        "A paragraph is kept when its probability of reporting is at least the threshold. Each was chosen on held-out "
        "sites, to lose at most a share of the reporting words of extracted texts.",
        markdown_table(("name", "threshold"), [(name, f"{value:.4f}") for name, value in model.thresholds.items()]),
        *(part for name, table in metadata["figures"].items() for part in _figures(name, table)),
        *_confusion(metadata.get("confusion")),
        "## Limits",
        "It sees the plain text alone. Languages that are rare in its data are judged worse than the figures show. "
        "Paragraphs that a reader would argue about (the closing pitch of a company's "
        "blog, biographies, disclosures) are where it errs most.",
    ]
    return "\n\n".join(parts) + "\n"


def _data(data: Mapping[str, Any]) -> str:
    counts = ", ".join(f"{number:,} {label}" for label, number in data["paragraphs"].items())
    amount = f"{data['documents']:,} documents of {data['sites']:,} sites"
    return f"{amount}; paragraphs: {counts}. Digest `{data['sha256'][:16]}`."


def _figures(name: str, table: Mapping[str, Mapping[str, Any]]) -> tuple[str, str]:
    what = {
        "held-out": "Of the training data, each paragraph judged by a fit that had not seen its site.",
        "dev": "Of the written model, on sites it was not trained on.",
    }[name]
    rows = [(origin, *(_figure(row.get(column)) for column in FIGURES)) for origin, row in table.items()]
    return f"## Figures: {name}", f"{what}\n\n" + markdown_table(("", *FIGURES), rows)


def _confusion(confusion: Mapping[str, Any] | None) -> tuple[str, ...]:
    if not confusion:
        return ()
    kinds = confusion["kinds"]
    rows = [
        (kind, *counts, _figure(f1))
        for kind, counts, f1 in zip(kinds, confusion["counts"], confusion["f1"], strict=True)
    ]
    what = (
        f"On the dev documents that are whole pages: paragraphs read by eye, of the kinds that have {LEAST} or more. A "
        "row is a true kind, a column what it was taken for, the last one its F1."
    )
    return "## Kinds taken for kinds: dev", f"{what}\n\n" + markdown_table(("", *kinds, OTHER, "F1"), rows)


def _figure(value: float | None) -> str:
    return "" if value is None else f"{value:.4f}"
