"""A cleaner with an encoder: the same results in any company, and all rules hold for the corrected scores."""

from __future__ import annotations

import pickle
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from generated_texts import generated_text
from hypothesis import given, settings
from hypothesis import strategies as st
from texts import long_text_lists, text_lists
from tiny_encoder import WIDTH, document_arrays, document_engine, tiny_encoder

from detector import cleaner as cleaner_module
from detector.cleaner import Cleaner, Prediction
from detector.encoder.model import Encoder
from detector.errors import UsageError
from detector.evidence.phrase_file import Phrase
from detector.evidence.phrases import Phrases
from detector.inference.model import Model
from detector.policy import POLICIES, Policy
from detector.results import join_sections
from detector.text import sections as sections_module
from detector.text.paragraphs import ParagraphBreak
from detector.text.reading import PART_BYTES
from detector.text.sections import LIMITS, Limits, Section

EFFORTS = [0.25, 0.5, 1.0]
efforts = st.sampled_from([0.0, 0.1, *EFFORTS])
breaks = st.sampled_from(["line", "blank"])


def same(one: Prediction, other: Prediction) -> bool:
    """Whether two predictions are equal to the last bit."""
    arrays = ("starts", "ends", "label_scores", "kind_scores", "keep_scores", "keep")
    return (
        one.source == other.source
        and one.kept_whole == other.kept_whole
        and all(getattr(one, name).tobytes() == getattr(other, name).tobytes() for name in arrays)
    )


def check(prediction: Prediction) -> None:
    assert np.isfinite(prediction.kind_scores).all()
    assert (prediction.kind_scores >= 0).all()
    np.testing.assert_allclose(prediction.label_scores.sum(axis=1), 1, atol=1e-5)
    np.testing.assert_allclose(prediction.kind_scores.sum(axis=1), 1, atol=1e-5)


@pytest.fixture(scope="module")
def cleaners(tiny_model: Model, encoder: Encoder) -> dict[float, Cleaner]:
    return {effort: Cleaner(tiny_model, encoder=encoder, effort=effort) for effort in (0.0, 0.1, *EFFORTS)}


def towards(encoder: Encoder, model: Model, kind: str, amount: float = 30) -> Encoder:
    """An encoder that finds all it reads to be of one kind."""
    arrays = document_arrays(np.random.default_rng(0), WIDTH, len(model.kinds))
    arrays["head.weight"] *= 0
    arrays["head.bias"] = np.where(np.array(model.kinds) == kind, amount, 0).astype(np.float32)
    return replace(encoder, document=document_engine(arrays))


# The same in any company


@pytest.mark.parametrize("effort", EFFORTS)
def test_seeds_one_by_one_in_batches_and_in_threads(
    effort: float, cleaners: dict[float, Cleaner], seed_texts: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    cleaner = cleaners[effort]
    expected = [cleaner.predict(text) for text in seed_texts]
    small = Cleaner(cleaner.model)
    assert any(not same(one, small.predict(one.source)) for one in expected)
    for prediction in expected:
        check(prediction)
    found = [list(cleaner.predict_many(seed_texts)), list(cleaner.predict_many(seed_texts, threads=2))]
    found.append(list(cleaner.predict_many(seed_texts[::-1]))[::-1])
    found.append(list(pickle.loads(pickle.dumps(cleaner)).predict_many(seed_texts)))
    monkeypatch.setattr(cleaner_module, "BATCH_CHARACTERS", 3000)
    found.append(list(cleaner.predict_many(seed_texts, threads=2)))
    for predictions in found:
        assert all(map(same, predictions, expected))


@settings(max_examples=40)
@given(given_texts=st.one_of(text_lists, long_text_lists), effort=efforts, paragraph_break=breaks, data=st.data())
def test_any_texts_in_any_order(
    given_texts: list[str],
    effort: float,
    paragraph_break: ParagraphBreak,
    data: st.DataObject,
    cleaners: dict[float, Cleaner],
) -> None:
    cleaner = replace(cleaners[effort], paragraphs=paragraph_break)
    expected = [cleaner.predict(text) for text in given_texts]
    order = data.draw(st.permutations(range(len(given_texts))))
    found = cleaner.predict_many([given_texts[number] for number in order])
    for number, prediction in zip(order, found, strict=True):
        assert same(prediction, expected[number])
        check(prediction)


@settings(max_examples=40)
@given(chance=st.randoms(use_true_random=False), effort=st.sampled_from(EFFORTS))
def test_changed_seeds(chance: Any, effort: float, seed_texts: list[str], cleaners: dict[float, Cleaner]) -> None:
    text = generated_text(seed_texts, chance)
    prediction = cleaners[effort].predict(text)
    assert prediction.source == text
    check(prediction)


@settings(max_examples=40)
@given(given_texts=text_lists, paragraph_break=breaks)
def test_an_effort_of_zero_is_the_small_model(
    given_texts: list[str], paragraph_break: ParagraphBreak, tiny_model: Model, cleaners: dict[float, Cleaner]
) -> None:
    small = Cleaner(tiny_model, paragraphs=paragraph_break)
    none = replace(cleaners[0.0], paragraphs=paragraph_break)
    assert all(map(same, none.predict_many(given_texts), small.predict_many(given_texts)))


def test_an_effort_of_zero_is_the_small_model_on_seeds(
    seed_texts: list[str], tiny_model: Model, cleaners: dict[float, Cleaner]
) -> None:
    assert all(map(same, cleaners[0.0].predict_many(seed_texts), Cleaner(tiny_model).predict_many(seed_texts)))


def test_more_effort_changes_more(seed_texts: list[str], cleaners: dict[float, Cleaner]) -> None:
    small = list(cleaners[0.0].predict_many(seed_texts))
    counts, before = [], [np.zeros(len(each), dtype=np.bool_) for each in small]
    for effort in EFFORTS:
        changed = [
            (one.kind_scores != other.kind_scores).any(axis=1)
            for one, other in zip(cleaners[effort].predict_many(seed_texts), small, strict=True)
        ]
        assert not any((less & ~more).any() for less, more in zip(before, changed, strict=True))
        counts.append(sum(int(each.sum()) for each in changed))
        before = changed
    assert 0 < counts[0] < counts[1] < counts[2] == sum(map(len, small))


# Long texts and long paragraphs


@pytest.fixture
def small_sections(monkeypatch: pytest.MonkeyPatch) -> None:
    limits = Limits(600, 20, 100, 3)

    def small(text: str, paragraph_break: ParagraphBreak) -> Iterator[Section]:
        return sections_module.sections(text, paragraph_break, limits)

    monkeypatch.setattr(cleaner_module, "sections", small)
    monkeypatch.setattr(cleaner_module, "is_short", lambda text, lines: sections_module.is_short(text, lines, limits))


@pytest.mark.parametrize("paragraph_break", ["line", "blank"])
@pytest.mark.parametrize("effort", EFFORTS)
@pytest.mark.usefixtures("small_sections")
def test_a_text_in_sections(
    effort: float, paragraph_break: ParagraphBreak, cleaners: dict[float, Cleaner], seed_texts: list[str]
) -> None:
    cleaner = replace(cleaners[effort], paragraphs=paragraph_break)
    text = "\n\n".join(seed_texts[::6])
    whole = cleaner.predict(text)
    chunks = (text[at : at + 7] for at in range(0, len(text), 7))
    parts = list(cleaner.predict_sections(chunks))
    assert len(parts) > 5
    joined = join_sections(text, parts)
    assert same(joined, whole)
    among = ["short", text, "Support us!"]
    assert all(map(same, cleaner.predict_many(among), map(cleaner.predict, among)))
    check(whole)


def test_a_section_is_decided_as_a_text_with_its_context(cleaners: dict[float, Cleaner], seed_texts: list[str]) -> None:
    cleaner, text = cleaners[1.0], max(seed_texts, key=len)
    lines = text.splitlines(keepends=True)
    before, inside, after = "".join(lines[:2]), "".join(lines[2:5]), "".join(lines[5:])
    section = cleaner._predict_section(Section(100, inside, before, after))
    whole = cleaner.predict(text)
    assert section.kind_scores.tolist() == whole.kind_scores[2:5].tolist()


def test_a_divided_paragraph_is_read_part_by_part(cleaners: dict[float, Cleaner]) -> None:
    long = "The ferry to Hollow Quay was late again, she said. " * (3 * PART_BYTES // 50)
    text = f"Support us!\n{long}\nRead more"
    found, small = cleaners[1.0].predict(text), cleaners[0.0].predict(text)
    assert len(found) == 3
    assert (found.kind_scores != small.kind_scores).any(axis=1).all()
    check(found)
    assert same(list(cleaners[1.0].predict_many(["Give now!", text, text]))[2], found)


ODD = {
    "a hundred thousand lines of one character": "x\n" * 100_000,
    "one line of a megabyte": "Subscribe now! " * (1 << 16),
    "one word of a megabyte": "x" * (1 << 20),
    "more lines than a section has": "Support our newsroom\n" * (LIMITS.lines + 20),
    "NUL": "\x00" * 99 + "\n\x00 Support us!\x00\n" + "\x00\n" * 9,
    "lone surrogates": "\ud800\n\udfff Support us \ud83d\n" + "\ud800" * 900,
    "no visible character": "\u200b\u200d\ufeff\n" * 30 + "\u00ad" * 400,
    "control characters": "".join(map(chr, range(0x20))) * 30 + "\x7f\x85\u2028\u2029",
    "right to left": "مرحبا بالعالم\n\u202eSupport us!\u202c\n" * 30,
    "emoji": "🎉👩‍👩‍👧🏳️‍🌈\n" * 40 + "😀" * 2000,
    "marks on one letter": "e" + "\u0301" * 5000 + "\nSupport us!",
    "every character": "\n".join("".join(map(chr, range(at, at + 512))) for at in range(0, 0x30000, 512)),
    "special tokens": "<s>\n</s></s>\n<pad> <unk> </s>\nSupport us!",
}


@pytest.mark.parametrize("name", ODD)
def test_odd_texts(name: str, cleaners: dict[float, Cleaner]) -> None:
    prediction = cleaners[1.0].predict(ODD[name])
    assert prediction.source == ODD[name]
    check(prediction)


# The rules of a cleaner hold for the corrected scores


def test_evidence_that_decides_counts_last(encoder: Encoder, tiny_model: Model) -> None:
    text = "The ferry to Hollow Quay was late again.\nSupport the Quay Post today!\nThe mayor said so on Monday."
    phrases = Phrases((Phrase("Quay Post", "donation", 20), Phrase("the mayor", "reporting", 20)))
    for kind in ("body", "menu"):
        cleaner = Cleaner(tiny_model, evidence=(phrases,), encoder=towards(encoder, tiny_model, kind), effort=1.0)
        first, second, third = cleaner.predict(text).paragraphs
        assert first.kind == kind
        assert (second.label, second.kind) == ("appeal", "donation")
        assert third.label == "reporting"
        check(cleaner.predict(text))


def test_the_guard_sees_the_corrected_scores(encoder: Encoder, tiny_model: Model, seed_texts: list[str]) -> None:
    cleaner = Cleaner(tiny_model, encoder=towards(encoder, tiny_model, "menu"), effort=1.0)
    for prediction in cleaner.predict_many(seed_texts):
        assert prediction.kept_whole
        assert prediction.keep.all()
    free = replace(cleaner, max_removed=1)
    assert all(prediction.threshold == 0 or not prediction.keep.any() for prediction in free.predict_many(seed_texts))
    kept = replace(cleaner, encoder=towards(encoder, tiny_model, "body"))
    assert all(prediction.keep.all() and not prediction.kept_whole for prediction in kept.predict_many(seed_texts))


@pytest.mark.parametrize("effort", EFFORTS)
@pytest.mark.parametrize("threshold", [0.0, 0.3, "gentle", "strict", 1.0])
def test_thresholds(
    effort: float, threshold: float | str, cleaners: dict[float, Cleaner], seed_texts: list[str]
) -> None:
    cleaner = replace(cleaners[effort], threshold=threshold, max_removed=1)
    for prediction in cleaner.predict_many(seed_texts):
        assert prediction.keep_scores.tolist() == prediction.label_scores[:, 0].tolist()
        assert prediction.keep.tolist() == (prediction.keep_scores >= prediction.threshold).tolist()


@pytest.mark.parametrize("policy", [*POLICIES.values(), Policy(keep=("reporting", "metadata"))])
def test_policies(policy: Policy, cleaners: dict[float, Cleaner], seed_texts: list[str], tiny_model: Model) -> None:
    cleaner = replace(cleaners[0.5], policy=policy, max_removed=1)
    kept = np.array(policy.kept_kinds(tiny_model), dtype=np.bool_)
    for prediction, plain in zip(cleaner.predict_many(seed_texts), cleaners[0.5].predict_many(seed_texts), strict=True):
        assert prediction.kind_scores.tolist() == plain.kind_scores.tolist()
        np.testing.assert_allclose(prediction.keep_scores, plain.kind_scores[:, kept].sum(axis=1), atol=1e-5)


def test_reasons_can_be_asked_for(cleaners: dict[float, Cleaner], text: str) -> None:
    prediction = cleaners[1.0].predict(text)
    assert len(prediction.why) == len(prediction)


# As a value


def test_equal_cleaners(encoder: Encoder, tiny_model: Model) -> None:
    cleaner = Cleaner(tiny_model, encoder=encoder, effort=0.5)
    others = [Cleaner(tiny_model, encoder=tiny_encoder(tiny_model), effort=0.5), pickle.loads(pickle.dumps(cleaner))]
    assert all(cleaner == other and hash(cleaner) == hash(other) for other in others)
    different = [
        Cleaner(tiny_model), replace(cleaner, effort=0.6), replace(cleaner, encoder=tiny_encoder(tiny_model, seed=1)),
    ]  # fmt: skip
    assert all(cleaner != other for other in different)
    assert len({cleaner, *others, *different}) == 4


@pytest.mark.parametrize("effort", [-0.1, 1.1, float("nan"), True, None, "0.5"])
def test_an_effort_that_is_none(effort: Any, encoder: Encoder, tiny_model: Model) -> None:
    with pytest.raises(UsageError, match="effort"):
        Cleaner(tiny_model, encoder=encoder, effort=effort)


def test_an_effort_without_an_encoder(tiny_model: Model) -> None:
    with pytest.raises(UsageError, match="only the accurate model has an effort"):
        Cleaner(tiny_model, effort=0.5)


def test_an_encoder_for_other_kinds(encoder: Encoder, tiny_model: Model) -> None:
    with pytest.raises(UsageError, match="trained for a model with other kinds"):
        Cleaner(tiny_model, encoder=replace(encoder, kind_labels=encoder.kind_labels[:-1]), effort=0.5)
