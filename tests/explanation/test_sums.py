"""The reasons of every paragraph sum to the log-odds of its score, whatever the text, the model and the settings."""

from __future__ import annotations

import math
import re
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from odd_texts import MODELS, ODD_TEXTS, model_of

from detector.cleaner import Cleaner, Prediction
from detector.evidence.phrase_file import Phrase
from detector.evidence.phrases import Phrases
from detector.inference.model import Model
from detector.policy import POLICIES, Policy
from detector.reasons import Why
from detector.text.reading import PART_BYTES

CLOSE = 1e-4
LARGEST = 2**-24  # a score of 1 counts as this much less
WORDS = [
    "Subscribe",
    "the ferry",
    "Monday.",
    "Donate now!",
    "東京",
    "Straße",
    "\n",
    "\n\n",
    "\r",
    " ",
    "—",
    "12",
    "©",
    "?",
]


def check(prediction: Prediction) -> tuple[Why, ...]:
    whys = prediction.why
    assert len(whys) == len(prediction)
    for why, paragraph in zip(whys, prediction.paragraphs, strict=True):
        assert math.isfinite(why.log_odds)
        assert abs(sum(reason.log_odds for reason in why.reasons) - why.log_odds) < CLOSE
        assert all(math.isfinite(reason.log_odds) and reason.text for reason in why.reasons)
        sizes = [abs(reason.log_odds) for reason in why.reasons]
        assert sizes == sorted(sizes, reverse=True)
        score = min(max(paragraph.keep_score, np.finfo(np.float32).tiny), 1 - LARGEST)
        assert why.log_odds == pytest.approx(math.log(score / (1 - score)), abs=1e-6)
        assert paragraph.why is why
    return whys


@given(words=st.lists(st.sampled_from(WORDS), max_size=40), blank=st.booleans())
def test_on_generated_texts(words: list[str], blank: bool, tiny_model: Model) -> None:
    check(Cleaner(tiny_model, paragraphs="blank" if blank else "line").predict("".join(words)))


@given(text=st.text(max_size=80))
def test_on_arbitrary_texts(text: str, tiny_model: Model) -> None:
    check(Cleaner(tiny_model).predict(text))


SHORT = [name for name, texts in ODD_TEXTS.items() if sum(map(len, texts)) < 60_000]


@pytest.mark.parametrize("name", SHORT)
def test_on_odd_texts(name: str, tiny_model: Model) -> None:
    for prediction in Cleaner(tiny_model).predict_many(ODD_TEXTS[name]):
        check(prediction)


@pytest.mark.parametrize("model", MODELS)
def test_of_any_model(model: str) -> None:
    cleaner = Cleaner(model_of(model), 0.5)
    for name in ("unspaced scripts next to letters", "line ends", "documents of a few lines, some of none"):
        for prediction in cleaner.predict_many(ODD_TEXTS[name][:12]):
            check(prediction)


@pytest.mark.parametrize("policy", [*POLICIES.values(), Policy(keep=("appeal",)), Policy(keep=(), drop=("note",))])
@pytest.mark.parametrize("threshold", [0.0, "balanced", 1.0])
def test_of_any_policy(policy: Policy, threshold: float | str, tiny_model: Model, seed_texts: list[str]) -> None:
    for prediction in Cleaner(tiny_model, threshold, policy, max_removed=1).predict_many(seed_texts[::9]):
        for why, paragraph in zip(check(prediction), prediction.paragraphs, strict=True):
            if threshold == "balanced":  # a score of 1 - 2**-24 and a threshold of 1 have the same log-odds
                assert paragraph.keep == (why.log_odds >= why.threshold)


@pytest.mark.parametrize("keeps", [True, False])
def test_where_the_policy_keeps_everything_or_nothing(keeps: bool, tiny_model: Model, seed_texts: list[str]) -> None:
    names = tuple(tiny_model.labels)
    policy = Policy(keep=names) if keeps else Policy(keep=("reporting",), drop=tuple(set(tiny_model.kinds)))
    cleaner = Cleaner(tiny_model, 0.5, policy)
    for why in check(cleaner.predict(seed_texts[0])):
        assert [reason.text for reason in why.reasons] == [f"the policy keeps {'everything' if keeps else 'nothing'}"]


def test_without_networks(tiny_model: Model, seed_texts: list[str]) -> None:
    model = replace(tiny_model, networks=replace(tiny_model.networks, members=()))
    for prediction in Cleaner(model).predict_many(seed_texts[::6]):
        for why in check(prediction):
            assert {reason.group for reason in why.reasons} <= {"words", "average"}


def test_of_the_shipped_model(shipped: Cleaner, seed_texts: list[str]) -> None:
    for prediction in shipped.predict_many(seed_texts[::5]):
        check(prediction)


PHRASES = (
    Phrase("ferry", "appeal", 20), Phrase("ferry the", "reporting", 9), Phrase("donate now", "navigation", 14),
    Phrase("monday", "donation", -7), Phrase("subscribe", "menu", 3.5), Phrase("東京", "reporting", 20),
)  # fmt: skip


@given(words=st.lists(st.sampled_from(WORDS), max_size=40), policy=st.sampled_from(list(POLICIES.values())))
def test_with_phrases(words: list[str], policy: Policy, tiny_model: Model) -> None:
    text = "".join(words)
    cleaner = Cleaner(tiny_model, policy=policy, evidence=(Phrases(PHRASES),))
    for why, paragraph in zip(check(cleaner.predict(text)), cleaner.predict(text).paragraphs, strict=True):
        named = [reason.text for reason in why.reasons if reason.group == "phrase"]
        assert ("ferry" in named) == (re.search(r"\bferry\b", paragraph.text) is not None)


def test_with_phrases_in_parts_of_a_long_paragraph(tiny_model: Model) -> None:
    text = "Subscribe\n" + "The ferry left. " * (PART_BYTES // 8) + "Donate now!\nMonday"
    whys = check(Cleaner(tiny_model, evidence=(Phrases(PHRASES),)).predict(text))
    assert {reason.text for reason in whys[1].reasons if reason.group == "phrase"} == {"ferry", "donate now"}


def test_with_phrases_of_the_shipped_model(shipped: Cleaner, seed_texts: list[str]) -> None:
    phrases = Phrases((Phrase("the", "appeal", 8), Phrase("and", "reporting", 20), Phrase("of", "related", -12)))
    for prediction in replace(shipped, evidence=(phrases,)).predict_many(seed_texts[::12]):
        check(prediction)


def test_a_text_without_paragraphs_has_no_reasons(tiny_model: Model) -> None:
    assert Cleaner(tiny_model).predict(" \n\n").why == ()
