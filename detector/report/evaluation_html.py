"""Tables and other parts of the page of an evaluation, as HTML."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from detector.evaluation.bootstrap import Interval
from detector.evaluation.evaluate import LEGEND
from detector.evaluation.groups import Group
from detector.evaluation.labels_and_kinds import KindFigures, Matrix
from detector.evaluation.mistakes import Mistake, Neighbour
from detector.report.page import escape

SHADES = 5  # steps of the colour of a cell of a confusion matrix
EXPLAINED = 3  # origins beside which there is room for what the figures mean
_LABELS = ("reporting", "appeal", "navigation")  # those that have a colour of their own


def table(
    head: Sequence[str], rows: Iterable[Sequence[str]], caption: str, sortable: bool = False, words: int = 1
) -> str:
    """A table whose cells are HTML; all columns but the first ``words`` are numbers."""
    kinds = ["" if number < words else ' class="number"' for number in range(len(head))]
    heads = "".join(
        f'<th scope="col"{kind}>{_sorter(cell, sortable)}</th>' for kind, cell in zip(kinds, head, strict=True)
    )
    body = "".join(
        "<tr>"
        + "".join(
            f'<th scope="row">{cell}</th>' if number == 0 else f"<td{kinds[number]}>{cell}</td>"
            for number, cell in enumerate(row)
        )
        + "</tr>\n"
        for row in rows
    )
    return (
        f'<div class="scroll" role="group" aria-label="{escape(caption)}" tabindex="0"><table>'
        f"<caption>{escape(caption)}</caption>\n<thead><tr>{heads}</tr></thead>\n<tbody>{body}</tbody></table></div>\n"
    )


def _sorter(cell: str, sortable: bool) -> str:
    return f'<button type="button" class="sort">{cell}</button>' if sortable else cell


def number(value: float | None, interval: Interval | None = None) -> str:
    """A figure with four decimals, and its interval below it."""
    if value is None:
        return '<span class="quiet">&ndash;</span>'
    shown = f"{value:.4f}"
    if interval is None:
        return shown
    return f'{shown}<span class="interval">{interval.low:.4f}&ndash;{interval.high:.4f}</span>'


def figure_names(groups: Iterable[Group], without: Sequence[str] = ()) -> list[str]:
    """The figures that at least one of the groups has, in order."""
    names = dict.fromkeys(name for group in groups for name, value in group.figures.items() if value is not None)
    return [name for name in names if name != "documents" and name not in without]


def figures_table(groups: Sequence[Group], caption: str) -> str:
    """The figures of groups, one column each, and how much is in each; what they mean, where there is room."""
    explained = len(groups) <= EXPLAINED
    rows = [["documents", *(f"{group.documents:,}" for group in groups)]]
    rows.append(["sites", *(f"{group.sites:,}" for group in groups)])
    for name in figure_names(groups):
        values = (number(group.figures.get(name), group.intervals.get(name)) for group in groups)
        rows.append([escape(name) if explained else _figure_head(name), *values])
    head = ["figure", *(escape(group.name) for group in groups)]
    if not explained:
        return table(head, rows, caption)
    meanings = ["", "", *(escape(LEGEND.get(name, "")) for name in figure_names(groups))]
    rows = [[row[0], meaning, *row[1:]] for row, meaning in zip(rows, meanings, strict=True)]
    return table([head[0], "meaning", *head[1:]], rows, caption, words=2)


def group_table(groups: Sequence[Group], first: str, caption: str, sortable: bool = False) -> str:
    """The figures of groups, one row each."""
    names = figure_names(groups)
    rows = [
        [
            f"{group.pooled:,} others" if group.pooled else escape(group.name), f"{group.documents:,}",
            f"{group.sites:,}", *(number(group.figures.get(name), group.intervals.get(name)) for name in names),
        ]
        for group in groups
    ]  # fmt: skip
    return table([first, "documents", "sites", *map(_figure_head, names)], rows, caption, sortable)


def _figure_head(name: str) -> str:
    meaning = LEGEND.get(name)
    return f'<abbr title="{escape(meaning)}">{escape(name)}</abbr>' if meaning else escape(name)


def matrix_table(matrix: Matrix, caption: str) -> str:
    """A confusion matrix: one row for each true class; cells are darker the larger their share of the row."""
    rows = []
    for name, counts in zip(matrix.rows, matrix.counts, strict=True):
        total = sum(counts)
        cells = [
            f'<span class="shade-{round(SHADES * count / total) if total else 0}">{count:,}</span>' for count in counts
        ]
        rows.append([escape(name), *cells, f"{total:,}"])
    head = ["true", *map(escape, matrix.columns), "all"]
    return table(head, rows, caption).replace("<table>", '<table class="matrix">', 1)


def kind_table(kinds: Sequence[KindFigures], labels: Sequence[str], caption: str) -> str:
    """What becomes of each label and kind."""
    rows = [
        [
            label_name(each.label), escape(each.kind) if each.kind else "&ndash;", f"{each.paragraphs:,}",
            number(each.removed, each.interval), *(f"{each.predicted[label]:,}" for label in labels),
        ]
        for each in kinds
    ]  # fmt: skip
    head = ["label", "kind", "paragraphs", "removed", *(f"taken for {escape(label)}" for label in labels)]
    return table(head, rows, caption, words=2)


def label_name(label: str) -> str:
    """A label with its colour, if it has one."""
    return f'<span class="label {label}">{label}</span>' if label in _LABELS else escape(label)


def mistake_item(mistake: Mistake) -> str:
    """A mistake as an entry of a list, with the paragraphs around it."""
    said = "reporting removed" if mistake.type == "lost" else "boilerplate kept"
    kind = f", {escape(mistake.kind)}" if mistake.kind else ""
    facts = [
        f"score {mistake.score:.3f}, threshold {mistake.threshold:.3f}",
        f"taken for {escape(mistake.predicted_label)}, {escape(mistake.predicted_kind)}",
        f"{escape(mistake.site)}",
        f"{escape(mistake.document)}, paragraph {mistake.paragraph:,}"
        + (f", {escape(mistake.origin)}" if mistake.origin else ""),
        *([f"the same in {mistake.documents:,} documents"] if mistake.documents > 1 else []),
        *(["the document is kept whole by the guard"] if mistake.kept_whole else []),
    ]
    return (
        f'<li class="mistake {mistake.type}" data-type="{mistake.type}"><p class="head"><strong>{said}</strong>'
        f'<span class="small">{mistake.cost:,} words</span><span>{label_name(mistake.label)}{kind}</span></p>\n'
        f"{''.join(map(_neighbour, mistake.before))}"
        f'<p class="text" dir="auto">{escape(mistake.text)}</p>\n{"".join(map(_neighbour, mistake.after))}'
        f'<p class="quiet small facts">{" · ".join(facts)}</p></li>\n'
    )


def _neighbour(each: Neighbour) -> str:
    fate = "kept" if each.keep else "removed"
    label = f"{escape(each.label)}, " if each.label else ""
    return f'<p class="around small" dir="auto"><span class="fate">{label}{fate}</span> {escape(each.text)}</p>\n'


def items(name: str, entries: Iterable[Any]) -> str:
    """A list of plain texts."""
    return f'<ul class="{name}">' + "".join(f"<li>{escape(str(entry))}</li>" for entry in entries) + "</ul>\n"
