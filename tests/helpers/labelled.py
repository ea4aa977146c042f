"""Labelled documents to augment: stories, pages and single lines of several languages and sites."""

from __future__ import annotations

from hypothesis import strategies as st
from texts import lines

from detector.evaluation.labelled import LabelledDocument, LabelledParagraph
from detector.fit.origins import CLEAN, LINES, PAGE, SEED

STORY_SITES = tuple(f"story-{number}.example" for number in range(6))
LINE_SITES = tuple(f"lines-{number}.example" for number in range(4))
FOLDS = {site: number % 2 for number, site in enumerate((*STORY_SITES, *LINE_SITES))}
LANGUAGES = ("en", "English", "de", "german", "zh-Hant", None)
REPORTING = (("reporting", "heading"), ("reporting", "body"))
OTHERS = (("navigation", "related"), ("navigation", "menu"), ("appeal", "donation"), (None, None))
ORIGINS = ("trafilatura", "justext", SEED, CLEAN, None, PAGE, LINES)


def paragraph(
    text: str, label: str | None = "reporting", kind: str | None = None, by: str | None = None
) -> LabelledParagraph:
    return LabelledParagraph(text, label, kind, by)


def document(
    name: str, *paragraphs: LabelledParagraph, site: str = "", origin: str | None = None, lang: str | None = None
) -> LabelledDocument:
    """A document; without ``site``, it has a site of its own."""
    return LabelledDocument(name, site or name, origin, lang, f"gold of {name}", paragraphs)


@st.composite
def corpora(draw: st.DrawFn) -> list[LabelledDocument]:
    """Documents on the sites of `FOLDS`. Every paragraph has another text; half of the texts have at most three words.

    Documents of single lines have sites of their own.
    """
    documents = []
    for number in range(draw(st.integers(0, 12))):
        origin, lang = draw(st.sampled_from(ORIGINS)), draw(st.sampled_from(LANGUAGES))
        site = draw(st.sampled_from(LINE_SITES if origin == LINES else STORY_SITES))
        kinds = draw(st.lists(st.sampled_from(OTHERS if origin == LINES else (*REPORTING, *OTHERS)), max_size=9))
        texts = [f"d{number} p{row}" + " in four words or more" * draw(st.booleans()) for row in range(len(kinds))]
        paragraphs = [paragraph(text, *kind) for text, kind in zip(texts, kinds, strict=True)]
        documents.append(document(f"doc-{number}", *paragraphs, site=site, origin=origin, lang=lang))
    return documents


odd_lines = lines.filter(str.strip)  # of any characters, but not blank


@st.composite
def odd_stories(draw: st.DrawFn) -> list[LabelledDocument]:
    """Documents of odd lines, most of them all reporting."""
    labels = st.sampled_from(("reporting",) * 9 + ("navigation",))
    return [
        document(
            f"doc-{number}",
            *(paragraph(text, draw(labels), draw(st.sampled_from((None, "body")))) for text in texts),
            lang=draw(st.sampled_from(LANGUAGES)),
        )
        for number, texts in enumerate(draw(st.lists(st.lists(odd_lines, max_size=14), max_size=4)))
    ]
