"""The JSON Lines that are written beside a result: decisions, removed text, and rejected records."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from detector.formats.base import Record, Rejected
from detector.results import SectionPrediction
from detector.util.json_lines import json_line


def decisions_line(record: Record, sections: Iterable[SectionPrediction]) -> Iterator[bytes]:
    """The decisions on a text, in its sections, as pieces of one line, as ``detector predict`` prints them."""
    yield json_line({"id": record.id, "paragraphs": []}).removesuffix(b"]}\n")
    held: dict[str, Any] = {}  # the last paragraph, which the next section may continue
    separator = b""
    for section in sections:
        if section.continued:
            held["end"] = section.start + int(section.prediction.ends[0])
            continue
        entries = [held, *_entries(section)] if held else _entries(section)
        held = entries.pop() if entries else {}
        if entries:
            yield separator + json_line({"": entries})[len(b'{"": [') : -len(b"]}\n")]
            separator = b", "
    yield (separator + json_line(held).rstrip() if held else b"") + b"]}\n"


def _entries(section: SectionPrediction) -> list[dict[str, Any]]:
    return [
        {
            "start": section.start + p.start, "end": section.start + p.end, "label": p.label, "kind": p.kind,
            "keep": p.keep, "scores": {label: round(score, 6) for label, score in p.scores.items()},
            "kind_score": round(p.kind_score, 6),
        }
        for p in section.prediction.paragraphs
    ]  # fmt: skip


def removed_lines(
    file: str, document: int, record: Record, section: SectionPrediction, original: bytes | None = None
) -> Iterator[bytes]:
    """One line for each removed paragraph of a section of a text.

    ``document`` is the number of the text in its file, counted from 1; ``file`` names it. Each line has the text
    from the start of the paragraph to the start of the next one, and its ``start`` and ``end`` as characters of the
    original text. Inserting the texts into the clean text at their starts, in order, restores the original text.
    ``original`` goes into the first line: the bytes of the record, if its text does not restore them.
    """
    prediction = section.prediction
    rows = np.flatnonzero(~prediction.keep).tolist()
    for row, (start, end) in zip(rows, prediction.removed_spans(), strict=True):
        yield json_line({
            "file": file, "document": document, "id": record.id,
            "start": section.start + start, "end": section.start + end,
            "label": prediction.labels[prediction.label_indices[row]],
            "kind": prediction.kinds[prediction.kind_indices[row]],
            "score": round(float(prediction.keep_scores[row]), 6),
            "text": prediction.source[start:end], "original": text_of(original),
        })  # fmt: skip
        original = None


def rejected_line(file: str, rejected: Rejected, position: int) -> bytes:
    """One line for a rejected record.

    ``file`` names the file, ``position`` is the number of records and other parts that were read before this one. It is
    null for an element of an array, which cannot be put back.
    """
    return json_line({
        "file": file, "record": rejected.number, "position": None if rejected.is_element else position,
        "reason": rejected.reason,
        "raw": text_of(rejected.raw),
    })  # fmt: skip


def text_of(data: bytes | None) -> str | None:
    """Bytes as a string, from which `bytes_of` returns them; bytes that are not UTF-8 become lone surrogates."""
    return None if data is None else data.decode("utf-8", "surrogateescape")


def bytes_of(text: str) -> bytes:
    """The inverse of `text_of`."""
    return text.encode("utf-8", "surrogateescape")
