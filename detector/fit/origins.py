"""Where training documents come from; other origins are the names of extractors."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace

from detector.evaluation.evaluate import PAGE
from detector.evaluation.labelled import LabelledDocument
from detector.inference.checks import MAX_NAME_LENGTH
from detector.util.languages import language_code

SEED = "seed"  # invented as training data
AUGMENTED = "augmented"  # made of other training documents
CLEAN = "clean"  # text with nothing to remove
LINES = "lines"  # single lines of boilerplate, which are no text together
OTHERS = "others"  # in figures: origins or languages that are not listed
MAX_LISTED = 100  # extractors, and languages, in a table of figures

__all__ = ["AUGMENTED", "CLEAN", "LINES", "OTHERS", "PAGE", "SEED", "as_listed", "is_extracted"]


def is_extracted(origin: str | None) -> bool:
    """Whether a text of this origin is what an extractor returned."""
    return origin not in (PAGE, SEED, AUGMENTED, CLEAN, LINES)


def as_listed(documents: Sequence[LabelledDocument]) -> list[LabelledDocument]:
    """The documents for tables of figures in a model's metadata, whose size is limited.

    Extractors and languages beyond the `MAX_LISTED` with the most documents are called `OTHERS`, and so are those whose
    name is longer than that of a label may be.
    """
    origins = _listed(d.origin for d in documents if is_extracted(d.origin))
    languages = _listed(language_code(d.lang) for d in documents)
    return [
        replace(
            document,
            origin=document.origin if not is_extracted(document.origin) or document.origin in origins else OTHERS,
            lang=document.lang if language_code(document.lang) in languages else OTHERS,
        )
        for document in documents
    ]


def _listed(names: Iterable[str | None]) -> set[str | None]:
    """The names to list, and None."""
    number = Counter(name for name in names if name is not None and len(name) <= MAX_NAME_LENGTH)
    return {None, *sorted(number, key=lambda name: (-number[name], name))[:MAX_LISTED]}
