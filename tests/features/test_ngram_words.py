"""The words of n-grams: hashed again, they have the n-grams' buckets."""

from __future__ import annotations

import numpy as np
import pytest

from detector.features.columns import Columns
from detector.features.context import WINDOWS, input_width
from detector.features.ngram_words import CLOSINGS, OPENINGS, ngram_words
from detector.features.ngrams import ngrams
from detector.features.shapes import SHAPE_NAMES
from detector.features.tokens import tokenize
from detector.features.word_vectors import DIMENSIONS
from detector.text.paragraphs import split

TEXT = "The ferry returned on Monday.\nStop\n\n!\nSubscribe now\nПодпишитесь на рассылку новостей\n東京の店"


def bucket_rows(line: str) -> tuple[np.ndarray, ...]:
    batch = split([line])
    return tuple(group.buckets for group in ngrams(batch, tokenize(batch)))


def test_words_pairs_and_affixes() -> None:
    batch = split([TEXT])
    tokens = tokenize(batch)
    (pairs, affixes, _), (pair_words, affix_words, _) = ngrams(batch, tokens), ngram_words(batch, tokens)
    raw = b"\n" * 8 + TEXT.encode()
    for group, words in ((pairs, pair_words), (affixes, affix_words)):
        assert words.first.shape == words.last.shape == group.buckets.shape
        for row, (first, last) in enumerate(zip(words.first, words.last, strict=True)):
            for column in range(2):
                phrase = raw[tokens.start[first[column]] : tokens.end[last[column]]].decode()
                own = bucket_rows(phrase)[0 if group is pairs else 1]
                assert group.buckets[row, column] == own[0, column], phrase


def test_openings_and_closings() -> None:
    batch = split([TEXT])
    tokens = tokenize(batch)
    anchors, words = ngrams(batch, tokens)[2], ngram_words(batch, tokens)[2]
    raw = b"\n" * 8 + TEXT.encode()
    for row, (first, last) in enumerate(zip(words.first, words.last, strict=True)):
        for column in range(first.size):
            if last[column] < first[column]:
                assert tokens.counts[row] == 0
                continue
            phrase = raw[tokens.start[first[column]] : tokens.end[last[column]]].decode()
            assert anchors.buckets[row, column] == bucket_rows(phrase)[2][0, column], phrase
    assert (OPENINGS.stop, CLOSINGS.stop) == (3, 5)


@pytest.mark.parametrize(("labels", "kinds"), [(1, 1), (3, 18), (7, 40)])
def test_columns_are_those_of_the_inputs(labels: int, kinds: int) -> None:
    columns = Columns(labels, kinds)
    names = list(columns.widths)
    assert columns.of(names[-1]).stop == input_width(labels, kinds)
    assert [columns.of(name).start for name in names[1:]] == [columns.of(name).stop for name in names[:-1]]
    assert columns.of("windows").stop - columns.of("windows").start == len(WINDOWS) * (labels + 1)
    assert columns.of("shapes").stop - columns.of("shapes").start == len(SHAPE_NAMES)
    assert columns.of("embeddings") == slice(input_width(labels, kinds) - DIMENSIONS, input_width(labels, kinds))
    with pytest.raises(KeyError):
        columns.of("no such group")
