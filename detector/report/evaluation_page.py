"""The page of an evaluation: figures, plots, groups, mistakes and a comparison, in one file without network access."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from detector.evaluation.assessment import Assessment, Part
from detector.evaluation.comparison import Comparison, Difference
from detector.evaluation.evaluate import EXTRACTED, LEGEND, PAGE
from detector.evaluation.groups import Group
from detector.evaluation.notes import comparison_notes, notes
from detector.report.evaluation_html import (
    EXPLAINED,
    figures_table,
    group_table,
    items,
    kind_table,
    matrix_table,
    mistake_item,
    number,
    table,
)
from detector.report.evaluation_plots import calibration_plot, loss_plot
from detector.report.page import Page, asset, escape
from detector.util.counted import counted

SHOWN = 100  # rows of the table of sites
_PARTS = {PAGE: "whole pages", EXTRACTED: "extracted texts"}
_THEME = (
    '<label class="small no-print">Colours <select id="theme"><option value="">as the system</option>'
    '<option value="light">light</option><option value="dark">dark</option></select></label>'
)


def evaluation_page(assessment: Assessment, comparison: Comparison | None = None) -> Page:
    """The page. Raises `UsageError` where matplotlib is missing."""
    return Page(
        title=f"Evaluation of {assessment.model.name}",
        body="".join(_body(assessment, comparison)),
        styles=(asset("shared/style.css"), asset("evaluation/evaluation.css")),
        scripts=(asset("shared/theme.js"), asset("evaluation/evaluation.js")),
    )


def _body(assessment: Assessment, comparison: Comparison | None) -> Iterator[str]:
    sections = {
        "figures": ("Figures", _figures(assessment)),
        **({"comparison": ("Comparison", _comparison(assessment, comparison))} if comparison else {}),
        "loss": ("Reporting lost against boilerplate removed", _loss(assessment, comparison)),
        "calibration": ("Calibration", _calibration(assessment)),
        "confusion": ("Labels and kinds", _confusion(assessment)),
        "groups": ("Languages, lengths and sites", _groups(assessment)),
        "mistakes": ("Worst mistakes", _mistakes(assessment)),
    }
    yield '<a class="skip" href="#figures">Skip to the figures</a>\n<main class="page">\n<header class="row head">'
    yield f"<h1>Evaluation of {escape(assessment.model.name)}</h1>{_THEME}</header>\n{_about(assessment)}"
    yield '<nav class="row small no-print" aria-label="Sections">'
    yield "".join(f'<a href="#{name}">{title}</a>' for name, (title, _) in sections.items())
    yield "</nav>\n"
    for name, (title, content) in sections.items():
        yield f'<section id="{name}" class="card" aria-labelledby="{name}-title"><h2 id="{name}-title">{title}</h2>\n'
        yield from content
        yield "</section>\n"
    yield "</main>\n"


def _about(assessment: Assessment) -> str:
    counts, model = assessment.counts, assessment.model
    return (
        f"<p>{counted(counts.documents, 'document')} of {counted(counts.sites, 'site')}, "
        f"{counted(counts.labelled, 'labelled paragraph')}. "
        f"The threshold is {model.threshold:.3f}.</p>\n" + items("notes", notes(assessment))
    )


def _figures(assessment: Assessment) -> Iterator[str]:
    sampling = assessment.settings.resampling
    if any(each is not None for group in assessment.origins for each in group.intervals.values()):
        yield (
            f'<p class="small">Below each figure stands its {sampling.confidence:.0%} interval, from '
            f"{sampling.resamples:,} bootstrap samples of sites. An interval without width means that all sites "
            "agree; with few sites that proves little.</p>\n"
        )
    yield figures_table(assessment.origins, "Figures by origin of the documents")
    if len(assessment.origins) <= EXPLAINED:
        return
    rows = [[escape(name), escape(meaning)] for name, meaning in LEGEND.items()]
    meanings = table(["figure", "meaning"], rows, "Figures", words=2)
    yield f"<details><summary>What the figures mean</summary>{meanings}</details>\n"


def _comparison(assessment: Assessment, comparison: Comparison) -> Iterator[str]:
    first, other = assessment.model.name, comparison.other.name
    tested = sum(each.p is not None for each in comparison.differences)
    found = [each for each in comparison.differences if each.beyond_chance]
    yield (
        f"<p>The same documents, once with <strong>{escape(first)}</strong> (threshold "
        f"{assessment.model.threshold:.3f}), once with <strong>{escape(other)}</strong> (threshold "
        f"{comparison.other.threshold:.3f}). {len(found)} of {tested} differences are beyond chance.</p>\n"
    )
    yield items("notes", comparison_notes(comparison, assessment.settings.resampling.resamples))
    head = ["figure", escape(first), escape(other), "difference", "p", "p, corrected", "beyond chance"]
    for part in assessment.parts:
        rows = [_difference(each) for each in comparison.differences if each.part == part.name]
        yield table(head, rows, f"{other} minus {first}, {_PARTS.get(part.name, part.name)}")
    yield (
        '<p class="small quiet">The paired bootstrap draws the same sites for both models. Intervals are for one '
        f"figure by itself; p-values are corrected for all {tested} comparisons by Holm's method, and a difference "
        f"is beyond chance where the corrected value is below {comparison.level:.2f}. A difference that is not may "
        "still be real: these documents do not show it. A figure at each model's own threshold also depends on how "
        "that was chosen; A@.5 and N@.5 compare at the same loss.</p>\n"
    )


def _difference(each: Difference) -> list[str]:
    low_high = (
        f'<span class="interval">{each.interval.low:+.4f} to {each.interval.high:+.4f}</span>' if each.interval else ""
    )
    verdict = "yes" if each.beyond_chance else ("no" if each.p_holm is not None else "&ndash;")
    return [
        escape(each.figure), number(each.first), number(each.other),
        f"{each.difference:+.4f}{low_high}", _p(each.p), _p(each.p_holm),
        f"<strong>{verdict}</strong>" if each.beyond_chance else verdict,
    ]  # fmt: skip


def _p(value: float | None) -> str:
    return "&ndash;" if value is None else f"{value:.4f}"


def _loss(assessment: Assessment, comparison: Comparison | None) -> Iterator[str]:
    yield (
        '<p class="small">Each point of a curve is one threshold for all documents. The marks are what cleaning does '
        "at a named threshold, with the guard, which lowers the threshold where little is familiar and raises it in "
        "whole pages. The upright line is a loss of 0.5 %. Losses below 0.01 % are drawn at the left edge.</p>\n"
    )
    yield '<div class="parts">\n'
    for place, part in enumerate(assessment.parts):
        yield f'<div><h3>{_title(part)}</h3>\n<div class="beside">\n{_plot(assessment, comparison, part, place)}'
        yield f"{_thresholds(part)}</div></div>\n"
    yield "</div>\n"


def _plot(assessment: Assessment, comparison: Comparison | None, part: Part, place: int) -> str:
    if not part.curves:
        return "<p>There is nothing to draw: reporting, or all other labels are missing.</p>\n"
    curves = comparison.curves.get(part.name) if comparison else None
    plot = loss_plot(part, assessment.model.labels, curves, comparison.other.name if comparison else "", place)
    return f'<figure class="wide">{plot}</figure>\n'


def _thresholds(part: Part) -> str:
    """What cleaning does at the named thresholds."""
    rows = [
        [escape(mark.name), f"{mark.threshold:.4f}", number(mark.lost), *map(number, mark.removed.values())]
        for mark in part.marks
    ]
    head = ["threshold", "value", "lost", *map(escape, part.marks[0].removed)]
    return table(head, rows, f"Named thresholds, {_title(part)}")


def _calibration(assessment: Assessment) -> Iterator[str]:
    yield (
        '<p class="small">Of the paragraphs with a score of 0.8, eight in ten should have the label: the points should '
        "lie on the diagonal. The upright lines are intervals over sites. The expected calibration error is the mean "
        "distance from the diagonal.</p>\n"
    )
    for place, part in enumerate(assessment.parts):
        plots = (calibration_plot(each, label, part, place) for label, each in enumerate(part.calibration))
        yield f'<h3>{_title(part)}</h3>\n<figure class="row">{"".join(plots)}</figure>\n'
        rows = [[escape(each.label), number(each.error, each.interval)] for each in part.calibration]
        yield table(["label", "error"], rows, f"Expected calibration error, {_title(part)}")
        bins = [
            [escape(each.label), f"{b.low:.1f} to {b.high:.1f}", f"{b.paragraphs:,}", number(b.score),
             number(b.share, b.interval)]
            for each in part.calibration for b in each.bins
        ]  # fmt: skip
        caption = f"Bins, {_title(part)}"
        shown = table(["label", "score", "paragraphs", "mean score", "share with the label"], bins, caption, words=2)
        yield f"<details><summary>{caption}</summary>{shown}</details>\n"


def _confusion(assessment: Assessment) -> Iterator[str]:
    yield (
        '<p class="small">All paragraphs that a reader labelled. The darker a cell, the larger its share of the row.'
        "</p>\n"
    )
    for part in assessment.parts:
        yield f"<h3>{_title(part)}</h3>\n" + matrix_table(part.labels, f"True and predicted label, {_title(part)}")
        yield kind_table(part.by_kind, assessment.model.labels, f"What becomes of each kind, {_title(part)}")
        if part.kinds:
            caption = f"Confusion of kinds, {_title(part)}"
            yield f"<details><summary>{caption}</summary>{matrix_table(part.kinds, caption)}</details>\n"


def _groups(assessment: Assessment) -> Iterator[str]:
    yield '<p class="small">Over all documents, whatever their origin. The heads of the columns sort.</p>\n'
    yield group_table(assessment.languages, "language", "Figures by language", sortable=True)
    yield group_table(assessment.lengths, "length", "Figures by length of the document", sortable=True)
    yield group_table(
        _most(assessment.sites), "site", "Figures by site, most words of reporting lost first", sortable=True
    )
    if len(assessment.sites) > SHOWN:
        left_out = len(assessment.sites) - SHOWN
        yield f'<p class="small">{left_out:,} more sites are in <code>figures.json</code>.</p>\n'


def _most(sites: Sequence[Group]) -> list[Group]:
    """The first sites, and those that are pooled."""
    return [*sites[:SHOWN], *(group for group in sites[SHOWN:] if group.pooled)]


def _mistakes(assessment: Assessment) -> Iterator[str]:
    yield (
        '<p class="small">Half of the list is reporting that was removed, half boilerplate that was kept. The cost is '
        "the number of words, over all documents of the site that have the same paragraph. Above and below each stand "
        "the paragraphs around it.</p>\n"
    )
    if not assessment.mistakes:
        yield "<p>There are no mistakes.</p>\n"
        return
    yield (
        '<form id="filter" class="row no-print" role="search"><label>Show <select id="type"><option value="">all'
        '</option><option value="lost">reporting removed</option><option value="kept">boilerplate kept</option>'
        '</select></label><label>Search <input type="search" id="search"></label>'
        '<output id="shown" for="type search"></output></form>\n<ol id="list">\n'
    )
    yield from map(mistake_item, assessment.mistakes)
    yield "</ol>\n"


def _title(part: Part) -> str:
    return escape(_PARTS.get(part.name, part.name))
