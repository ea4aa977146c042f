"""The JSON Lines that are written beside a result: decisions, removed text, and rejected records."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, BinaryIO

import numpy as np

from detector.formats.base import Record, Rejected
from detector.restoring import TextDigest
from detector.results import SectionPrediction
from detector.util.json_lines import json_line

_REMOVED = ("start", "end", "label", "kind", "score", "text", "digest", "original")


def decisions_line(record: Record, sections: Iterable[SectionPrediction]) -> Iterator[bytes]:
    """The decisions on a text, in its sections, as pieces of one line, as ``detector predict`` prints them.

    What is known of the whole text comes last, as in `detector.results.join_sections`.
    """
    yield json_line({"id": record.id, "paragraphs": []}).removesuffix(b"]}\n")
    held: dict[str, Any] = {}  # the last paragraph, which the next section may continue
    separator = b""
    size = known = 0.0
    kept_whole = False
    for section in sections:
        size += len(section.prediction.source)
        known += len(section.prediction.source) * section.prediction.familiarity
        kept_whole |= section.prediction.kept_whole
        if section.continued:
            held["end"] = section.start + int(section.prediction.ends[0])
            continue
        entries = [held, *_entries(section)] if held else _entries(section)
        held = entries.pop() if entries else {}
        if entries:
            yield separator + json_line({"": entries})[len(b'{"": [') : -len(b"]}\n")]
            separator = b", "
    if held:
        yield separator + json_line(held).rstrip()
    whole = {"familiarity": round(known / size, 6) if size else 1.0, "kept_whole": kept_whole}
    yield b"], " + json_line(whole)[1:]


def _entries(section: SectionPrediction) -> list[dict[str, Any]]:
    return [
        {
            "start": section.start + p.start, "end": section.start + p.end, "label": p.label, "kind": p.kind,
            "keep": p.keep, "scores": {label: round(score, 6) for label, score in p.scores.items()},
            "kind_score": round(p.kind_score, 6),
        }
        for p in section.prediction.paragraphs
    ]  # fmt: skip


@dataclass
class RemovedLines:
    """Writes what is removed from one text to ``stream``: one line for each removed paragraph.

    ``document`` is the number of the text in its file, counted from 1; ``file`` names it. Each line has the text from
    the start of the paragraph to the start of the next one, and its ``start`` and ``end`` as characters of the original
    text. Inserting the texts into the clean text at their starts, in order, restores the original text. The last line
    has the digest of the original text (`detector.restoring.TextDigest`).

    If the guard kept the text whole, or a section of it, there is a line that says so: ``kept_whole`` is true, and all
    that tells of a removed piece is null. Where something was removed, it stands before the last line.
    """

    stream: BinaryIO
    file: str
    document: int
    record: Record
    _held: dict[str, Any] | None = None  # the last line, which may be the last of all
    _kept_whole: bool = False
    _digest: TextDigest = field(default_factory=TextDigest)

    def add(self, section: SectionPrediction) -> None:
        """Write the lines of the next section of the text."""
        prediction = section.prediction
        self._digest.add(prediction.source)
        self._kept_whole |= prediction.kept_whole
        rows = np.flatnonzero(~prediction.keep).tolist()
        for row, (start, end) in zip(rows, prediction.removed_spans(), strict=True):
            if self._held:
                self.stream.write(json_line(self._held))
            self._held = self._line(
                start=section.start + start, end=section.start + end,
                label=prediction.labels[prediction.label_indices[row]],
                kind=prediction.kinds[prediction.kind_indices[row]],
                score=round(float(prediction.keep_scores[row]), 6),
                text=prediction.source[start:end],
            )  # fmt: skip

    def end(self, original: bytes | None = None) -> None:
        """Write the last lines. ``original`` are the bytes of the record, if its text does not restore them."""
        if self._kept_whole:
            self.stream.write(json_line(self._line(kept_whole=True)))
        if self._held:
            self.stream.write(json_line(self._held | {"digest": self._digest.value, "original": text_of(original)}))

    def _line(self, **values: object) -> dict[str, Any]:
        """A line, with the fields that all lines have."""
        place = {"file": self.file, "document": self.document, "id": self.record.id}
        return place | dict.fromkeys(_REMOVED) | {"kept_whole": False} | values


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
