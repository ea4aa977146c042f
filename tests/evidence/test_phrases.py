"""Phrases as evidence: what they add to which logits, and what they say of themselves."""

from __future__ import annotations

import pickle
import sys

import numpy as np
import pytest

from detector.errors import UsageError
from detector.evidence.phrase_file import Phrase
from detector.evidence.phrases import MAX_SUM, Phrases
from detector.inference.calibration import label_sums, softmax
from detector.inference.model import Model


def on(model: Model, *phrases: Phrase, paragraph: str = "Dear reader, give now.") -> dict[str, float]:
    """What phrases add to the kinds of a model on one paragraph, without zeros."""
    logits = Phrases(phrases).logits(model, [paragraph])
    return {} if logits is None else {k: v for k, v in zip(model.kinds, logits[0].tolist(), strict=True) if v}


def kinds_of(model: Model, label: str) -> list[str]:
    return [kind for kind, number in zip(model.kinds, model.kind_labels, strict=True) if model.labels[number] == label]


def test_a_label_stands_for_all_its_kinds(tiny_model: Model) -> None:
    assert on(tiny_model, Phrase("dear reader", "appeal", 2.5)) == dict.fromkeys(kinds_of(tiny_model, "appeal"), 2.5)


def test_a_kind_stands_for_itself(tiny_model: Model) -> None:
    assert on(tiny_model, Phrase("dear reader", "donation", -2.5)) == {"donation": -2.5}


def test_phrases_add_up(tiny_model: Model) -> None:
    found = on(tiny_model, Phrase("dear reader", "appeal", 2), Phrase("give now", "donation", 3), Phrase("x", "body"))
    assert found == dict.fromkeys(kinds_of(tiny_model, "appeal"), 2.0) | {"donation": 5.0}


def test_a_phrase_counts_once(tiny_model: Model) -> None:
    assert on(tiny_model, Phrase("now", "donation", 3), paragraph="Now, now, NOW") == {"donation": 3.0}
    assert on(tiny_model, Phrase("now", "donation", 3), Phrase("Now", "donation", 3), paragraph="now") == {
        "donation": 3.0
    }


def test_the_sum_is_limited(tiny_model: Model) -> None:
    phrases = Phrase("dear", "donation", 15), Phrase("reader", "donation", 15), Phrase("give", "body", -20)
    assert on(tiny_model, *phrases, Phrase("now", "body", -1)) == {"donation": MAX_SUM, "body": -MAX_SUM}


def test_paragraphs_without_a_phrase(tiny_model: Model) -> None:
    phrases = Phrases((Phrase("dear reader", "appeal"),))
    assert phrases.logits(tiny_model, ["Something else.", ""]) is None
    assert phrases.logits(tiny_model, []) is None
    logits = phrases.logits(tiny_model, ["Something else.", "Dear reader"])
    assert logits is not None
    assert logits.dtype == np.float32
    assert logits.shape == (2, len(tiny_model.kinds))
    assert not logits[0].any()
    assert logits[1].any()
    assert Phrases(()).logits(tiny_model, ["Dear reader"]) is None


@pytest.mark.parametrize("strength", [-7.25, 0.5, 3.0])
def test_the_log_odds_of_a_label_against_the_rest_rise_by_the_strength(tiny_model: Model, strength: float) -> None:
    appeal = tiny_model.labels.index("appeal")
    logits = np.random.default_rng(0).normal(0, 3, (1, len(tiny_model.kinds))).astype(np.float32)
    added = Phrases((Phrase("a", "appeal", strength),)).logits(tiny_model, ["a"])

    def log_odds(rows: np.ndarray) -> float:
        share = label_sums(softmax(rows.astype(np.float32)), tiny_model.kind_labels, len(tiny_model.labels))[0, appeal]
        return float(np.log(share / (1 - share)))

    assert added is not None
    assert log_odds(logits + added) - log_odds(logits.copy()) == pytest.approx(strength, abs=1e-3)


def test_what_was_found(tiny_model: Model) -> None:
    phrases = Phrases((Phrase("^Dear  Reader", "appeal", 15), Phrase("other", "body"), Phrase("give", "donation", 15)))
    paragraph = "Dear reader, give now."
    (found,) = phrases.found(tiny_model, [paragraph])
    assert [(each.group, each.text) for each in found] == [("phrase", "^Dear  Reader"), ("phrase", "give")]
    row = phrases.logits(tiny_model, [paragraph])
    assert row is not None
    np.testing.assert_allclose(np.sum([each.kinds for each in found], axis=0), row[0], rtol=1e-6)
    assert phrases.found(tiny_model, ["Nothing"]) == [[]]


def test_names_that_the_model_does_not_have(tiny_model: Model) -> None:
    phrases = Phrases((Phrase("a", "appeal", 1, 3), Phrase("b", "begging", 1, 7)), "mine.tsv")
    for call in (lambda: phrases.logits(tiny_model, []), lambda: phrases.found(tiny_model, ["a"])):
        with pytest.raises(
            UsageError, match=r"mine.tsv, line 7: 'begging' is neither a label nor a kind.*appeal.*donation"
        ):
            call()


def test_equality_and_pickles(tiny_model: Model) -> None:
    phrases = Phrases((Phrase("dear reader", "appeal", 2),), "a.tsv")
    again = pickle.loads(pickle.dumps(phrases))
    assert again == phrases == Phrases((Phrase("dear reader", "appeal", 2),), "b.tsv")
    assert hash(again) == hash(phrases)
    assert again.digest == phrases.digest
    assert again.logits(tiny_model, ["Dear reader"]).tolist() == phrases.logits(tiny_model, ["Dear reader"]).tolist()
    for other in (
        Phrase("dear reader", "appeal", 3),
        Phrase("dear readers", "appeal", 2),
        Phrase("dear reader", "menu", 2),
    ):
        assert Phrases((other,)) != phrases
        assert Phrases((other,)).digest != phrases.digest


def test_the_digest_does_not_depend_on_lines() -> None:
    assert Phrases((Phrase("a", "appeal", 2, 1),)).digest == Phrases((Phrase("a", "appeal", 2, 9),)).digest


def test_without_the_library(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ahocorasick_rs", None)
    with pytest.raises(UsageError, match=r"matching phrases needs ahocorasick_rs.*boilerplate-detector\[phrases\]"):
        Phrases((Phrase("a", "appeal"),))
