"""Lines of JSON that stand beside a result: decisions, what was taken out, what could not be read."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from detector.cleaner import Prediction
from detector.formats.base import Record, Rejected
from detector.util.json_lines import json_line


def decisions_line(record: Record, prediction: Prediction) -> bytes:
    """The decisions on a text as a line, as ``predict`` writes them."""
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


def removed_lines(label: str, document: int, record: Record, prediction: Prediction) -> Iterator[bytes]:
    """A line for each stretch of a text that was taken out.

    ``document`` counts a file's texts from 1. Put back at ``start`` one after the other, the stretches give the text
    again; ``end`` is that of the stretch, which goes on to the next paragraph.
    """
    rows = np.flatnonzero(~prediction.keep).tolist()
    for row, (start, end) in zip(rows, prediction.removed_spans(), strict=True):
        yield json_line({
            "file": label, "document": document, "id": record.id, "start": start, "end": end,
            "label": prediction.labels[prediction.label_indices[row]],
            "kind": prediction.kinds[prediction.kind_indices[row]],
            "score": round(float(prediction.keep_scores[row]), 6),
            "text": prediction.source[start:end],
        })  # fmt: skip


def rejected_line(label: str, rejected: Rejected) -> bytes:
    """A line for a piece of a file that could not be read; bytes in it that are no UTF-8 are lone surrogates."""
    raw = rejected.raw.decode("utf-8", "surrogateescape")
    return json_line({"file": label, "record": rejected.number, "reason": rejected.reason, "raw": raw})
