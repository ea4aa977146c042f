"""What was measured of accuracy: as tables in Markdown, as JSON, and the curve of what goes against what is lost."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from detector.evaluation.evaluate import EXTRACTED, PAGE
from detector.util.libraries import load_library
from detector.util.markdown import markdown_table
from training.accuracy import CONFIDENCE, GAIN, OURS, RESAMPLES, SEED, Accuracy

_LEAST, _MOST = 1e-4, 0.3  # share of the reporting words lost, from the left of the picture to its right
_AT_EQUAL_LOSS = 0.005
_COLUMNS = ("lost", "appeal", "nav", "A@.5", "N@.5", "macro")
_SMALL = ("lost", GAIN)
_GROUPS = {PAGE: "whole pages", EXTRACTED: "extracted texts"}


def markdown(measured: Sequence[Accuracy], picture: str | None = None) -> str:
    """The tables of all cleaners, the first being ours; ``picture`` is the path of the curve's picture."""
    ours = measured[0]
    pages, documents = (f"{ours.figures.get(o, {}).get('documents') or 0:,.0f}" for o in (PAGE, EXTRACTED))
    parts = [
        f"{pages} pages and {documents} texts that extractors delivered of them. In brackets, intervals of "
        f"{CONFIDENCE:.0%} by {RESAMPLES:,} bootstrap draws of pages. fastText and HashingVectorizer learnt from the "
        "training data, and keep a line whose most probable label is reporting. What the others are stands in "
        "`training/rivals.py`.",
        "The word F1 before and after the model's removal:",
        own_table(ours),
        "The word F1 after the removal, by cleaner:",
        after_table(measured),
        *(part for group, name in _GROUPS.items() if group in ours.figures for part in _group(measured, group, name)),
    ]
    if picture:
        parts.append(f"![What goes of appeals and navigation against what is lost of the reporting]({picture})")
    return "\n\n".join(parts)


def own_table(ours: Accuracy) -> str:
    """Word F1 before and after, the gain and what is lost, a row for each origin."""
    head = ("", "documents", "before", "after", GAIN, "lost")
    return markdown_table(head, [
        (origin, f"{row['documents']:,.0f}", *(cell(ours, origin, name) for name in ("before", "after", GAIN, "lost")))
        for origin, row in ours.figures.items()
    ])  # fmt: skip


def after_table(measured: Sequence[Accuracy]) -> str:
    """Word F1 after, a row for each origin and a column for each cleaner."""
    head = ("", "before", *(one.name for one in measured))
    return markdown_table(head, [
        (origin, number(row["before"], "before"), *(cell(one, origin, "after") for one in measured))
        for origin, row in measured[0].figures.items()
    ])  # fmt: skip


def _group(measured: Sequence[Accuracy], group: str, name: str) -> tuple[str, str]:
    rows = [(one.name, *(cell(one, group, column) for column in (*_COLUMNS, GAIN))) for one in measured]
    return f"By cleaner, on {name}:", markdown_table(("", *_COLUMNS, GAIN), rows)


def cell(one: Accuracy, origin: str, name: str) -> str:
    """A figure with its interval, where it has one."""
    found = one.intervals[origin].get(name)
    value = number(one.figures[origin].get(name), name)
    return f"{value} ({number(found.low, name)} to {number(found.high, name)})" if found else value


def number(value: float | None, name: str) -> str:
    """A figure with the decimals that its name asks for."""
    return "–" if value is None else f"{value:.{4 if name in _SMALL else 3}f}"


def to_json(measured: Sequence[Accuracy]) -> str:
    """Figures and intervals of all cleaners, by name, and how the intervals were made."""
    how = {"resamples": RESAMPLES, "confidence": CONFIDENCE, "seed": SEED}
    packed = {"bootstrap": how, "cleaners": {one.name: one.packed() for one in measured}}
    return json.dumps(packed, indent=1, ensure_ascii=False) + "\n"


def draw(measured: Sequence[Accuracy], path: Path) -> None:
    """Draw the curves of whole pages and of extracted texts, with a point for each cleaner's own decision.

    Raises `UsageError` where matplotlib is not installed.
    """
    figure_module = load_library("matplotlib.figure", "the picture", "benchmark")
    groups = [group for group in _GROUPS if group in measured[0].figures]
    figure = figure_module.Figure(figsize=(11, 4.2 * len(groups)), layout="constrained")
    axes = figure.subplots(len(groups), 2, squeeze=False, sharey=True)
    for row, group in zip(axes, groups, strict=True):
        for panel, (name, what) in zip(row, (("appeal", "appeals"), ("nav", "navigation")), strict=True):
            panel.set(
                xscale="log", xlim=(_LEAST, _MOST), ylim=(0, 1), title=f"{_GROUPS[group]}: {what}",
                xlabel="share of the reporting's words lost", ylabel="share of the paragraphs removed",
            )  # fmt: skip
            panel.axvline(_AT_EQUAL_LOSS, color="0.8", linewidth=1, zorder=0)
            panel.grid(alpha=0.3)
            for at, one in enumerate(measured):
                _draw_one(panel, one, group, name, f"C{at}")
    axes[0, 0].legend(loc="upper left", fontsize="small")
    figure.savefig(path, dpi=100)


def _draw_one(
    panel: Any,  # noqa: ANN401, matplotlib's Axes, which need not be installed
    one: Accuracy,
    group: str,
    name: str,
    colour: str,
) -> None:
    curve = one.curves.get(group, {}).get(name)
    if curve:
        panel.plot(curve.lost, curve.catch, color=colour, label=one.name, linewidth=2 if one.name == OURS else 1.2)
    lost, catch = one.figures[group]["lost"], one.figures[group][name]
    if lost is not None and catch is not None:
        panel.plot(lost, catch, "o", color=colour, markersize=6, label=None if curve else one.name)
