"""What `why` says where an encoder read again: the change of the score, by the paragraph itself and those around it."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from odd_texts import ODD_TEXTS
from tiny_encoder import WIDTH, document_arrays, document_engine

from detector import cleaner as cleaner_module
from detector.cleaner import Cleaner, Prediction
from detector.encoder.engine import Engine
from detector.encoder.model import Encoder
from detector.evidence.base import Found
from detector.evidence.known import NOTHING, Known
from detector.evidence.phrase_file import Phrase
from detector.evidence.phrases import Phrases
from detector.explanation import read_again as explanation_of_encoder
from detector.explanation.attribution import Attribution
from detector.explanation.decisive import Decisive
from detector.explanation.document import Document
from detector.explanation.explain import Settings, _Explanation
from detector.explanation.outcome import Outcome, log_odds
from detector.explanation.read_again import ReadAgain
from detector.inference.model import Model
from detector.inference.predict import predict
from detector.policy import POLICIES, Policy
from detector.reasons import Reason, Why
from detector.text import sections as sections_module
from detector.text.paragraphs import ParagraphBreak, split
from detector.text.reading import PART_BYTES
from detector.text.sections import Limits, Section
from detector.util.arrays import Floats, Offsets

CLOSE = 1e-4
LARGEST = 2**-24  # a score of 1 counts as this much less
WORDS = ["Subscribe", "the ferry", "Monday.", "Donate now!", "東京", "\n", "\n\n", " ", "—", "12", "?", "\ud800"]
ARTICLE = (
    "Ferry returns to the harbour\n\nThe ferry returned on Monday, the harbour office said.\n\n"
    "Sign up for our newsletter and never miss a story!\nDonate now\n"
)
PHRASES = Phrases((Phrase("ferry", "appeal", 4), Phrase("monday", "reporting", 2), Phrase("donate now", "menu", -3)))


@pytest.fixture
def cleaner(tiny_model: Model, encoder: Encoder) -> Cleaner:
    return Cleaner(tiny_model, max_removed=1, encoder=encoder, effort=0.5)


def of_encoder(why: Why) -> list[Reason]:
    return [reason for reason in why.reasons if reason.group == "encoder"]


def total(reasons: Sequence[Reason]) -> float:
    return sum(reason.log_odds for reason in reasons)


def check(prediction: Prediction) -> tuple[Why, ...]:
    whys = prediction.why
    assert len(whys) == len(prediction)
    for why, paragraph in zip(whys, prediction.paragraphs, strict=True):
        score = min(max(paragraph.keep_score, np.finfo(np.float32).tiny), 1 - LARGEST)
        assert why.log_odds == pytest.approx(math.log(score / (1 - score)), abs=1e-6)
        assert abs(total(why.reasons) - why.log_odds) < CLOSE
        assert all(math.isfinite(reason.log_odds) and reason.text for reason in why.reasons)
        sizes = [abs(reason.log_odds) for reason in why.reasons]
        assert sizes == sorted(sizes, reverse=True)
    return whys


def in_doubt(cleaner: Cleaner, prediction: Prediction) -> list[bool]:
    """Whether each paragraph is read again, given the prediction of the small model."""
    assert cleaner.encoder
    least = cleaner.encoder.least_doubt(cleaner.effort)
    found: list[bool] = (1 - prediction.label_scores.max(axis=1, initial=0) >= least).tolist()
    return found


@settings(max_examples=30)
@given(
    words=st.lists(st.sampled_from(WORDS), max_size=30),
    effort=st.sampled_from([0.25, 0.5, 1.0]),
    policy=st.sampled_from([*POLICIES.values(), Policy(keep=("appeal",))]),
    with_phrases=st.booleans(),
)
def test_reasons_sum_on_generated_texts(
    words: list[str], effort: float, policy: Policy, with_phrases: bool, tiny_model: Model, encoder: Encoder
) -> None:
    evidence = (PHRASES,) if with_phrases else ()
    check(Cleaner(tiny_model, policy=policy, evidence=evidence, encoder=encoder, effort=effort).predict("".join(words)))


@pytest.mark.parametrize("name", [
    "unspaced scripts next to letters", "line ends", "documents of a few lines, some of none",
])  # fmt: skip
def test_reasons_sum_on_odd_texts(name: str, cleaner: Cleaner) -> None:
    for prediction in replace(cleaner, effort=1.0).predict_many(ODD_TEXTS[name][:12]):
        check(prediction)


@pytest.mark.parametrize("effort", [0.25, 0.5, 1.0])
def test_only_what_was_in_doubt_has_reasons_of_the_encoder(
    effort: float, cleaner: Cleaner, seed_texts: list[str]
) -> None:
    """All other explanations are those of the small model, to the last bit."""
    reading, small = replace(cleaner, effort=effort), replace(cleaner, encoder=None, effort=0.0)
    read = []
    for prediction, alone in zip(
        reading.predict_many(seed_texts[::6]), small.predict_many(seed_texts[::6]), strict=True
    ):
        for why, first, doubtful in zip(check(prediction), alone.why, in_doubt(reading, alone), strict=True):
            assert bool(of_encoder(why)) == doubtful
            if not doubtful:
                assert why == first
            read.append(doubtful)
    assert any(read)
    assert all(read) == (effort == 1)


def test_the_encoder_has_the_difference_between_the_scores(cleaner: Cleaner, seed_texts: list[str]) -> None:
    small = replace(cleaner, encoder=None, effort=0.0)
    changes = []
    for text in seed_texts[::9]:
        for why, first in zip(cleaner.predict(text).why, small.predict(text).why, strict=True):
            others = {(reason.group, reason.text): reason.log_odds for reason in first.reasons}
            own = [reason for reason in why.reasons if reason.group != "encoder"]
            assert {(each.group, each.text): each.log_odds for each in own} == pytest.approx(others, abs=1e-5)
            assert total(of_encoder(why)) == pytest.approx(why.log_odds - first.log_odds, abs=1e-5)
            changes.append(why.log_odds - first.log_odds)
    assert max(map(abs, changes)) > 0.5


def test_without_effort_nothing_is_said_of_the_encoder(cleaner: Cleaner, text: str) -> None:
    small = replace(cleaner, encoder=None, effort=0.0)
    assert replace(cleaner, effort=0.0).predict(text).why == small.predict(text).why


def test_the_paragraphs_around_one_are_named(cleaner: Cleaner) -> None:
    for at, why in enumerate(replace(cleaner, effort=1.0).predict(ARTICLE).why):
        texts = [reason.text for reason in of_encoder(why)]
        assert texts.count("read again: the paragraph itself") == 1
        assert all(text.startswith("read again") for text in texts)
        before = " ".join(text.partition('"')[0] for text in texts)
        assert at > 0 or " before" not in before
        assert at < 3 or " after" not in before
        assert len(texts) == len(set(texts)) <= 1 + 3 + 1


def test_a_paragraph_alone_has_only_itself(cleaner: Cleaner) -> None:
    (why,) = replace(cleaner, effort=1.0).predict("Donate now!").why
    assert [reason.text for reason in of_encoder(why)] == ["read again: the paragraph itself"]


def test_what_is_not_looked_at_adds_nothing(cleaner: Cleaner) -> None:
    """Without attention, positions and states, the words around a paragraph cannot change anything."""
    encoder = cleaner.encoder
    assert encoder
    embedding = replace(encoder.embedding, positions=np.zeros_like(encoder.embedding.positions))
    arrays = document_arrays(np.random.default_rng(0), WIDTH, len(cleaner.model.kinds))
    arrays["head.weight"][:, WIDTH:] = 0
    blind = replace(encoder, embedding=embedding, engine=lambda rows: rows, document=document_engine(arrays))
    for why in replace(cleaner, encoder=blind, effort=1.0).predict(ARTICLE).why:
        for reason in of_encoder(why):
            assert reason.text == "read again: the paragraph itself" or abs(reason.log_odds) < 1e-5


def read_again(cleaner: Cleaner, text: str, known: Known = NOTHING) -> ReadAgain:
    model, batch = cleaner.model, split([text])
    assert cleaner.encoder
    document, kept = Document(model, text, batch, known), [label == 0 for label in model.kind_labels]
    first = predict(model, batch, document.evidence)
    return ReadAgain(cleaner.encoder, cleaner.effort, document, first, kept, np.arange(len(batch)))


@pytest.mark.parametrize("effort", [0.25, 1.0])
def test_windows_are_those_of_the_prediction(effort: float, cleaner: Cleaner, seed_texts: list[str]) -> None:
    """With all words shown, the scores are those of `Encoder.corrected`."""
    text = "\n".join(seed_texts[:4])
    again = read_again(replace(cleaner, effort=effort), f"{text}\n{' ' * 900}Donate now!{' ' * 900}\n")
    rows = [row for row in range(len(again.after)) if row in again]
    assert rows == [window.rows[at] for window in again.windows for at in window.own.tolist()]
    for window in again.windows:
        decided = np.array(window.rows)[window.own]
        found = again.log_odds(window, range(len(window.rows)), True)
        assert found == pytest.approx(again.after[decided], abs=5e-3)  # scores near 1 are rounded
    others = sorted(set(range(len(again.after))) - set(rows))
    assert np.array_equal(again.before[others], again.after[others])


def test_words_add_the_mean_of_the_changes_in_two_orders(cleaner: Cleaner) -> None:
    again = read_again(replace(cleaner, effort=1.0), "The ferry left.\nDonate now!")
    (window,) = again.windows
    shown = {key: again.log_odds(window, range(*key), True) for key in ((0, 0), (0, 1), (1, 2), (0, 2))}
    first = (shown[0, 1] - shown[0, 0] + shown[0, 2] - shown[1, 2]) / 2
    second = (shown[1, 2] - shown[0, 0] + shown[0, 2] - shown[0, 1]) / 2
    assert again.added_in(window) == pytest.approx(np.stack([first, second, 0 * first], axis=1))
    change = float(again.after[0] - again.before[0])
    itself, other = again.reasons(0, change)
    assert other.log_odds == pytest.approx(second[0])
    assert itself.log_odds == pytest.approx(change - second[0])


def test_what_is_read_elsewhere_has_a_reason_of_its_own(cleaner: Cleaner, seed_texts: list[str]) -> None:
    reading = replace(cleaner, effort=1.0)
    again = read_again(reading, "\n".join(seed_texts[:4]))
    assert len(again.windows) > 2
    window = again.windows[1]
    number = len(window.rows)
    added = again.added_in(window)
    assert added.shape == (len(window.own), number + 1)
    first = again.log_odds(window, (), True) - again.log_odds(window, (), False)
    last = again.log_odds(window, range(number), True) - again.log_odds(window, range(number), False)
    assert added[:, -1] == pytest.approx((first + last) / 2)
    assert np.abs(added[:, -1]).max() > 0.01
    whole = again.log_odds(window, range(number), True) - again.log_odds(window, (), False)
    assert added.sum(axis=1) == pytest.approx(whole)
    row = window.rows[window.own[0]]
    texts = [reason.text for reason in again.reasons(row, 1.0)]
    assert texts.count("read again with what is elsewhere in the document") == 1
    assert total(again.reasons(row, 1.0)) == pytest.approx(1.0)


@pytest.mark.parametrize("least", [0.0, 1.5, 1e9])
def test_faint_reasons_are_one(
    least: float, cleaner: Cleaner, seed_texts: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(explanation_of_encoder, "_FAINT", least)
    found = set()
    for prediction in replace(cleaner, effort=1.0).predict_many(seed_texts[::12]):
        for why in check(prediction):
            reasons = {reason.text: reason.log_odds for reason in of_encoder(why)}
            del reasons["read again: the paragraph itself"]
            reasons.pop("read again with what is elsewhere in the document", None)
            joined = {text for text in reasons if text.endswith("paragraphs around it")}
            assert len(joined) <= 1
            assert all(abs(added) >= least for text, added in reasons.items() if text not in joined)
            found |= joined
    texts = [f"read again with the {other}paragraphs around it" for other in ("other ", "")]
    assert found == ({0.0: set(), 1.5: set(texts), 1e9: {texts[1]}})[least]


@dataclass(frozen=True)
class Fixed:
    """Evidence on each paragraph with a word."""

    word: str
    kinds: tuple[float, ...]
    digest: str = "fixed"
    decides: bool = False

    def logits(self, model: Model, paragraphs: Sequence[str], bounds: Offsets | None = None) -> Floats | None:
        return np.array([self._row(each) for each in paragraphs]) if paragraphs else None

    def _row(self, paragraph: str) -> Floats:
        return np.array(self.kinds, dtype=np.float32) * (self.word in paragraph)

    def found(self, model: Model, paragraphs: Sequence[str]) -> list[list[Found]]:
        return [[Found("phrase", self.word, self._row(each))] if self.word in each else [] for each in paragraphs]


def test_evidence_decides_after_the_encoder(cleaner: Cleaner) -> None:
    """Evidence that decides has the last change of the score; what the encoder added is as without the decision."""
    kinds = tuple(3.0 if kind == "donation" else -1.5 if kind == "body" else 0.0 for kind in cleaner.model.kinds)
    hinting, deciding = (
        replace(cleaner, effort=1.0, evidence=(Fixed("ferry", kinds, decides=each),)) for each in (False, True)
    )
    changes = []
    for one, other in zip(hinting.predict(ARTICLE).why, check(deciding.predict(ARTICLE)), strict=True):
        change = other.log_odds - one.log_odds
        assert total(of_encoder(one)) != 0
        added = {(reason.group, reason.text): reason.log_odds for reason in one.reasons}
        for reason in other.reasons:
            own = change if reason.group == "phrase" else 0
            assert reason.log_odds == pytest.approx(added[reason.group, reason.text] + own, abs=1e-5)
        changes.append(change)
    assert abs(changes[1]) > 0.1
    assert changes.count(0) == 3  # of the paragraphs without a ferry


def test_multipliers_sum_to_what_evidence_decides(cleaner: Cleaner, seed_texts: list[str]) -> None:
    """They are computed from the scores after the encoder, where it read a paragraph."""
    model, text = cleaner.model, seed_texts[0]
    number = len(split([text]))
    known = Known(decisive=np.random.default_rng(0).normal(0, 2, (number, len(model.kinds))).astype(np.float32))
    again = read_again(replace(cleaner, effort=0.5), text, known)
    outcome = Outcome(model, [label == 0 for label in model.kind_labels])
    multipliers = Decisive(Attribution(Document(model, text, split([text]), known), outcome), again)._multipliers
    assert multipliers is not None
    decided = log_odds(known.after(model, again.scores).labels[:, 0])
    exact = (np.abs(decided) < 6) & (np.abs(again.after) < 6)  # else a score near 1 is rounded
    change = decided - again.after
    assert (multipliers * known.decisive).sum(axis=1)[exact] == pytest.approx(change[exact], abs=2e-3)
    assert {row in again for row in np.flatnonzero(exact).tolist()} == {True, False}


def test_phrases_share_the_change_that_they_decide(cleaner: Cleaner) -> None:
    why = check(replace(cleaner, effort=1.0, evidence=(PHRASES,)).predict(ARTICLE))[1]
    added = {reason.text: reason.log_odds for reason in why.reasons if reason.group == "phrase"}
    assert added["ferry"] < 0 < added["monday"]


def test_a_long_paragraph_has_the_reasons_of_its_best_part(cleaner: Cleaner) -> None:
    text = "Donate to us today! " * 900 + "The council met on Tuesday to discuss the ferry. " * 400
    assert len(text) > 2 * PART_BYTES
    for effort in (0.5, 1.0):
        first, long, last = check(replace(cleaner, effort=effort).predict(f"First line.\n{text}\nLast line."))
    assert "read in parts" in (long.note or "")
    for why in (first, long, last):
        assert of_encoder(why)
    assert any("other parts of it" in reason.text or "around it" in reason.text for reason in of_encoder(long))


def test_the_best_part_is_the_best_one_after_the_encoder(cleaner: Cleaner) -> None:
    parts = ["Donate to us today! ", "The council met on Tuesday. ", "Subscribe now, 12 crowns. ", "Read more: "]
    changed = 0
    for first, second in permutations(parts, 2):
        text = first * (PART_BYTES // len(first)) + second * (PART_BYTES // len(second))
        for reading in (replace(cleaner, effort=1.0), replace(cleaner, encoder=None, effort=0.0)):
            kept = tuple(label == 0 for label in cleaner.model.kind_labels)
            given = Settings(cleaner.model, "line", (), kept, 0.5, reading.encoder, reading.effort)
            prediction = reading.predict(text)
            explanation = _Explanation(given, prediction, text, split([text]))
            (row,) = explanation._rows(0)
            scores = explanation._again.scores if explanation._again else explanation._first
            assert scores.labels[row, 0] == prediction.keep_scores[0]
            changed += row if reading.encoder else -row
    assert changed  # else all are as without the encoder


SMALL = Limits(90, 6, 30, 2)
LONG = "The council met on Tuesday.\nDonate now!\n" * 6 + "\n" + "x" * 300 + "\nThe end of the meeting.\n"


def test_a_text_in_sections(cleaner: Cleaner, monkeypatch: pytest.MonkeyPatch) -> None:
    def small(text: str, paragraph_break: ParagraphBreak) -> Iterator[Section]:
        return sections_module.sections(text, paragraph_break, SMALL)

    monkeypatch.setattr(cleaner_module, "sections", small)
    monkeypatch.setattr(cleaner_module, "is_short", lambda text, lines: sections_module.is_short(text, lines, SMALL))
    reading = replace(cleaner, effort=1.0)
    whys = check(reading.predict(LONG))
    assert sum(bool(of_encoder(why)) for why in whys) == len(whys) - 1  # one paragraph is longer than a section
    parts = [part.prediction for part in reading.predict_sections(LONG) if not part.continued]
    assert [why for part in parts for why in part.why] == list(whys)


def test_where_the_policy_keeps_everything_the_encoder_counts_for_nothing(cleaner: Cleaner) -> None:
    everything = replace(cleaner, threshold=0.5, policy=Policy(keep=tuple(cleaner.model.labels)), effort=1.0)
    for why in everything.predict(ARTICLE).why:
        assert [reason.text for reason in why.reasons] == ["the policy keeps everything"]


def test_the_log_odds_before_are_those_of_the_small_model(cleaner: Cleaner, text: str) -> None:
    small = replace(cleaner, encoder=None, effort=0.0).predict(text)
    assert read_again(cleaner, text).before == pytest.approx(log_odds(small.keep_scores), abs=1e-5)


def test_a_long_document_has_one_reason_and_is_read_once(cleaner: Cleaner, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = []
    call = Engine.__call__
    monkeypatch.setattr(Engine, "__call__", lambda engine, rows: calls.append(len(rows)) or call(engine, rows))
    monkeypatch.setattr(explanation_of_encoder, "LONGEST", 40)
    reading = replace(cleaner, effort=1.0)
    counts = []
    for lines in (40, 41):
        calls.clear()
        again = read_again(reading, "Donate now!\n" * lines)
        reasons = [again.reasons(row, 1.0) for row in range(lines)]
        counts.append((len(calls), len(again.windows)))
    assert all([each.text for each in found] == ["read again, with what is around it"] for found in reasons)
    assert counts[0][0] > 40
    assert counts[1][0] == counts[1][1] + 1  # each window, and the document
