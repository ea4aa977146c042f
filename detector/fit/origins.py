"""Where training documents come from; other origins are the names of extractors."""

from __future__ import annotations

from detector.evaluation.evaluate import PAGE

SEED = "seed"  # invented as training data
AUGMENTED = "augmented"  # made of other training documents
CLEAN = "clean"  # text with nothing to remove
LINES = "lines"  # single lines of boilerplate, which are no text together

__all__ = ["AUGMENTED", "CLEAN", "LINES", "PAGE", "SEED", "is_extracted"]


def is_extracted(origin: str | None) -> bool:
    """Whether a text of this origin is what an extractor returned."""
    return origin not in (PAGE, SEED, AUGMENTED, CLEAN, LINES)
