"""The scores that a model assigns to texts."""

from __future__ import annotations

from collections.abc import Sequence

from detector.inference.model import Model
from detector.inference.predict import predict
from detector.inference.scores import Scores
from detector.text.paragraphs import split


def scores_of(model: Model, texts: Sequence[str]) -> Scores:
    return predict(model, split(texts))
