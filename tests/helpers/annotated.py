"""Labelled documents to write in any format, and what a format keeps of them."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import strategies as st
from texts import lines

from detector.annotations.names import GUIDE
from detector.evaluation.labelled import LabelledDocument, LabelledParagraph

GUIDE_LABELS = (
    (None, None),
    *((label, None) for label in GUIDE),
    *((label, kind) for label, kinds in GUIDE.items() for kind in kinds),
)
OWN_LABELS = (
    ("menu", None), ("Spam", None), ("spam", "menu"), ("reporting", "spöm"), ("APPEAL", None), ("x=y", "a/b"),
)  # fmt: skip

FERRY = LabelledDocument(
    "ferry-1",
    "ferry.example",
    "page",
    "de",
    "Die Fähre fuhr. 🚢",
    (
        LabelledParagraph("Die Fähre fuhr. 🚢", "reporting", "body", "read"),
        LabelledParagraph("  Gib jetzt, für uns! 😀 ", "appeal", "donation", "auto"),
        LabelledParagraph("Anzeige", "navigation", None, None),
        LabelledParagraph("Hm.", None, None, None),
    ),
)
BARE = LabelledDocument("bare", "bare", None, None, None, (LabelledParagraph("One line.", "reporting"),))
EMPTY = LabelledDocument("empty", "empty", None, None, None, ())


def texts_without(category: str = "") -> st.SearchStrategy[str]:
    """Lines that are not blank; without the characters of a category."""
    found = lines.filter(str.strip)
    return found.filter(lambda text: not any("\ud800" <= each <= "\udfff" for each in text)) if category else found


@st.composite
def labelled_documents(draw: st.DrawFn, any_labels: bool = False, utf8: bool = True) -> list[LabelledDocument]:
    """Up to four documents with distinct ids. With ``utf8``, there are no lone surrogates."""
    labels = st.sampled_from((*GUIDE_LABELS, *OWN_LABELS) if any_labels else GUIDE_LABELS)
    names = st.text(st.characters(codec="utf-8"), min_size=1, max_size=9)
    some = st.none() | names
    text = texts_without("Cs" if utf8 else "")
    documents = []
    for name in draw(st.lists(names, max_size=4, unique=True)):
        paragraphs = [
            LabelledParagraph(draw(text), *draw(labels), draw(st.sampled_from((None, "read", "auto"))))
            for _ in range(draw(st.integers(0, 5)))
        ]
        documents.append(LabelledDocument(name, draw(names), draw(some), draw(some), draw(some), tuple(paragraphs)))
    return documents


def held(document: LabelledDocument, holds: frozenset[str]) -> LabelledDocument:
    """A document as it comes back from a format that holds these fields."""
    changes: dict[str, str | None] = {name: None for name in ("origin", "lang", "gold") if name not in holds}
    if "site" not in holds:
        changes["site"] = document.id
    paragraphs = tuple(
        replace(each, **{name: None for name in ("kind", "by") if name not in holds}) for each in document.paragraphs
    )
    return replace(document, **changes, paragraphs=paragraphs)
