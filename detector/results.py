"""What a cleaner returns: the decisions on a text, and the clean text."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from detector.errors import UsageError
from detector.reasons import Why
from detector.util.arrays import Floats, Offsets
from detector.util.equality import equal

_SHOWN = 60  # characters of a text that the repr of a result shows

Explain: TypeAlias = "Callable[[Prediction], tuple[Why, ...]]"


class _Reasons:
    """The reasons for the decisions on a text, found when they are asked for."""

    def __init__(self, prediction: Prediction, explain: Explain | None) -> None:
        self._prediction = prediction
        self._explain = explain

    @cached_property
    def all(self) -> tuple[Why, ...]:
        if self._explain is None:
            raise _without_reasons()
        return self._explain(self._prediction)


class _WithReasons:
    """What knows its reasons. They are no field: a pickle, a copy and a comparison leave them out."""

    __slots__ = ("_reasons", "_row")
    _reasons: _Reasons
    _row: int

    @property
    def why(self) -> Why:
        """Why the paragraph is kept or removed; computed when it is first asked for, for the whole text.

        Raises `UsageError` for a paragraph that was pickled or changed, or is not of a cleaner.
        """
        reasons: _Reasons | None = getattr(self, "_reasons", None)
        if reasons is None:
            raise _without_reasons()
        why: Why = reasons.all[self._row]
        return why


def _without_reasons() -> UsageError:
    return UsageError(
        "this result does not know why: it was pickled or changed, or made without a cleaner; clean the text again, "
        "and ask for the reasons in the same process"
    )


@dataclass(frozen=True, slots=True)
class Paragraph(_WithReasons):
    """A paragraph and the decision on it.

    ``start`` and ``end`` are characters of the text, ``end`` exclusive. ``scores`` are the probabilities of the labels,
    which sum to 1; ``kind_score`` is the probability of the kind. ``keep_score``, from 0 to 1, is compared with the
    threshold: the paragraph is kept where it is at least that.
    """

    text: str
    start: int
    end: int
    label: str
    kind: str
    keep: bool
    scores: Mapping[str, float] = field(hash=False)
    kind_score: float
    keep_score: float


@dataclass(frozen=True, eq=False, repr=False)
class Prediction:
    """The decisions on one text.

    The arrays have one row per paragraph; `paragraphs` holds the same as objects. ``label_scores`` has the shape
    ``(paragraphs, labels)``, ``kind_scores`` the shape ``(paragraphs, kinds)``.

    ``familiarity``, from 0 to 1, is the share of the text whose words the model knows. ``threshold`` is what
    ``keep_scores`` are compared with: the cleaner's, less where little is familiar, more in what looks like a whole
    page; of a text in sections, the lowest of theirs. If ``kept_whole``, the guard kept the text, because a larger
    share of the characters of its paragraphs would have been removed than the cleaner's ``max_removed``; of a text in
    sections, it kept one of them or more.
    """

    source: str
    labels: tuple[str, ...]
    kinds: tuple[str, ...]
    kind_labels: tuple[int, ...]
    starts: Offsets
    ends: Offsets
    label_scores: Floats
    kind_scores: Floats
    keep_scores: Floats
    keep: NDArray[np.bool_]
    familiarity: float = 1.0
    threshold: float = 0.0
    kept_whole: bool = False

    def __len__(self) -> int:
        return len(self.starts)

    def __eq__(self, other: object) -> bool:
        return equal(self, other)

    def __hash__(self) -> int:
        return hash((self.source, self.keep.tobytes()))

    def __repr__(self) -> str:
        return f"Prediction({_shortened(self.source)}, {len(self)} paragraphs, {int((~self.keep).sum())} to remove)"

    @cached_property
    def label_indices(self) -> NDArray[np.int64]:
        """The most probable label of each paragraph, an index into ``labels``."""
        best: NDArray[np.int64] = self.label_scores.argmax(axis=1)
        return best

    @cached_property
    def kind_indices(self) -> NDArray[np.int64]:
        """The most probable kind of that label, an index into ``kinds``."""
        of_label = np.array(self.kind_labels) == self.label_indices[:, None]
        best: NDArray[np.int64] = np.where(of_label, self.kind_scores, np.float32(-1)).argmax(axis=1)
        return best

    @cached_property
    def paragraphs(self) -> tuple[Paragraph, ...]:
        """Every paragraph in order."""
        rows = np.arange(len(self))
        found = tuple(
            Paragraph(
                self.source[start:end], start, end, self.labels[label], self.kinds[kind], keep,
                dict(zip(self.labels, scores, strict=True)), kind_score, keep_score,
            )
            for start, end, label, kind, keep, scores, kind_score, keep_score in zip(
                self.starts.tolist(), self.ends.tolist(), self.label_indices.tolist(), self.kind_indices.tolist(),
                self.keep.tolist(), self.label_scores.tolist(),
                self.kind_scores[rows, self.kind_indices].tolist(), self.keep_scores.tolist(), strict=True,
            )
        )  # fmt: skip
        for row, paragraph in enumerate(found):
            object.__setattr__(paragraph, "_reasons", self._reasons)
            object.__setattr__(paragraph, "_row", row)
        return found

    @property
    def why(self) -> tuple[Why, ...]:
        """Why each paragraph is kept or removed; computed when it is first asked for.

        Raises `UsageError` for a prediction that was pickled or changed, or is not of a cleaner.
        """
        return self._reasons.all

    @cached_property
    def _reasons(self) -> _Reasons:
        return _Reasons(replace(self), self.__dict__.get("_explain"))  # a copy, so that references make no circle

    def explained_by(self, explain: Explain) -> Prediction:
        """Return this prediction, which will ask ``explain`` for its reasons."""
        self.__dict__["_explain"] = explain  # no field: only the result of a cleaner itself has it
        return self

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in self.__dict__.items() if name not in ("_explain", "_reasons")}

    @property
    def removed(self) -> tuple[Paragraph, ...]:
        """The paragraphs that are not kept, in order."""
        return tuple(p for p in self.paragraphs if not p.keep)

    def removed_spans(self) -> list[tuple[int, int]]:
        """The spans of characters that cleaning removes: each removed paragraph up to the next paragraph.

        Inserting them again at their starts, in order, restores the text.
        """
        stops = np.append(self.starts[1:], len(self.source))
        out = ~self.keep
        return list(zip(self.starts[out].tolist(), stops[out].tolist(), strict=True))

    def clean_text(self) -> str:
        """The text without the paragraphs that are not kept, and without the blank lines after them."""
        if self.keep.all():
            return self.source
        pieces, at = [], 0
        for start, stop in self.removed_spans():
            pieces.append(self.source[at:start])
            at = stop
        return "".join([*pieces, self.source[at:]])

    def removed_text(self) -> str:
        """What cleaning removes, in order: each removed paragraph with everything up to the next paragraph."""
        return "".join(self.source[start:stop] for start, stop in self.removed_spans())


@dataclass(frozen=True, slots=True)
class SectionPrediction:
    """The decisions on a section of a long text, which begins at the character ``start`` of the text.

    The positions of ``prediction`` are those in the section. If ``continued``, its only paragraph is the continuation
    of the last one of the section before.
    """

    start: int
    prediction: Prediction
    continued: bool = False


def join_sections(text: str, sections: Iterable[SectionPrediction]) -> Prediction:
    """The decisions on a text, from those on its sections; there is at least one."""
    parts = list(sections)
    starts = np.concatenate([p.start + p.prediction.starts for p in parts])
    ends = np.concatenate([p.start + p.prediction.ends for p in parts])
    rows = np.concatenate([np.full(len(p.prediction), not p.continued) for p in parts])
    last = np.append(np.flatnonzero(rows)[1:], len(rows)) - 1  # the last row of each paragraph
    merged: dict[str, Any] = {
        name: np.concatenate([getattr(p.prediction, name) for p in parts])[rows]
        for name in ("label_scores", "kind_scores", "keep_scores", "keep")
    }
    lengths = [len(p.prediction.source) for p in parts]
    return replace(
        parts[0].prediction,
        source=text, starts=starts[rows], ends=ends[last[: rows.sum()]],
        familiarity=float(np.average([p.prediction.familiarity for p in parts], weights=lengths if text else None)),
        threshold=min(p.prediction.threshold for p in parts),
        kept_whole=any(p.prediction.kept_whole for p in parts), **merged,
    )  # fmt: skip


@dataclass(frozen=True, repr=False)
class Cleaned:
    """A clean text, and the decisions behind it. ``str()`` returns the text."""

    text: str
    prediction: Prediction

    def __str__(self) -> str:
        return self.text

    def __repr__(self) -> str:
        return f"Cleaned({_shortened(self.text)}, {len(self.removed)} of {len(self.prediction)} paragraphs removed)"

    @property
    def paragraphs(self) -> tuple[Paragraph, ...]:
        """Every paragraph of the given text, kept and removed, in order."""
        return self.prediction.paragraphs

    @property
    def removed(self) -> tuple[Paragraph, ...]:
        """The removed paragraphs, in order."""
        return self.prediction.removed

    @property
    def familiarity(self) -> float:
        """The share of the text whose words the model knows, from 0 to 1."""
        return self.prediction.familiarity

    @property
    def kept_whole(self) -> bool:
        """Whether the guard kept the text, because too much of it would have been removed."""
        return self.prediction.kept_whole

    def named(self, removed_share: str | None, removed_text: str | None, kept_whole: str | None) -> dict[str, Any]:
        """What is asked for by a name: the removed share and text, and whether the text was kept whole."""
        values: dict[str, Any] = {}
        if removed_share is not None:
            values[removed_share] = self.removed_share
        if removed_text is not None:
            values[removed_text] = self.prediction.removed_text()
        if kept_whole is not None:
            values[kept_whole] = self.kept_whole
        return values

    @property
    def removed_spans(self) -> tuple[tuple[int, str], ...]:
        """What was removed, for `detector.restore`: the first character in the original, and the text.

        The text is that of a removed paragraph with everything up to the next paragraph.
        """
        source = self.prediction.source
        return tuple((start, source[start:stop]) for start, stop in self.prediction.removed_spans())

    @property
    def removed_share(self) -> float:
        """The share of all characters, also of line ends, that was removed, from 0 to 1; 0 for an empty text."""
        return 1 - len(self.text) / len(self.prediction.source) if self.prediction.source else 0.0


def _shortened(text: str) -> str:
    return repr(text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…")
