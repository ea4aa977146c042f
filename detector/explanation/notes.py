"""What decided about a paragraph besides its score."""

from __future__ import annotations

from detector.guard import FAMILIAR
from detector.results import Prediction

UNREAD = "it is not read, and kept: it is too long, or one of very many tiny paragraphs"
_PARTS = "it is long, and read in parts: these are the reasons of the part that speaks most for keeping it"
_SECTION = "the text is long, and read in sections: what is said of the document is said of the section"
_WHOLE = "the text is kept whole: more of it would be removed than max_removed allows"
_HIGHER = "the threshold is higher than usual: the text looks like a whole page"


class Notes:
    """The notes on the paragraphs of one text.

    ``cutoff`` is the cleaner's threshold, from 0 to 1; ``threshold`` is that of the text, in log-odds. ``is_section``
    tells whether the text is a section of a longer one.
    """

    def __init__(self, prediction: Prediction, cutoff: float, threshold: float, is_section: bool) -> None:
        self._threshold = threshold
        self._kept_whole = prediction.kept_whole
        self._section = _SECTION if is_section else None
        self._moved: str | None = None
        if prediction.threshold > cutoff:
            self._moved = _HIGHER
        elif prediction.threshold < cutoff and prediction.familiarity < FAMILIAR:
            share = f"{prediction.familiarity:.0%}"
            self._moved = f"the threshold is lower than usual: the model knows only {share} of the text"

    def of(self, score: float, is_part: bool) -> str | None:
        """The note on a paragraph, given its log-odds, and whether the reasons are those of a part of it."""
        whole = _WHOLE if self._kept_whole and score < self._threshold else None
        return "; ".join(filter(None, (whole, self._moved, self._section, _PARTS if is_part else None))) or None
