"""The report: what a cleaner decides on documents, as one page to look at."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from detector import __version__, guard
from detector.policy import resolve_threshold
from detector.report.content import SHOWN, TYPES, Content, pack
from detector.report.gathering import Document, shown_id
from detector.report.page import Page, asset, binary_block, json_block

if TYPE_CHECKING:
    from detector.cleaner import Cleaner
    from detector.corpus.summary import Summary

# In this order: each may use the names of all others, but its own first lines only those above it.
SCRIPTS = ("data", "guard", "histogram", "filters", "paragraphs", "documents", "why", "keys", "main")
_ARRAYS = {"<f4": "Float32Array", "<u4": "Uint32Array", "<u2": "Uint16Array", "u1": "Uint8Array"}  # of JavaScript


@dataclass(frozen=True, slots=True)
class About:
    """What a report says of itself, in plain text.

    ``names`` are what it calls the inputs, by their names in documents. ``model`` names the model, ``sample`` tells
    that the documents are a sample of all that were ``read``. The time is not told: the same documents, model and
    settings make the same file.
    """

    title: str
    model: str = ""
    names: Mapping[str, str] = field(default_factory=dict)
    read: int = 0
    sample: bool = False
    reasons: int = 5
    evidence: tuple[str, ...] = ()


def report(
    cleaner: Cleaner,
    documents: Sequence[Document],
    about: About,
    summary: Summary | None = None,
    jobs: int = 1,
    warn: Callable[[str], object] = lambda message: None,
) -> Iterator[bytes]:
    """A page on documents, in pieces. ``summary`` is that of the run which read them.

    The reasons are found by ``jobs`` processes; ``warn`` is told if that takes long.
    """
    content = pack(cleaner, (document.text for document in documents), about.reasons, jobs, warn)
    page = Page(
        title=about.title,
        body=asset("page/body.html"),
        styles=(asset("shared/style.css"), asset("page/report.css")),
        scripts=(asset("shared/theme.js"), *(asset(f"page/{name}.js") for name in SCRIPTS)),
        data={
            "settings": json_block(_settings(cleaner, documents, about, summary, content)),
            "numbers": binary_block(content.numbers),
            "texts": binary_block(content.texts),
            "reasons": binary_block(content.reasons),
        },
    )
    return page.pieces()


def _settings(
    cleaner: Cleaner, documents: Sequence[Document], about: About, summary: Summary | None, content: Content
) -> dict[str, Any]:
    """All that a page is told besides the packed content."""
    files = list(dict.fromkeys(about.names.get(document.file, document.file) for document in documents))
    places = {name: number for number, name in enumerate(files)}
    return {
        "title": about.title, "version": __version__, "evidence": about.evidence,
        "arrays": [[name, _ARRAYS[type_]] for name, type_ in TYPES.items()],
        "shown": SHOWN, "chunks": len(content.texts), "reasons": bool(content.reasons),
        "files": files,
        "documents": [
            [places[about.names.get(document.file, document.file)], shown_id(document)] for document in documents
        ],
        "model": _model(cleaner, about.model),
        "guard": _guard(cleaner),
        "counts": _counts(documents, about, summary),
    }  # fmt: skip


def _model(cleaner: Cleaner, name: str) -> dict[str, Any]:
    model, policy = cleaner.model, cleaner.policy
    digest = cleaner.encoder.digest if cleaner.encoder else str(model.metadata.get("sha256", ""))
    return {
        "name": name, "sha256": digest[:12],
        "labels": model.labels, "kinds": model.kinds, "kindLabels": model.kind_labels, "thresholds": model.thresholds,
        "keep": policy.keep, "drop": policy.drop, "paragraphs": cleaner.paragraphs,
    }  # fmt: skip


def _guard(cleaner: Cleaner) -> dict[str, float]:
    """The settings and constants by which the page decides as `detector.guard` does."""
    return {
        "cutoff": resolve_threshold(cleaner.threshold, cleaner.model), "maxRemoved": cleaner.removed_limit,
        "familiar": guard.FAMILIAR, "certain": guard.CERTAIN,
        "pageParagraphs": guard.PAGE_PARAGRAPHS, "pageKinds": guard.PAGE_KINDS, "pageOdds": guard.PAGE_ODDS,
    }  # fmt: skip


def _counts(documents: Sequence[Document], about: About, summary: Summary | None) -> dict[str, Any]:
    """How much was read, and what of it is missing in the report."""
    return {
        "read": max(about.read, len(documents)), "sample": about.sample,
        "rejected": summary.rejected if summary else 0,
        "failed": len(summary.failed) if summary else 0,
        "nulls": summary.nulls if summary else 0,
    }  # fmt: skip
