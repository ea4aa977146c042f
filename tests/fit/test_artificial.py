"""Text that is no prose: valid encodings and lists of lines, all of it reporting."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from labelled import document, odd_lines, odd_stories, paragraph

from detector.evaluation.labelled import LabelledDocument, read_documents
from detector.fit import artificial as making
from detector.fit.artificial import artificial
from detector.fit.origins import AUGMENTED
from detector.text.paragraphs import split

MAX_STORY = 12  # paragraphs
MAKERS = list(dict.fromkeys(making._MAKERS))
WORDS = ("The", "ferry", "to", "Hollow", "Quay,", "said", "Imke.", "“Nobody", "asked”", "größe", "東京の天気", '"a"')
Maker = Callable[[making._Source], list[str]]


def source_of(words: tuple[str, ...] | list[str], seed: int) -> making._Source:
    return making._Source(np.random.default_rng(seed), words)


def name_of(maker: Maker) -> str:
    return getattr(maker, "__name__", "")


def stories_of(documents: list[LabelledDocument]) -> dict[str, LabelledDocument]:
    return {d.id: d for d in documents if d.paragraphs and all(p.label == "reporting" for p in d.paragraphs)}


@given(odd_stories(), st.integers(0, 8), st.integers(0, 10_000))
def test_a_new_document_is_all_reporting_one_line_per_paragraph(
    documents: list[LabelledDocument], number: int, seed: int
) -> None:
    stories = stories_of(documents)
    made = artificial(documents, number, "reporting", seed)
    assert len(made) == (number if stories else 0)
    for turn, new in enumerate(made):
        host = stories[new.id.split("+")[0]]
        assert new.id == f"{host.id}+data{turn}"
        assert (new.site, new.lang, new.origin, new.gold) == (host.site, host.lang, AUGMENTED, None)
        assert new.paragraphs
        assert {p.label for p in new.paragraphs} == {"reporting"}
        assert {p.kind for p in new.paragraphs} <= {p.kind for p in host.paragraphs}
        assert all(p.text.strip() and not {"\n", "\r"} & set(p.text) for p in new.paragraphs)
        assert len(split([new.text])) == len(new.paragraphs)


@pytest.mark.parametrize("maker", MAKERS, ids=name_of)
@given(st.lists(odd_lines, min_size=1, max_size=4), st.integers(0, 10_000))
def test_every_kind_of_text_is_made_of_any_words(maker: Maker, texts: list[str], seed: int) -> None:
    words = [word for text in texts for word in text.split()]
    made = maker(source_of(words, seed))
    assert any(line.strip() for line in made)
    filled = [line for line in made if line.strip()]
    assert len(split(["\n".join(filled)])) == len(filled)
    assert made == maker(source_of(words, seed))


STORY = document("story", *(paragraph(f"{word} {n} ferry to Hollow Quay") for n, word in enumerate(WORDS * 2)),
                 lang="en", origin="trafilatura")  # fmt: skip


def test_the_documents_can_be_written_and_read(tmp_path: Path) -> None:
    made = artificial([STORY], 300, "reporting", 0)
    file = tmp_path / "made.jsonl"
    file.write_text("".join(json.dumps(asdict(new), ensure_ascii=False) + "\n" for new in made), encoding="utf-8")
    assert list(read_documents([file])) == made


def test_the_same_seed_gives_the_same_documents() -> None:
    assert artificial([STORY], 30, "reporting", 4) == artificial([STORY], 30, "reporting", 4)
    assert artificial([STORY], 30, "reporting", 4) != artificial([STORY], 30, "reporting", 5)


def test_three_in_ten_continue_the_beginning_of_a_story() -> None:
    made = artificial([STORY], 400, "reporting", 0)
    continued = [new for new in made if new.paragraphs[:MAX_STORY] == STORY.paragraphs[:MAX_STORY]]
    assert 90 < len(continued) < 150
    assert all(len(new.paragraphs) > MAX_STORY for new in continued)
    own = set(STORY.paragraphs)
    assert not any(own & set(new.paragraphs) for new in made if new not in continued)
    assert not any(own & set(new.paragraphs[MAX_STORY:]) for new in continued)


MIXED = document("a", paragraph("The ferry sails."), paragraph("Home", "navigation"))
UNKNOWN = document("a", paragraph("The ferry sails."), paragraph("Nobody knows", None))


@pytest.mark.parametrize("documents", [[], [document("a")], [MIXED], [UNKNOWN]])
def test_without_a_document_that_is_all_reporting_there_is_nothing(documents: list[LabelledDocument]) -> None:
    assert artificial(documents, 5, "reporting", 0) == []


# The kinds of text

seeds = st.integers(0, 10_000)


@given(seeds)
def test_encoded_data_can_be_decoded(seed: int) -> None:
    made = making._encoded(source_of(WORDS, seed))
    assert base64.b64decode("".join(made), validate=True)
    assert {len(line) for line in made[:-1]} <= {60, 64, 76, 120}
    assert len({len(line) for line in made[:-1]}) <= 1


@given(seeds)
def test_hexadecimal_data_is_sixteen_bytes_a_line(seed: int) -> None:
    for number, line in enumerate(making._hexadecimal(source_of(WORDS, seed))):
        at, _, dump = line.rpartition("  ")
        assert len(bytes.fromhex(dump)) == 16
        assert not at or int(at, 16) == 16 * number


@given(seeds, st.lists(odd_lines, min_size=1, max_size=4))
def test_json_is_valid(seed: int, texts: list[str]) -> None:
    record, keys = json.loads("\n".join(making._json(source_of(" ".join(texts).split(), seed))))
    assert list(keys.values()) == [list(record)]


@given(seeds)
def test_the_rows_of_a_table_have_as_many_cells_as_its_head(seed: int) -> None:
    made = making._table(source_of(("ferry", "Quay", "größe"), seed))
    separators = (",", ";", "\t", " | ", "  ")
    assert 4 <= len(made) <= 41
    assert any({line.count(separator) for line in made} in [{cells} for cells in range(1, 9)]
               for separator in separators)  # fmt: skip


@given(seeds)
def test_numbers_are_numbers_in_columns(seed: int) -> None:
    made = [[float(number) for number in line.split()] for line in making._numbers(source_of(WORDS, seed))]
    assert len({len(row) for row in made}) == 1


@pytest.mark.parametrize("maker", [making._words, making._glossary], ids=name_of)
@given(seed=seeds)
def test_lists_of_words_are_words_of_the_story(maker: Maker, seed: int) -> None:
    signs = {"-", "*", "•", ":", "–", "="}
    found = {word.rstrip(":") for line in maker(source_of(("ferry", "Quay", "größe"), seed)) for word in line.split()}
    assert found - signs - {""} <= {"ferry", "Quay", "größe"}
