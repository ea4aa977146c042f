"""A teacher's probabilities for the student: calibrated, and of the documents that it is to read."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from labelled import document, paragraph
from scoring import scores_of

from detector.encoder.model import Encoder
from detector.evaluation.labelled import read_documents
from detector.fit.data import site_folds
from detector.fit.origins import AUGMENTED, CLEAN, LINES, PAGE, SEED
from detector.inference.calibration import calibrate
from detector.inference.model import Model
from training.teacher.held_out import HeldOut, best_share, held_out, read_again, scaled, scaling
from training.teacher.predict import read_by, soft
from training.train import SHIPPED


@pytest.fixture(scope="module")
def unseen(tiny_data: Path, tiny_model: Model) -> HeldOut:
    documents = list(read_documents([tiny_data]))
    kinds = np.concatenate([scores_of(tiny_model, [d.text]).kinds for d in documents])
    return held_out(documents, kinds, 0, tiny_model)


def test_soft_labels_are_calibrated_where_the_teacher_has_read(
    unseen: HeldOut, encoder: Encoder, tiny_model: Model
) -> None:
    again = np.arange(len(unseen.label)) % 3 > 0
    read = read_again(encoder, unseen).kinds
    found = soft(unseen.small.kinds, read, again, tiny_model.kind_labels, 0.6, 0.8)
    assert (found[~again] == unseen.small.kinds[~again]).all()
    np.testing.assert_allclose(found.sum(axis=1), 1, atol=1e-4)
    corrected = scaled(unseen.small.kinds, read, 0.6)
    expected = calibrate(corrected, tiny_model.kind_labels, scaling(0.8, len(tiny_model.labels)))[1]
    assert (found[again] == expected[again]).all()


@pytest.mark.parametrize("left_out", [(0,), (1, 3)])
def test_a_fit_reads_what_it_left_out_and_the_pages_of_the_rest(
    left_out: tuple[int, ...], encoder: Encoder, tiny_model: Model
) -> None:
    documents = [
        document(
            f"{origin} {site}", paragraph(f"The council of {site} voted."), paragraph("Support us!", "appeal"),
            site=f"site-{site}.example", origin=origin,
        )
        for site in range(4 * SHIPPED.folds)
        for origin in (PAGE, "trafilatura", AUGMENTED, SEED, CLEAN, LINES)
    ]  # fmt: skip
    scores = np.concatenate([scores_of(tiny_model, [d.text]).kinds for d in documents])
    found = read_by(encoder, left_out, documents, scores, tiny_model, 0.0)
    folds = site_folds(documents, SHIPPED.folds)
    expected = [
        d.origin == PAGE or (d.origin == "trafilatura" and folds[d.site] in left_out)
        for d in documents for _ in d.paragraphs
    ]  # fmt: skip
    assert found.any(axis=1).tolist() == expected
    first = held_out(documents, scores, left_out[0], tiny_model, lambda d: d.origin in (PAGE, "trafilatura"))
    read = read_again(encoder, first).kinds
    share, factor = best_share(first, read, tiny_model.kind_labels)
    everything = np.ones(len(read), dtype=np.bool_)
    one = soft(first.small.kinds, read, everything, tiny_model.kind_labels, share, factor)
    np.testing.assert_allclose(found[first.rows], one, atol=1e-6)
    certain = read_by(encoder, left_out, documents, scores, tiny_model, 1.0)
    assert (certain[expected] == scores[expected]).all()
