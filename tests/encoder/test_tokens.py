"""Paragraphs as tokens: the first and the last of each, whatever it contains, and the same in any company."""

from __future__ import annotations

import json
import pickle
import sys
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from texts import lines, long_pieces
from tiny_encoder import tiny_tokenizer
from tokenizers import Tokenizer

from detector.encoder.tokens import DESCRIBED, HEAD, MOST_TOKENS, TAIL, UNKNOWN, ParagraphTokenizer, describe
from detector.errors import ModelError, UsageError

TOKENIZER = ParagraphTokenizer(tiny_tokenizer())
WHOLE = Tokenizer.from_str(tiny_tokenizer())
paragraph_lists = st.lists(st.one_of(lines, long_pieces, st.just("")), max_size=8)


def rows(paragraphs: list[str], tokenizer: ParagraphTokenizer = TOKENIZER) -> list[list[int]]:
    tokens = tokenizer(paragraphs)
    assert tokens.ids.dtype == np.int64
    assert tokens.sizes.tolist() == [stop - start + 1 for start, stop in pairwise(tokens.bounds.tolist())]
    assert len(tokens.ids) == tokens.bounds[-1]
    return [tokens.ids[a:b].tolist() for a, b in pairwise(tokens.bounds.tolist())]


@given(paragraphs=paragraph_lists)
def test_any_paragraph_has_tokens_but_not_too_many(paragraphs: list[str]) -> None:
    found = rows(paragraphs)
    assert len(found) == len(paragraphs)
    assert all(len(row) < MOST_TOKENS for row in found)
    assert all(token >= UNKNOWN for row in found for token in row)


@given(paragraphs=paragraph_lists, data=st.data())
def test_the_tokens_of_a_paragraph_do_not_depend_on_others(paragraphs: list[str], data: st.DataObject) -> None:
    found = rows(paragraphs)
    assert [row for paragraph in paragraphs for row in rows([paragraph])] == found
    order = data.draw(st.permutations(range(len(paragraphs))))
    assert rows([paragraphs[number] for number in order]) == [found[number] for number in order]


@given(
    paragraph=st.lists(st.sampled_from(["The", " ferry", "12,50 €", "?!", "x" * 30, "a "]), max_size=12).map("".join)
)
def test_all_tokens_of_a_short_paragraph(paragraph: str) -> None:
    whole = WHOLE.encode(paragraph, add_special_tokens=False).ids
    assert rows([paragraph]) == [whole if len(whole) <= HEAD + TAIL else whole[:HEAD] + whole[-TAIL:]]


def test_the_beginning_and_the_end_of_a_long_paragraph() -> None:
    paragraph = "The ferry to Hollow Quay" + " was late again" * 9000 + ", she said."
    [found] = rows([paragraph])
    assert found[:HEAD] == WHOLE.encode(paragraph[:100]).ids[:HEAD]
    assert found[HEAD:] == WHOLE.encode(paragraph[-50:]).ids[-TAIL:]


@pytest.mark.parametrize("size", [239, 240, 241, 319, 320, 321, 322, 5000])
def test_every_length_around_the_limits(size: int) -> None:
    paragraph = ("abcdefghij" * 500)[:size]
    [found] = rows([paragraph])
    whole = WHOLE.encode(paragraph).ids
    assert found == whole[:HEAD] + whole[-TAIL:]


@pytest.mark.parametrize(("one", "other"), [("a\ud800b", "a?b"), ("\udfff", "?"), ("é\ud83d" * 400, "é?" * 400)])
def test_a_lone_surrogate_counts_as_a_question_mark(one: str, other: str) -> None:
    assert rows([one]) == rows([other])


@pytest.mark.parametrize("piece", ["<s>", "<pad>", "</s>"])
def test_special_tokens_in_a_text_are_unknown(piece: str) -> None:
    assert WHOLE.encode(piece, add_special_tokens=False).ids[-1] < UNKNOWN
    [found] = rows([f"a{piece}b"])
    assert found == [*rows(["a"])[0], UNKNOWN, *rows(["ab"])[0][-1:]]


def test_a_paragraph_without_tokens_has_its_separator() -> None:
    content = json.loads(tiny_tokenizer())
    content["normalizer"] = {"type": "Replace", "pattern": {"Regex": "[xy]+"}, "content": ""}
    tokenizer = ParagraphTokenizer(json.dumps(content))
    assert rows(["xyx", "", "ab", "y" * 900], tokenizer) == [[], [], rows(["ab"])[0], []]
    assert rows(["x"], tokenizer) == [[]]
    assert rows([], tokenizer) == []


def test_padding_and_truncation_of_the_file_do_not_count() -> None:
    tokenizer = Tokenizer.from_str(tiny_tokenizer())
    tokenizer.enable_padding(length=40)
    tokenizer.enable_truncation(2)
    assert rows(["ab cd", "e"], ParagraphTokenizer(tokenizer.to_str())) == rows(["ab cd", "e"])


def test_a_pickle_holds_the_file_only() -> None:
    again = pickle.loads(pickle.dumps(TOKENIZER))
    assert again == TOKENIZER
    assert vars(again) == {"content": TOKENIZER.content}
    assert rows(["again"], again) == rows(["again"])


@pytest.mark.parametrize("content", ["", "{}", "[]", "no JSON", tiny_tokenizer()[:-9], '{"model": {"type": "Mine"}}'])
def test_what_is_no_tokenizer(content: str) -> None:
    with pytest.raises(ModelError, match=r"the tokenizer of the accurate model cannot be used: .*; update tokenizers"):
        ParagraphTokenizer(content)(["a"])


def test_tokens_that_the_encoder_does_not_have() -> None:
    words = WHOLE.get_vocab_size()
    TOKENIZER.check(words)
    with pytest.raises(ModelError, match=rf"it has the token {words - 1}, and the encoder has {words - 1}"):
        TOKENIZER.check(words - 1)


def test_without_the_library(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "tokenizers", None)
    with pytest.raises(UsageError, match=r"needs tokenizers.*pip install 'boilerplate-detector\[accurate\]'"):
        ParagraphTokenizer(tiny_tokenizer())(["a"])


# What the tokens do not tell


@given(documents=st.lists(st.lists(st.integers(1, 1 << 14), max_size=20), max_size=4))
def test_the_description_of_a_paragraph_does_not_depend_on_other_documents(documents: list[list[int]]) -> None:
    lengths = np.array([length for document in documents for length in document], dtype=np.int64)
    found = describe(lengths, np.cumsum([0, *map(len, documents)]))
    assert found.dtype == np.float32
    assert found.shape == (len(lengths), DESCRIBED)
    assert ((found >= 0) & (found < 2)).all()
    alone = [describe(np.array(d, dtype=np.int64), np.array([0, len(d)])) for d in documents]
    assert found.tolist() == [row for each in alone for row in each.tolist()]


def test_a_description_tells_length_and_place() -> None:
    found = describe(np.array([1, 320, 321]), np.array([0, 3]))
    assert found[:, 0].tolist() == pytest.approx((np.log([2, 321, 322]) / 6).tolist())
    assert found[:, 1].tolist() == [0, 0, 1]
    assert found[:, 2].tolist() == pytest.approx((np.log([1, 2, 3]) / 5).tolist())
    assert found[:, 3].tolist() == pytest.approx((np.log([3, 2, 1]) / 5).tolist())
