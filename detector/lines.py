"""Lines of JSON that stand beside a result: decisions, what was taken out, what could not be read."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import numpy as np

from detector.cleaner import Prediction
from detector.formats import Record, Rejected


def json_line(record: dict[str, Any]) -> bytes:
    """An object as a line; what is no Unicode in its texts (bytes of the input that were no UTF-8) as escapes."""
    try:
        return (json.dumps(record, ensure_ascii=False) + "\n").encode()
    except UnicodeEncodeError:
        return (json.dumps(record) + "\n").encode()


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


def removed_lines(place: str, document: int, record: Record, prediction: Prediction) -> Iterator[bytes]:
    """A line for each stretch of a text that was taken out.

    ``document`` counts a file's texts from 1. Put back at ``start`` one after the other, the stretches give the text
    again; ``end`` is that of the stretch, which goes on to the next paragraph.
    """
    rows = np.flatnonzero(~prediction.keep).tolist()
    for row, (start, end) in zip(rows, prediction.removed_stretches(), strict=True):
        yield json_line({
            "file": place, "document": document, "id": record.id, "start": start, "end": end,
            "label": prediction.labels[prediction.label_indices[row]],
            "kind": prediction.kinds[prediction.kind_indices[row]],
            "score": round(float(prediction.keep_scores[row]), 6),
            "text": prediction.source[start:end],
        })  # fmt: skip


def rejected_line(place: str, rejected: Rejected) -> bytes:
    """A line for a piece of a file that could not be read; bytes in it that are no UTF-8 are lone surrogates."""
    raw = rejected.raw.decode("utf-8", "surrogateescape")
    return json_line({"file": place, "record": rejected.number, "reason": rejected.reason, "raw": raw})
