"""A smaller vocabulary: the commonest tokens, in an order of their own, and the same tokens for their words."""

from __future__ import annotations

import pytest
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers

from detector.encoder.tokens import UNKNOWN
from detector.errors import DataError
from training.teacher import vocabulary
from training.teacher.vocabulary import SPECIAL, reduced

PIECES = (*SPECIAL, "▁", "a", "b", "c", "▁cab", "▁ab", "▁bc", "▁zz")
OF_BERT = ("[PAD]", "x", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "##a", "a", "b", "cab", "ab", "##b", "zz")


def unigram() -> Tokenizer:
    scores = [0.0 if piece in SPECIAL else -1.0 if len(piece) > 2 else -4.0 for piece in PIECES]
    tokenizer = Tokenizer(models.Unigram(list(zip(PIECES, scores, strict=True)), UNKNOWN, byte_fallback=False))
    tokenizer.normalizer = normalizers.NFKC()
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    return tokenizer


def wordpiece() -> Tokenizer:
    pieces = {piece: number for number, piece in enumerate(OF_BERT)}
    tokenizer = Tokenizer(models.WordPiece(pieces))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.add_special_tokens(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"])
    return tokenizer


def tokens(tokenizer: Tokenizer, text: str) -> list[str]:
    return list(tokenizer.encode(text, add_special_tokens=False).tokens)


def test_the_commonest_tokens_are_kept() -> None:
    small, kept = reduced(unigram(), ["cab cab ab a b", "cab ab"], [], len(PIECES))
    assert kept[:4] == [0, 1, 2, 3]
    assert [PIECES[number] for number in kept[4:]] == ["▁cab", "▁ab", "▁", "a", "b"]
    assert small.get_vocab() == {PIECES[number]: place for place, number in enumerate(kept)}
    assert tokens(small, "cab ab a b") == tokens(unigram(), "cab ab a b") == ["▁cab", "▁ab", "▁", "a", "▁", "b"]


@pytest.mark.parametrize(("words", "names"), [(4, []), (6, ["▁cab", "▁ab"]), (7, ["▁cab", "▁ab", "▁"])])
def test_no_more_than_that_many(words: int, names: list[str]) -> None:
    small, kept = reduced(unigram(), ["cab cab ab a b", "cab ab"], [], words)
    assert [PIECES[number] for number in kept] == [*SPECIAL, *names]
    assert small.get_vocab_size() == len(kept)


def test_a_missing_word_is_written_with_smaller_tokens() -> None:
    small, _ = reduced(unigram(), ["a b c", "a b c", "bc ab ab ab"], [], len(SPECIAL) + 5)
    assert "▁bc" not in small.get_vocab()
    assert tokens(small, "bc ab") == ["▁", "b", "c", "▁ab"]
    assert small.encode("é", add_special_tokens=False).ids[-1] == UNKNOWN


def test_listed_words_count_for_a_few_occurrences() -> None:
    assert [PIECES[n] for n in reduced(unigram(), ["ab"] * 7 + ["bc"], ["zz"] * 99, 6)[1][4:]] == ["▁ab", "▁zz"]
    assert [PIECES[n] for n in reduced(unigram(), ["ab"] * 5 + ["bc"], ["zz"] * 99, 6)[1][4:]] == ["▁zz", "▁ab"]
    assert [PIECES[n] for n in reduced(unigram(), ["ab"] * 5 + ["bc"], ["zz"], 6)[1][4:]] == ["▁ab", "▁zz"]


def test_many_texts_are_counted_in_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    given = ["cab ab", "a", "", "bc zz", "b b b"] * 3
    expected = reduced(unigram(), given, ["zz"], 9)[1]
    monkeypatch.setattr(vocabulary, "_BATCH", 4)
    assert reduced(unigram(), iter(given), iter(["zz"]), 9)[1] == expected


def test_the_tokenizer_of_bert() -> None:
    small, kept = reduced(wordpiece(), ["cab ab ab", "aa"], [], 9)
    assert [OF_BERT[number] for number in kept] == ["[CLS]", "[PAD]", "[SEP]", "[UNK]", "ab", "cab", "a", "##a"]
    assert tokens(small, "cab aa b") == ["cab", "a", "##a", "[UNK]"]
    assert small.encode("b").ids == [UNKNOWN]
    assert small.encode("ab").ids == [4]


def test_a_tokenizer_without_special_tokens() -> None:
    with pytest.raises(DataError, match="the tokenizer has neither <s> <pad> </s> <unk> nor"):
        reduced(Tokenizer(models.Unigram([("a", -1.0)], 0)), ["a"], [], 9)
