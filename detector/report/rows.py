"""The rows of a document: all that the guard reads of it, so that a page can decide again at any threshold."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detector.cleaner import Cleaner
from detector.results import Prediction
from detector.text.sections import count_lines, is_short, sections


@dataclass(frozen=True, slots=True)
class Rows:
    """The rows of a section, on which the guard decides together, and which of them are paragraphs of the document.

    The others are its context: lines of the sections around it, and the continuation of a paragraph.
    """

    prediction: Prediction
    shown: NDArray[np.bool_]


def rows_of(cleaner: Cleaner, prediction: Prediction) -> Iterator[Rows]:
    """The rows of a document on which a cleaner has decided, by its sections.

    The shown ones are the paragraphs of the prediction, in order.
    """
    text = prediction.source
    if is_short(text, count_lines(text)):
        yield Rows(prediction, np.ones(len(prediction), dtype=np.bool_))
        return
    for section, decided in zip(sections(text, cleaner.paragraphs), cleaner.predict_sections(text), strict=True):
        if section.unread:
            yield Rows(decided.prediction, np.full(len(decided.prediction), not section.continued))
            continue
        whole = next(cleaner.predict_batch([section.before + section.text + section.after]))
        lead = len(section.before)
        yield Rows(whole, (whole.starts >= lead) & (whole.starts < lead + len(section.text)))
