"""Single lines and boxes of other sites between the paragraphs of stories; the story is unchanged."""

from __future__ import annotations

from dataclasses import replace
from itertools import groupby, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from labelled import FOLDS, LINE_SITES, STORY_SITES, corpora, document, paragraph

from detector.evaluation.labelled import LabelledDocument, LabelledParagraph
from detector.fit.origins import AUGMENTED, CLEAN, LINES, PAGE, SEED
from detector.fit.single_lines import insert_lines
from detector.util.languages import language_code


def place(one: LabelledDocument) -> tuple[str | None, int]:
    """The language and the fold of a document."""
    return language_code(one.lang), FOLDS[one.site]


def sources_of(documents: list[LabelledDocument]) -> dict[LabelledParagraph, LabelledDocument]:
    """What can be inserted, and the document that it comes from."""
    return single_lines_of(documents) | headlines_of(documents)


def is_story(one: LabelledDocument) -> bool:
    return one.origin not in (PAGE, LINES) and any(p.label == "reporting" for p in one.paragraphs)


def can_be_augmented(documents: list[LabelledDocument]) -> bool:
    with_lines = {place(d) for d in documents if d.origin == LINES and d.paragraphs}
    return any(is_story(d) and place(d) in with_lines for d in documents)


def host_of(made: LabelledDocument, documents: list[LabelledDocument]) -> LabelledDocument:
    return next(d for d in documents if d.id == made.id.split("+")[0])


def inserted_in(made: LabelledDocument, host: LabelledDocument) -> list[LabelledParagraph]:
    return [p for p in made.paragraphs if p not in host.paragraphs]


def headlines_of(documents: list[LabelledDocument]) -> dict[LabelledParagraph, LabelledDocument]:
    """The headlines as a box has them, and the document of each."""
    stories = [d for d in documents if d.origin not in (PAGE, LINES) and d.paragraphs]
    return {
        paragraph(d.paragraphs[0].text, "navigation", "related"): d
        for d in stories
        if d.paragraphs[0].kind == "heading"
    }


def single_lines_of(documents: list[LabelledDocument]) -> dict[LabelledParagraph, LabelledDocument]:
    return {p: d for d in documents if d.origin == LINES for p in d.paragraphs}


seeds, numbers = st.integers(0, 10_000), st.integers(0, 12)


@given(corpora(), numbers, seeds)
def test_a_new_document_is_its_story_with_one_to_four_lines_or_boxes(
    documents: list[LabelledDocument], number: int, seed: int
) -> None:
    made = insert_lines(documents, FOLDS, number, "reporting", seed)
    assert len(made) == (number if can_be_augmented(documents) else 0)
    for turn, new in enumerate(made):
        host = host_of(new, documents)
        assert is_story(host)
        assert new.id == f"{host.id}+line{turn}"
        assert (new.site, new.lang, new.origin, new.gold) == (host.site, host.lang, AUGMENTED, None)
        assert tuple(p for p in new.paragraphs if p in host.paragraphs) == host.paragraphs
        inserted = inserted_in(new, host)
        assert 1 <= len([p for p in inserted if p not in headlines_of(documents)]) <= 4


@given(corpora(), numbers, seeds)
def test_what_is_inserted_has_the_language_and_the_fold_of_the_story_and_another_site(
    documents: list[LabelledDocument], number: int, seed: int
) -> None:
    sources = sources_of(documents)
    for new in insert_lines(documents, FOLDS, number, "reporting", seed):
        for one in inserted_in(new, host_of(new, documents)):
            assert place(sources[one]) == place(new)
            assert sources[one].site != new.site


@given(corpora(), numbers, seeds)
def test_lines_follow_reporting_or_other_inserted_lines(
    documents: list[LabelledDocument], number: int, seed: int
) -> None:
    for new in insert_lines(documents, FOLDS, number, "reporting", seed):
        own = host_of(new, documents).paragraphs
        assert new.paragraphs[0] in own
        for before, after in pairwise(new.paragraphs):
            assert after in own or before not in own or before.label == "reporting"


@given(corpora(), numbers, seeds)
def test_a_box_is_a_short_pointer_and_at_most_three_different_headlines(
    documents: list[LabelledDocument], number: int, seed: int
) -> None:
    headlines, single = headlines_of(documents), single_lines_of(documents)
    for new in insert_lines(documents, FOLDS, number, "reporting", seed):
        runs = [(is_headline, list(run)) for is_headline, run in groupby(new.paragraphs, key=lambda p: p in headlines)]
        assert not runs[0][0]
        for (_, before), (is_headline, run) in pairwise(runs):
            if is_headline:
                assert len(set(run)) == len(run) <= 3
                assert before[-1] in single
                assert before[-1].kind == "related"
                assert len(before[-1].text.split()) <= 3


def story(number: int, *, lang: str = "en", site: str = STORY_SITES[0], origin: str | None = None) -> LabelledDocument:
    body = [paragraph(f"Line {row} of story {number}.") for row in range(4)]
    heading = paragraph(f"Headline {number}", kind="heading")
    return document(f"doc-{number}", heading, *body, site=site, origin=origin, lang=lang)


def pointers(name: str, *texts: str, lang: str = "en", site: str = LINE_SITES[0]) -> LabelledDocument:
    return document(
        name, *(paragraph(text, "navigation", "related") for text in texts), site=site, origin=LINES, lang=lang
    )


SAME_FOLD = STORY_SITES[::2]
DOCUMENTS = [
    *(story(n, site=SAME_FOLD[n % 3]) for n in range(8)),
    pointers("lines", "More on this", "Read our guide to the harbour fair"),
]


def test_the_same_seed_gives_the_same_documents() -> None:
    assert insert_lines(DOCUMENTS, FOLDS, 20, "reporting", 4) == insert_lines(DOCUMENTS, FOLDS, 20, "reporting", 4)
    assert insert_lines(DOCUMENTS, FOLDS, 20, "reporting", 4) != insert_lines(DOCUMENTS, FOLDS, 20, "reporting", 5)


def test_lines_inside_stories_and_after_them_and_boxes_all_occur() -> None:
    made = insert_lines(DOCUMENTS, FOLDS, 200, "reporting", 0)
    headlines = headlines_of(DOCUMENTS)
    after = sum(new.paragraphs[-1].label != "reporting" for new in made)
    with_box = sum(any(p in headlines for p in new.paragraphs) for new in made)
    assert 40 < after < 140
    assert 40 < with_box < 140
    assert len({len(inserted_in(new, host_of(new, DOCUMENTS))) for new in made}) > 4
    assert {host_of(new, DOCUMENTS).id for new in made} == {d.id for d in DOCUMENTS[:-1]}


def test_without_short_pointers_or_headlines_there_are_no_boxes() -> None:
    long = pointers("lines", "Read our guide to the harbour fair")
    for documents in ([*DOCUMENTS[:-1], long], [document("doc-0", paragraph("Alone."), site=STORY_SITES[0], lang="en"),
                                                pointers("lines", "More on this")]):  # fmt: skip
        headlines = headlines_of(documents)
        made = insert_lines(documents, FOLDS, 60, "reporting", 0)
        assert len(made) == 60
        assert not any(p in headlines for new in made for p in new.paragraphs)


def test_rare_languages_are_drawn_more_often_than_they_occur_in_the_data() -> None:
    documents = [*(story(n) for n in range(16)), story(16, lang="de"), pointers("a", "More"),
                 pointers("b", "Mehr", lang="German")]  # fmt: skip
    made = insert_lines(documents, FOLDS, 500, "reporting", 0)
    assert 70 < sum(new.lang == "de" for new in made) < 130  # one in five; of the stories, one in seventeen


@pytest.mark.parametrize("origin", ["trafilatura", SEED, CLEAN, AUGMENTED, None])
def test_every_text_but_a_whole_page_can_be_a_story(origin: str | None) -> None:
    assert len(insert_lines([story(0, origin=origin), pointers("a", "More")], FOLDS, 3, "reporting", 0)) == 3


LONG = [paragraph(f"Line {row}.") for row in range(51)]
NOTHING_TO_INSERT = {
    "no documents": [],
    "no lines": DOCUMENTS[:-1],
    "a document of lines without any": [*DOCUMENTS[:-1], pointers("lines")],
    "no stories": DOCUMENTS[-1:],
    "no reporting": [document("a", paragraph("Home", "navigation"), site=STORY_SITES[0], lang="en"), DOCUMENTS[-1]],
    "pages only": [story(0, origin=PAGE), DOCUMENTS[-1]],
    "another language": [story(0, lang="de"), DOCUMENTS[-1]],
    "an unknown language": [story(0), document("a", paragraph("More", "navigation"), site=LINE_SITES[0], origin=LINES)],
    "another fold": [story(0, site=STORY_SITES[1]), DOCUMENTS[-1]],
    "a story too long": [document("a", *LONG, site=STORY_SITES[0], lang="en"), DOCUMENTS[-1]],
}


@pytest.mark.parametrize("name", NOTHING_TO_INSERT)
def test_nothing_to_insert(name: str) -> None:
    assert insert_lines(NOTHING_TO_INSERT[name], FOLDS, 5, "reporting", 0) == []


def test_a_story_of_fifty_paragraphs_is_not_too_long() -> None:
    documents = [document("a", *LONG[:50], site=STORY_SITES[0], lang="en"), DOCUMENTS[-1]]
    assert len(insert_lines(documents, FOLDS, 5, "reporting", 0)) == 5


# The story's own site

OWN = pointers("own", "More on this", "Read our guide to the harbour fair", site=SAME_FOLD[0])


def test_lines_of_the_own_site_alone_leave_a_story_as_it_is() -> None:
    """A document may have fewer lines, and even none."""
    made = insert_lines([story(0), OWN], FOLDS, 60, "reporting", 0)
    assert len(made) == 60
    assert {new.paragraphs for new in made} == {story(0).paragraphs}


def test_lines_of_the_own_site_are_not_replaced() -> None:
    """Of the lines that are drawn here, half come from the story's own site."""
    numbers = [
        sum(len(inserted_in(new, story(0))) for new in insert_lines([story(0), *lines], FOLDS, 400, "reporting", 0))
        for lines in ([OWN], [OWN, DOCUMENTS[-1]], [DOCUMENTS[-1]])
    ]
    assert numbers[0] == 0
    assert 0.4 < numbers[1] / numbers[2] < 0.6


def test_a_box_has_headlines_of_other_sites() -> None:
    headlines, sites = headlines_of(DOCUMENTS), set()
    for new in insert_lines(DOCUMENTS, FOLDS, 200, "reporting", 0):
        used = {headlines[p].site for p in new.paragraphs if p in headlines}
        assert new.site not in used
        sites |= used
    assert sites == set(SAME_FOLD)


def test_headlines_of_the_own_site_alone_leave_the_pointer_of_a_box() -> None:
    documents = [*(story(number) for number in range(8)), pointers("lines", "More on this")]
    made = insert_lines(documents, FOLDS, 100, "reporting", 0)
    assert {p for new in made for p in inserted_in(new, host_of(new, documents))} == set(documents[-1].paragraphs)


def test_pointers_of_the_own_site_alone_make_no_box() -> None:
    """A single line takes its place, which may be of the own site and left out, too."""
    long = pointers("lines", "Read our guide to the harbour fair")
    documents = [story(0), story(1, site=SAME_FOLD[1]), pointers("own", "More on this", site=SAME_FOLD[0]), long]
    headlines = headlines_of(documents)
    made = insert_lines(documents, FOLDS, 200, "reporting", 0)
    by_site = {site: [p for new in made if new.site == site for p in new.paragraphs] for site in SAME_FOLD[:2]}
    assert not any(p in headlines for p in by_site[SAME_FOLD[0]])
    assert any(p in headlines for p in by_site[SAME_FOLD[1]])


@pytest.mark.parametrize("sources", [(None, None, None), ("read", "gold", "auto")])
def test_several_texts_of_one_page_give_a_box_its_headline_once(sources: tuple[str | None, ...]) -> None:
    """Several extractors return the same page."""
    page = story(1, site=SAME_FOLD[1])
    texts = [
        replace(page, id=f"doc-1-{number}", paragraphs=(replace(page.paragraphs[0], by=by), *page.paragraphs[1:]))
        for number, by in enumerate(sources)
    ]
    documents = [story(0), *texts, pointers("lines", "More on this")]
    made = [new for new in insert_lines(documents, FOLDS, 300, "reporting", 0) if new.site == SAME_FOLD[0]]
    assert any(p.text == "Headline 1" for new in made for p in new.paragraphs)
    for new in made:
        for before, after in pairwise(new.paragraphs):
            assert after.text != "Headline 1" or before in documents[-1].paragraphs


def test_lines_come_from_other_sites() -> None:
    sites = STORY_SITES[0], STORY_SITES[2]
    stories = [story(number, site=site) for number, site in enumerate(sites)]
    documents = [*stories, *(pointers(f"lines-{site}", f"More on {site}", site=site) for site in sites)]
    sources = sources_of(documents)
    for new in insert_lines(documents, FOLDS, 100, "reporting", 0):
        assert new.site not in {sources[p].site for p in inserted_in(new, host_of(new, documents))}
