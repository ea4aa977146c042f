"""From the texts of a request to the bytes of its answer.

Objects are made for what an answer shows, and for many documents at a time: to make them for each paragraph or each
document by itself would take as long as the decisions.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from http import HTTPStatus
from threading import Event
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray
from pydantic import TypeAdapter

from detector.cleaner import Cleaner, Prediction
from detector.encoder.engine import Engine
from detector.service.problems import ProblemError
from detector.service.requests import Asked
from detector.util.arrays import Floats
from detector.util.batching import batches

_JSON: TypeAdapter[Any] = TypeAdapter(Any)
_DIGITS = 6  # of probabilities, as in the files that the command writes
_ROWS = 4096  # paragraphs that are described together

Entry = dict[str, Any]
Describe = Callable[[Sequence[Prediction]], Iterator[Entry]]


@dataclass(slots=True)
class Counts:
    """What was decided: the numbers of documents, of characters, and of kept and removed paragraphs.

    ``windows`` is the number of those that the encoder of the accurate model has read.
    """

    documents: int = 0
    characters: int = 0
    kept: int = 0
    removed: int = 0
    kept_whole: int = 0
    windows: int = 0

    def add(self, predictions: Sequence[Prediction]) -> None:
        """Count documents."""
        keep = np.concatenate([prediction.keep for prediction in predictions])
        kept = int(np.count_nonzero(keep))
        self.documents += len(predictions)
        self.characters += sum(len(prediction.source) for prediction in predictions)
        self.kept += kept
        self.removed += len(keep) - kept
        self.kept_whole += sum(prediction.kept_whole for prediction in predictions)


@dataclass(frozen=True, slots=True)
class Answer:
    """The body of an answer, and its media type."""

    body: bytes
    media_type: str
    counts: Counts


def clean(asked: Asked, stopped: Event) -> Answer:
    """The clean texts. A document that was sent as plain text is answered as plain text."""
    if asked.plain:
        counts = Counts()
        cleaner, reading = _reading(asked.cleaner, stopped)
        prediction = cleaner.predict(asked.texts[0])
        counts.add([prediction])
        counts.windows = reading.windows if reading else 0
        return Answer(prediction.clean_text().encode(), "text/plain; charset=utf-8", counts)
    return _answer(asked, stopped, cleaned)


def predict(asked: Asked, stopped: Event) -> Answer:
    """The decisions."""
    return _answer(asked, stopped, decisions)


def _answer(asked: Asked, stopped: Event, describe: Describe) -> Answer:
    """The answer to a request. It is given up once ``stopped`` is set: nobody waits for it."""
    counts = Counts()
    ids = iter(asked.ids)
    parts: list[bytes] = []
    cleaner, reading = _reading(asked.cleaner, stopped)
    for group in batches(cleaner.predict_many(asked.texts), _rows, _ROWS):
        check(stopped)
        counts.add(group)
        entries = [_with_id(entry, next(ids)) for entry in describe(group)]
        parts.append(_JSON.dump_json(entries)[1:-1])  # without the brackets of the list
    counts.windows = reading.windows if reading else 0
    body = parts[0] if asked.single else b'{"results":[' + b",".join(parts) + b"]}"
    return Answer(body, "application/json", counts)


def check(stopped: Event) -> None:
    """Raise `ProblemError` where nobody waits for the answer."""
    if stopped.is_set():
        raise ProblemError(HTTPStatus.GATEWAY_TIMEOUT, "nobody waits for the answer")


@dataclass(slots=True)
class _StoppableEngine:
    """The engine of an encoder during one request: it stops once nobody waits for the answer, and counts windows."""

    engine: Engine
    stopped: Event
    windows: int = 0

    def __call__(self, rows: Floats) -> Floats:
        check(self.stopped)
        self.windows += 1
        return self.engine(rows)


def _reading(cleaner: Cleaner, stopped: Event) -> tuple[Cleaner, _StoppableEngine | None]:
    """The cleaner for one request, and what it reads with its encoder if it has one, which may take minutes."""
    if cleaner.encoder is None:
        return cleaner, None
    reading = _StoppableEngine(cleaner.encoder.engine, stopped)
    return replace(cleaner, encoder=replace(cleaner.encoder, engine=cast("Engine", reading))), reading


def _with_id(entry: Entry, id: str | int | None) -> Entry:
    return entry if id is None else {"id": id, **entry}


def cleaned(predictions: Sequence[Prediction]) -> Iterator[Entry]:
    """Clean texts and what was removed of them, as `detector.service.schemas.Clean` describes them."""
    table = _Table(predictions)
    rows = np.flatnonzero(~table.joined("keep"))
    starts, ends = table.starts[rows].tolist(), table.stops()[rows].tolist()
    labels, kinds, _ = table.named(rows)
    scores = _rounded(table.joined("keep_scores")[rows])
    bounds = np.searchsorted(rows, table.bounds).tolist()
    for number, prediction in enumerate(predictions):
        of_document = slice(bounds[number], bounds[number + 1])
        source = prediction.source
        removed = [
            {"start": start, "end": end, "label": label, "kind": kind, "score": score, "text": source[start:end]}
            for start, end, label, kind, score in zip(
                starts[of_document], ends[of_document], labels[of_document], kinds[of_document], scores[of_document],
                strict=True,
            )
        ]  # fmt: skip
        text = _without(source, starts[of_document], ends[of_document])
        yield {"text": text, "removed": removed, **_decided(prediction)}


def _without(text: str, starts: list[int], ends: list[int]) -> str:
    """A text without the parts from ``starts`` to ``ends``, which are in order."""
    if not starts:
        return text
    return "".join([text[start:end] for start, end in zip([0, *ends], [*starts, len(text)], strict=True)])


def decisions(predictions: Sequence[Prediction]) -> Iterator[Entry]:
    """The decisions on documents, as `detector.service.schemas.Prediction` describes them."""
    table = _Table(predictions)
    names = predictions[0].labels
    labels, kinds, kind_scores = table.named(np.arange(len(table.starts)))
    entries = [
        {
            "start": start, "end": end, "label": label, "kind": kind, "keep": keep, "score": score,
            "scores": dict(zip(names, scores, strict=True)), "kind_score": kind_score,
        }
        for start, end, label, kind, keep, score, scores, kind_score in zip(
            table.starts.tolist(), table.joined("ends").tolist(), labels, kinds, table.joined("keep").tolist(),
            _rounded(table.joined("keep_scores")), _rounded(table.joined("label_scores")), _rounded(kind_scores),
            strict=True,
        )
    ]  # fmt: skip
    for number, prediction in enumerate(predictions):
        yield {"paragraphs": entries[table.bounds[number] : table.bounds[number + 1]], **_decided(prediction)}


class _Table:
    """The paragraphs of documents, one after the other. Those of a document are the rows between two ``bounds``."""

    def __init__(self, predictions: Sequence[Prediction]) -> None:
        self._predictions = predictions
        self.starts = self.joined("starts")
        self.bounds = np.cumsum([0, *map(len, predictions)])

    def joined(self, name: str) -> NDArray[Any]:
        """An array of the predictions, of all documents together."""
        return np.concatenate([getattr(prediction, name) for prediction in self._predictions])

    def stops(self) -> NDArray[np.int64]:
        """Where the next paragraph of the document begins, or the document ends."""
        stops = np.append(self.starts[1:], 0)
        full = np.flatnonzero(np.diff(self.bounds))
        stops[self.bounds[full + 1] - 1] = [len(self._predictions[number].source) for number in full.tolist()]
        return stops

    def named(self, rows: NDArray[np.int64]) -> tuple[list[str], list[str], NDArray[np.floating]]:
        """The labels, the kinds and the scores of the kinds of some rows."""
        first = self._predictions[0]
        labels = self.joined("label_scores")[rows]
        some = Prediction(
            "", first.labels, first.kinds, first.kind_labels, rows, rows, labels, self.joined("kind_scores")[rows],
            labels[:, 0], self.joined("keep")[rows],
        )  # fmt: skip
        kinds = some.kind_indices
        scores = some.kind_scores[np.arange(len(rows)), kinds]
        names = [first.labels[number] for number in some.label_indices.tolist()]
        return names, [first.kinds[number] for number in kinds.tolist()], scores


def _rows(prediction: Prediction) -> int:
    return len(prediction) + 1  # so that empty documents fill a group, too


def _decided(prediction: Prediction) -> Entry:
    return {
        "familiarity": round(prediction.familiarity, _DIGITS),
        "threshold": round(prediction.threshold, _DIGITS),
        "kept_whole": prediction.kept_whole,
    }


def _rounded(scores: NDArray[np.floating]) -> list[Any]:
    rounded: list[Any] = scores.astype(np.float64).round(_DIGITS).tolist()
    return rounded
