"""Fine-tune an encoder: ``python -m training.teacher DATA... --held-out FILE --encoder FILE -o FOLDER``.

``DATA`` are those of `training.train`, which has written ``--held-out``. In ``FOLDER`` come ``tokenizer.json`` and
``state.pt``, which is saved every few minutes: a fit that was stopped goes on when it is started again. The sites of
one fold, or of several, are left out; `training.teacher.ship` chooses calibration and thresholds on them.
"""

from __future__ import annotations

import shutil
import time
from pathlib import Path
from typing import Annotated

import numpy as np
import torch
import typer

from detector.encoder.tokens import DESCRIBED, ParagraphTokenizer
from detector.encoder.windows import LENGTH
from detector.evaluation.labelled import LabelledDocument
from training.multilingual import listed_words
from training.teacher.examples import (
    STATE,
    TOKENIZER,
    WORDS,
    Examples,
    examples,
    out_of_fold_scores,
    training_documents,
)
from training.teacher.fit import Fit, TeacherConfig, begin_with
from training.teacher.network import Reader, Sizes
from training.teacher.pretrained import Pretrained, read
from training.teacher.vocabulary import reduced
from training.train import SHIPPED

_SAVE_EVERY = 300  # seconds


def load_examples(documents: list[LabelledDocument], held_out: Path, folder: Path) -> Examples:
    """The documents as arrays, with the tokenizer in the folder of a fit."""
    scores = out_of_fold_scores(held_out)
    return examples(documents, scores, ParagraphTokenizer((folder / TOKENIZER).read_text(encoding="utf-8")), SHIPPED)


def make_tokenizer(
    documents: list[LabelledDocument], pretrained: Pretrained, output: Path, start: Path | None, words: int
) -> None:
    """Write the tokenizer of a fit and its words, unless they are there: those of ``start``, or the commonest."""
    if start:
        for name in (TOKENIZER, WORDS):
            shutil.copyfile(start / name, output / name)
    elif not (output / WORDS).exists():
        texts = dict.fromkeys(p.text for d in documents for p in d.paragraphs)
        tokenizer, kept = reduced(pretrained.tokenizer, texts, listed_words(), words)
        tokenizer.save(str(output / TOKENIZER))
        np.save(output / WORDS, kept)


def network(data: Examples, folder: Path, config: TeacherConfig) -> Reader:
    """A network of the right size, untrained."""
    words = len(np.load(folder / WORDS))
    return Reader(Sizes(words, config.layers, LENGTH, len(data.kinds), DESCRIBED), config.dropout)


def main(
    data: Annotated[list[Path], typer.Argument(help="Labelled documents, or folders of them.")],
    held_out: Annotated[Path, typer.Option(help="The file that training.train --held-out has written.")],
    encoder: Annotated[Path, typer.Option(help="A pretrained encoder; see training/teacher/pretrained.py.")],
    output: Annotated[Path, typer.Option("-o", "--output", help="The folder of the fit.")],
    start: Annotated[Path | None, typer.Option(help="A fit whose weights to begin with, and its tokenizer.")] = None,
    fold: Annotated[
        list[int] | None, typer.Option(help="A fold of sites to leave out; several times for several (default: 0).")
    ] = None,
    seed: Annotated[int, typer.Option(help="Of the order of the documents.")] = 0,
    layers: Annotated[int, typer.Option(help="Layers of the pretrained encoder that are kept.")] = 6,
    words: Annotated[int, typer.Option(help="Tokens of the vocabulary that are kept, without --start.")] = 40_000,
    frozen: Annotated[int, typer.Option(help="First layers to keep as they are, with the embeddings.")] = 0,
    batch_tokens: Annotated[int, typer.Option(help="Tokens of a batch.")] = TeacherConfig.batch_tokens,
    tokens: Annotated[int, typer.Option(help="Tokens to read.")] = TeacherConfig.tokens,
    learning_rate: Annotated[float, typer.Option(min=0, help="Of the encoder.")] = TeacherConfig.learning_rate,
    word_dropout: Annotated[
        float, typer.Option(help="Share of the tokens that are read as unknown, from 0 to 1.")
    ] = TeacherConfig.word_dropout,
    certain: Annotated[
        float, typer.Option(help="Share of the windows without a paragraph in doubt that are read, from 0 to 1.")
    ] = TeacherConfig.certain,
    minutes: Annotated[float, typer.Option(help="Stop after so many minutes.")] = float("inf"),
) -> None:
    """Fine-tune an encoder, or go on with a fit."""
    until = time.monotonic() + 60 * minutes
    config = TeacherConfig(
        layers=layers,
        frozen=frozen,
        batch_tokens=batch_tokens,
        tokens=tokens,
        learning_rate=learning_rate,
        word_dropout=word_dropout,
        certain=certain,
        seed=seed,
        left_out=tuple(fold) if fold else TeacherConfig.left_out,
    )
    documents = training_documents(data)
    output.mkdir(parents=True, exist_ok=True)
    pretrained = read(encoder)
    make_tokenizer(documents, pretrained, output, start, words)
    training = load_examples(documents, held_out, output)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    torch.manual_seed(seed)
    model = network(training, output, config)
    model.encoder.load(pretrained, np.load(output / WORDS).tolist())
    before = begin_with(model, start / STATE) if start else 0
    fit = Fit(model, training, config, device, before)
    if (output / STATE).exists():
        fit.resume(output / STATE)
    saved = time.monotonic()

    def save() -> None:
        nonlocal saved
        if time.monotonic() - saved > _SAVE_EVERY:
            fit.save(output / STATE)
            saved = time.monotonic()

    chosen = np.flatnonzero(~np.isin(training.fold, config.left_out) & (np.diff(training.bounds) > 0))
    complete = fit.run(chosen, until, lambda line: print(line, flush=True), save)
    fit.save(output / STATE)
    print("complete" if complete else "stopped; start it again to go on", flush=True)


if __name__ == "__main__":
    typer.run(main)
