"""Features must not change by accident, only with their version."""

from __future__ import annotations

import hashlib

import numpy as np

from detector.features import context
from detector.features.hashing import BUCKETS, vector_buckets, word_buckets
from detector.features.ngrams import ngrams
from detector.features.shapes import shapes
from detector.features.tokens import line_hashes, tokenize
from detector.features.version import FEATURE_VERSION
from detector.features.word_vectors import DIMENSIONS, WordVectors
from detector.text.paragraphs import split

GOLDEN_TEXT = """\
THE FERRY to Hollow Quay will not sail on 3 November 2031, the harbour office said.
“Nobody asked us,” said Imke Dahlqvist; she has run the kiosk (and its 1,200 postcards) since 1998…

• Support the Quay Courier from €4.50 a month: https://courier.example/give?id=7 @quaycourier
© 2031 QUAY COURIER LTD | ALL RIGHTS RESERVED
Straßenfest fällt aus – Łódź, ÉTÉ, Öl; неизвестность предприятия ΑΘΗΝΑ
東京の渡し船は欠航です。詳しくは１２３頁へ　ข่าววันนี้ 한글 소식 שלום مرحبا ؟
supercalifragilisticexpialidocious_and_unbelievablyunpronounceablewordsofmorethantwentyfour 😀👍 \ud800
"""
GOLDEN_DIGESTS = {3: "9fd04200a06760d2815eb60171b23644d5db7a0a24abf081728791c9a01c355d"}
GOLDEN_BUCKETS = {
    "ferry": 4093,
    "2031": 1052,
    "straßenfest": 198323,
    "東": 72947,
    "предприятия": 84938,
    "supercalifragilisticexpialidocious": 13261,
}
GOLDEN_VECTOR_BUCKETS = {"ferry": 16375, "2031": 4211, "straßenfest": 793295, "東": 291789, "предприятия": 339753}

# of the words of the first two lines
KNOWN = tokenize(split(["\n".join(GOLDEN_TEXT.splitlines()[:2])])).hashes
VECTORS = WordVectors.from_hashes(
    KNOWN, (np.arange(len(KNOWN) * DIMENSIONS) % 255 - 127).astype(np.int8).reshape(-1, DIMENSIONS)
)


def golden_digest() -> str:
    batch = split([GOLDEN_TEXT, GOLDEN_TEXT.replace("\n", "\r\n\r\n")])
    found = tokenize(batch)
    digest = hashlib.sha256()
    for group in ngrams(batch, found):
        digest.update(group.buckets.astype("<i8").tobytes())
        digest.update(group.bounds.astype("<i8").tobytes())
    digest.update(line_hashes(found).astype("<u8").tobytes())
    shape = shapes(batch, found)
    digest.update(shape.astype("<f4").tobytes())
    features = context.document_features(batch, found, shape, np.arange(BUCKETS).astype(np.uint8), VECTORS)
    probabilities = np.eye(3, dtype=np.float32)[np.arange(len(batch)) % 3] * np.float32(0.75) + np.float32(1 / 12)
    rows = context.network_inputs(features, probabilities, probabilities, np.eye(3, dtype=np.float32))
    digest.update(rows.astype("<f4").tobytes())
    return digest.hexdigest()


def test_features_match_their_version() -> None:
    assert golden_digest() == GOLDEN_DIGESTS.get(FEATURE_VERSION), (
        "the features of a text have changed: models trained before would be read wrongly. Undo the change, or raise "
        "FEATURE_VERSION by one, retrain the shipped model and enter the new version's digest here"
    )


def test_buckets_of_words_match_their_version() -> None:
    hashes = tokenize(split(list(GOLDEN_BUCKETS))).hashes
    assert dict(zip(GOLDEN_BUCKETS, word_buckets(hashes).tolist(), strict=True)) == GOLDEN_BUCKETS


def test_buckets_of_vectors_match_their_version() -> None:
    hashes = tokenize(split(list(GOLDEN_VECTOR_BUCKETS))).hashes
    found = zip(GOLDEN_VECTOR_BUCKETS, vector_buckets(hashes).tolist(), strict=True)
    assert dict(found) == GOLDEN_VECTOR_BUCKETS
