"""N-grams and all other features of a paragraph depend on its own bytes alone."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from paragraph_features import numbers
from texts import texts

from detector.features.hashing import BUCKETS
from detector.features.ngrams import ngrams
from detector.features.shapes import SHAPE_NAMES, shapes
from detector.features.tokens import line_hashes, tokenize
from detector.text.paragraphs import split


@given(texts_=st.lists(texts, min_size=1, max_size=6))
def test_a_paragraph_is_the_same_alone_and_in_every_batch(texts_: list[str]) -> None:
    batch = split(texts_)
    found = tokenize(batch)
    groups, shape, hashes = ngrams(batch, found), shapes(batch, found), line_hashes(found)
    assert shape.shape == (len(batch), len(SHAPE_NAMES))
    for row in range(len(batch)):
        paragraph = texts_[batch.document[row]][batch.char_start[row] : batch.char_end[row]]
        alone, alone_shape, alone_hash = numbers(paragraph)
        assert [[g.buckets[g.bounds[row] : g.bounds[row + 1]].tolist()] for g in groups] == alone
        assert ([shape[row].tolist()], [int(hashes[row])]) == (alone_shape, alone_hash)


@given(text=texts)
def test_buckets_are_in_the_table_and_shapes_are_finite(text: str) -> None:
    batch = split([text])
    found = tokenize(batch)
    for group in ngrams(batch, found):
        assert ((group.buckets >= 0) & (group.buckets < BUCKETS)).all()
        assert len(group.bounds) == len(batch) + 1
        assert group.counts.sum() == group.buckets.size
    values = shapes(batch, found)
    assert np.isfinite(values).all()
    assert (values >= 0).all()
