"""Labelled documents to a model. The only module that needs scikit-learn.

The first step (a linear model over n-grams) is fitted once for each fold of sites without that fold, and its scores of
the sites it has not seen are what the context networks learn from; they are fitted by the same folds, and their
unseen scores give the calibration, the thresholds and the held-out figures. Then everything is fitted on all sites.
"""

from __future__ import annotations

import hashlib
import warnings
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from joblib import Parallel, delayed
from numpy.typing import NDArray
from scipy import sparse
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression, SGDClassifier
from sklearn.neural_network import MLPClassifier
from threadpoolctl import threadpool_limits

from detector import context
from detector.errors import DataError, UsageError
from detector.evaluate import PAGE, count_words
from detector.features import BUCKETS, Ngrams, Tokens, ngrams, shapes, tokenize, word_buckets
from detector.labelled import LabelledDocument, batches
from detector.model import REPORTING, Floats, LinearStep, Model, Network, calibrated, label_logs, softmax
from detector.paragraphs import split
from detector.splice import SPLICED, splice

_BATCH = 1 << 20  # characters of a batch of documents while features are made
_LARGEST = 127  # of a quantized weight
_UNSEEN = -20.0  # log-odds of a kind that none of a fold's documents has

Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Recipe:
    """How a model is fitted. Every figure was chosen on held-out sites; see training/RESULTS.md."""

    folds: int = 5
    seed: int = 0
    linear_penalty: float = 1e-6  # L2, on n-gram weights
    linear_epochs: int = 8
    hidden: tuple[int, ...] = (64,)
    network_penalty: float = 1e-3
    network_epochs: int = 8
    learning_rate: float = 1e-3
    splices: float = 0.3  # spliced documents for each one that is given
    looks: int = 1  # how many networks see the context, each the scores of the one before
    trust: tuple[tuple[str, float], ...] = (("gold", 0.7), ("auto", 0.25))  # weight of a label by who gave it, else 1
    losses: tuple[tuple[str, float], ...] = (("gentle", 0.001), ("balanced", 0.005), ("strict", 0.02))

    def __post_init__(self) -> None:
        if self.folds < 2:
            raise UsageError(f"folds must be at least 2, not {self.folds}")


@dataclass(frozen=True)
class Fitted:
    """A model, the documents in the order they were used, and the scores of their paragraphs by a fit that had not
    seen the site: probabilities of shape ``(paragraphs, labels)``.
    """

    model: Model
    documents: Sequence[LabelledDocument]
    held_out: Floats


@dataclass(frozen=True)
class _Corpus:
    """The training data as numbers, one row a paragraph."""

    documents: Sequence[LabelledDocument]
    labels: tuple[str, ...]
    kinds: tuple[str, ...]
    kind_labels: tuple[int, ...]
    ngrams: sparse.csr_matrix
    evidence: list[context.Evidence]
    rarity: NDArray[np.uint8]
    label: NDArray[np.int64]
    kind: NDArray[np.int64]
    trust: NDArray[np.float64]
    words: NDArray[np.int64]
    fold: NDArray[np.int64]
    extracted: NDArray[np.bool_]
    distinct: NDArray[np.int64]  # one row of those that are the same line of the same page

    @property
    def membership(self) -> Floats:
        return np.eye(len(self.labels), dtype=np.float32)[list(self.kind_labels)]


def fit(
    documents: Sequence[LabelledDocument], recipe: Recipe | None = None, progress: Progress = lambda _: None
) -> Fitted:
    """Fit a model. ``progress`` is called with a line of text as each part begins.

    Raises `DataError` where the data cannot carry a model: no ``reporting``, one label only, fewer sites than folds,
    a label that stands on one site only.
    """
    recipe = recipe or Recipe()
    documents = sorted(documents, key=lambda d: (d.site, d.id, d.origin or "", d.text))
    labels = _names(documents)[0]
    _check(documents, labels, recipe)
    spliced = splice(
        documents, site_folds(documents, recipe.folds), int(recipe.splices * len(documents)), REPORTING, recipe.seed
    )
    progress(f"reading {len(documents):,} documents and {len(spliced):,} spliced ones")
    corpus = _corpus([*documents, *spliced], recipe)
    with threadpool_limits(1), warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        linear, scores = _fit_linear(corpus, recipe, progress)
        networks: list[Network] = []
        own = scores
        for look in range(recipe.looks):
            progress(f"look {look + 1} of {recipe.looks}: context")
            rows = _context_rows(corpus, own, scores)
            network, scores = _fit_network(corpus, recipe, rows, progress)
            networks.append(network)
            own = np.concatenate([own, scores], axis=1)
        progress("calibration and thresholds")
        calibration = _calibrate(corpus, scores)
    held_out = calibrated(softmax(scores), corpus.membership, calibration)[0]
    model = Model(
        corpus.labels, corpus.kinds, corpus.kind_labels, linear, corpus.rarity, tuple(networks), calibration,
        thresholds=_thresholds(corpus, held_out, recipe),
        metadata={"recipe": asdict(recipe), "data": _describe(documents, corpus.labels)},
    )  # fmt: skip
    return Fitted(model, documents, held_out[: sum(len(d.paragraphs) for d in documents)])


# The data as numbers


def _corpus(documents: Sequence[LabelledDocument], recipe: Recipe) -> _Corpus:
    labels, kinds, kind_labels = _names(documents)
    paragraphs = [p for d in documents for p in d.paragraphs]
    label = np.array([labels.index(p.label) if p.label else -1 for p in paragraphs])
    index: dict[tuple[int, str | None], int] = {(kind_labels[n], kind): n for n, kind in enumerate(kinds)}
    kind = np.array([index.get((at, p.kind or p.label), -1) for at, p in zip(label, paragraphs, strict=True)])
    weight = dict(recipe.trust)
    trust = np.array([weight.get(p.by or "", 1.0) for p in paragraphs])
    owner = np.repeat(np.arange(len(documents)), [len(d.paragraphs) for d in documents])
    folds = site_folds(documents, recipe.folds)
    fold = np.array([folds[d.site] for d in documents])[owner]
    extracted = np.array([d.origin not in (PAGE, SPLICED) for d in documents])[owner]
    groups, tokens, owners, evidence_parts, first = [], [], [], [], 0
    for part in batches(documents, _BATCH):
        batch = split([d.text for d in part])
        words = tokenize(batch)
        groups.append(ngrams(batch, words))
        tokens.append(words)
        evidence_parts.append((batch, words, shapes(batch, words)))
        owners.append(batch.document[words.paragraph] + first)
        first += len(part)
    rarity = _rarity(documents, tokens, owners)
    evidence = [context.gather(*part, rarity) for part in evidence_parts]
    matrix = _matrix(groups)
    distinct = _distinct(documents, label, kind)
    return _Corpus(
        documents, labels, kinds, kind_labels, matrix, evidence, rarity, label, kind, trust,
        np.array([count_words(p.text) for p in paragraphs]), fold, extracted, distinct,
    )  # fmt: skip


def _names(documents: Sequence[LabelledDocument]) -> tuple[tuple[str, ...], tuple[str, ...], tuple[int, ...]]:
    """The labels, reporting first, and the kinds with their label; a label without kinds is its own kind."""
    seen = {(p.label, p.kind) for d in documents for p in d.paragraphs if p.label}
    labels = tuple(sorted({label for label, _ in seen}, key=lambda label: (label != REPORTING, label)))
    pairs: list[tuple[int, str]] = []
    for number, label in enumerate(labels):
        kinds = sorted(kind for of, kind in seen if of == label and kind)
        pairs += [(number, kind) for kind in kinds or [label]]
    return labels, tuple(kind for _, kind in pairs), tuple(number for number, _ in pairs)


def _check(documents: Sequence[LabelledDocument], labels: tuple[str, ...], recipe: Recipe) -> None:
    if REPORTING not in labels:
        raise DataError(
            f'no paragraph is labelled "{REPORTING}": the labels are {list(labels)}; the article needs that name'
        )
    if len(labels) < 2:
        raise DataError(f'every label is "{REPORTING}": there is nothing to tell it from')
    sites = {d.site for d in documents}
    if len(sites) < recipe.folds:
        raise DataError(
            f"{len(sites)} site(s) for {recipe.folds} folds: add documents of other sites, or set fewer folds"
        )
    for label in labels:
        those = {d.site for d in documents if any(p.label == label for p in d.paragraphs)}
        if len(those) < 2:
            raise DataError(f'"{label}" stands on one site only ({those.pop()}): a second one is needed to measure on')


def site_folds(documents: Sequence[LabelledDocument], folds: int) -> dict[str, int]:
    """The fold of each site: the sites in an order of their own, dealt out in turn."""
    sites = sorted({d.site for d in documents}, key=lambda site: hashlib.sha256(site.encode()).digest())
    return {site: number % folds for number, site in enumerate(sites)}


def _rarity(
    documents: Sequence[LabelledDocument], tokens: list[Tokens], owner: list[NDArray[np.int64]]
) -> NDArray[np.uint8]:
    """On how few sites a word stands: 255 for one of all, 0 for one in five or more (inverse document frequency)."""
    site = np.unique([d.site for d in documents], return_inverse=True)[1]
    sites = int(site.max()) + 1
    seen = np.unique(np.concatenate([
        site[documents_of].astype(np.int64) * BUCKETS + word_buckets(words.hashes)
        for words, documents_of in zip(tokens, owner, strict=True)
    ]))  # fmt: skip
    frequency = np.bincount(seen % BUCKETS, minlength=BUCKETS)
    rarity = np.log2(sites / np.maximum(frequency, 1)) / max(np.log2(sites), 1)
    rarity[frequency > sites / 5] = 0
    table: NDArray[np.uint8] = np.rint(255 * rarity).astype(np.uint8)
    return table


def _matrix(groups: list[tuple[Ngrams, ...]]) -> sparse.csr_matrix:
    """Counts of the n-grams, a row a paragraph, divided by the square root of their number."""
    row, column, first = [], [], 0
    for batch in groups:
        for group in batch:
            paragraphs = len(group.bounds) - 1
            row.append(np.repeat(np.arange(first, first + paragraphs, dtype=np.int32), group.counts))
            column.append(group.buckets.ravel().astype(np.int32))
        first += paragraphs
    rows, columns = np.concatenate(row), np.concatenate(column)
    number = np.bincount(rows, minlength=first)
    values = (1 / np.sqrt(number))[rows].astype(np.float32)
    matrix = sparse.csr_matrix((values, (rows, columns)), shape=(first, BUCKETS))
    matrix.sum_duplicates()
    return matrix


def _distinct(
    documents: Sequence[LabelledDocument], label: NDArray[np.int64], kind: NDArray[np.int64]
) -> NDArray[np.int64]:
    """The first row of every line that a site holds: extractors deliver the same line again."""
    seen: dict[tuple[str, str, int], int] = {}
    row = 0
    for document in documents:
        for paragraph in document.paragraphs:
            if label[row] >= 0 and kind[row] >= 0:
                seen.setdefault((document.site, paragraph.text, int(kind[row])), row)
            row += 1
    return np.fromiter(seen.values(), dtype=np.int64)


# The steps


def _fit_linear(corpus: _Corpus, recipe: Recipe, progress: Progress) -> tuple[LinearStep, Floats]:
    """The first step on all sites, and its scores of each fold when fitted without it."""
    progress(f"first step: {recipe.folds} folds of {len(corpus.distinct):,} distinct paragraphs")
    scores = np.zeros((len(corpus.kind), len(corpus.kinds)), dtype=np.float32)
    for fold in range(recipe.folds):
        step = _linear(corpus, recipe, corpus.distinct[corpus.fold[corpus.distinct] != fold])
        unseen = np.flatnonzero(corpus.fold == fold)
        scores[unseen] = corpus.ngrams[unseen] @ (step.weights.astype(np.float32) * step.scale) + step.bias
    return _linear(corpus, recipe, corpus.distinct), scores


def _linear(corpus: _Corpus, recipe: Recipe, rows: NDArray[np.int64]) -> LinearStep:
    classifier = SGDClassifier(
        loss="log_loss", alpha=recipe.linear_penalty, max_iter=recipe.linear_epochs, tol=None, average=True,
        random_state=recipe.seed, n_jobs=-1,
    )  # fmt: skip
    classifier.fit(corpus.ngrams[rows], corpus.kind[rows], sample_weight=corpus.trust[rows])
    kinds = len(corpus.kinds)
    weights = np.zeros((BUCKETS, kinds))
    bias = np.full(kinds, _UNSEEN)
    if len(classifier.classes_) == 2:  # scikit-learn then fits the second class alone
        weights[:, classifier.classes_] = np.stack([-classifier.coef_[0], classifier.coef_[0]], axis=1) / 2
        bias[classifier.classes_] = np.array([-1, 1]) * classifier.intercept_[0] / 2
    else:
        weights[:, classifier.classes_] = classifier.coef_.T
        bias[classifier.classes_] = classifier.intercept_
    scale = np.maximum(np.abs(weights).max(axis=0), 1e-9) / _LARGEST
    return LinearStep(np.rint(weights / scale).astype(np.int8), scale.astype(np.float32), bias.astype(np.float32))


def _context_rows(corpus: _Corpus, own: Floats, scores: Floats) -> Floats:
    parts, first = [], 0
    for evidence in corpus.evidence:
        last = first + len(evidence.batch)
        parts.append(context.rows(evidence, own[first:last], softmax(scores[first:last]), corpus.membership))
        first = last
    return np.concatenate(parts)


def _fit_network(corpus: _Corpus, recipe: Recipe, rows: Floats, progress: Progress) -> tuple[Network, Floats]:
    """A context network on all sites, and the scores of each fold when fitted without it."""
    known = corpus.kind >= 0
    mean, deviation = rows[known].mean(axis=0, dtype=np.float64), rows[known].std(axis=0, dtype=np.float64)
    deviation = np.maximum(deviation, 1e-3)
    standard = ((rows - mean) / deviation).astype(np.float32)
    training = [np.flatnonzero(known & (corpus.fold != fold)) for fold in range(recipe.folds)]
    progress(f"  network: {recipe.folds} folds and all of {known.sum():,} paragraphs, {rows.shape[1]} inputs")
    fitted = Parallel(n_jobs=-1, prefer="threads")(
        delayed(_network)(corpus, recipe, standard, rows_) for rows_ in [*training, np.flatnonzero(known)]
    )
    scores = np.zeros((len(rows), len(corpus.kinds)), dtype=np.float32)
    for fold, network in enumerate(fitted[:-1]):
        unseen = np.flatnonzero(corpus.fold == fold)
        scores[unseen] = network.scores(standard[unseen])
    return _unstandardized(fitted[-1], mean, deviation), scores


def _network(corpus: _Corpus, recipe: Recipe, standard: Floats, rows: NDArray[np.int64]) -> Network:
    network = MLPClassifier(
        recipe.hidden, alpha=recipe.network_penalty, batch_size=min(1024, len(rows)), max_iter=1, warm_start=True,
        random_state=recipe.seed,
    )  # fmt: skip
    inputs, kind, trust = standard[rows], corpus.kind[rows], corpus.trust[rows]
    for epoch in range(recipe.network_epochs):
        network.set_params(learning_rate_init=recipe.learning_rate * (1 - epoch / recipe.network_epochs))
        network.fit(inputs, kind, sample_weight=trust)
    weights, biases = (
        [w.astype(np.float32) for w in network.coefs_],
        [b.astype(np.float32) for b in network.intercepts_],
    )
    last, bias = (
        np.zeros((weights[-1].shape[0], len(corpus.kinds)), np.float32),
        np.full(len(corpus.kinds), _UNSEEN, np.float32),
    )
    if len(network.classes_) == 2:  # one output: the log-odds of the second class
        weights[-1], biases[-1] = (
            np.hstack([-weights[-1] / 2, weights[-1] / 2]),
            np.hstack([-biases[-1] / 2, biases[-1] / 2]),
        )
    last[:, network.classes_], bias[network.classes_] = weights[-1], biases[-1]
    return Network((*weights[:-1], last), (*biases[:-1], bias))


def _unstandardized(network: Network, mean: NDArray[np.float64], deviation: NDArray[np.float64]) -> Network:
    """The same network for rows as they are: the standardization goes into the first layer."""
    first = network.weights[0] / deviation[:, None]
    bias = network.biases[0] - mean @ first
    return Network((first.astype(np.float32), *network.weights[1:]), (bias.astype(np.float32), *network.biases[1:]))


# The decision


def _calibrate(corpus: _Corpus, scores: Floats) -> Floats:
    known = corpus.label >= 0
    logs = label_logs(softmax(scores[known]), corpus.membership)
    fitted = LogisticRegression(C=100, max_iter=1000).fit(logs, corpus.label[known], sample_weight=corpus.trust[known])
    weights, bias = fitted.coef_, fitted.intercept_
    if len(corpus.labels) == 2:
        weights, bias = np.vstack([-weights / 2, weights / 2]), np.hstack([-bias / 2, bias / 2])
    return np.vstack([weights.T, bias]).astype(np.float32)


def _thresholds(corpus: _Corpus, held_out: Floats, recipe: Recipe) -> dict[str, float]:
    """For each name the highest threshold that loses at most that share of the reporting words of extracted texts."""
    reporting = corpus.label == 0
    rows = reporting & corpus.extracted if (reporting & corpus.extracted).any() else reporting
    score, words = held_out[rows, 0], corpus.words[rows]
    return {name: threshold_for(score, words, loss) for name, loss in recipe.losses}


def threshold_for(score: Floats, words: NDArray[np.int64], loss: float) -> float:
    """The highest threshold on ``score`` under which at most the share ``loss`` of ``words`` lies."""
    order = np.argsort(score, kind="stable")
    lost = np.cumsum(words[order])
    over = np.searchsorted(lost, loss * lost[-1], side="right")
    return float(score[order[min(over, len(order) - 1)]])


def _describe(documents: Sequence[LabelledDocument], labels: tuple[str, ...]) -> dict[str, Any]:
    digest = hashlib.sha256()
    for document in documents:
        for paragraph in document.paragraphs:
            digest.update(f"{paragraph.label}\t{paragraph.kind}\t{paragraph.text}\n".encode("utf-8", "surrogatepass"))
    names = Counter(p.label for d in documents for p in d.paragraphs if p.label)
    return {
        "documents": len(documents),
        "sites": len({d.site for d in documents}),
        "paragraphs": {label: names[label] for label in labels},
        "sha256": digest.hexdigest(),
    }
