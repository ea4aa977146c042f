"""Decisions and removed text as lines of JSON, the same in sections as in one piece."""

from __future__ import annotations

import io
import json
from typing import Any

import numpy as np
import pytest

from detector import cleaner as cleaner_module
from detector.cleaner import Cleaner
from detector.corpus.records import RemovedLines, decisions_line
from detector.formats.base import Record
from detector.inference.model import Model
from detector.results import Prediction, SectionPrediction, join_sections
from detector.text import sections as sections_module
from detector.text.sections import Limits

TEXTS = ["", "One.", "One.\n\nTwo.\nThree.\n" * 9, "x" * 70 + "\nLast.", "\n" * 90, "Ä\n" + "ä" * 50 + "\n😀"]


@pytest.mark.parametrize("max_removed", [0, 0.5, 1])
@pytest.mark.parametrize("text", TEXTS)
def test_sections_make_the_lines_of_the_whole(
    text: str, max_removed: float, tiny_model: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    cleaner, record = Cleaner(tiny_model, 1.0, max_removed=max_removed), Record("Nr. 1 – ä", text)
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
    assert parsed["kept_whole"] is whole.prediction.kept_whole
    assert parsed["familiarity"] == pytest.approx(whole.prediction.familiarity, abs=1e-6)
    lines = removed_lines(record, in_sections)
    assert lines == removed_lines(record, [whole])
    removed = [line for line in lines if not line["kept_whole"]]
    assert len(lines) - len(removed) == whole.prediction.kept_whole
    assert [line["digest"] is not None for line in removed] == [False] * (len(removed) - 1) + [True] * bool(removed)
    assert all(text[line["start"] : line["end"]] == line["text"] for line in removed)


def removed_lines(record: Record, sections: list[SectionPrediction]) -> list[dict[str, Any]]:
    stream = io.BytesIO()
    lines = RemovedLines(stream, "f", 1, record)
    for section in sections:
        lines.add(section)
    lines.end()
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def decided(keep: str, kept_whole: bool = False, at: int = 0) -> SectionPrediction:
    """A section with a paragraph for each letter: k is kept, r removed."""
    number = np.arange(len(keep), dtype=np.int64)
    ones = np.ones((len(keep), 1), dtype=np.float32)
    kept = np.array([letter == "k" for letter in keep])
    prediction = Prediction(
        keep, ("reporting",), ("body",), (0,), number, number + 1, ones, ones, ones[:, 0], kept, 0.25 * len(keep), 0.5,
        kept_whole,
    )  # fmt: skip
    return SectionPrediction(at, prediction)


PLACE = {"file": "f", "document": 1, "id": "a"}
PIECES = ("start", "end", "label", "kind", "score", "text", "digest", "original")


@pytest.mark.parametrize(
    ("sections", "pieces"),
    [
        ([decided("kk", True)], ["whole"]),
        ([decided("kkk"), decided("kk", True, 3)], ["whole"]),
        ([decided("kk", True), decided("kk", True, 2)], ["whole"]),
        ([decided("krr"), decided("kk", True, 3)], [1, "whole", 2]),
        ([decided("kk", True), decided("kr", at=2)], ["whole", 3]),
        ([decided("kk")], []),
    ],
)
def test_a_text_that_is_kept_whole_has_one_line(sections: list[SectionPrediction], pieces: list[object]) -> None:
    lines = removed_lines(Record("a", ""), sections)
    assert ["whole" if line["kept_whole"] else line["start"] for line in lines] == pieces
    assert all(list(line) == [*PLACE, *PIECES, "kept_whole"] for line in lines)
    for line in lines:
        if line["kept_whole"]:
            assert line == PLACE | dict.fromkeys(PIECES) | {"kept_whole": True}
    assert [line["digest"] is not None for line in lines][:-1] == [False] * (len(lines) - 1)


def test_what_is_known_of_a_text_in_sections_is_that_of_the_whole() -> None:
    parts = [decided("k"), decided("kkk", True, 1)]
    line = json.loads(b"".join(decisions_line(Record("a", ""), parts)))
    assert (line["familiarity"], line["kept_whole"]) == (0.625, True)
    joined = join_sections("kkkk", parts)
    assert (joined.familiarity, joined.kept_whole) == (0.625, True)
    assert json.loads(b"".join(decisions_line(Record("a", ""), []))) == {
        "id": "a", "paragraphs": [], "familiarity": 1.0, "kept_whole": False,
    }  # fmt: skip


def test_a_lone_surrogate_in_an_id_is_escaped(tiny_model: Model) -> None:
    found = SectionPrediction(0, Cleaner(tiny_model).predict("One.\nTwo."))
    line = b"".join(decisions_line(Record("\udcff", "One.\nTwo."), [found]))
    assert json.loads(line)["id"] == "\udcff"
