"""Decisions and removed text as lines of JSON, the same in sections as in one piece."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest

from detector import cleaner as cleaner_module
from detector.cleaner import Cleaner
from detector.corpus.records import RemovedLines, decisions_line
from detector.formats.base import Record
from detector.inference.model import Model
from detector.results import SectionPrediction
from detector.text import sections as sections_module
from detector.text.sections import Limits

TEXTS = ["", "One.", "One.\n\nTwo.\nThree.\n" * 9, "x" * 70 + "\nLast.", "\n" * 90, "Ä\n" + "ä" * 50 + "\n😀"]


@pytest.mark.parametrize("text", TEXTS)
def test_sections_make_the_lines_of_the_whole(text: str, tiny_model: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    cleaner, record = Cleaner(tiny_model, 1.0), Record("Nr. 1 – ä", text)
    monkeypatch.setattr(
        cleaner_module, "sections", lambda text, by: sections_module.sections(text, by, Limits(20, 4, 9, 2))
    )
    in_sections = list(cleaner.predict_sections(text))
    monkeypatch.setattr(cleaner_module, "is_short", lambda text, lines: False)
    whole = SectionPrediction(0, cleaner.predict(text))
    line = b"".join(decisions_line(record, in_sections))
    assert line == b"".join(decisions_line(record, [whole]))
    assert line.count(b"\n") == 1
    parsed = json.loads(line)
    assert parsed["id"] == "Nr. 1 – ä"
    assert [(p["start"], p["end"]) for p in parsed["paragraphs"]] == [
        (p.start, p.end) for p in whole.prediction.paragraphs
    ]
    removed = removed_lines(record, in_sections)
    assert removed == removed_lines(record, [whole])
    assert [line["digest"] is not None for line in removed] == [False] * (len(removed) - 1) + [True] * bool(removed)
    assert all(text[line["start"] : line["end"]] == line["text"] for line in removed)


def removed_lines(record: Record, sections: list[SectionPrediction]) -> list[dict[str, Any]]:
    stream = io.BytesIO()
    lines = RemovedLines(stream, "f", 1, record)
    for section in sections:
        lines.add(section)
    lines.end()
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_a_lone_surrogate_in_an_id_is_escaped(tiny_model: Model) -> None:
    found = SectionPrediction(0, Cleaner(tiny_model).predict("One.\nTwo."))
    line = b"".join(decisions_line(Record("\udcff", "One.\nTwo."), [found]))
    assert json.loads(line)["id"] == "\udcff"
