"""Runs with the accurate model: in several processes and threads, and when results are made again."""

from __future__ import annotations

import json
import pickle
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from detector.cleaner import Cleaner
from detector.corpus.all_files import Options, clean_all, predict_all
from detector.corpus.manifest import settings_of
from detector.corpus.one_file import Run
from detector.corpus.plan import plan
from detector.corpus.summary import Summary
from detector.encoder.model import Encoder
from detector.inference.model import Model

pytest.importorskip("onnx", reason="not in this environment; make test runs this")


@pytest.fixture(scope="module")
def run(tiny_model: Model, encoder: Encoder) -> Run:
    return Run(Cleaner(tiny_model, threshold=0.5, max_removed=1, encoder=encoder, effort=1.0))


@pytest.fixture
def corpus(seed_texts: list[str], tmp_path: Path) -> Path:
    """A folder ``in`` with texts, in a folder for what is made of them."""
    (tmp_path / "in").mkdir()
    for number, text in enumerate(seed_texts[:10]):
        (tmp_path / "in" / f"{number}.txt").write_bytes(text.encode())
    return tmp_path


def cleaned(folder: Path, run: Run, output: str = "out", jobs: int = 1) -> Summary:
    """The summary of cleaning ``in``."""
    return clean_all(plan([str(folder / "in")], folder / output), run, Options(jobs), lambda message: None)


def results(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.glob("*.txt")}


def test_workers_do_what_one_process_does(run: Run, corpus: Path) -> None:
    assert cleaned(corpus, run).failed == []
    assert cleaned(corpus, run, "more", jobs=2).failed == []
    small = replace(run, cleaner=replace(run.cleaner, encoder=None, effort=0.0))
    cleaned(corpus, small, "small")
    assert results(corpus / "more") == results(corpus / "out") != results(corpus / "small")


def test_threads_do_what_one_thread_does(run: Run, seed_texts: list[str], tmp_path: Path) -> None:
    run = replace(run, cleaner=replace(run.cleaner, effort=0.25))
    lines = "".join(json.dumps({"text": text}) + "\n" for text in seed_texts * 8)
    (tmp_path / "a.jsonl").write_text(lines, encoding="utf-8")
    for name, jobs in (("one", 1), ("two", 2)):
        tasks = plan([str(tmp_path / "a.jsonl")], tmp_path / f"{name}.jsonl", into_folder=False)
        assert clean_all(tasks, run, Options(jobs), lambda message: None).failed == []
    assert (tmp_path / "one.jsonl").read_bytes() == (tmp_path / "two.jsonl").read_bytes()


def test_decisions_of_workers_come_in_order(run: Run, corpus: Path) -> None:
    for name, jobs in (("one", 1), ("two", 2)):
        predict_all(plan([str(corpus / "in")], corpus / "unused"), run, Options(jobs), corpus / name, lambda _: None)
    assert (corpus / "one").read_bytes() == (corpus / "two").read_bytes()
    assert (corpus / "one").stat().st_size > 0


OTHERS: dict[str, dict[str, Any]] = {
    "the same": {}, "more effort": {"effort": 0.75}, "no encoder": {"encoder": None, "effort": 0.0},
}  # fmt: skip


@pytest.mark.parametrize("change", OTHERS.values(), ids=OTHERS)
def test_results_are_made_again_with_another_effort(change: dict[str, Any], run: Run, corpus: Path) -> None:
    first = replace(run, cleaner=replace(run.cleaner, effort=0.5))
    cleaned(corpus, first)
    other = replace(first, cleaner=replace(first.cleaner, **change))
    assert cleaned(corpus, other).up_to_date == (0 if change else 10)
    assert cleaned(corpus, other).up_to_date == 10


def test_results_are_made_again_with_another_encoder(run: Run, corpus: Path) -> None:
    from tiny_encoder import tiny_encoder

    cleaned(corpus, run)
    same, other = (tiny_encoder(run.cleaner.model, seed) for seed in (0, 1))
    assert cleaned(corpus, replace(run, cleaner=replace(run.cleaner, encoder=same))).up_to_date == 10
    assert cleaned(corpus, replace(run, cleaner=replace(run.cleaner, encoder=other))).up_to_date == 0


def test_the_summary_names_the_encoder_and_the_effort(run: Run, corpus: Path) -> None:
    cleaned(corpus, run)
    settings = json.loads((corpus / "out" / "_summary.json").read_bytes())["settings"]
    assert run.cleaner.encoder is not None
    assert (settings["encoder"], settings["effort"]) == (run.cleaner.encoder.digest, 1.0)
    small = replace(run, cleaner=replace(run.cleaner, encoder=None, effort=0.0))
    assert {"encoder", "effort"} & set(settings_of(small, None)) == set()


def test_a_digest_tells_what_decides(encoder: Encoder) -> None:
    copied = pickle.loads(pickle.dumps(encoder))
    assert copied.digest == encoder.digest
    others = (
        replace(encoder, calibration=encoder.calibration + 1), replace(encoder, doubts=encoder.doubts[:2]),
        replace(encoder, embedding=replace(encoder.embedding, scale=encoder.embedding.scale * 2)),
        replace(encoder, tokenizer=replace(encoder.tokenizer, content=encoder.tokenizer.content + " ")),
        replace(encoder, engine=replace(encoder.engine, content=encoder.engine.content + b" ")),
    )  # fmt: skip
    assert len({encoder.digest, *(other.digest for other in others)}) == 6
