"""Files of labelled documents to a model in a folder, with its figures and its card."""

from __future__ import annotations

import platform
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import detector
from detector.cleaner import Cleaner
from detector.errors import DataError
from detector.evaluation.evaluate import evaluate, figures_by_origin, gold_texts, scored_document
from detector.evaluation.labelled import LabelledDocument, read_documents
from detector.evaluation.languages import figures_by_language
from detector.features.word_vectors import WordVectors
from detector.fit.card import card
from detector.fit.config import FitConfig
from detector.fit.fit import Fitted, Teachers, fit
from detector.fit.origins import LINES, SEED, as_listed
from detector.inference.files import check_folder
from detector.inference.model import Model
from detector.inference.storage import ARRAYS_FILE, METADATA_FILE, load_model, save, write_metadata
from detector.util.atomic import replacing
from detector.util.counted import counted

CARD_FILE = "README.md"


@dataclass(frozen=True)
class Trained:
    """The result of a training: the metadata as written, and the fit."""

    metadata: dict[str, Any]
    fitted: Fitted


def train(
    data: Sequence[Path],
    output: Path,
    config: FitConfig | None = None,
    dev: Sequence[Path] = (),
    progress: Callable[[str], None] = lambda _: None,
    vectors: WordVectors | None = None,
    read: Callable[[Sequence[Path]], Iterable[LabelledDocument]] = read_documents,
    teachers: Teachers = lambda _: (),
) -> Trained:
    """Train a model on labelled documents and write it to the folder ``output``, with its metadata and its card.

    ``read`` reads the documents of files, by default of our JSON Lines; `detector.labelled.read` reads any format.
    Without ``vectors``, the model gets the word vectors of the shipped model. ``teachers`` are those of
    `detector.fit.fit.fit`. The metadata has the figures of cross-validation; with ``dev``, also the figures of the
    model itself on those files.

    Raises `DataError` for data that cannot be used, or if a site of ``dev`` is in the training data; `UsageError` for a
    path that does not exist, and if ``output`` has a file of a model's name and is no model; `ModelError` if the model
    cannot be written or the shipped model cannot be read. What is known at the start is raised before the fit.
    """
    check_output(output)
    documents, dev_documents = list(read(data)), list(read(dev)) if dev else []
    _check_sites(documents, dev_documents)
    fitted = fit(documents, config, progress, vectors or load_model().vectors, teachers)
    metadata = {
        **fitted.model.metadata,
        "versions": {
            "detector": detector.__version__,
            "python": platform.python_version(),
            **{name: version(name) for name in ("numpy", "scikit-learn", "joblib")},
        },
        **_held_out_figures(fitted),
    }
    save_with_card(fitted.model, output, metadata)
    if dev:
        progress("evaluating the model on the dev documents")
        metadata = update_dev_figures(output, dev_documents)
    return Trained(metadata, fitted)


def check_output(folder: Path) -> None:
    """Check that a model and its card can be written to a folder. Nothing stays there from trying.

    Raises `ModelError` if the folder cannot be made or written, and `UsageError` if it is a file, or if the model would
    replace files that are not a model's.
    """
    check_folder(folder, (ARRAYS_FILE, METADATA_FILE, CARD_FILE))


def save_with_card(model: Model, folder: Path, metadata: Mapping[str, Any]) -> None:
    """Write a model, its metadata and its card. No file is replaced unless all could be written to the disk.

    Raises `ModelError` if the folder cannot be written, or if the model could not be loaded again; `OutputError` if the
    disk is full.
    """
    save(model, folder, metadata, {CARD_FILE: _card(replace(model, metadata=metadata))})


def _check_sites(documents: Sequence[LabelledDocument], dev: Sequence[LabelledDocument]) -> None:
    shared = sorted({d.site for d in documents} & {d.site for d in dev})
    named = sorted(_named_sites(documents) & _named_sites(dev))
    if named:
        raise DataError(
            f"{counted(len(named), 'site')} {'is' if len(named) == 1 else 'are'} in the training data and in the dev "
            f"documents, for example {named[0]!r}: figures on sites that a model was trained on are too good; move "
            "each site to one side"
        )
    if shared:
        raise DataError(
            f"{counted(len(shared), 'id')} {'is' if len(shared) == 1 else 'are'} in the training data and in the dev "
            f"documents, for example {shared[0]!r}, and the id of a document without a site counts as its site: give "
            'the documents a "site", and move each site to one side'
        )


def _named_sites(documents: Sequence[LabelledDocument]) -> set[str]:
    """The sites that are not merely the id of their only documents."""
    return {d.site for d in documents if d.site != d.id}


def update_dev_figures(folder: Path, dev: Sequence[LabelledDocument]) -> dict[str, Any]:
    """Evaluate the model in a folder on documents of sites that it was not trained on.

    Writes its metadata and its card again. Returns the new metadata. Raises `ModelError` if the model cannot be read or
    written.
    """
    model = load_model(folder)
    evaluation = evaluate(Cleaner(model), as_listed(dev))
    metadata = dict(model.metadata)
    metadata["figures"] = {**metadata.get("figures", {}), "dev": evaluation.figures}
    metadata["confusion"] = asdict(evaluation.confusion) if evaluation.confusion else None
    write_metadata(folder, metadata, {CARD_FILE: _card(replace(model, metadata=metadata))})
    return metadata


def write_card(folder: Path) -> None:
    """Write the card of the model in a folder to `CARD_FILE` in that folder."""
    with replacing(folder / CARD_FILE) as file:
        file.write(_card(load_model(folder)))


def _card(model: Model) -> bytes:
    return card(model).encode("utf-8", "backslashreplace")


def _held_out_figures(fitted: Fitted) -> dict[str, Any]:
    """The figures of cross-validation, by origin and by language; rare ones are together (`as_listed`)."""
    labels, balanced = fitted.model.labels, fitted.model.thresholds["balanced"]
    scored, first = [], 0
    for document in as_listed(fitted.documents):
        scores = fitted.held_out[first : first + len(document.paragraphs)]
        first += len(scores)
        if document.origin != LINES:
            scored.append(scored_document(document, labels, scores, scores[:, 0] >= balanced))
    invented = [item for item in scored if item.document.origin == SEED]
    real = [item for item in scored if item.document.origin != SEED]
    return {
        "figures": {"held-out": figures_by_origin(scored, gold_texts(fitted.documents))},
        "languages": {"real": figures_by_language(real), "invented": figures_by_language(invented)},
    }
