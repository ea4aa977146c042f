"""The compiled backend and NumPy agree on thousands of texts with the shipped model, together and one by one."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator, Sequence
from itertools import pairwise
from random import Random

import numpy as np
import pytest
from generated_texts import generated_text, seed_documents
from prediction_steps import assert_same_steps, bits, numpy_steps, scores_by_name
from tiny import ROOT

from detector.cleaner import Cleaner
from detector.inference.model import Model
from detector.text.paragraphs import Batch, split

pytest.importorskip("detector.backend.core", reason="the compiled kernels were not built")

from detector.backend import core
from detector.backend.compiled import CompiledBackend

pytestmark = pytest.mark.slow
BACKENDS = {level: CompiledBackend(level) for level in core.levels()}
GENERATED, PER_BATCH = 10_000, 250
DEV = ROOT.parent / "shared" / "data" / "dev.jsonl.gz"


def batches(texts: Sequence[str]) -> Iterator[list[str]]:
    for first in range(0, len(texts), PER_BATCH):
        yield list(texts[first : first + PER_BATCH])


def assert_same_alone(backend: CompiledBackend, model: Model, texts: Sequence[str], whole: Batch) -> None:
    """Each text has the scores that it has in the batch."""
    together = scores_by_name(backend.predict(model, whole))
    for number, (text, (first, last)) in enumerate(zip(texts, pairwise(whole.bounds.tolist()), strict=True)):
        batch = split([text], splitter=backend.split_lines)
        for name, alone in scores_by_name(backend.predict(model, batch)).items():
            rows = slice(number, number + 1) if name == "familiarity" else slice(first, last)
            assert np.array_equal(bits(alone), bits(together[name][rows])), (name, backend.name, text)


def assert_agreement(texts: Sequence[str], model: Model) -> None:
    for some in batches(texts):
        batch = split(some)
        expected = numpy_steps(model, batch)
        for backend in BACKENDS.values():
            assert_same_steps(backend, model, split(some, splitter=backend.split_lines), expected)


@pytest.fixture(scope="module")
def generated() -> list[str]:
    sources, chance = seed_documents(), Random(1)
    return [generated_text(sources, chance) for _ in range(GENERATED)]


@pytest.fixture(scope="module")
def dev_texts() -> list[str]:
    """The labelled documents beside the project."""
    if not DEV.is_file():
        pytest.skip("../shared/data/dev.jsonl.gz is not beside the project")
    with gzip.open(DEV, "rt", encoding="utf-8") as file:
        documents = [json.loads(line) for line in file]
    return ["\n".join(paragraph["text"] for paragraph in document["paragraphs"]) for document in documents]


def test_generated_texts(generated: list[str], shipped: Cleaner) -> None:
    assert_agreement(generated, shipped.model)


@pytest.mark.parametrize("level", BACKENDS)
def test_generated_texts_one_by_one(level: str, generated: list[str], shipped: Cleaner) -> None:
    for some in batches(generated[::3]):
        assert_same_alone(BACKENDS[level], shipped.model, some, split(some))


def test_labelled_documents(dev_texts: list[str], shipped: Cleaner) -> None:
    assert_agreement(dev_texts, shipped.model)


@pytest.mark.parametrize("level", BACKENDS)
def test_labelled_documents_one_by_one(level: str, dev_texts: list[str], shipped: Cleaner) -> None:
    for some in batches(dev_texts[::3]):
        assert_same_alone(BACKENDS[level], shipped.model, some, split(some))
