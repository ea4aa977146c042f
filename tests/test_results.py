"""Results are values: equal when their contents are equal, and short when printed."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from detector.cleaner import Cleaned, Cleaner, Paragraph, Prediction
from detector.inference.model import Model
from detector.policy import Policy

TEXT = "The bridge reopened on Monday.\n\nSubscribe to our newsletter!\nDonate now!\n"


@pytest.fixture(scope="module")
def prediction(tiny_model: Model) -> Prediction:
    """A prediction for three paragraphs, the second of which is not kept."""
    return replace(Cleaner(tiny_model).predict(TEXT), keep=np.array([True, False, True]))


@pytest.fixture(scope="module")
def cleaned(prediction: Prediction) -> Cleaned:
    return Cleaned(prediction.clean_text(), prediction)


def copy_of(prediction: Prediction) -> Prediction:
    """The same numbers in other arrays."""
    arrays = ("starts", "ends", "label_scores", "kind_scores", "keep_scores", "keep")
    return replace(prediction, **{name: getattr(prediction, name).copy() for name in arrays})


def test_equal_predictions(prediction: Prediction, cleaned: Cleaned) -> None:
    copy = copy_of(prediction)
    assert copy == prediction
    assert hash(copy) == hash(prediction)
    assert copy.paragraphs == prediction.paragraphs
    assert list(map(hash, copy.paragraphs)) == list(map(hash, prediction.paragraphs))
    assert Cleaned(cleaned.text, copy) == cleaned
    assert hash(Cleaned(cleaned.text, copy)) == hash(cleaned)
    assert len({prediction, copy, cleaned, Cleaned(cleaned.text, copy)}) == 2


CHANGES = {
    "source": lambda p: replace(p, source=p.source + " "),
    "labels": lambda p: replace(p, labels=p.labels[::-1]),
    "kind_labels": lambda p: replace(p, kind_labels=p.kind_labels[::-1]),
    "starts": lambda p: replace(p, starts=p.starts + 1),
    "label_scores": lambda p: replace(p, label_scores=p.label_scores[:, ::-1]),
    "keep": lambda p: replace(p, keep=~p.keep),
    "fewer rows": lambda p: replace(p, keep_scores=p.keep_scores[:-1]),
    "another dtype": lambda p: replace(p, keep_scores=p.keep_scores.astype(np.float64)),
}


@pytest.mark.parametrize("change", CHANGES)
def test_predictions_that_differ(change: str, prediction: Prediction, cleaned: Cleaned) -> None:
    other = CHANGES[change](prediction)
    assert other != prediction
    assert Cleaned(cleaned.text, other) != cleaned


@pytest.mark.parametrize("other", [None, "text", 1, ()])
def test_a_prediction_differs_from_other_types(other: object, prediction: Prediction, cleaned: Cleaned) -> None:
    assert prediction != other
    assert cleaned != other


def test_equal_cleaners(tiny_model: Model) -> None:
    cleaner = Cleaner(tiny_model, "strict", Policy(), "blank")
    cleaner.clean(TEXT)  # its cache is not compared
    assert cleaner == Cleaner(tiny_model, "strict", Policy(), "blank")
    assert hash(cleaner) == hash(Cleaner(tiny_model, "strict", Policy(), "blank"))
    assert cleaner == Cleaner(replace(tiny_model), "strict", Policy(), "blank")
    networks = replace(tiny_model.networks, members=tiny_model.networks.members[:1])
    others = (
        Cleaner(tiny_model, "balanced", Policy(), "blank"), Cleaner(tiny_model, "strict", Policy(), "line"),
        Cleaner(tiny_model, "strict", Policy(drop=("appeal",)), "blank"),
        Cleaner(replace(tiny_model, networks=networks), "strict", Policy(), "blank"),
    )  # fmt: skip
    assert all(cleaner != other for other in others)
    assert len({cleaner, *others}) == 5


def test_results_are_short_when_printed(prediction: Prediction, cleaned: Cleaned, tiny_model: Model) -> None:
    beginning = TEXT[:59] + "…"
    assert repr(prediction) == f"Prediction({beginning!r}, 3 paragraphs, 1 to remove)"
    assert repr(cleaned) == f"Cleaned({cleaned.text!r}, 1 of 3 paragraphs removed)"
    long = Cleaner(tiny_model).clean("x" * 100_000)
    assert max(len(repr(thing)) for thing in (long, long.prediction, tiny_model, Cleaner(tiny_model))) < 400
    assert str(cleaned) == cleaned.text


def test_what_was_removed(prediction: Prediction) -> None:
    assert prediction.removed_text() == "Subscribe to our newsletter!\n"
    assert prediction.removed_spans() == [(32, 61)]
    assert [paragraph.text for paragraph in prediction.removed] == ["Subscribe to our newsletter!"]
    nothing = replace(prediction, keep=np.ones(3, dtype=bool))
    assert (nothing.removed_text(), nothing.removed_spans(), nothing.removed) == ("", [], ())


def test_paragraphs_with_other_scores_differ_but_may_share_a_hash(prediction: Prediction) -> None:
    paragraph = prediction.paragraphs[0]
    other: Paragraph = replace(paragraph, scores=dict.fromkeys(paragraph.scores, 0.0))
    assert other != paragraph
    assert hash(other) == hash(paragraph)
