"""What documents are like in general: how the inputs of a model's networks vary and go together.

An adaptation sees one publisher. Where it may change a network without changing what happens elsewhere, it learns from
some hundred invented documents that come with the package; they need no labels.
"""

from __future__ import annotations

import gzip
import json
from importlib.resources import files
from pathlib import Path

import numpy as np

from detector.features.context import network_inputs
from detector.inference.calibration import softmax
from detector.inference.model import Model
from detector.inference.predict import first_stage
from detector.inference.quantization import standardize
from detector.text.paragraphs import Batch, split
from detector.util.arrays import Floats
from detector.util.batching import batches

_NAME = "general.jsonl.gz"
TEXTS_FILE = Path(__file__).with_name(_NAME)  # training/general_texts.py writes it
BATCH_CHARACTERS = 1 << 20  # of the documents whose inputs are computed together


def general_texts() -> list[str]:
    """The texts that come with the package."""
    content = gzip.decompress(files("detector.fit").joinpath(_NAME).read_bytes())
    return [json.loads(line)["text"] for line in content.splitlines()]


def general_moment(model: Model) -> Floats:
    """The `second_moment` of the inputs of a model's networks over the general texts."""
    return second_moment(
        np.concatenate(
            [standardized_inputs(model, split(group)) for group in batches(general_texts(), len, BATCH_CHARACTERS)]
        )
    )


def standardized_inputs(model: Model, batch: Batch) -> Floats:
    """The inputs of a model's networks, ``(paragraphs, inputs)``, as `DocumentNetwork.logits` takes them."""
    first = first_stage(model, batch)
    inputs = network_inputs(first.features, first.logits, softmax(first.logits), model.membership)
    standardize(inputs, model.networks.mean, model.networks.factor)
    return inputs


def second_moment(rows: Floats) -> Floats:
    """The mean product of each two inputs, and of each input and 1: ``(inputs + 1, inputs + 1)``.

    So ``changes.T @ second_moment(rows) @ changes`` is, for changes of the weights and the bias of a layer, the mean
    square by which its outputs change.
    """
    extended = np.hstack([rows, np.ones((len(rows), 1), dtype=np.float32)])
    moment: Floats = (extended.T @ extended / np.float32(len(rows))).astype(np.float32)
    return moment
