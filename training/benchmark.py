"""Measure the shipped model against its rivals, all in one run: ``python -m training.benchmark speed DATA``.

The rivals come with the extra ``benchmark``. Every figure is a median over alternating runs of one thread; what counts
are the ratios, for the machines differ and are noisy.
"""

from __future__ import annotations

import json
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import typer

from detector.cleaner import load
from detector.labelled import LabelledDocument, read_documents

_DIMENSIONS = 16
_RIVAL_LINES = 200_000  # that the rivals learn from; their speed does not depend on it

app = typer.Typer(add_completion=False)


@app.callback()
def main() -> None:
    """Measure the shipped model against its rivals."""


@dataclass(frozen=True, slots=True)
class Rate:
    """Megabytes a second of each run, and their median."""

    name: str
    runs: list[float]
    median: float


def rates(work: dict[str, Callable[[], object]], megabytes: float, runs: int) -> list[Rate]:
    """Time pieces of work in turn, ``runs`` times, after one run that is not counted."""
    seconds: dict[str, list[float]] = {name: [] for name in work}
    for run in range(runs + 1):
        for name, piece in work.items():
            start = time.perf_counter()
            piece()
            if run:
                seconds[name].append(time.perf_counter() - start)
    return [
        Rate(name, [megabytes / s for s in taken], megabytes / statistics.median(taken))
        for name, taken in seconds.items()
    ]


def repeated(texts: Sequence[str], megabytes: float) -> list[str]:
    """The texts again and again, to at least so many megabytes of UTF-8."""
    size = sum(len(text.encode("utf-8", "surrogatepass")) for text in texts) / 1e6
    return list(texts) * max(1, -int(-megabytes // size))


def fasttext_predict(documents: Sequence[LabelledDocument], lines: list[str]) -> Callable[[], object]:
    """FastText's ``predict`` over lines, by a model of words and pairs trained on the documents' labels."""
    import fasttext

    labelled = [(p.label, p.text) for d in documents for p in d.paragraphs if p.label][:_RIVAL_LINES]
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "train.txt"
        file.write_text("\n".join(f"__label__{label} {text}" for label, text in labelled), encoding="utf-8")
        model = fasttext.train_supervised(str(file), dim=_DIMENSIONS, wordNgrams=2, epoch=2, thread=1, verbose=0)
    return lambda: model.predict(lines)


def sklearn_predict(documents: Sequence[LabelledDocument], lines: list[str]) -> Callable[[], object]:
    """scikit-learn's HashingVectorizer of words and pairs, and a linear model."""
    from sklearn.feature_extraction.text import HashingVectorizer
    from sklearn.linear_model import SGDClassifier
    from sklearn.pipeline import make_pipeline

    labelled = [(p.label, p.text) for d in documents for p in d.paragraphs if p.label][:_RIVAL_LINES]
    pipeline = make_pipeline(HashingVectorizer(ngram_range=(1, 2), n_features=1 << 18), SGDClassifier(loss="log_loss"))
    pipeline.fit([text for _, text in labelled], [label for label, _ in labelled])
    return lambda: pipeline.predict(lines)


@app.command()
def speed(
    data: Annotated[Path, typer.Argument(help="Labelled documents, whose texts are judged.")],
    megabytes: Annotated[float, typer.Option(help="Text to judge, at least.")] = 200,
    runs: Annotated[int, typer.Option(help="Runs of each.")] = 5,
    output: Annotated[Path | None, typer.Option("-o", help="Write the figures here as JSON.")] = None,
) -> None:
    """Megabytes a second of ``predict_many`` and of its rivals on the same lines."""
    documents = list(read_documents([data]))
    texts = repeated([d.text for d in documents], megabytes)
    lines = [line for text in texts for line in text.split("\n")]
    size = sum(len(text.encode("utf-8", "surrogatepass")) for text in texts) / 1e6
    cleaner = load()
    measured = rates(
        {
            "predict_many": lambda: sum(len(p) for p in cleaner.predict_many(texts)),
            "clean_many": lambda: sum(len(c.text) for c in cleaner.clean_many(texts)),
            "fastText": fasttext_predict(documents, lines),
            "HashingVectorizer": sklearn_predict(documents, lines),
        },
        size,
        runs,
    )
    ours = measured[0].median
    print(f"{size:.0f} MB, {len(texts):,} documents, {len(lines):,} lines, {runs} runs\n")
    print("| | MB/s | predict_many is |\n|---|---|---|")
    for rate in measured:
        print(f"| {rate.name} | {rate.median:.1f} | {ours / rate.median:.2f} × |")
    if output:
        output.write_text(json.dumps([asdict(rate) for rate in measured], indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    app()
