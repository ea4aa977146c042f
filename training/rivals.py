"""The rivals: other cleaners of plain text, used out of the box. They decide line by line.

Two are trained on the same data as the model and have scores. `training.accuracy` evaluates them and `training.speed`
times them. Their settings are those with the best figures on dev:

fastText
    Words and pairs of words, in lower case, separated from punctuation, as in its tutorial on text classification.
HashingVectorizer
    scikit-learn: words and pairs of words hashed to 2^18 columns, and a linear model fitted by stochastic gradient
    descent.

The others are rules that decide whether a line is kept:

jusText
    Its classification of paragraphs by length and stop words, revised by neighbours, with its default thresholds and
    the stop words of the document's language. Where it has no list for the language, stop words are ignored, as its
    option for such languages does. Plain text has no tags, so link density and headings are not used.
C4
    The line rules of datatrove's ``C4QualityFilter``. The rules that drop whole pages (lorem ipsum, curly brackets,
    fewer than five sentences) are switched off.
trafilatura
    datatrove's ``Trafilatura``, which calls trafilatura's extractor on HTML. Each line becomes a ``<p>`` of a page, and
    the lines that it extracts are kept. Without the page's own tags, only its rules on text apply: minimum lengths,
    duplicates, names of share buttons.
"""

from __future__ import annotations

import html
import re
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from detector.evaluation.evaluate import ScoredDocument, scored_document
from detector.evaluation.labelled import LabelledDocument
from detector.fit.data import label_names
from detector.util.arrays import Floats
from detector.util.libraries import load_library

_PREFIX = "__label__"
_PUNCTUATION = re.compile(r"[^\w\s]")
_SEED = 0

Keep: TypeAlias = NDArray[np.bool_]
Rule: TypeAlias = Callable[[LabelledDocument], Keep]


class FastText:
    """fastText's classifier on words and pairs of words, trained on labelled lines.

    It is trained in one thread, so that the same lines produce the same model.
    """

    name = "fastText"

    def __init__(self, documents: Sequence[LabelledDocument]) -> None:
        fasttext: Any = load_library("fasttext", "the rival fastText", "benchmark")
        self.labels = label_names(documents)[0]
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "train.txt"
            lines = [f"{_PREFIX}{label} {prepared(text)}\n" for text, label in labelled_lines(documents)]
            file.write_text("".join(lines), encoding="utf-8")
            self._model = fasttext.train_supervised(
                str(file), dim=16, wordNgrams=2, epoch=5, thread=1, verbose=0, seed=_SEED
            )

    def predictor(self, lines: Sequence[str]) -> Callable[[], object]:
        """A function that predicts the labels of lines, for timing. The lines are not `prepared`."""
        encodable = [line.encode("utf-8", "replace").decode("utf-8") for line in lines]
        return lambda: self._model.predict(encodable)

    def scores(self, lines: Sequence[str]) -> Floats:
        """Probabilities of shape ``(lines, labels)``."""
        column = {f"{_PREFIX}{label}": number for number, label in enumerate(self.labels)}
        found = np.zeros((len(lines), len(self.labels)), dtype=np.float32)
        named, values = self._model.predict(list(map(prepared, lines)), k=len(self.labels))
        for row, names, probabilities in zip(found, named, values, strict=True):
            row[[column[name] for name in names]] = probabilities
        return found


def prepared(line: str) -> str:
    """A line in lower case, with spaces around punctuation, and without characters that UTF-8 cannot encode."""
    return _PUNCTUATION.sub(r" \g<0> ", line.lower()).encode("utf-8", "replace").decode("utf-8")


class HashedLinear:
    """scikit-learn's HashingVectorizer on words and pairs of words, and a linear model fitted by SGD."""

    name = "HashingVectorizer"

    def __init__(self, documents: Sequence[LabelledDocument]) -> None:
        from sklearn.feature_extraction.text import HashingVectorizer
        from sklearn.linear_model import SGDClassifier
        from sklearn.pipeline import make_pipeline

        self.labels = label_names(documents)[0]
        lines = labelled_lines(documents)
        vectorizer = HashingVectorizer(ngram_range=(1, 2), n_features=1 << 18)
        self._pipeline = make_pipeline(vectorizer, SGDClassifier(loss="log_loss", alpha=1e-6, random_state=_SEED))
        self._pipeline.fit([text for text, _ in lines], [label for _, label in lines])

    def predictor(self, lines: Sequence[str]) -> Callable[[], object]:
        """A function that predicts the labels of lines, for timing."""
        return lambda: self._pipeline.predict(lines)

    def scores(self, lines: Sequence[str]) -> Floats:
        """Probabilities of shape ``(lines, labels)``."""
        if not lines:  # the vectorizer does not accept an empty list
            return np.zeros((0, len(self.labels)), dtype=np.float32)
        order = [list(self._pipeline.classes_).index(label) for label in self.labels]
        found: Floats = self._pipeline.predict_proba(lines)[:, order].astype(np.float32)
        return found


Learner: TypeAlias = FastText | HashedLinear
LEARNERS: tuple[type[Learner], ...] = (FastText, HashedLinear)


def labelled_lines(documents: Sequence[LabelledDocument]) -> list[tuple[str, str]]:
    """The lines that have a label, with the label; a line that several texts of a site contain is returned once."""
    seen = {(d.site, p.text, p.label) for d in documents for p in d.paragraphs if p.label}
    return [(text, label) for _, text, label in sorted(seen)]


@dataclass(frozen=True, slots=True)
class Rules:
    """Rules that decide whether a line is kept."""

    name: str
    keep: Rule


def justext_keep(document: LabelledDocument) -> Keep:
    """The lines that jusText classifies as good."""
    core = load_library("justext.core", "the rival jusText", "benchmark")
    paragraph_class = load_library("justext.paragraph", "the rival jusText", "benchmark").Paragraph
    path = core.PathInfo().append("p")
    paragraphs = [paragraph_class(path) for _ in document.paragraphs]
    for paragraph, given in zip(paragraphs, document.paragraphs, strict=True):
        paragraph.append_text(given.text)
    stop_words = _stop_words(document.lang)
    densities = {} if stop_words else {"stopwords_low": 0, "stopwords_high": 0}
    core.classify_paragraphs(paragraphs, stop_words, **densities)
    core.revise_paragraph_classification(paragraphs)
    return np.array([paragraph.class_type == "good" for paragraph in paragraphs], dtype=bool)


@cache
def _stop_words(lang: str | None) -> frozenset[str]:
    """The stop words of jusText: none for a language without a list, English where the language is not known."""
    languages = load_library("trafilatura.settings", "the rival jusText", "benchmark").JUSTEXT_LANGUAGES
    utils = load_library("justext.utils", "the rival jusText", "benchmark")
    name = languages.get(lang or "en")
    words: frozenset[str] = utils.get_stoplist(name) if name else frozenset()
    return words


def c4_rules() -> Rule:
    """The line rules of C4, by datatrove."""
    filters = load_library("datatrove.pipeline.filters", "the rival C4", "benchmark")
    document_class = load_library("datatrove.data", "the rival C4", "benchmark").Document
    line_filter = filters.C4QualityFilter(min_num_sentences=-1, filter_lorem_ipsum=False, filter_curly_bracket=False)

    def kept(text: str) -> bool:
        line = document_class(text=text, id="line")
        return bool(line_filter.filter(line)) and bool(line.text)

    return lambda document: np.array([kept(p.text) for p in document.paragraphs], dtype=bool)


def trafilatura_rules() -> Rule:
    """The lines that trafilatura, called by datatrove, extracts from a page with a ``<p>`` for each line."""
    extractor = load_library("datatrove.pipeline.extractors", "the rival trafilatura", "benchmark").Trafilatura()
    seen = load_library("trafilatura.deduplication", "the rival trafilatura", "benchmark").LRU_TEST

    def keep(document: LabelledDocument) -> Keep:
        seen.clear()  # otherwise the text of the next extractor counts as a duplicate
        lines = "\n".join(f"<p>{html.escape(p.text)}</p>" for p in document.paragraphs)
        extracted = extractor.extract(f"<html><body>{lines}</body></html>") or ""
        return found_in([p.text for p in document.paragraphs], extracted.split("\n"))

    return keep


def found_in(lines: Sequence[str], extracted: Sequence[str]) -> Keep:
    """Which lines were extracted, ignoring differences in white space. Of equal lines, the first ones count."""
    remaining = Counter(" ".join(line.split()) for line in extracted)
    keep = np.zeros(len(lines), dtype=bool)
    for number, line in enumerate(lines):
        words = " ".join(line.split())
        keep[number] = remaining[words] > 0
        remaining[words] -= 1
    return keep


def rules() -> tuple[Rules, ...]:
    """All rivals that are rules. Raises `UsageError` where one of their libraries is not installed."""
    return (
        Rules("jusText", justext_keep),
        Rules("C4's rules, datatrove", c4_rules()),
        Rules("trafilatura, datatrove", trafilatura_rules()),
    )


def score_with_learner(learner: Learner, documents: Sequence[LabelledDocument]) -> Iterator[ScoredDocument]:
    """The decisions of a trained rival: it keeps the lines whose most probable label is reporting."""
    for document in documents:
        scores = learner.scores([p.text for p in document.paragraphs])
        yield scored_document(document, learner.labels, scores, scores.argmax(axis=1) == 0)


def score_with_rules(
    rules_: Rules, documents: Sequence[LabelledDocument], labels: tuple[str, ...]
) -> Iterator[ScoredDocument]:
    """The decisions of rules. The score of reporting is 1 for a line that is kept; all other scores are 0."""
    for document in documents:
        keep = rules_.keep(document)
        scores = np.zeros((len(keep), len(labels)), dtype=np.float32)
        scores[keep, 0] = 1
        yield scored_document(document, labels, scores, keep)
