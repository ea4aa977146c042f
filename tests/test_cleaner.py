"""Kept text is unchanged, byte for byte and in order, and removed text can be put back."""

from __future__ import annotations

import itertools
import pickle
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from texts import texts

import detector
from detector.cleaner import Cleaner, Prediction
from detector.errors import UsageError
from detector.guard import PAGE_KINDS, PAGE_PARAGRAPHS
from detector.inference.model import Model
from detector.policy import POLICIES, Policy
from detector.text.paragraphs import ParagraphBreak

paragraph_breaks = st.sampled_from(["line", "blank"])


@pytest.fixture(scope="module")
def middle(tiny_model: Model, seed_texts: list[str]) -> float:
    """A threshold above the scores of about a third of the seeds' paragraphs."""
    scores = np.concatenate([p.keep_scores for p in Cleaner(tiny_model).predict_many(seed_texts)])
    return float(np.quantile(scores, 0.35))


def put_back(text: str, stretches: list[tuple[int, int]], source: str) -> str:
    """The clean text with the removed stretches put back where they were, in order."""
    for start, stop in stretches:
        text = text[:start] + source[start:stop] + text[start:]
    return text


def slow_clean(prediction: Prediction) -> str:
    """The text before the first paragraph, then each kept paragraph with all text up to the next one."""
    source, starts = prediction.source, prediction.starts.tolist()
    pieces = [source[a:b] for a, b in itertools.pairwise([*starts, len(source)])]
    kept = [piece for piece, keep in zip(pieces, prediction.keep.tolist(), strict=True) if keep]
    return "".join([source[: starts[0]] if starts else source, *kept])


def check_cut(prediction: Prediction) -> None:
    clean, source = prediction.clean_text(), prediction.source
    assert clean == slow_clean(prediction)
    assert put_back(clean, prediction.removed_spans(), source) == source
    assert prediction.removed_text() == "".join(source[start:stop] for start, stop in prediction.removed_spans())
    assert Counter(clean) + Counter(prediction.removed_text()) == Counter(source)
    kept = [p.text for p in prediction.paragraphs if p.keep]
    at = 0
    for text in kept:
        at = clean.index(text, at) + len(text)
    assert [p.text for p in prediction.removed] == [p.text for p in prediction.paragraphs if not p.keep]


# Cutting


@given(text=texts, mask=st.lists(st.booleans(), min_size=60, max_size=60), paragraph_break=paragraph_breaks)
def test_any_choice_of_paragraphs(
    text: str, mask: list[bool], paragraph_break: ParagraphBreak, tiny_model: Model
) -> None:
    prediction = Cleaner(tiny_model, paragraphs=paragraph_break).predict(text)
    check_cut(replace(prediction, keep=np.resize(np.array(mask), len(prediction))))
    assert replace(prediction, keep=np.ones(len(prediction), dtype=bool)).clean_text() == text
    nothing = replace(prediction, keep=np.zeros(len(prediction), dtype=bool)).clean_text()
    assert not nothing.strip()


@given(text=texts, paragraph_break=paragraph_breaks, threshold=st.floats(0, 1))
def test_the_model_s_own_choice(
    text: str, paragraph_break: ParagraphBreak, threshold: float, tiny_model: Model
) -> None:
    cleaned = Cleaner(tiny_model, threshold, paragraphs=paragraph_break).clean(text)
    check_cut(cleaned.prediction)
    assert cleaned.text == cleaned.prediction.clean_text()


CUTS = [
    ("one\ntwo\nthree\n", [True, False, True], "one\nthree\n"),
    ("one\n\n\ntwo\n\nthree", [True, False, True], "one\n\n\nthree"),
    ("one\r\ntwo\r\n\r\nthree\r\n", [False, True, False], "two\r\n\r\n"),
    ("\ufeff\n one \ntwo", [True, True, False], "\ufeff\n one \n"),
    ("\n\none\ntwo", [False, False], "\n\n"),
    ("one\rtwo\rthree", [True, False, False], "one\r"),
    ("", [], ""),
    ("\n \n", [], "\n \n"),
]


@pytest.mark.parametrize(("text", "keep", "clean"), CUTS)
def test_a_removed_paragraph_takes_the_blank_lines_after_it(
    text: str, keep: list[bool], clean: str, tiny_model: Model
) -> None:
    prediction = replace(Cleaner(tiny_model).predict(text), keep=np.array(keep, dtype=bool))
    assert prediction.clean_text() == clean


def test_part_of_the_seeds_is_removed(tiny_model: Model, seed_texts: list[str], middle: float) -> None:
    results = list(Cleaner(tiny_model, middle).clean_many(seed_texts))
    for cleaned, text in zip(results, seed_texts, strict=True):
        check_cut(cleaned.prediction)
        assert cleaned.prediction.source == text
        assert cleaned.removed_share == 1 - len(cleaned.text) / len(text)
    removed = sum(len(cleaned.removed) for cleaned in results)
    assert 0 < removed < sum(len(cleaned.paragraphs) for cleaned in results)


def test_the_share_removed_of_an_empty_text(tiny_model: Model) -> None:
    assert Cleaner(tiny_model).clean("").removed_share == 0


# Decisions


@given(text=texts, paragraph_break=paragraph_breaks)
def test_paragraphs_agree_with_the_arrays(text: str, paragraph_break: ParagraphBreak, tiny_model: Model) -> None:
    prediction = Cleaner(tiny_model, paragraphs=paragraph_break).predict(text)
    assert len(prediction.paragraphs) == len(prediction)
    for row, paragraph in enumerate(prediction.paragraphs):
        assert paragraph.text == text[paragraph.start : paragraph.end]
        assert list(paragraph.scores) == list(tiny_model.labels)
        assert list(paragraph.scores.values()) == prediction.label_scores[row].tolist()
        assert sum(paragraph.scores.values()) == pytest.approx(1, abs=1e-5)
        assert paragraph.label == max(paragraph.scores, key=paragraph.scores.__getitem__)
        kinds = [
            (score, kind)
            for score, kind, label in zip(
                prediction.kind_scores[row].tolist(), tiny_model.kinds, tiny_model.kind_labels, strict=True
            )
            if tiny_model.labels[label] == paragraph.label
        ]
        assert paragraph.kind_score == max(kinds)[0]
        assert (paragraph.kind_score, paragraph.kind) in kinds
        assert paragraph.keep_score == paragraph.scores["reporting"]
        assert paragraph.keep == (prediction.kept_whole or paragraph.keep_score >= prediction.threshold)


@given(text=texts)
def test_a_threshold_of_zero_keeps_everything(text: str, tiny_model: Model) -> None:
    cleaned = Cleaner(tiny_model, 0).clean(text)
    assert (cleaned.text, cleaned.removed) == (text, ())


def test_names_of_thresholds_are_the_model_s_numbers(tiny_model: Model, seed_texts: list[str]) -> None:
    kept = {}
    for name, value in tiny_model.thresholds.items():
        by_name, by_number, by_text = (
            [c.text for c in Cleaner(tiny_model, threshold).clean_many(seed_texts)]
            for threshold in (name, value, repr(value))
        )
        assert by_name == by_number == by_text
        kept[name] = sum(len(c.text) for c in Cleaner(tiny_model, name, max_removed=1).clean_many(seed_texts))
    assert kept["gentle"] >= kept["balanced"] >= kept["strict"]
    assert Cleaner(tiny_model) == Cleaner(tiny_model, "balanced")


@pytest.mark.parametrize("threshold", [-0.1, 1.5, float("nan"), float("inf"), "strong", "", "2", None])
def test_a_threshold_out_of_range(threshold: Any, tiny_model: Model) -> None:
    with pytest.raises(UsageError, match="give a number from 0 to 1, or one of gentle, balanced, strict") as caught:
        Cleaner(tiny_model, threshold)
    assert isinstance(caught.value, ValueError)


WRONG_SETTINGS: list[dict[str, Any]] = [
    {"paragraphs": "lines"}, {"paragraphs": ""}, {"policy": Policy(keep=("advertising",))}, {"policy": "text"},
    {"max_removed": -0.1}, {"max_removed": 1.1}, {"max_removed": float("nan")}, {"max_removed": "0.5"},
    {"max_removed": None}, {"max_removed": True},
]  # fmt: skip


@pytest.mark.parametrize("settings_", WRONG_SETTINGS)
def test_settings_that_do_not_fit(settings_: dict[str, Any], tiny_model: Model) -> None:
    with pytest.raises(UsageError):
        Cleaner(tiny_model, **settings_)


def test_cleaning_without_a_cleaner_is_cleaning_with_the_shipped_model(shipped: Cleaner) -> None:
    text = "The bridge reopened on Monday, the council said.\nSubscribe to our newsletter!\n"
    assert detector.clean(text) == shipped.clean(text)
    with pytest.raises(UsageError, match="a text is a str, not a bytes"):
        detector.clean(text.encode())  # type: ignore[arg-type]


def test_load_takes_the_same_settings(tiny_model_dir: Path) -> None:
    with pytest.raises(UsageError, match="threshold"):
        detector.load(tiny_model_dir, threshold=2)
    cleaner = detector.load(
        str(tiny_model_dir), threshold="strict", paragraphs="blank", policy=POLICIES["appeals-only"], max_removed=0.7
    )
    assert (cleaner.threshold, cleaner.paragraphs, cleaner.max_removed) == ("strict", "blank", 0.7)


def test_a_policy_decides_by_the_kinds_it_keeps(tiny_model: Model, seed_texts: list[str]) -> None:
    policy = Policy(keep=("reporting", "metadata"))
    assert "metadata" in tiny_model.kinds
    kept = [
        label == 0 or kind == "metadata" for kind, label in zip(tiny_model.kinds, tiny_model.kind_labels, strict=True)
    ]
    for prediction in Cleaner(tiny_model, 0.6, policy, max_removed=1).predict_many(seed_texts):
        expected = prediction.kind_scores[:, kept].sum(axis=1)
        assert prediction.keep_scores == pytest.approx(expected, abs=1e-5)
        assert prediction.keep.tolist() == (prediction.keep_scores >= prediction.threshold).tolist()


def test_a_policy_gives_the_same_scores_in_every_batch(tiny_model: Model, seed_texts: list[str]) -> None:
    cleaner = Cleaner(tiny_model, policy=POLICIES["appeals-only"])
    for text, prediction in zip(seed_texts, cleaner.predict_many(seed_texts), strict=True):
        assert cleaner.predict(text).keep_scores.tolist() == prediction.keep_scores.tolist()


def test_a_policy_that_keeps_everything_removes_nothing(tiny_model: Model, seed_texts: list[str]) -> None:
    for prediction in Cleaner(tiny_model, 1.0, Policy((), ()), max_removed=1).predict_many(seed_texts):
        assert prediction.keep_scores.tolist() == [1.0] * len(prediction)
        assert prediction.keep.all()


def test_the_default_policy_keeps_a_kind_that_is_named_as_its_label(tiny_model: Model, seed_texts: list[str]) -> None:
    """A name in a policy is that of a kind as well as that of a label."""
    kinds = tuple("reporting" if kind == "menu" else kind for kind in tiny_model.kinds)
    model = replace(tiny_model, kinds=kinds)
    kept = Policy().kept_kinds(model)
    assert kept.sum() == 1 + tiny_model.kind_labels.count(0)
    for prediction in Cleaner(model, max_removed=1).predict_many(seed_texts):
        assert prediction.keep_scores == pytest.approx(prediction.kind_scores[:, kept].sum(axis=1), abs=1e-5)


@pytest.mark.parametrize("text", [None, b"One.", 5, [b"One."], ["One.", None]])
def test_sections_of_what_is_no_text(text: Any, tiny_model: Model) -> None:
    with pytest.raises(UsageError, match=r"text is a str, (or an iterable|not a)"):
        list(Cleaner(tiny_model).predict_sections(text))


# Texts that are kept whole

APPEALS = "Subscribe to our newsletter now!\nSupport our newsroom today!"
REPORT = "The council voted on Tuesday to open the school, the mayor said.\nRead more"


@given(text=texts, threshold=st.floats(0, 1), max_removed=st.floats(0, 1))
def test_at_most_the_given_share_is_removed(text: str, threshold: float, max_removed: float, tiny_model: Model) -> None:
    guarded = Cleaner(tiny_model, threshold, max_removed=max_removed).clean(text)
    free = Cleaner(tiny_model, threshold, max_removed=1).clean(text)
    removed, whole = (sum(len(p.text) for p in paragraphs) for paragraphs in (free.removed, free.paragraphs))
    kinds = free.prediction.kind_scores[~free.prediction.keep].argmax(axis=1)
    is_page = len(kinds) >= PAGE_PARAGRAPHS and len(set(kinds.tolist())) >= PAGE_KINDS
    assert guarded.kept_whole == (removed > max_removed * whole and max_removed < 1 and not is_page)
    assert guarded.text == (text if guarded.kept_whole else free.text)
    assert not free.kept_whole
    assert guarded.familiarity == free.familiarity
    assert guarded.prediction.keep_scores.tolist() == free.prediction.keep_scores.tolist()


def test_a_text_of_which_all_would_go_is_kept_whole(tiny_model: Model) -> None:
    result = Cleaner(tiny_model, 1.0).clean(APPEALS)
    assert (result.text, result.removed, result.kept_whole) == (APPEALS, (), True)
    free = Cleaner(tiny_model, 1.0, max_removed=1).clean(APPEALS)
    assert (free.text, free.kept_whole) == ("", False)


def test_the_guard_is_a_setting_of_a_cleaner(tiny_model: Model) -> None:
    assert Cleaner(tiny_model) == Cleaner(tiny_model, max_removed=0.5) != Cleaner(tiny_model, max_removed=0.6)
    assert pickle.loads(pickle.dumps(Cleaner(tiny_model, max_removed=0.6))).max_removed == 0.6


@pytest.mark.parametrize("text", ["", "\n \n"])
def test_an_empty_text_is_familiar_and_not_kept_whole(text: str, tiny_model: Model) -> None:
    result = Cleaner(tiny_model, 1.0, max_removed=0).clean(text)
    assert (result.familiarity, result.kept_whole, result.text) == (1.0, False, text)


@pytest.mark.parametrize("threshold", [0.0, 0.5, 1.0])
def test_words_that_nobody_knows_lower_the_threshold(threshold: float, tiny_model: Model) -> None:
    cleaner = Cleaner(tiny_model, threshold, max_removed=1)
    known, unknown = cleaner.predict(REPORT), cleaner.predict("Xqzt wvkj qzxw.\nBvxq zzkj.")
    assert known.familiarity > 0.5
    assert known.threshold == threshold
    assert (unknown.familiarity, unknown.threshold, unknown.removed) == (0, 0, ())


# The shipped model


def test_the_shipped_model_s_thresholds_are_in_order(shipped: Cleaner) -> None:
    thresholds = shipped.model.thresholds
    assert 0 < thresholds["gentle"] <= thresholds["balanced"] <= thresholds["strict"] < 1


@pytest.mark.parametrize("name", sorted(POLICIES))
def test_load_takes_the_name_of_a_policy(tiny_model_dir: Path, name: str) -> None:
    assert detector.load(tiny_model_dir, policy=name) == detector.load(tiny_model_dir, policy=POLICIES[name])


def test_a_cleaner_that_was_used_is_not_larger_to_pickle(tiny_model_dir: Path, seed_texts: list[str]) -> None:
    cleaner = detector.load(tiny_model_dir)
    before = len(pickle.dumps(cleaner))
    predictions = list(cleaner.predict_many(seed_texts * 20))
    assert len(pickle.dumps(cleaner)) < before + 1000
    assert list(pickle.loads(pickle.dumps(cleaner)).predict_many(seed_texts * 20)) == predictions
