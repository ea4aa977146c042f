"""Labelled documents to the arrays that a fit needs: features, labels, weights and folds."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from detector.errors import DataError
from detector.evaluation.evaluate import count_words
from detector.evaluation.labelled import LabelledDocument
from detector.features import context
from detector.features.hashing import BUCKETS, word_buckets
from detector.features.ngrams import Ngrams, ngrams
from detector.features.shapes import shapes
from detector.features.tokens import Tokens, tokenize
from detector.features.word_vectors import WordVectors
from detector.fit.config import FitConfig
from detector.fit.origins import AUGMENTED, LINES, PAGE, is_extracted
from detector.inference.checks import MAX_NAME_LENGTH, MAX_NAMES, is_name
from detector.inference.model import REPORTING, kind_membership
from detector.text.paragraphs import split
from detector.util.arrays import Floats, Offsets
from detector.util.batching import batches
from detector.util.languages import language_code

_BATCH_CHARACTERS = 1 << 20  # of the documents whose features are computed together


@dataclass(frozen=True)
class TrainingData:
    """The training data as arrays with one row per paragraph.

    ``label`` and ``kind`` are indices, -1 where they are unknown; ``label_weight`` is the weight of a paragraph in the
    loss, ``words`` its number of words, ``site`` the number of its site, ``fold`` the site's fold. ``language_fold``
    is the fold of its language, -1 for the commonest language and where the language is unknown; ``foreign`` tells
    which rows are scored by a linear model that has not seen their language (see `fit_linear`). ``extracted`` tells
    which rows belong to an extractor's text. Document ``d`` has the rows ``bounds[d]`` to ``bounds[d + 1]``.
    ``distinct`` are the rows that the linear model is fitted to: the first of each line on each site, where its kind
    is known.

    ``ngrams`` has the shape ``(paragraphs, BUCKETS)``; ``features`` has one entry per batch, in order; ``idf`` is the
    inverse document frequency of each bucket, ``(BUCKETS,)``. ``kind_labels`` is the label of each kind, an index.
    """

    documents: Sequence[LabelledDocument]
    labels: tuple[str, ...]
    kinds: tuple[str, ...]
    kind_labels: tuple[int, ...]
    ngrams: sparse.csr_matrix
    features: list[context.DocumentFeatures]
    idf: NDArray[np.uint8]
    label: NDArray[np.int64]
    kind: NDArray[np.int64]
    label_weight: NDArray[np.float64]
    words: NDArray[np.int64]
    site: NDArray[np.int64]
    fold: NDArray[np.int64]
    language_fold: NDArray[np.int64]
    foreign: NDArray[np.bool_]
    extracted: NDArray[np.bool_]
    distinct: NDArray[np.int64]
    bounds: Offsets

    @property
    def membership(self) -> Floats:
        """1 where a kind belongs to a label, of shape ``(kinds, labels)``."""
        return kind_membership(self.kind_labels, len(self.labels))


def training_data(documents: Sequence[LabelledDocument], config: FitConfig, vectors: WordVectors) -> TrainingData:
    """Compute the features of all paragraphs, look up their labels and kinds, and assign their sites to folds."""
    labels, kinds, kind_labels = label_names(documents)
    paragraphs = [p for d in documents for p in d.paragraphs]
    label = np.array([labels.index(p.label) if p.label else -1 for p in paragraphs])
    index: dict[tuple[int, str | None], int] = {(kind_labels[n], kind): n for n, kind in enumerate(kinds)}
    kind = np.array([index.get((of, p.kind or p.label), -1) for of, p in zip(label, paragraphs, strict=True)])
    bounds = np.cumsum([0, *(len(d.paragraphs) for d in documents)])
    owner = np.repeat(np.arange(len(documents)), np.diff(bounds))
    weight = dict(config.label_weights)
    label_weight = np.array([weight.get(p.by or "", 1.0) for p in paragraphs])
    label_weight[np.array([d.origin == PAGE for d in documents])[owner]] *= config.page_weight
    folds = site_folds(documents, config.folds)
    fold = np.array([folds[d.site] for d in documents])[owner]
    site = np.unique([d.site for d in documents], return_inverse=True)[1][owner]
    language_fold = np.array(language_folds(documents, config.folds))[owner]
    foreign = (language_fold >= 0) & np.array([_digest(d.id)[0] % 2 == 1 for d in documents])[owner]
    extracted = np.array([is_extracted(d.origin) for d in documents])[owner]
    matrix, features, idf = _features(documents, vectors)
    distinct = _distinct_rows(documents, label, kind)
    return TrainingData(
        documents, labels, kinds, kind_labels, matrix, features, idf, label, kind, label_weight,
        np.array([count_words(p.text) for p in paragraphs]), site, fold, language_fold, foreign,
        extracted, distinct, bounds,
    )  # fmt: skip


def _features(
    documents: Sequence[LabelledDocument], vectors: WordVectors
) -> tuple[sparse.csr_matrix, list[context.DocumentFeatures], NDArray[np.uint8]]:
    """The n-gram matrix, the features of each batch, and the inverse document frequency of each bucket of words."""
    batch_ngrams, tokens, owners, parts, first = [], [], [], [], 0
    for group in batches(documents, _characters, _BATCH_CHARACTERS):
        batch = split([d.text for d in group])
        words = tokenize(batch)
        batch_ngrams.append(ngrams(batch, words))
        tokens.append(words)
        parts.append((batch, words, shapes(batch, words)))
        owners.append(batch.document[words.paragraph] + first)
        first += len(group)
    idf = _idf(documents, tokens, owners)
    features = [context.document_features(*part, idf, vectors) for part in parts]
    return _matrix(batch_ngrams, np.concatenate([f.known for f in features])[:, 0]), features, idf


def label_names(documents: Sequence[LabelledDocument]) -> tuple[tuple[str, ...], tuple[str, ...], tuple[int, ...]]:
    """The labels, reporting first; the kinds; and the label of each kind, an index. A label without kinds is a kind."""
    seen = {(p.label, p.kind) for d in documents for p in d.paragraphs if p.label}
    labels = tuple(sorted({label for label, _ in seen}, key=lambda label: (label != REPORTING, label)))
    pairs: list[tuple[int, str]] = []
    for number, label in enumerate(labels):
        kinds = sorted(kind for of, kind in seen if of == label and kind)
        pairs += [(number, kind) for kind in kinds or [label]]
    return labels, tuple(kind for _, kind in pairs), tuple(number for number, _ in pairs)


def check_documents(documents: Sequence[LabelledDocument], config: FitConfig) -> None:
    """Raise `DataError` for documents that a model cannot be fitted to: names it cannot have, or too little data."""
    for document in documents:
        check_names(document, f'document "{document.id[:40]}"')
    labels, kinds, _ = label_names(documents)
    if len(kinds) > MAX_NAMES:
        raise DataError(
            f"{len(kinds)} kinds (a label without kinds counts as one), and a model has at most {MAX_NAMES}: map some "
            "of them to others (--map name=label), or leave out the kinds"
        )
    _check_enough(documents, labels, config)


def check_names(document: LabelledDocument, where: str) -> None:
    """Raise `DataError` for a label or kind that a model cannot have; ``where`` is the place of the document."""
    for number, paragraph in enumerate(document.paragraphs, 1):
        for what, name in (("label", paragraph.label), ("kind", paragraph.kind)):
            if paragraph.label and name and not is_name(name):
                odd = next((f"U+{ord(each):04X}" for each in name if not each.isprintable()), None)
                why = f"has the character {odd}, which is not printable" if odd else f"has {len(name):,} characters"
                raise DataError(
                    f"{where}: paragraph {number}: the {what} {name[:40]!r} {why}: rename it, to 1 to "
                    f"{MAX_NAME_LENGTH} printable characters"
                )


def _check_enough(documents: Sequence[LabelledDocument], labels: tuple[str, ...], config: FitConfig) -> None:
    if REPORTING not in labels:
        raise DataError(
            f'no paragraph is labelled "{REPORTING}": the labels are {list(labels)}; give the article that label'
        )
    if len(labels) < 2:
        raise DataError(f'every label is "{REPORTING}": add documents with other labels')
    sites = {d.site for d in documents}
    if len(sites) < config.folds:
        raise DataError(
            f"{len(sites)} site(s) for {config.folds} folds: add documents of other sites, or set fewer folds"
        )
    for label in labels:
        texts = (d for d in documents if d.origin != LINES)
        with_label = sorted({d.site for d in texts if any(p.label == label for p in d.paragraphs)})
        if len(with_label) < 2:
            where = f"on one site only ({with_label[0]})" if with_label else "in documents of single lines only"
            raise DataError(
                f'"{label}" occurs {where}: add documents of another site with it, because each site is evaluated by '
                "a fit without it"
            )


def site_folds(documents: Sequence[LabelledDocument], folds: int) -> dict[str, int]:
    """The fold of each site. The sites are sorted by a hash of their names and assigned to the folds in turn."""
    sites = sorted({d.site for d in documents}, key=_digest)
    return {site: number % folds for number, site in enumerate(sites)}


def language_folds(documents: Sequence[LabelledDocument], folds: int) -> list[int]:
    """The fold of each document's language, -1 for the commonest language and for none."""
    languages = [language_code(d.lang) for d in documents]
    number = Counter(
        language for language, document in zip(languages, documents, strict=True)
        if language and document.origin != AUGMENTED
    )  # fmt: skip
    foreign = sorted((language for language in number if language != number.most_common(1)[0][0]), key=_digest)
    fold = {language: place % folds for place, language in enumerate(foreign)}
    return [fold.get(language or "", -1) for language in languages]


def _digest(name: str) -> bytes:
    return hashlib.sha256(name.encode("utf-8", "surrogatepass")).digest()


def _idf(
    documents: Sequence[LabelledDocument], tokens: list[Tokens], owner: list[NDArray[np.int64]]
) -> NDArray[np.uint8]:
    """The inverse document frequency of each bucket of words, counted over sites, ``(BUCKETS,)``.

    It is 255 for a bucket whose words occur on one site or none, and 0 for one on more than a fifth of the sites.
    ``tokens`` are the words of each batch, ``owner`` is the document of each word.
    """
    site = np.unique([d.site for d in documents], return_inverse=True)[1]
    sites = int(site.max()) + 1
    seen = np.unique(np.concatenate([
        site[word_documents].astype(np.int64) * BUCKETS + word_buckets(words.hashes)
        for words, word_documents in zip(tokens, owner, strict=True)
    ]))  # fmt: skip
    frequency = np.bincount(seen % BUCKETS, minlength=BUCKETS)
    idf = np.log2(sites / np.maximum(frequency, 1)) / max(np.log2(sites), 1)
    idf[frequency > sites / 5] = 0
    table: NDArray[np.uint8] = np.rint(255 * idf).astype(np.uint8)
    return table


def _characters(document: LabelledDocument) -> int:
    return sum(len(paragraph.text) for paragraph in document.paragraphs)


def _matrix(batch_ngrams: list[tuple[Ngrams, ...]], known: Floats) -> sparse.csr_matrix:
    """The inputs of `detector.inference.linear.LinearModel`, ``(paragraphs, BUCKETS)``.

    These are counts of n-grams by bucket, divided by the square root of the paragraph's number, times ``known``.
    """
    row, column, first = [], [], 0
    for groups in batch_ngrams:
        for group in groups:
            paragraphs = len(group.bounds) - 1
            row.append(np.repeat(np.arange(first, first + paragraphs, dtype=np.int32), group.counts))
            column.append(group.buckets.ravel().astype(np.int32))
        first += paragraphs
    rows, columns = np.concatenate(row), np.concatenate(column)
    number = np.bincount(rows, minlength=first)
    values = (known / np.sqrt(np.maximum(number, 1)))[rows].astype(np.float32)
    matrix = sparse.csr_matrix((values, (rows, columns)), shape=(first, BUCKETS))
    matrix.sum_duplicates()
    return matrix


def _distinct_rows(
    documents: Sequence[LabelledDocument], label: NDArray[np.int64], kind: NDArray[np.int64]
) -> NDArray[np.int64]:
    """The first row of each line, site and known kind: several extractors return the same line."""
    seen: dict[tuple[str, str, int], int] = {}
    row = 0
    for document in documents:
        for paragraph in document.paragraphs:
            if label[row] >= 0 and kind[row] >= 0:
                seen.setdefault((document.site, paragraph.text, int(kind[row])), row)
            row += 1
    return np.fromiter(seen.values(), dtype=np.int64)
