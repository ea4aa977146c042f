"""Other ways to clean plain text, each as it comes: from labelled documents, or from rules, to decisions on lines.

Two learn from the same data as the model and have scores; ``training/accuracy.py`` measures and ``training/speed.py``
times them. Their settings are those that did best on dev:

fastText
    Words and pairs of words, lower case, punctuation apart, as its tutorial on text classification prepares them.
HashingVectorizer
    Words and pairs of words hashed to 2^18 columns, and a linear model by stochastic gradient, by scikit-learn.

The others are rules that keep a line or do not:

jusText
    Its classification of paragraphs by length and stop words, and its revision by neighbours, with its own thresholds
    and the stop words of the document's language (else without, as its option for such languages does). A plain line
    has no links and no tags, so it sees neither link density nor headings.
C4
    The rules on lines of datatrove's ``C4QualityFilter``. Those that drop whole pages (lorem ipsum, curly brackets,
    fewer than five sentences) are switched off: they say nothing of a line.
trafilatura
    datatrove has no rules of trafilatura on lines: what it has is ``Trafilatura``, which calls trafilatura's extractor
    on HTML. So each line becomes a ``<p>`` of a page, and what it extracts of that is kept. Without the page's own tags
    that leaves its rules on texts: too little of it, the same again, names of share buttons.
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

from detector.evaluation.evaluate import Judged, judged_by_scores
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
    """fastText's classifier of words and pairs of words, trained on labelled lines.

    One thread, so that the same lines give the same model.
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

    def on(self, lines: Sequence[str]) -> Callable[[], object]:
        """What gives the label of each line as it is, not `prepared`: a measure of speed."""
        ready = [line.encode("utf-8", "replace").decode("utf-8") for line in lines]
        return lambda: self._model.predict(ready)

    def scores(self, lines: Sequence[str]) -> Floats:
        """Probabilities of shape ``(lines, labels)``."""
        column = {f"{_PREFIX}{label}": number for number, label in enumerate(self.labels)}
        found = np.zeros((len(lines), len(self.labels)), dtype=np.float32)
        named, values = self._model.predict(list(map(prepared, lines)), k=len(self.labels))
        for row, names, probabilities in zip(found, named, values, strict=True):
            row[[column[name] for name in names]] = probabilities
        return found


def prepared(line: str) -> str:
    """A line in lower case, with punctuation apart from the words, and nothing that UTF-8 does not have."""
    return _PUNCTUATION.sub(r" \g<0> ", line.lower()).encode("utf-8", "replace").decode("utf-8")


class HashedLinear:
    """scikit-learn's HashingVectorizer of words and pairs of words, and a linear model by stochastic gradient."""

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

    def on(self, lines: Sequence[str]) -> Callable[[], object]:
        """What gives the label of each line."""
        return lambda: self._pipeline.predict(lines)

    def scores(self, lines: Sequence[str]) -> Floats:
        """Probabilities of shape ``(lines, labels)``."""
        if not lines:  # which the vectorizer does not take
            return np.zeros((0, len(self.labels)), dtype=np.float32)
        order = [list(self._pipeline.classes_).index(label) for label in self.labels]
        found: Floats = self._pipeline.predict_proba(lines)[:, order].astype(np.float32)
        return found


Learner: TypeAlias = FastText | HashedLinear
LEARNERS: tuple[type[Learner], ...] = (FastText, HashedLinear)


def labelled_lines(documents: Sequence[LabelledDocument]) -> list[tuple[str, str]]:
    """The lines whose label is known, with it; a line that a site holds again (extractors deliver it so) once."""
    seen = {(d.site, p.text, p.label) for d in documents for p in d.paragraphs if p.label}
    return [(text, label) for _, text, label in sorted(seen)]


@dataclass(frozen=True, slots=True)
class Rules:
    """Rules that keep a line or do not, under a name."""

    name: str
    keep: Rule


def justext_keep(document: LabelledDocument) -> Keep:
    """What jusText calls good."""
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
    """The stop words that jusText has for a language: none where it has no list, English for an unknown language."""
    languages = load_library("trafilatura.settings", "the rival jusText", "benchmark").JUSTEXT_LANGUAGES
    utils = load_library("justext.utils", "the rival jusText", "benchmark")
    name = languages.get(lang or "en")
    words: frozenset[str] = utils.get_stoplist(name) if name else frozenset()
    return words


def c4_rules() -> Rule:
    """The rules of C4 on lines, as datatrove has them."""
    filters = load_library("datatrove.pipeline.filters", "the rival C4", "benchmark")
    document_class = load_library("datatrove.data", "the rival C4", "benchmark").Document
    of_lines = filters.C4QualityFilter(min_num_sentences=-1, filter_lorem_ipsum=False, filter_curly_bracket=False)

    def kept(text: str) -> bool:
        line = document_class(text=text, id="line")
        return bool(of_lines.filter(line)) and bool(line.text)

    return lambda document: np.array([kept(p.text) for p in document.paragraphs], dtype=bool)


def trafilatura_rules() -> Rule:
    """What trafilatura extracts, called by datatrove, of a page that has each line as a ``<p>``."""
    extractor = load_library("datatrove.pipeline.extractors", "the rival trafilatura", "benchmark").Trafilatura()
    seen = load_library("trafilatura.deduplication", "the rival trafilatura", "benchmark").LRU_TEST

    def keep(document: LabelledDocument) -> Keep:
        seen.clear()  # else it takes the text of the next extractor for a repetition of the one before
        lines = "\n".join(f"<p>{html.escape(p.text)}</p>" for p in document.paragraphs)
        extracted = extractor.extract(f"<html><body>{lines}</body></html>") or ""
        return found_again([p.text for p in document.paragraphs], extracted.split("\n"))

    return keep


def found_again(lines: Sequence[str], extracted: Sequence[str]) -> Keep:
    """Which lines stand among those extracted, whatever the white space; of equal lines the first ones."""
    left = Counter(" ".join(line.split()) for line in extracted)
    keep = np.zeros(len(lines), dtype=bool)
    for number, line in enumerate(lines):
        words = " ".join(line.split())
        keep[number] = left[words] > 0
        left[words] -= 1
    return keep


def rules() -> tuple[Rules, ...]:
    """All rivals that are rules. Raises `UsageError` where one of their libraries is not installed."""
    return (
        Rules("jusText", justext_keep),
        Rules("C4's rules, datatrove", c4_rules()),
        Rules("trafilatura, datatrove", trafilatura_rules()),
    )


def judge_learner(learner: Learner, documents: Sequence[LabelledDocument]) -> Iterator[Judged]:
    """The decisions of a rival that learnt: it keeps the lines whose most probable label is reporting."""
    for document in documents:
        scores = learner.scores([p.text for p in document.paragraphs])
        yield judged_by_scores(document, learner.labels, scores, scores.argmax(axis=1) == 0)


def judge_rules(rules_: Rules, documents: Sequence[LabelledDocument], labels: tuple[str, ...]) -> Iterator[Judged]:
    """The decisions of rules. Their scores are 1 for reporting where a line is kept and 0 where it is not."""
    for document in documents:
        keep = rules_.keep(document)
        scores = np.zeros((len(keep), len(labels)), dtype=np.float32)
        scores[keep, 0] = 1
        yield judged_by_scores(document, labels, scores, keep)
