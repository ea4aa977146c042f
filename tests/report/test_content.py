"""What a report holds: texts, numbers and reasons, as its page unpacks them."""

from __future__ import annotations

import json
import zlib
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from report_content import arrays, settings, texts, unpacked

from detector.cleaner import Cleaner
from detector.encoder.model import Encoder
from detector.policy import POLICIES, Policy
from detector.reasons import Reason, Why
from detector.report.content import SHOWN
from detector.report.gathering import Document
from detector.report.packing import packed
from detector.report.reasons import as_values
from detector.report.report import About, report
from detector.report.rows import rows_of

ODD = ["", "\n \n", "one", "a \ud800 b </script>\u2028", "x" * (SHOWN + 5), "a\n" * 40]


def page_of(cleaner: Cleaner, given: Sequence[str], reasons: int = 0, jobs: int = 1) -> str:
    documents = [Document("a.jsonl", f"a.jsonl:{number}", text) for number, text in enumerate(given)]
    return b"".join(report(cleaner, documents, About("t", reasons=reasons), jobs=jobs)).decode()


def test_texts_and_numbers_are_those_of_the_predictions(cleaner: Cleaner, seed_texts: list[str]) -> None:
    given = [*ODD, *seed_texts]
    page = page_of(cleaner, given)
    predictions = list(cleaner.predict_many(given))
    assert texts(page) == [
        [paragraph.text[:SHOWN] for paragraph in prediction.paragraphs] for prediction in predictions
    ]
    found = arrays(page)
    for name, value in {
        "score": [each.keep_scores for each in predictions],
        "size": [each.ends - each.starts for each in predictions],
        "label": [each.label_indices for each in predictions],
        "kind": [each.kind_indices for each in predictions],
    }.items():
        assert np.array_equal(found[name], np.concatenate(value)), name
    labels = np.concatenate([each.label_scores for each in predictions])
    assert found["labels"].reshape(labels.shape) / 65535 == pytest.approx(labels, abs=1e-5)
    assert found["rows"].tolist() == [len(each) for each in predictions]
    assert found["familiarity"] == pytest.approx([each.familiarity for each in predictions])
    assert found["chunk"].tolist() == sorted(found["chunk"].tolist())


@pytest.mark.slow
def test_scores_are_those_after_the_encoder(cleaner: Cleaner, encoder: Encoder, seed_texts: list[str]) -> None:
    """Also in a text of several sections, which is predicted again for the page."""
    lines = "\n".join(seed_texts).split("\n")
    given = [*ODD, *seed_texts[:9], "\n".join((lines * (9_000 // len(lines) + 1))[:9_000])]
    reading = replace(cleaner, encoder=encoder, effort=0.25)
    predictions = list(reading.predict_many(given))
    found = arrays(page_of(reading, given))
    shown = found["shown"] == 1
    assert found["sections"][-1] > 1
    assert np.array_equal(found["score"][shown], np.concatenate([each.keep_scores for each in predictions]))
    assert np.array_equal(found["label"][shown], np.concatenate([each.label_indices for each in predictions]))
    labels = np.concatenate([each.label_scores for each in predictions])
    assert found["labels"].reshape(-1, labels.shape[1])[shown] / 65535 == pytest.approx(labels, abs=1e-5)
    alone = np.concatenate([each.keep_scores for each in cleaner.predict_many(given)])
    assert (found["score"][shown] != alone).any()


def test_reasons_tell_of_the_encoder(cleaner: Cleaner, encoder: Encoder, seed_texts: list[str]) -> None:
    reading = replace(cleaner, encoder=encoder, effort=1.0)
    (chunk,) = unpacked(page_of(reading, seed_texts[:3], reasons=50), "reasons")
    values = json.loads(chunk)
    assert "encoder" in values["groups"]
    assert "read again: the paragraph itself" in values["texts"]
    whys = [why for text in seed_texts[:3] for why in reading.predict(text).why]
    rows = [row for document in values["documents"] for row in document]
    for (rest, *numbers), why in zip(rows, whys, strict=True):
        assert (rest + sum(numbers[2::3])) / 100 == pytest.approx(why.log_odds, abs=0.3)


def test_a_long_text_has_the_rows_of_its_sections(cleaner: Cleaner, seed_texts: list[str]) -> None:
    lines = "\n".join(seed_texts).split("\n")
    text = "\n".join((lines * (20_000 // len(lines) + 1))[:20_000])
    prediction = cleaner.predict(text)
    sections = list(rows_of(cleaner, prediction))
    assert len(sections) > 2
    scores = np.concatenate([each.prediction.keep_scores[each.shown] for each in sections])
    assert np.array_equal(scores, prediction.keep_scores)
    assert sum(map(len, (each.prediction for each in sections))) > len(prediction)  # there is context


def test_a_paragraph_that_is_longer_than_a_section_is_one_row_that_is_shown(cleaner: Cleaner) -> None:
    text = "word " * 240_000 + "\nAnother paragraph.\n"
    prediction = cleaner.predict(text)
    sections = list(rows_of(cleaner, prediction))
    assert len(sections) > 2
    assert sum(int(each.shown.sum()) for each in sections) == len(prediction) == 2


LIMITS = [
    (POLICIES["reporting"], 0.5, 0.5),
    (POLICIES["text"], 0.3, 0.3),
    (POLICIES["appeals-only"], 0.5, 0.5),
    (POLICIES["reporting"], 1.0, 1.0),
    (Policy(keep=("appeal",)), 0.5, 1.0),  # nearly all of an article is to go
    (Policy(keep=(), drop=("body",)), 0.5, 1.0),
]


@pytest.mark.parametrize(("policy", "max_removed", "limit"), LIMITS)
def test_the_page_has_the_limit_of_the_guard(
    policy: Policy, max_removed: float, limit: float, cleaner: Cleaner
) -> None:
    other = Cleaner(cleaner.model, policy=policy, max_removed=max_removed)
    assert other.removed_limit == limit
    assert settings(page_of(other, ["A text."], reasons=0))["guard"]["maxRemoved"] == limit


def test_settings_tell_of_the_model_and_of_what_is_left_out(cleaner: Cleaner) -> None:
    documents = [
        Document("/home/a/x.jsonl", "/home/a/x.jsonl:3", "text"),
        Document("/home/a/y.txt", "/home/a/y.txt", "t"),
    ]
    names = {"/home/a/x.jsonl": "x.jsonl", "/home/a/y.txt": "y.txt"}
    page = b"".join(report(cleaner, documents, About("t", "tiny", names, read=9, reasons=0))).decode()
    found = settings(page)
    assert "/folder" not in page
    assert found["documents"] == [[0, "3"], [1, ""]]
    assert found["files"] == ["x.jsonl", "y.txt"]
    assert found["counts"]["read"] == 9
    assert found["guard"]["cutoff"] == cleaner.model.thresholds["balanced"]
    assert found["model"]["name"] == "tiny"


def test_reasons_are_those_of_the_predictions_and_sum_to_the_score(cleaner: Cleaner, seed_texts: list[str]) -> None:
    given = ["", *seed_texts[:4]]
    (chunk,) = unpacked(page_of(cleaner, given, reasons=3), "reasons")
    values = json.loads(chunk)
    whys = [cleaner.predict(text).why for text in given]
    assert [len(document) for document in values["documents"]] == [len(each) for each in whys]
    for document, expected in zip(values["documents"], whys, strict=True):
        for (rest, *numbers), why in zip(document, expected, strict=True):
            assert [values["texts"][at][:40] for at in numbers[::3]] == [each.text[:40] for each in why.reasons[:3]]
            assert [values["groups"][at] for at in numbers[1::3]] == [each.group for each in why.reasons[:3]]
            assert (rest + sum(numbers[2::3])) / 100 == pytest.approx(why.log_odds, abs=0.03)


@pytest.mark.slow
def test_several_processes_find_the_same_reasons(cleaner: Cleaner, seed_texts: list[str]) -> None:
    given = [text * 12 for text in seed_texts[:8]]  # several chunks
    alone, together = (unpacked(page_of(cleaner, given, 2, jobs), "reasons") for jobs in (1, 2))
    assert alone == together
    assert len(alone) > 1


REASONS = st.builds(Reason, st.sampled_from(["words", "shape", "position"]), st.text(max_size=300), st.floats(-20, 20))


@given(st.lists(st.lists(st.lists(REASONS, max_size=6), max_size=4), max_size=3), st.integers(1, 7))
def test_reasons_that_are_left_out_are_in_the_rest(documents: list[list[list[Reason]]], most: int) -> None:
    whys = [
        [Why(sum(reason.log_odds for reason in reasons), 0.0, tuple(reasons)) for reasons in document]
        for document in documents
    ]
    values = as_values(whys, most)
    assert len(values["texts"]) == len(set(values["texts"]))
    assert all(len(text) <= 200 for text in values["texts"])
    for document, expected in zip(values["documents"], whys, strict=True):
        for (rest, *numbers), why in zip(document, expected, strict=True):
            assert len(numbers) == 3 * min(most, len(why.reasons))
            assert (rest + sum(numbers[2::3])) / 100 == pytest.approx(why.log_odds, abs=0.05)


@given(st.recursive(st.none() | st.integers() | st.text(), lambda value: st.lists(value, max_size=4)))
def test_packed_values_are_unpacked(value: object) -> None:
    assert json.loads(zlib.decompress(packed(value))) == value


def test_every_paragraph_of_a_long_text_has_reasons(cleaner: Cleaner) -> None:
    text = "\n".join(f"Paragraph {number}. " + "The ferry sails again. " * 600 for number in range(45))
    assert len(list(rows_of(cleaner, cleaner.predict(text)))) > 1  # sections
    page = page_of(cleaner, [text], reasons=1)
    (chunk,) = unpacked(page, "reasons")
    assert [len(document) for document in json.loads(chunk)["documents"]] == [len(texts(page)[0])] == [45]
