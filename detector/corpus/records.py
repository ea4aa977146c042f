"""The JSON Lines that are written beside a result: decisions, removed text, and rejected records."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from detector.cleaner import Prediction
from detector.formats.base import Record, Rejected
from detector.util.json_lines import json_line


def decisions_line(record: Record, prediction: Prediction) -> bytes:
    """The decisions on a text as one line, as ``detector predict`` prints them."""
    return json_line({
        "id": record.id,
        "paragraphs": [
            {
                "start": p.start, "end": p.end, "label": p.label, "kind": p.kind, "keep": p.keep,
                "scores": {label: round(score, 6) for label, score in p.scores.items()},
                "kind_score": round(p.kind_score, 6),
            }
            for p in prediction.paragraphs
        ],
    })  # fmt: skip


def removed_lines(file: str, document: int, record: Record, prediction: Prediction) -> Iterator[bytes]:
    """One line for each removed paragraph of a text.

    ``document`` is the number of the text in its file, counted from 1; ``file`` names it. Each line has the text
    from the start of the paragraph to the start of the next one, and its ``start`` and ``end`` as characters of the
    original text. Inserting the texts into the clean text at their starts, in order, restores the original text.
    """
    rows = np.flatnonzero(~prediction.keep).tolist()
    for row, (start, end) in zip(rows, prediction.removed_spans(), strict=True):
        yield json_line({
            "file": file, "document": document, "id": record.id, "start": start, "end": end,
            "label": prediction.labels[prediction.label_indices[row]],
            "kind": prediction.kinds[prediction.kind_indices[row]],
            "score": round(float(prediction.keep_scores[row]), 6),
            "text": prediction.source[start:end],
        })  # fmt: skip


def rejected_line(file: str, rejected: Rejected) -> bytes:
    """One line for a rejected record; bytes that are not UTF-8 become lone surrogates. ``file`` names the file."""
    raw = rejected.raw.decode("utf-8", "surrogateescape")
    return json_line({"file": file, "record": rejected.number, "reason": rejected.reason, "raw": raw})
