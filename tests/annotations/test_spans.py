"""Spans to paragraphs: which label a paragraph gets, and what is counted."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from texts import texts

from detector.annotations.names import Label, known
from detector.annotations.reading import Counts, Reading
from detector.annotations.spans import Offsets, Span, Stretch, checked, labelled_paragraphs, paragraph_bounds
from detector.errors import DataError

TEXT = "By Noor\n\n  Snow fell on Sunday. \nGive now!"  # paragraphs at 0, 9 and 33
BYLINE, STORY, APPEAL = (0, 7), (11, 31), (33, 42)


def spans(*given: tuple[str, *tuple[tuple[int, int], ...]]) -> list[Span]:
    return [Span(known(name) or Label(name), tuple(Stretch(*pair) for pair in pairs)) for name, *pairs in given]


@pytest.mark.parametrize(
    ("given_spans", "labels", "counts"),
    [
        ((), "- - -", Counts()),
        ((("metadata", BYLINE), ("reporting", STORY), ("appeal", APPEAL)), "navigation/metadata reporting appeal",
         Counts(spans=3, exact=3)),
        # over all of the text
        ((("appeal", (0, 42)),), "appeal appeal appeal", Counts(spans=1, exact=1, crossing=1)),
        # over a border: nine characters of the story are under reporting, eight under appeal
        ((("reporting", (0, 20)), ("appeal", (20, 42))), "reporting appeal appeal",
         Counts(spans=2, crossing=2, divided=1)),
        # half of the byline's six characters that are no spaces: the label wins; less than half: it does not
        ((("metadata", (0, 4)),), "navigation/metadata - -", Counts(spans=1, divided=1)),
        ((("metadata", (0, 2)),), "- - -", Counts(spans=1, divided=1)),
        # discontinuous
        ((("appeal", BYLINE, APPEAL),), "appeal - appeal", Counts(spans=1, exact=1, crossing=1)),
        # overlapping: the same label twice is counted once; the kinds of a label count together
        ((("appeal", (33, 37)), ("appeal", (33, 37)), ("reporting", (38, 42))), "- - appeal",
         Counts(spans=3, divided=1)),
        ((("donation", (33, 37)), ("social", (37, 41)), ("reporting", (33, 38))), "- - appeal/donation",
         Counts(spans=3, divided=1)),
        # a label and its kind over the same characters
        ((("appeal", APPEAL), ("donation", APPEAL)), "- - appeal/donation", Counts(spans=2, exact=2)),
        # white space belongs to no paragraph
        ((("appeal", (7, 11)),), "- - -", Counts(spans=1)),
    ],
)  # fmt: skip
def test_labels_of_paragraphs(given_spans: tuple[tuple[object, ...], ...], labels: str, counts: Counts) -> None:
    reading = Reading()
    found = labelled_paragraphs(TEXT, spans(*given_spans), reading)  # type: ignore[arg-type]
    assert [each.text for each in found] == ["By Noor", "  Snow fell on Sunday. ", "Give now!"]
    assert " ".join("/".join(filter(None, (each.label, each.kind))) or "-" for each in found) == labels
    assert reading.counts == counts


def test_a_label_for_what_no_span_covers() -> None:
    found = labelled_paragraphs(TEXT, spans(("appeal", APPEAL)), Reading(unlabelled="reporting"))
    assert [each.label for each in found] == ["reporting", "reporting", "appeal"]


@pytest.mark.parametrize(("start", "end"), [(-1, 3), (3, 3), (4, 3), (0, 11), (11, 12)])
def test_spans_outside_of_the_text(start: int, end: int) -> None:
    with pytest.raises(DataError, match=rf"a:1: the span {start} to {end} is .*10 characters"):
        checked(start, end, 10, "a:1")


@given(texts)
def test_offsets_in_utf_16(text: str) -> None:
    offsets = Offsets(text, "utf-16")
    units = [len(text[:at].encode("utf-16-le", "surrogatepass")) // 2 for at in range(len(text) + 1)]
    assert [offsets.unit(at) for at in range(len(text) + 1)] == units
    assert [offsets.character(unit) for unit in units] == [*range(len(text) + 1)]


@given(texts, st.data())
def test_one_span_for_each_paragraph(text: str, data: st.DataObject) -> None:
    """Each paragraph gets the label of its own span, wherever the span ends in the white space around it."""
    bounds = paragraph_bounds(text)
    names = ("reporting", "donation", "menu")
    labels = [known(data.draw(st.sampled_from(names))) or Label("") for _ in bounds]
    given_spans = [
        Span(label, (Stretch(start + len(text[start:end]) - len(text[start:end].lstrip()), end),))
        for label, (start, end) in zip(labels, bounds, strict=True)
    ]
    reading = Reading()
    found = labelled_paragraphs(text, given_spans, reading)
    assert [(each.label, each.kind) for each in found] == labels
    assert (reading.counts.exact, reading.counts.crossing, reading.counts.divided) == (len(bounds), 0, 0)
