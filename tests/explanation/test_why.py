"""What `why` says of every kind of text: reasons in the paragraph's own words, thresholds, notes."""

from __future__ import annotations

import copy
import math
import pickle
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pytest

from detector import cleaner as cleaner_module
from detector.cleaner import Cleaner, Prediction
from detector.errors import UsageError
from detector.evidence.base import Found
from detector.evidence.phrase_file import Phrase
from detector.evidence.phrases import Phrases
from detector.explanation import around
from detector.inference.model import Model
from detector.reasons import Why
from detector.text import sections as sections_module
from detector.text.paragraphs import ParagraphBreak
from detector.text.reading import PART_BYTES
from detector.text.sections import Limits, Section
from detector.util.arrays import Floats, Offsets

ARTICLE = (
    "Ferry returns to the harbour\n\nThe ferry returned on Monday, the harbour office said.\n\n"
    "Sign up for our newsletter and never miss a story!\nDonate now\n"
)


def sum_of(why: Why, *groups: str) -> float:
    return sum(reason.log_odds for reason in why.reasons if reason.group in groups)


def texts_of(why: Why, group: str) -> list[str]:
    return [reason.text for reason in why.reasons if reason.group == group]


def test_reasons_are_in_the_words_of_the_paragraph(shipped: Cleaner) -> None:
    removed = shipped.clean(ARTICLE).paragraphs[2]
    assert not removed.keep
    first = removed.why.reasons[0]
    assert (first.group, first.text.split('"')[1]) == ("words", "Sign up for our newsletter and never miss a story")
    assert first.log_odds < -1
    shapes = "; ".join(texts_of(removed.why, "shape"))
    assert "1 exclamation mark" in shapes
    assert any(text.endswith(': "Donate now"') for text in texts_of(removed.why, "neighbours"))
    assert "paragraph 3 of 4" in texts_of(removed.why, "position")
    assert {reason.group for reason in removed.why.reasons} == {
        "words", "shape", "neighbours", "position", "vocabulary", "repeats", "average",
    }  # fmt: skip


def test_words_that_are_shared_stand_in_another_paragraph(tiny_model: Model, seed_texts: list[str]) -> None:
    for text in seed_texts[::7]:
        lines = [line for line in text.splitlines() if line.strip()]
        for at, why in enumerate(Cleaner(tiny_model).predict(text).why):
            (shared,) = texts_of(why, "vocabulary")
            others = "\n".join(lines[:at] + lines[at + 1 :]).lower()
            for word in shared.partition(": ")[2].split(", "):
                assert word.lower() in others


def test_a_text_alone_has_no_neighbours(tiny_model: Model) -> None:
    (why,) = Cleaner(tiny_model).predict("Donate now!").why
    assert texts_of(why, "neighbours") == ["how much of the document is article"]
    assert {"nothing comes before it", "nothing comes after it"} <= set(texts_of(why, "position"))


def test_paragraphs_with_the_same_words_are_counted(tiny_model: Model) -> None:
    """The model counts words, without their order; numbers are alike to it, and so are lines without words."""
    whys = Cleaner(tiny_model).predict("Page 2\nPage 3\n…\n😀😀\nRead more\nMore, read!\nRead MORE\nOnce").why
    found = [texts_of(why, "repeats")[0] for why in whys]
    assert found[:4:2] == [
        "one other paragraph has the same words, whatever their numbers", "one other paragraph has no words",
    ]  # fmt: skip
    assert found[4:] == [*["2 other paragraphs have the same words"] * 3, "no other paragraph has the same words"]
    known = [text for text in texts_of(whys[2], "words") if "know" in text]
    assert known == ["it has no unknown words"]


def test_what_a_line_begins_with_is_not_said_of_its_first_words(shipped: Cleaner) -> None:
    (why,) = shipped.predict("© Quay News (all rights reserved)").why
    assert 'its first words: "Quay News (all"' in texts_of(why, "words")


def test_far_paragraphs_are_reasons_in_groups(tiny_model: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(around, "_NEAR", 3)
    monkeypatch.setattr(around, "_GROUP", 5)
    text = "\n".join(f"Line {'of news' if at % 2 else 'to donate now!'} {'x' * at}" for at in range(30))
    for at, why in enumerate(Cleaner(tiny_model).predict(text).why):
        assert sum(reason.log_odds for reason in why.reasons) == pytest.approx(why.log_odds, abs=1e-4)
        assert sum(" paragraph" in text or "paragraphs" in text for text in texts_of(why, "neighbours")) <= 6 + 12, at
    assert [bounds.tolist() for bounds in (around._divided(0, 10, 10), around._divided(11, 30, 10))] == [
        [0, 5, 7, 8, 9, 10], [11, 12, 13, 14, 19, 24, 29, 30],
    ]  # fmt: skip


def test_reasons_are_computed_once_and_only_when_asked_for(tiny_model: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = []
    explain = Cleaner._explain
    monkeypatch.setattr(Cleaner, "_explain", lambda self, *given: calls.append(given) or explain(self, *given))
    result = Cleaner(tiny_model).clean(ARTICLE)
    assert str(result) in ARTICLE
    assert len(result.paragraphs) == 4
    assert not calls
    assert [paragraph.why for paragraph in result.paragraphs] == list(result.prediction.why)
    assert result.prediction.why is result.prediction.why
    assert len(calls) == 1


def test_cleaning_does_not_import_explanations(tiny_model_dir: object) -> None:
    code = (
        f"import sys, detector; r = detector.load({str(tiny_model_dir)!r}).clean('One line.'); r.paragraphs\n"
        "assert not any(name.startswith('detector.explanation') for name in sys.modules)\n"
        "r.paragraphs[0].why; assert 'detector.explanation.explain' in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize("changed", [
    lambda p: pickle.loads(pickle.dumps(p)), lambda p: replace(p, keep=~p.keep), copy.deepcopy,
])  # fmt: skip
def test_a_prediction_that_was_pickled_or_changed_does_not_know_why(
    changed: object, tiny_model: Model, seed_texts: list[str]
) -> None:
    prediction = Cleaner(tiny_model).predict(seed_texts[0])
    assert prediction.why
    assert prediction.paragraphs
    other: Prediction = changed(prediction)
    for ask in (lambda: other.why, lambda: other.paragraphs[0].why):
        with pytest.raises(UsageError, match="clean the text again"):
            ask()


def test_reasons_make_no_pickle_larger_and_no_result_unequal(tiny_model: Model) -> None:
    cleaner = Cleaner(tiny_model)
    asked, other = cleaner.clean(ARTICLE), cleaner.clean(ARTICLE)
    before = len(pickle.dumps(other))
    assert asked.prediction.why
    assert len(pickle.dumps(asked)) == before < 4000
    assert asked == other
    assert asked.paragraphs == other.paragraphs
    assert pickle.loads(pickle.dumps(asked.paragraphs)) == other.paragraphs


SMALL = Limits(90, 6, 30, 2)
LONG = "The council met on Tuesday.\nDonate now!\n" * 6 + "\n" + "x" * 300 + "\nThe end of the meeting.\n"


@pytest.fixture
def small_sections(monkeypatch: pytest.MonkeyPatch) -> None:
    def small(text: str, paragraph_break: ParagraphBreak) -> Iterator[Section]:
        return sections_module.sections(text, paragraph_break, SMALL)

    monkeypatch.setattr(cleaner_module, "sections", small)
    monkeypatch.setattr(cleaner_module, "is_short", lambda text, lines: sections_module.is_short(text, lines, SMALL))


@pytest.mark.parametrize("paragraph_break", ["line", "blank"])
@pytest.mark.usefixtures("small_sections")
def test_a_text_in_sections_is_explained_section_by_section(paragraph_break: ParagraphBreak, tiny_model: Model) -> None:
    cleaner = Cleaner(tiny_model, paragraphs=paragraph_break)
    prediction = cleaner.predict(LONG)
    whys = prediction.why
    assert len(whys) == len(prediction)
    if paragraph_break == "line":  # at blank lines, the sections are too short to be read
        assert len({text for why in whys for text in texts_of(why, "position")}) > 1
    for why, paragraph in zip(whys, prediction.paragraphs, strict=True):
        score = min(paragraph.keep_score, 1 - 2**-24)
        assert why.log_odds == pytest.approx(math.log(score / (1 - score)), abs=1e-5)
        assert "in sections" in (why.note or "") or "not read" in (why.note or "")
        assert sum(reason.log_odds for reason in why.reasons) == pytest.approx(why.log_odds, abs=1e-4)
    parts = [part.prediction for part in cleaner.predict_sections(LONG) if not part.continued]
    assert [why for part in parts for why in part.why] == list(whys)


@pytest.mark.usefixtures("small_sections")
def test_what_is_not_read_says_so(tiny_model: Model) -> None:
    prediction = Cleaner(tiny_model).predict(LONG)
    (unread,) = (paragraph for paragraph in prediction.paragraphs if paragraph.text.startswith("xxx"))
    assert [reason.text for reason in unread.why.reasons] == ["kept without being read"]
    assert "not read" in (unread.why.note or "")


def test_tiny_paragraphs_are_not_read(tiny_model: Model) -> None:
    prediction = Cleaner(tiny_model).predict("a\n" * 100)
    assert {why.note for why in prediction.why} == {prediction.why[0].note}
    assert "not read" in (prediction.why[0].note or "")


def test_a_long_paragraph_has_the_reasons_of_its_best_part(tiny_model: Model) -> None:
    text = "Donate to us today! " * 900 + "The council met on Tuesday to discuss the ferry. " * 400
    assert len(text) > 2 * PART_BYTES
    prediction = Cleaner(tiny_model).predict(f"First line.\n{text}\nLast line.")
    first, long, last = prediction.why
    assert "read in parts" in (long.note or "")
    assert not first.note
    assert not last.note
    assert sum(reason.log_odds for reason in long.reasons) == pytest.approx(long.log_odds, abs=1e-4)
    places = [text for why in (first, long, last) for text in texts_of(why, "position") if " of " in text]
    assert places == ["paragraph 1 of 3", "paragraph 2 of 3", "paragraph 3 of 3"]
    named = [text.partition(",")[0].partition(":")[0] for why in (first, last) for text in texts_of(why, "neighbours")]
    assert not {name for name in named if name[0].isdigit()} - {"2 paragraphs after", "2 paragraphs before"}
    assert any(text.startswith("other parts of it") for text in texts_of(long, "neighbours"))


def test_the_guard_is_named_where_it_decided(shipped: Cleaner) -> None:
    boilerplate = "Sign up for our newsletter!\n" * 3 + "The ferry returned on Monday, the harbour office said.\n"
    kept = shipped.clean(boilerplate)
    assert kept.kept_whole
    notes = [paragraph.why.note for paragraph in kept.paragraphs]
    assert all("kept whole" in (note or "") for note in notes[:3])
    assert notes[3] is None


def test_a_lower_threshold_is_the_threshold_of_the_text(shipped: Cleaner) -> None:
    strange = "Qwzxk vrrtp lmnbq zzkqj wqpl.\n" * 3
    prediction = shipped.predict(strange)
    assert prediction.familiarity < 0.3
    why = prediction.why[0]
    assert "lower than usual" in (why.note or "")
    assert why.threshold < shipped.predict(ARTICLE).why[0].threshold


def test_a_higher_threshold_is_the_threshold_of_the_text(shipped: Cleaner, monkeypatch: pytest.MonkeyPatch) -> None:
    from detector import guard

    monkeypatch.setattr(guard, "PAGE_PARAGRAPHS", 2)
    monkeypatch.setattr(guard, "PAGE_KINDS", 1)
    menu = (
        "Home\nSports\nWeather\nSign up for our newsletter!\nDonate now!\n© 2026 The Quay News. All rights reserved.\n"
    )
    why = shipped.predict(ARTICLE + menu).why[0]
    assert "higher than usual" in (why.note or "")
    assert why.threshold > shipped.predict(ARTICLE).why[0].threshold


@dataclass(frozen=True)
class Fixed:
    """Evidence on each paragraph with a word: two pieces, of which one has no effect."""

    word: str
    kinds: tuple[float, ...]
    digest: str = "fixed"
    decides: bool = False

    def _row(self, paragraph: str) -> Floats:
        return np.array(self.kinds, dtype=np.float32) * (self.word in paragraph)

    def logits(self, model: Model, paragraphs: Sequence[str], bounds: Offsets | None = None) -> Floats | None:
        return np.array([self._row(each) for each in paragraphs]).reshape(-1, len(self.kinds)) if paragraphs else None

    def found(self, model: Model, paragraphs: Sequence[str]) -> list[list[Found]]:
        nothing = np.zeros(len(self.kinds), dtype=np.float32)
        return [
            [Found("phrase", f'the phrase "{self.word}"', self._row(each)), Found("repeats", "seen", nothing)]
            if self.word in each else []
            for each in paragraphs
        ]  # fmt: skip


@pytest.mark.parametrize("with_networks", [True, False])
def test_each_piece_of_evidence_is_a_reason(with_networks: bool, tiny_model: Model) -> None:
    model = tiny_model if with_networks else replace(tiny_model, networks=replace(tiny_model.networks, members=()))
    against = tuple(-3.0 if label == 0 else 1.0 for label in model.kind_labels)
    cleaner = Cleaner(model, evidence=(Fixed("ferry", against),))
    whys = cleaner.predict(ARTICLE).why
    for why, paragraph in zip(whys, cleaner.predict(ARTICLE).paragraphs, strict=True):
        assert sum(reason.log_odds for reason in why.reasons) == pytest.approx(why.log_odds, abs=1e-4)
        assert texts_of(why, "phrase") == (['the phrase "ferry"'] if "ferry" in paragraph.text else [])
    assert sum_of(whys[1], "phrase") < 0 or with_networks  # a network that is hardly trained may turn it around


def test_what_decides_is_one_contribution_of_its_reason(tiny_model: Model) -> None:
    """A piece that decides has the change of the score as its reason; all other reasons are those without it."""
    kinds = tuple(3.0 if kind == "donation" else -1.5 if kind == "body" else 0.0 for kind in tiny_model.kinds)
    hinting, deciding = (Cleaner(tiny_model, evidence=(Fixed("ferry", kinds, decides=each),)) for each in (False, True))
    changes = []
    for one, other in zip(hinting.predict(ARTICLE).why, deciding.predict(ARTICLE).why, strict=True):
        change = other.log_odds - one.log_odds
        added = {(r.group, r.text): r.log_odds for r in one.reasons}
        for reason in other.reasons:
            own = change if reason.group == "phrase" else 0
            assert reason.log_odds == pytest.approx(added[reason.group, reason.text] + own, abs=1e-5)
        changes.append(change)
    assert min(changes) < -1
    assert changes.count(0) == 3  # of the paragraphs without a ferry


def test_several_pieces_that_decide_share_the_change(tiny_model: Model) -> None:
    phrases = Phrases((Phrase("ferry", "appeal", 2), Phrase("harbour", "appeal", 4), Phrase("monday", "reporting", 1)))
    model = replace(tiny_model, networks=replace(tiny_model.networks, members=()))
    still = replace(model, calibration=np.zeros_like(model.calibration))  # so that nothing counts before the update
    why = Cleaner(still, evidence=(phrases,)).predict(ARTICLE).why[1]
    shares = {reason.text: reason.log_odds for reason in why.reasons if reason.group == "phrase"}
    assert shares["harbour"] == pytest.approx(2 * shares["ferry"], abs=1e-3)
    assert shares["harbour"] < shares["ferry"] < 0 < shares["monday"] == pytest.approx(1, abs=1e-3)


def test_the_linear_step_is_exact(tiny_model: Model) -> None:
    """Without networks, words of equal weight add equally, and those without weight add nothing."""
    linear = tiny_model.linear
    still = replace(linear, weights=np.zeros_like(linear.weights))
    model = replace(tiny_model, linear=still, networks=replace(tiny_model.networks, members=()))
    for why in Cleaner(model).predict(ARTICLE).why:
        assert sum_of(why, "words") == pytest.approx(0, abs=1e-6)
        assert sum_of(why, "average") == pytest.approx(why.log_odds, abs=1e-4)
