"""What the model suggests for the paragraphs of a document, and how much a document would teach it."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256

import numpy as np

from detector.cleaner import BATCH_CHARACTERS, Cleaner, Prediction
from detector.inference.network import Ensemble
from detector.inference.storage import load_model
from detector.labelling.events import Choice
from detector.labelling.order import Measures, doubts, top_mean, words_of
from detector.util.batching import batches

_KEPT = 32  # documents whose suggestions are kept


@dataclass(frozen=True, slots=True)
class Suggestion:
    """What the model suggests for a paragraph: ``keep`` is its decision, ``doubt`` from 0 to 1 how unsure that is."""

    choice: Choice
    scores: dict[str, float]
    keep: bool
    doubt: float


class Suggester:
    """Suggestions of one model. Documents are given as their paragraphs, each of which is one line."""

    def __init__(self, cleaner: Cleaner) -> None:
        self.cleaner = replace(cleaner, paragraphs="line")
        self.digest = digest_of(cleaner)
        self._recent: OrderedDict[str, tuple[Suggestion, ...]] = OrderedDict()

    def suggest(self, digest: str, paragraphs: Sequence[str]) -> tuple[Suggestion, ...]:
        """The suggestions for the document with a digest, one per paragraph."""
        if digest not in self._recent:
            self._recent[digest] = tuple(_suggestions(self.cleaner.predict("\n".join(paragraphs))))
            if len(self._recent) > _KEPT:
                self._recent.popitem(last=False)
        self._recent.move_to_end(digest)
        return self._recent[digest]

    def measure(self, documents: Iterable[Sequence[str]]) -> Iterator[Measures]:
        """What the order needs of documents, in batches, in order."""
        texts = ("\n".join(paragraphs) for paragraphs in documents)
        model = self.cleaner.model
        networks = Ensemble(model.networks.mean, model.networks.factor, ())
        both = without_encoder(self.cleaner)  # what is trained; to read all documents with an encoder takes long
        linear = replace(both, model=replace(model, networks=networks))
        for batch in batches(texts, len, BATCH_CHARACTERS):
            pairs = zip(both.predict_many(batch), linear.predict_many(batch), strict=True)
            rows = [_measured(whole, alone) for whole, alone in pairs]
            doubt, disagreement, familiarity = np.array(rows, dtype=np.float32).T
            yield Measures(doubt, disagreement, familiarity, np.array([words_of(text) for text in batch]))


def digest_of(cleaner: Cleaner) -> str:
    """What tells suggestions of one model from those of another: the digest of its file, and of its encoder if any."""
    digest = str(cleaner.model.metadata.get("sha256", ""))
    if not cleaner.encoder:
        return digest
    return sha256(f"{digest} {cleaner.encoder.digest} {float(cleaner.effort)!r}".encode()).hexdigest()


def without_encoder(cleaner: Cleaner) -> Cleaner:
    """The cleaner with the default model alone, which has thresholds of its own, in place of the accurate model."""
    return replace(cleaner, model=load_model(), encoder=None, effort=0.0) if cleaner.encoder else cleaner


def _measured(both: Prediction, alone: Prediction) -> tuple[float, float, float]:
    """Doubt, disagreement of the two steps, and familiarity."""
    differences = np.abs(both.label_scores - alone.label_scores).sum(axis=1) / 2
    return top_mean(doubts(both.keep_scores, both.threshold)), top_mean(differences), both.familiarity


def _suggestions(prediction: Prediction) -> Iterator[Suggestion]:
    found = doubts(prediction.keep_scores, prediction.threshold).tolist()
    for paragraph, doubt in zip(prediction.paragraphs, found, strict=True):
        scores = {label: round(float(score), 4) for label, score in paragraph.scores.items()}
        yield Suggestion(Choice(paragraph.label, paragraph.kind), scores, paragraph.keep, round(doubt, 4))
