"""The table of ``explain``: what is kept and what is removed side by side, with the reasons."""

from __future__ import annotations

from rich.table import Table
from rich.text import Text

from detector.cleaner import Paragraph, Prediction
from detector.cli.messages import escaped
from detector.corpus.explaining import is_chosen
from detector.explanation.document import quoted
from detector.formats.base import Record
from detector.reasons import Reason, Why

_SHOWN = 160  # characters of a paragraph
_NONE = {
    None: "has no paragraph", "removed": "no paragraph is removed", "kept": "no paragraph is kept",
    "doubt": "no paragraph is in doubt",
}  # fmt: skip


def reasons_table(record: Record, prediction: Prediction, top: int, only: str | None) -> Table | Text:
    """The decisions on one text with the ``top`` reasons for each, in the order of the text.

    What is kept is in the column to the left, what is removed in the one to the right. ``only`` is one of
    `detector.corpus.explaining.CHOICES`, or None for all paragraphs. Where there is none, one line says so.
    """
    chosen = [paragraph for paragraph in prediction.paragraphs if is_chosen(paragraph, only)]
    if not chosen:
        return Text(f"{escaped(record.id)}: {_NONE[only]}")
    title = Text(f"{escaped(record.id)}: threshold {chosen[0].why.threshold:+.2f}")
    table = Table(title=title, title_justify="left", expand=True, show_lines=True, caption_justify="left")
    columns = [name for name in ("kept", "removed") if only in (None, "doubt", name)]
    for name in columns:
        table.add_column(name, ratio=1)
    notes: dict[str, None] = {}
    for paragraph in chosen:
        why = paragraph.why
        notes.update(dict.fromkeys([why.note] if why.note else []))
        cell = _cell(paragraph, why, top)
        table.add_row(*(cell if (name == "kept") == paragraph.keep else "" for name in columns))
    if notes:
        table.caption = Text("; ".join(notes))
    return table


def _cell(paragraph: Paragraph, why: Why, top: int) -> Text:
    """A paragraph, its score, and its reasons."""
    line = escaped(" ".join(paragraph.text[: 2 * _SHOWN].split()))
    cell = Text(line if len(line) <= _SHOWN else f"{line[: _SHOWN - 1].rstrip()}…", style="bold")
    cell.append(f"\n{paragraph.kind}, {why.log_odds:+.2f}", style="not bold dim")
    for reason in why.reasons[:top]:
        cell.append("\n").append_text(_shown(reason))
    return cell


def _shown(reason: Reason) -> Text:
    """A reason behind what it adds, in green for keeping and in red for removing."""
    style = "not bold green" if reason.log_odds > 0 else "not bold red"
    text = f"phrase {quoted(reason.text)}" if reason.group == "phrase" else reason.text
    return Text.assemble((f"{reason.log_odds:+.2f} ", style), (escaped(text), "not bold"))
