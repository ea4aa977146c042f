"""The reasons of a report, found in this process or in several, and as a page reads them."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from detector.errors import DetectorError
from detector.report.packing import packed

if TYPE_CHECKING:
    from detector.cleaner import Cleaner
    from detector.corpus.progress import Meter
    from detector.reasons import Why

_HUNDREDTHS = 100  # as which log-odds are written
_SHOWN = 200  # characters of a reason
_LONG = 10  # seconds, above which a user is told


class _Chunk(NamedTuple):
    """The texts of a chunk, and its number."""

    number: int
    texts: list[str]


class _Packed(NamedTuple):
    """The packed reasons of a chunk; None if its process died twice."""

    number: int
    reasons: bytes | None


@dataclass(frozen=True)
class _Explainer:
    """Explains a chunk: at most ``most`` reasons for each paragraph. Can be pickled, for worker processes."""

    cleaner: Cleaner
    most: int

    def __call__(self, chunk: _Chunk, meter: Meter) -> _Packed:
        predictions = self.cleaner.predict_many(chunk.texts)
        return _Packed(chunk.number, packed(as_values([prediction.why for prediction in predictions], self.most)))


def explained(
    cleaner: Cleaner, chunks: Sequence[list[str]], most: int, jobs: int, warn: Callable[[str], object]
) -> list[bytes]:
    """The packed reasons for each chunk of texts, at most ``most`` for each paragraph, found by ``jobs`` processes.

    ``warn`` is told if that takes long. Raises `DetectorError` if processes die.
    """
    from detector.corpus.workers import Workers

    found: list[_Packed] = []
    start = time.monotonic()
    workers = Workers(_Explainer(cleaner, most), _lost, min(jobs, len(chunks)) or 1)
    with workers.meter() as meter:
        for each in workers.results((_Chunk(number, texts) for number, texts in enumerate(chunks)), meter):
            found.append(each)
            left = (len(chunks) - len(found)) * (time.monotonic() - start) / len(found)
            if len(found) == workers.jobs and left > _LONG:
                warn(f"the reasons take about {left:.0f} seconds more; --jobs 0 is faster, --reasons 0 finds none")
    reasons = [each.reasons for each in sorted(found) if each.reasons is not None]
    if len(reasons) < len(chunks):
        raise DetectorError("a process that explains died twice, perhaps out of memory; try fewer --jobs, or a --limit")
    return reasons


def _lost(chunk: _Chunk) -> _Packed:
    return _Packed(chunk.number, None)


def as_values(documents: Sequence[Sequence[Why]], most: int) -> dict[str, Any]:
    """Reasons as JSON values, in which each text stands once.

    ``documents`` has a list of numbers for each paragraph of each document: what the reasons that are left out add to
    the log-odds; then for each reason the place of its text in ``texts``, the place of its group in ``groups``, and
    what it adds. Log-odds are in hundredths.
    """
    texts: dict[str, int] = {}
    groups: dict[str, int] = {}
    rows = [[[*_numbers(why, most, texts, groups)] for why in document] for document in documents]
    return {"texts": list(texts), "groups": list(groups), "documents": rows}


def _numbers(why: Why, most: int, texts: dict[str, int], groups: dict[str, int]) -> Iterator[int]:
    shown = why.reasons[:most]
    yield round(_HUNDREDTHS * (why.log_odds - sum(reason.log_odds for reason in shown)))
    for reason in shown:
        text = reason.text if len(reason.text) <= _SHOWN else reason.text[: _SHOWN - 1] + "…"
        yield texts.setdefault(text, len(texts))
        yield groups.setdefault(reason.group, len(groups))
        yield round(_HUNDREDTHS * reason.log_odds)
