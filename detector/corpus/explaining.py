"""The reasons for the decisions on the texts of a run, as JSON Lines."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, TypeAlias

from detector.corpus.one_file import Run
from detector.corpus.plan import Task
from detector.formats.base import Record
from detector.results import Paragraph, SectionPrediction
from detector.util.json_lines import json_line

_DIGITS = 6
DOUBT = 1.0  # of log-odds: what is nearer to the threshold is in doubt

Choice: TypeAlias = "Callable[[Paragraph], bool]"  # which paragraphs are explained
CHOICES: dict[str, Choice] = {
    "removed": lambda paragraph: not paragraph.keep,
    "kept": lambda paragraph: paragraph.keep,
    "doubt": lambda paragraph: abs(paragraph.why.log_odds - paragraph.why.threshold) < DOUBT,
}


def is_chosen(paragraph: Paragraph, only: str | None) -> bool:
    """Whether a paragraph is one of those that one of `CHOICES` names; without a name, all are."""
    return only is None or CHOICES[only](paragraph)


@dataclass(frozen=True)
class ExplainingRun(Run):
    """A run whose `predict` writes one line per document, with every reason; ``only`` is one of `CHOICES`."""

    only: str | None = None

    def lines(self, task: Task, record: Record, sections: Iterable[SectionPrediction]) -> Iterator[bytes]:
        """One line, in pieces: each section of a long text is explained by itself."""
        yield json_line({"file": task.name, "id": record.id, "paragraphs": []}).removesuffix(b"]}\n")
        separator = b""
        for section in sections:
            if section.continued:
                continue
            for paragraph in section.prediction.paragraphs:
                if is_chosen(paragraph, self.only):
                    yield separator + json_line(_entry(section.start, paragraph)).rstrip(b"\n")
                    separator = b", "
        yield b"]}\n"


def _entry(start: int, paragraph: Paragraph) -> dict[str, Any]:
    """A paragraph as a JSON object. The rounded log-odds of its reasons sum to its own but for the last digits."""
    why = paragraph.why
    return {
        "start": start + paragraph.start, "end": start + paragraph.end, "text": paragraph.text,
        "label": paragraph.label, "kind": paragraph.kind, "keep": paragraph.keep,
        "keep_score": round(paragraph.keep_score, _DIGITS),
        "log_odds": round(why.log_odds, _DIGITS), "threshold": round(why.threshold, _DIGITS), "note": why.note,
        "reasons": [
            {"group": reason.group, "text": reason.text, "log_odds": round(reason.log_odds, _DIGITS)}
            for reason in why.reasons
        ],
    }  # fmt: skip
