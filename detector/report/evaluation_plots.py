"""The plots of an evaluation, as SVG elements to put into a page.

matplotlib draws them. Their colours become variables of the page, so that they follow its light and dark colours, and
their styles become attributes, because the policy of a page allows no style in an element.
"""

from __future__ import annotations

import io
import re
from collections.abc import Mapping, Sequence
from typing import Any
from xml.etree import ElementTree  # nosec - it reads what matplotlib wrote

import numpy as np

from detector.evaluation.assessment import Mark, Part
from detector.evaluation.calibration_bins import Calibration
from detector.evaluation.curves import Curve
from detector.evaluation.evaluate import LOSS, removed_names
from detector.util.libraries import load_library

EXTRA = "plots"
_INK, _QUIET, _LINE = "#000001", "#000002", "#000003"
_SERIES = "#0000{:02x}"  # the colour of a label, by its number from 16 on
_LEAST_LOSS, _MOST_LOSS = 1e-4, 0.3  # of the horizontal axis; what is lower is drawn at its beginning
_MARKERS = "oDs^vP"
_COLOUR = re.compile(r"#0000([0-9a-f]{2})\b")
_SVG = "http://www.w3.org/2000/svg"
_LINK = "{http://www.w3.org/1999/xlink}href"


def require_plots() -> None:
    """Raise `UsageError`, with the command that installs it, where matplotlib is missing."""
    load_library("matplotlib.figure", "drawing the plots of an evaluation", EXTRA)


def loss_plot(
    part: Part, labels: Sequence[str], other: Mapping[str, Curve] | None, other_name: str, number: int
) -> str:
    """What is removed of each label against what is lost, with the named thresholds.

    ``other`` are the curves of another model, dashed. ``number`` is that of the part: no other one of the page has it.
    """
    figure, axes = _figure((5, 4.4))
    figures = removed_names(labels)
    for series, label in enumerate(labels[1:], 1):
        colour, name = _SERIES.format(16 + series), figures[label]
        if name in part.curves:
            _draw_curve(axes, part.curves[name], colour, "-", label)
            _draw_marks(axes, part.marks, name, colour)
        if other and name in other:
            _draw_curve(axes, other[name], colour, "--", f"{label}, {other_name}")
    axes.axvline(LOSS, color=_LINE, linewidth=1, zorder=0)
    axes.set(
        xscale="log", xlim=(_LEAST_LOSS, _MOST_LOSS), ylim=(-0.02, 1.02),
        xlabel="share of the words of reporting lost", ylabel="share of the paragraphs removed",
    )  # fmt: skip
    for place, mark in enumerate(part.marks):
        axes.plot([], [], _MARKERS[place % len(_MARKERS)], color=_INK, label=f"{mark.name} ({mark.threshold:.3f})")
    figure.legend(loc="outside lower center", ncols=2, fontsize=9, frameon=False, labelcolor=_INK)
    described = f"Share removed against share lost, {part.name}"
    return _svg(figure, f"loss-{number}", described)


def calibration_plot(calibration: Calibration, label: int, part: Part, number: int) -> str:
    """How often paragraphs with a score have the label with this number: a reliability diagram.

    ``number`` is that of the part: no other one of the page has it.
    """
    figure, axes = _figure((3.4, 3.4))
    points = [(b.score, b.share, b.interval) for b in calibration.bins if b.score is not None and b.share is not None]
    colour = _SERIES.format(16 + label)
    axes.plot([0, 1], [0, 1], color=_LINE, linewidth=1, zorder=0)
    for score, _, interval in points:
        if interval:
            axes.plot([score, score], [interval.low, interval.high], color=colour, linewidth=1.2)
    axes.plot([score for score, _, _ in points], [share for _, share, _ in points], "o-", color=colour, markersize=4)
    axes.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.02), xlabel="score", ylabel="share with the label", aspect="equal")
    axes.set_title(_shown(calibration.label), fontsize=11, color=_INK, parse_math=False)
    return _svg(figure, f"calibration-{number}-{label}", f"Calibration of {calibration.label}, {part.name}")


def _draw_curve(axes: Any, curve: Curve, colour: str, line: str, name: str) -> None:  # noqa: ANN401 - matplotlib
    few = curve.thinned(400)
    drawn = axes.plot(
        few.lost.clip(min=_LEAST_LOSS), few.removed, line, color=colour, linewidth=1.8, drawstyle="steps-post"
    )
    drawn[0].set_label(_plain(name))


def _draw_marks(axes: Any, marks: Sequence[Mark], figure: str, colour: str) -> None:  # noqa: ANN401 - matplotlib
    for number, mark in enumerate(marks):
        removed = mark.removed.get(figure)
        if removed is not None and mark.lost is not None:
            axes.plot(
                np.clip(mark.lost, _LEAST_LOSS, _MOST_LOSS), removed, _MARKERS[number % len(_MARKERS)], color=colour,
                markersize=7, clip_on=False, zorder=5,
            )  # fmt: skip


def _plain(text: str) -> str:
    """A text for a legend: shortened, and not read as mathematics, or as a name that is to be left out."""
    return _shown(text).replace("$", r"\$").lstrip("_") or "…"


def _shown(text: str) -> str:
    printable = _printable(text)
    return printable if len(printable) <= 40 else f"{printable[:39]}…"


def _printable(text: str) -> str:
    """A text without what SVG cannot hold."""
    return "".join(filter(str.isprintable, text))


def _figure(size: tuple[float, float]) -> tuple[Any, Any]:
    """A figure with transparent axes, and the axes."""
    module = load_library("matplotlib.figure", "drawing the plots of an evaluation", EXTRA)
    figure = module.Figure(figsize=size, layout="constrained")
    axes = figure.subplots()
    axes.set_facecolor("none")
    axes.grid(color=_LINE, linewidth=0.5)
    axes.tick_params(colors=_QUIET, labelsize=9, which="both")
    axes.xaxis.label.set(color=_INK, size=10)
    axes.yaxis.label.set(color=_INK, size=10)
    for spine in axes.spines.values():
        spine.set_color(_LINE)
    return figure, axes


def _svg(figure: Any, name: str, described: str) -> str:  # noqa: ANN401 - matplotlib
    """A figure as an SVG element. Its ids begin with ``name``; ``described`` is its text for readers."""
    matplotlib = load_library("matplotlib", "drawing the plots of an evaluation", EXTRA)
    buffer = io.StringIO()
    with matplotlib.rc_context({"svg.fonttype": "none", "svg.hashsalt": name}):
        figure.savefig(buffer, format="svg", transparent=True, metadata={"Date": None})
    ElementTree.register_namespace("", _SVG)
    root = ElementTree.fromstring(buffer.getvalue())  # noqa: S314 - what matplotlib wrote
    for unwanted in ("metadata", "defs/{*}style"):
        _remove(root, unwanted)
    for element in root.iter():
        _without_style(element)
        _renamed(element, name)
    size = root.attrib["viewBox"].split()
    root.attrib |= {
        "role": "img", "aria-label": _printable(described), "class": "plot", "stroke-linejoin": "round",
        "width": size[2], "height": size[3],
    }  # fmt: skip
    return ElementTree.tostring(root, encoding="unicode")


def _remove(root: ElementTree.Element, path: str) -> None:
    parents = root.findall(f"{{*}}{path.rpartition('/')[0]}") if "/" in path else [root]
    for parent in parents:
        for child in parent.findall(path.rpartition("/")[2] if "/" in path else f"{{*}}{path}"):
            parent.remove(child)


def _without_style(element: ElementTree.Element) -> None:
    """Turn the style of an element into attributes, and its colours into variables of the page."""
    for declaration in element.attrib.pop("style", "").split(";"):
        name, _, value = (part.strip() for part in declaration.partition(":"))
        if name == "font":
            size = re.search(r"([\d.]+)px", value)
            name, value = "font-size", size[1] if size else "10"
        if name and name != "font-family":
            element.set(name, value)
    for name in ("fill", "stroke"):
        if name in element.attrib:
            element.set(name, _COLOUR.sub(_variable, element.attrib[name]))


def _variable(found: re.Match[str]) -> str:
    number = int(found[1], 16)
    return {1: "var(--ink)", 2: "var(--quiet)", 3: "var(--line)"}.get(number, f"var(--series-{(number - 16) % 8})")


def _renamed(element: ElementTree.Element, prefix: str) -> None:
    """Make the ids of an element, and what refers to ids, unique in a page with several plots."""
    for name, value in list(element.attrib.items()):
        if name == "id":
            element.set(name, f"{prefix}-{value}")
        elif name == _LINK:  # HTML knows no other prefix of this name than none
            del element.attrib[name]
            element.set("href", value.replace("#", f"#{prefix}-", 1))
        elif "url(#" in value:
            element.set(name, value.replace("url(#", f"url(#{prefix}-"))
