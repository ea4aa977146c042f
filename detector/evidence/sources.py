"""The evidence that a user names: a file of phrases, and files of counts of repeated paragraphs."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, TypeAlias

from detector.evidence.base import Evidence

if TYPE_CHECKING:  # at run time, each is imported where there is such a file
    from detector.evidence.phrases import Phrases
    from detector.evidence.repeats import Repeats

_Path: TypeAlias = str | os.PathLike[str]
PhrasesSource: TypeAlias = "_Path | Phrases | None"
RepeatsSource: TypeAlias = "_Path | Sequence[_Path] | Repeats | None"


def read_evidence(phrases: PhrasesSource, repeats: RepeatsSource) -> tuple[Evidence, ...]:
    """The evidence in files, or as it is given. Several files of ``repeats`` are merged.

    Raises `UsageError` for a missing file and for ``phrases`` that cannot be read, `DataError` for a file of
    ``repeats`` that cannot be used.
    """
    evidence: list[Evidence] = []
    if phrases is not None:
        from detector.evidence.phrases import Phrases

        evidence.append(phrases if isinstance(phrases, Phrases) else Phrases.read(phrases))
    if repeats is not None:
        evidence += _repeats(repeats)
    return tuple(evidence)


def _repeats(repeats: _Path | Sequence[_Path] | Repeats) -> list[Evidence]:
    from detector.evidence.repeats import Repeats

    if isinstance(repeats, Repeats):
        return [repeats]
    paths = [repeats] if isinstance(repeats, str | os.PathLike) else list(repeats)
    return [Repeats.merged([Repeats.read(path) for path in paths])] if paths else []
