"""What phrases of a user do: to the paragraphs that the model misses, to those around them, and to the speed.

python -m training.phrases ../shared/data/dev.jsonl.gz
"""

from __future__ import annotations

import random
from argparse import ArgumentParser
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np

import detector
from detector.backend.choice import backend
from detector.cleaner import Cleaner
from detector.evaluation.labelled import LabelledDocument, read_documents
from detector.evidence.known import NOTHING, Known, predict
from detector.evidence.phrase_file import Phrase
from detector.evidence.phrases import Phrases
from detector.inference.model import REPORTING, Model
from detector.policy import resolve_threshold
from detector.text.paragraphs import Batch, split
from detector.util.arrays import Floats
from detector.util.markdown import markdown_table
from training.inputs import size_in_megabytes
from training.result import collect, processor_seconds_of

STRENGTHS = (2, 4, 6, 8, 10, 15, 20)
NUMBER = 10_000  # of phrases
_OF_A_SITE = 10  # documents
_NEAR = 5  # paragraphs


@dataclass(frozen=True)
class _Case:
    """A document with paragraphs of a label that are decided wrongly: ``wrong``, of which the first has a phrase."""

    batch: Batch
    labels: tuple[str | None, ...]
    keep: Floats
    wrong: tuple[int, ...]
    kind: str | None

    @property
    def near(self) -> range:
        """The paragraphs around the one with the phrase."""
        return range(max(self.wrong[0] - _NEAR, 0), min(self.wrong[0] + _NEAR + 1, len(self.labels)))


def effect(documents: Sequence[LabelledDocument], cleaner: Cleaner, label: str, by_kind: bool) -> str:
    """A table: what a phrase does on the first paragraph of a label that is decided wrongly in a document.

    It speaks for the label, or for the kind of the paragraph.
    """
    model, threshold = cleaner.model, resolve_threshold(cleaner.threshold, cleaner.model)
    cases = [case for case in _cases(documents, model, threshold, label) if not by_kind or case.kind in model.kinds]
    of_label = np.array([model.labels[number] == label for number in model.kind_labels], dtype=np.float32)
    rows = []
    for strength in STRENGTHS:
        counts: Counter[str] = Counter()
        for case in cases:
            named = np.array([kind == case.kind for kind in model.kinds], dtype=np.float32) if by_kind else of_label
            _count(case, _keep(model, case.batch, case.wrong[0], named * strength), threshold, label, counts)
        rows.append([strength, *(_share(counts, name) for name in ("own", "near", "others"))])
    title = f"{len(cases):,} documents with a paragraph of {label} that is decided wrongly; the phrase names the "
    headings = ["strength", "with the phrase: now right", f"others of {label} near: now right", "rest near: now wrong"]
    return f"{title}{'kind' if by_kind else 'label'}.\n\n{markdown_table(headings, rows)}"


def _cases(documents: Sequence[LabelledDocument], model: Model, threshold: float, label: str) -> Iterator[_Case]:
    of_site: Counter[str] = Counter()
    for document in documents:
        labels = tuple(paragraph.label for paragraph in document.paragraphs)
        batch = split([document.text])
        if label not in labels or len(batch) != len(labels) or of_site[document.site] >= _OF_A_SITE:
            continue
        keep = _keep(model, batch)
        wrong = tuple(
            row for row in range(len(batch)) if labels[row] == label and _is_wrong(label, keep[row], threshold)
        )
        if wrong:
            of_site[document.site] += 1
            yield _Case(batch, labels, keep, wrong, document.paragraphs[wrong[0]].kind)


def _keep(model: Model, batch: Batch, row: int = 0, strengths: Floats | None = None) -> Floats:
    """The probability of reporting of each paragraph, with phrases in one of them."""
    known = NOTHING
    if strengths is not None:
        rows = np.zeros((len(batch), len(model.kinds)), dtype=np.float32)
        rows[row] = strengths
        known = Known(decisive=rows)
    keep: Floats = predict(backend(), model, batch, known, lambda _, scores: scores).labels[:, 0]
    return keep


def _is_wrong(label: str | None, keep: float, threshold: float) -> bool:
    return bool(keep >= threshold) != (label == REPORTING)


def _count(case: _Case, keep: Floats, threshold: float, label: str, counts: Counter[str]) -> None:
    for row in case.near:
        was, now = (_is_wrong(case.labels[row], each[row], threshold) for each in (case.keep, keep))
        if row == case.wrong[0]:
            counts.update({"own": 1, "own changed": not now})
        elif case.labels[row] == label and was:
            counts.update({"near": 1, "near changed": not now})
        elif case.labels[row] is not None and not was:
            counts.update({"others": 1, "others changed": now})


def _share(counts: Counter[str], name: str) -> str:
    return f"{counts[f'{name} changed'] / max(counts[name], 1):.1%} of {counts[name]:,}"


def speed(documents: Sequence[LabelledDocument], cleaner: Cleaner, runs: int) -> str:
    """The rate of ``clean_many`` with and without phrases, which are those of other documents."""
    half = len(documents) // 2
    phrases = _phrases([document.text for document in documents[:half]])
    texts = [document.text for document in documents[half:]]
    size = size_in_megabytes(texts)
    cleaners = {"no phrases": cleaner, f"{len(phrases.phrases):,} phrases": replace(cleaner, evidence=(phrases,))}
    seconds = collect({name: partial(_processor_seconds, each, texts) for name, each in cleaners.items()}, runs)
    rows = [[name, f"{size / min(taken):.1f}"] for name, taken in seconds.items()]
    setting = f"{size:.1f} MB of text, {runs} alternating runs, the best of each, in processor time."
    return f"{setting}\n\n{markdown_table(['clean_many', 'MB/s'], rows)}"


def _processor_seconds(cleaner: Cleaner, texts: Sequence[str]) -> float:
    return processor_seconds_of(lambda: sum(len(cleaned.text) for cleaned in cleaner.clean_many(texts)))


def _phrases(texts: Sequence[str]) -> Phrases:
    """Runs of three to six words of the texts' lines."""
    choose = random.Random(0)
    lines = [words for text in texts for line in text.split("\n") if len(words := line.split()) > 2]
    found: dict[str, Phrase] = {}
    while len(found) < NUMBER:
        words = choose.choice(lines)
        first = choose.randrange(len(words) - 2)
        text = " ".join(words[first : first + choose.randint(3, 6)]).replace("\\", "").strip("^$# ")
        if 8 < len(text) < 100:
            found.setdefault(text.casefold(), Phrase(text, "appeal", 1))
    return Phrases(tuple(found.values()))


def main() -> None:
    """Measure what the arguments say, and print tables."""
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path, help="labelled documents")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--speed", action="store_true", help="only the speed")
    arguments = parser.parse_args()
    documents, cleaner = list(read_documents([arguments.data])), detector.load()
    for label in () if arguments.speed else ("appeal", "navigation", REPORTING):
        for by_kind in (False, True):
            print(effect(documents, cleaner, label, by_kind), end="\n\n", flush=True)
    print(speed(documents[:1000], cleaner, arguments.runs))


if __name__ == "__main__":
    main()
