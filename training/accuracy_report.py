"""Accuracy as Markdown tables, as JSON, and as a plot of the share removed against the share lost."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from detector.evaluation.evaluate import EXTRACTED, PAGE
from detector.util.libraries import load_library
from detector.util.markdown import markdown_table
from training.accuracy import CONFIDENCE, GAIN, OURS, RESAMPLES, SEED, Accuracy

_LOSS_LIMITS = 1e-4, 0.3  # of the plot's horizontal axis
_LOSS = 0.005  # at which A@.5 and N@.5 are measured
_COLUMNS = ("lost", "appeal", "nav", "A@.5", "N@.5", "macro")
_SMALL = ("lost", GAIN)
_GROUPS = {PAGE: "whole pages", EXTRACTED: "extracted texts"}


def markdown(results: Sequence[Accuracy], picture: str | None = None) -> str:
    """The tables of all cleaners, ours first; ``picture`` is the path of the plot."""
    ours = results[0]
    pages, documents = (f"{ours.figures.get(o, {}).get('documents') or 0:,.0f}" for o in (PAGE, EXTRACTED))
    parts = [
        f"{pages} pages and {documents} texts that extractors made of them. In parentheses: {CONFIDENCE:.0%} intervals "
        f"from {RESAMPLES:,} bootstrap samples of pages. fastText and HashingVectorizer are trained on the training "
        "data, and keep a line when its most probable label is reporting. `training/rivals.py` describes all rivals.",
        "Word F1 before and after cleaning by the model:",
        own_table(ours),
        "Word F1 after cleaning, by cleaner:",
        after_table(results),
        *(part for group, name in _GROUPS.items() if group in ours.figures for part in _group(results, group, name)),
    ]
    if picture:
        parts.append(f"![Share of appeals and navigation removed against share of reporting lost]({picture})")
    return "\n\n".join(parts)


def own_table(ours: Accuracy) -> str:
    """Word F1 before and after cleaning, the gain and the share lost, with one row per origin."""
    head = ("", "documents", "before", "after", GAIN, "lost")
    return markdown_table(head, [
        (origin, f"{row['documents']:,.0f}", *(cell(ours, origin, name) for name in ("before", "after", GAIN, "lost")))
        for origin, row in ours.figures.items()
    ])  # fmt: skip


def after_table(results: Sequence[Accuracy]) -> str:
    """Word F1 after cleaning, with one row per origin and one column per cleaner."""
    head = ("", "before", *(one.name for one in results))
    return markdown_table(head, [
        (origin, number(row["before"], "before"), *(cell(one, origin, "after") for one in results))
        for origin, row in results[0].figures.items()
    ])  # fmt: skip


def _group(results: Sequence[Accuracy], group: str, name: str) -> tuple[str, str]:
    rows = [(one.name, *(cell(one, group, column) for column in (*_COLUMNS, GAIN))) for one in results]
    return f"By cleaner, on {name}:", markdown_table(("", *_COLUMNS, GAIN), rows)


def cell(one: Accuracy, origin: str, name: str) -> str:
    """A figure with its interval, if it has one."""
    interval = one.intervals[origin].get(name)
    value = number(one.figures[origin].get(name), name)
    return f"{value} ({number(interval.low, name)} to {number(interval.high, name)})" if interval else value


def number(value: float | None, name: str) -> str:
    """A figure with three decimals, or four where its values are small."""
    return "–" if value is None else f"{value:.{4 if name in _SMALL else 3}f}"


def to_json(results: Sequence[Accuracy]) -> str:
    """Figures and intervals of all cleaners, by name, and the settings of the bootstrap."""
    settings = {"resamples": RESAMPLES, "confidence": CONFIDENCE, "seed": SEED}
    values = {"bootstrap": settings, "cleaners": {one.name: one.to_dict() for one in results}}
    return json.dumps(values, indent=1, ensure_ascii=False) + "\n"


def draw(results: Sequence[Accuracy], path: Path) -> None:
    """Plot the curves for whole pages and for extracted texts, with a point for each cleaner's own decisions.

    Raises `UsageError` where matplotlib is not installed.
    """
    figure_module = load_library("matplotlib.figure", "the plot", "benchmark")
    groups = [group for group in _GROUPS if group in results[0].figures]
    figure = figure_module.Figure(figsize=(11, 4.2 * len(groups)), layout="constrained")
    axes = figure.subplots(len(groups), 2, squeeze=False, sharey=True)
    for row, group in zip(axes, groups, strict=True):
        for panel, (name, label) in zip(row, (("appeal", "appeals"), ("nav", "navigation")), strict=True):
            panel.set(
                xscale="log", xlim=_LOSS_LIMITS, ylim=(0, 1), title=f"{_GROUPS[group]}: {label}",
                xlabel="share of the reporting's words lost", ylabel="share of the paragraphs removed",
            )  # fmt: skip
            panel.axvline(_LOSS, color="0.8", linewidth=1, zorder=0)
            panel.grid(alpha=0.3)
            for at, one in enumerate(results):
                _draw_one(panel, one, group, name, f"C{at}")
    axes[0, 0].legend(loc="upper left", fontsize="small")
    figure.savefig(path, dpi=100)


def _draw_one(
    panel: Any,  # noqa: ANN401 - matplotlib may not be installed
    one: Accuracy,
    group: str,
    name: str,
    colour: str,
) -> None:
    curve = one.curves.get(group, {}).get(name)
    if curve:
        panel.plot(curve.lost, curve.removed, color=colour, label=one.name, linewidth=2 if one.name == OURS else 1.2)
    lost, removed = one.figures[group]["lost"], one.figures[group][name]
    if lost is not None and removed is not None:
        panel.plot(lost, removed, "o", color=colour, markersize=6, label=None if curve else one.name)
