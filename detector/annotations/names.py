"""The names of labels and kinds in formats that have one name for both."""

from __future__ import annotations

from typing import NamedTuple

from detector.errors import DataError

# The kinds of each label in the label guide, docs/labels.md
GUIDE = {
    "reporting": ("body", "heading", "caption", "note"),
    "appeal": ("donation", "subscription", "newsletter", "social", "app", "feedback", "promotion"),
    "navigation": ("menu", "related", "metadata", "about", "legal", "advert", "comments"),
}
SEPARATOR = "/"  # between label and kind

_LABEL_OF = {kind: label for label, kinds in GUIDE.items() for kind in kinds}


class Label(NamedTuple):
    """The label of a paragraph, and its kind where that is known."""

    label: str
    kind: str | None = None


def known(name: str) -> Label | None:
    """What a name of the label guide means, in upper or lower case; None for another name.

    It is a label (``appeal``), a kind (``newsletter``), or both (``appeal/newsletter``).
    """
    label, separator, kind = name.strip().casefold().partition(SEPARATOR)
    if separator:
        return Label(label, kind) if _LABEL_OF.get(kind) == label else None
    return Label(label) if label in GUIDE else Label(_LABEL_OF[label], label) if label in _LABEL_OF else None


def literal(name: str) -> Label:
    """The label and kind that any name spells: ``label``, ``label/kind``; ``label/`` is a label without kind."""
    label, _, kind = name.partition(SEPARATOR)
    return Label(label, kind or None)


def one_name(label: str, kind: str | None) -> str:
    """One name for label and kind, which `known` or `literal` reads as these. Raises `DataError` if there is none."""
    if SEPARATOR in label:
        raise DataError(f'the label "{label[:40]}" contains "{SEPARATOR}", which is what separates label and kind')
    if kind:
        return f"{label}{SEPARATOR}{kind}"
    return label if known(label) in (None, Label(label)) else f"{label}{SEPARATOR}"
