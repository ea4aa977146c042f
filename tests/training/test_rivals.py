"""The rivals: each decides about lines by its own rules."""

from __future__ import annotations

import sys

import measured_documents
import numpy as np
import pytest

from detector.errors import UsageError
from detector.evaluation.labelled import LabelledDocument, LabelledParagraph
from training import rivals

WHY = "the extra benchmark is not installed"
LONG = (
    "The keeper of the light said that it was the first time in forty years that he had been asked to climb the stairs "
)
DOCUMENTS = measured_documents.documents(30)


def document(*lines: str, lang: str | None = "en") -> LabelledDocument:
    return LabelledDocument(
        "a", "a.example", "page", lang, None, tuple(LabelledParagraph(line, "reporting") for line in lines)
    )


# Learners


@pytest.fixture(params=rivals.LEARNERS, ids=lambda learner: learner.name)
def learner(request: pytest.FixtureRequest) -> rivals.Learner:
    if request.param is rivals.FastText:
        pytest.importorskip("fasttext", reason=WHY)
    trained: rivals.Learner = request.param(DOCUMENTS * 20)
    return trained


def test_a_learner_learns(learner: rivals.Learner) -> None:
    lines = [*measured_documents.STORY, *measured_documents.ASKING, *measured_documents.MENU, "\ud800 unpaired"]
    scores = learner.scores(lines)
    assert learner.labels == ("reporting", "appeal", "navigation")
    assert scores.shape == (7, 3)
    assert scores.sum(axis=1) == pytest.approx(1, abs=1e-3)
    assert learner.scores(lines).tolist() == scores.tolist()
    assert len(list(learner.scores([]))) == 0
    learner.predictor(lines)()  # what is timed
    if isinstance(learner, rivals.HashedLinear):  # fastText needs more data than this to learn anything
        assert scores[:6].argmax(axis=1).tolist() == [0, 0, 1, 1, 2, 2]


def test_a_learner_keeps_what_is_most_probably_reporting(learner: rivals.Learner) -> None:
    for one in rivals.score_with_learner(learner, DOCUMENTS[:2]):
        best = one.prediction.label_scores.argmax(axis=1)
        assert one.prediction.keep.tolist() == (best == 0).tolist()


def test_a_line_repeated_on_a_site_is_learnt_once() -> None:
    twice = [document("One.", "Two.", "One."), document("One.")]
    assert rivals.labelled_lines(twice) == [("One.", "reporting"), ("Two.", "reporting")]


def test_the_same_line_of_another_site_counts_again() -> None:
    there = LabelledDocument("b", "b.example", None, None, None, (LabelledParagraph("One.", "reporting"),))
    unknown = LabelledDocument("c", "c.example", None, None, None, (LabelledParagraph("Three.", None),))
    assert rivals.labelled_lines([document("One."), there, unknown]) == [("One.", "reporting")] * 2


def test_lines_in_the_format_of_fasttext() -> None:
    assert rivals.prepared("“Stop!” SAID Ada; 3.5").split() == [
        "“",
        "stop",
        "!",
        "”",
        "said",
        "ada",
        ";",
        "3",
        ".",
        "5",
    ]
    assert rivals.prepared("a\ud800b").isascii()


# Rules


def test_justext_by_length_and_stop_words() -> None:
    pytest.importorskip("justext", reason=WHY)
    pytest.importorskip("trafilatura", reason=WHY)
    lines = (
        LONG * 2,
        "Home",
        LONG * 2,
        "Menu",
        "Harbour tides forecast vessels arrivals departures berths pilots charts buoys",
    )
    keep = rivals.justext_keep(document(*lines))
    assert keep.tolist() == [True, True, True, False, False]  # a short line between good ones is good
    assert rivals.justext_keep(document()).tolist() == []


def test_justext_without_stop_words_of_the_language_decides_by_length() -> None:
    pytest.importorskip("justext", reason=WHY)
    pytest.importorskip("trafilatura", reason=WHY)
    lines = ("灯台" * 150, "目次")
    assert rivals.justext_keep(document(*lines, lang="ja")).tolist() == [True, False]
    assert rivals.justext_keep(document(*lines, lang="en")).tolist() == [False, False]


C4 = [
    ("The lamp was lit again on Friday.", True),
    ("The lamp was lit again on Friday", False),  # no full stop
    ("Lit again.", False),  # two words
    ("It was lit again, and then ...", False),
    ("Please switch on JavaScript to see the lamp.", False),
    ("By reading on you agree to our privacy policy.", False),
    ("He wrote lorem ipsum on the {wall}.", True),  # rules on pages, which are off
]


@pytest.mark.parametrize(("line", "kept"), C4)
def test_the_rules_of_c4_on_lines(line: str, kept: bool) -> None:
    pytest.importorskip("datatrove", reason=WHY)
    assert rivals.c4_rules()(document(line)).tolist() == [kept]


def test_what_trafilatura_keeps() -> None:
    pytest.importorskip("datatrove", reason=WHY)
    pytest.importorskip("trafilatura", reason=WHY)
    rule = rivals.trafilatura_rules()
    one = document("Facebook", LONG + "<again> & again.", LONG + "twice.", "WhatsApp")
    assert rule(one).tolist() == [False, True, True, False]
    assert rule(one).tolist() == [False, True, True, False]  # the same text from the next extractor is not a repetition
    assert rule(one).tolist() == [False, True, True, False]


FOUND = [
    (["a", "b", "c"], ["a", "c"], [True, False, True]),
    (["a", "a", "a"], ["a", "a"], [True, True, False]),
    (["a  b\u00a0c"], ["a b c"], [True]),
    (["a", "b"], [], [False, False]),
    ([], ["a"], []),
]


@pytest.mark.parametrize(("lines", "extracted", "keep"), FOUND)
def test_lines_found_in_the_extracted_text(lines: list[str], extracted: list[str], keep: list[bool]) -> None:
    assert rivals.found_in(lines, extracted).tolist() == keep


def test_rules_as_decisions() -> None:
    one = document("One.", "Two")
    (scored,) = rivals.score_with_rules(
        rivals.Rules("", lambda d: np.array([p.text[-1] == "." for p in d.paragraphs])), [one], ("reporting", "appeal")
    )
    assert scored.prediction.keep.tolist() == [True, False]
    assert scored.prediction.label_scores.tolist() == [[1, 0], [0, 0]]


def test_a_missing_library_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "datatrove.pipeline.filters", None)
    with pytest.raises(
        UsageError,
        match=r"C4 needs datatrove, which is not installed; .*pip install 'boilerplate-detector\[benchmark\]'",
    ):
        rivals.rules()
