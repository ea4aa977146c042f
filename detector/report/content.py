"""The content of a report: numbers, texts and reasons, packed so that a page opens fast and unpacks what it shows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from detector.cleaner import Cleaner
from detector.report.packing import compressed, packed
from detector.report.reasons import explained
from detector.report.rows import Rows, rows_of
from detector.results import Prediction
from detector.util.batching import batches

CHUNK = 1 << 17  # characters of the texts that are unpacked together
SHOWN = 20_000  # characters of a paragraph; the page says how many it has
_PROBABILITY = 65_535  # as which a probability of 1 is written
# The arrays, and the types as which they are written: little-endian, as all machines are on which browsers run.
TYPES = {
    "score": "<f4", "size": "<u4", "best": "u1", "label": "u1", "kind": "u1", "shown": "u1", "labels": "<u2",
    "rows": "<u4", "familiarity": "<f4",
    "sections": "<u4", "chunk": "<u4",
}  # fmt: skip


@dataclass(slots=True)
class Content:
    """The packed content; every piece is compressed.

    ``numbers`` are arrays in the order of `TYPES`. For each row of the guard (`detector.report.rows`): its ``score``
    and ``size``, its ``best`` of all kinds, its ``label`` and ``kind``, whether it is ``shown``, and the probabilities
    of all ``labels``, one after the other. For each section: the number of its ``rows``, and its ``familiarity``. For
    each document: the number of its ``sections``, and the ``chunk`` that its texts are in.

    A chunk of ``texts`` is JSON: for each of its documents the texts of the paragraphs. A chunk of ``reasons`` belongs
    to the chunk of texts of the same number (`detector.report.reasons`); there are none if none are wanted.
    """

    numbers: list[bytes] = field(default_factory=list)
    texts: list[bytes] = field(default_factory=list)
    reasons: list[bytes] = field(default_factory=list)


def pack(
    cleaner: Cleaner,
    texts: Iterable[str],
    reasons: int = 0,
    jobs: int = 1,
    warn: Callable[[str], object] = lambda message: None,
) -> Content:
    """The content of a report on these texts, with at most so many reasons for each paragraph.

    The reasons are found by ``jobs`` processes; ``warn`` is told if that takes long.
    """
    chunks = list(batches(texts, len, CHUNK))
    content = Content()
    arrays: dict[str, list[Any]] = {name: [np.zeros(0)] for name in TYPES}
    for number, chunk in enumerate(chunks):
        predictions = list(cleaner.predict_many(chunk))
        for prediction in predictions:
            sections = list(rows_of(cleaner, prediction))
            _add(arrays, sections)
            arrays["sections"].append([len(sections)])
            arrays["chunk"].append([number])
        content.texts.append(packed([list(_shown(prediction)) for prediction in predictions]))
    content.numbers = [
        compressed(np.concatenate(arrays[name]).astype(type_).tobytes()) for name, type_ in TYPES.items()
    ]
    content.reasons = explained(cleaner, chunks, reasons, jobs, warn) if reasons else []
    return content


def _add(arrays: dict[str, list[Any]], sections: Sequence[Rows]) -> None:
    """Add the rows of a document."""
    for section in sections:
        prediction = section.prediction
        arrays["score"].append(prediction.keep_scores)
        arrays["size"].append(prediction.ends - prediction.starts)
        arrays["best"].append(prediction.kind_scores.argmax(axis=1))
        arrays["label"].append(prediction.label_indices)
        arrays["kind"].append(prediction.kind_indices)
        arrays["shown"].append(section.shown)
        arrays["labels"].append(np.rint(prediction.label_scores * _PROBABILITY).ravel())
        arrays["rows"].append([len(prediction)])
        arrays["familiarity"].append([prediction.familiarity])


def _shown(prediction: Prediction) -> Iterator[str]:
    """The texts of the paragraphs, as far as the page shows them."""
    for start, end in zip(prediction.starts.tolist(), prediction.ends.tolist(), strict=True):
        yield prediction.source[start : min(end, start + SHOWN)]
