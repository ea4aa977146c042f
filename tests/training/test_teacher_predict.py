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
from training.teacher.held_out import HeldOut, held_out, read_again, scaled, scaling
from training.teacher.predict import read_by, soft_labels_of
from training.train import SHIPPED


@pytest.fixture(scope="module")
def unseen(tiny_data: Path, tiny_model: Model) -> HeldOut:
    documents = list(read_documents([tiny_data]))
    kinds = np.concatenate([scores_of(tiny_model, [d.text]).kinds for d in documents])
    return held_out(documents, kinds, 0, tiny_model)


@pytest.mark.parametrize("effort", [0.0, 0.6, 1.0])
def test_soft_labels_are_calibrated_where_the_teacher_has_read(
    effort: float, unseen: HeldOut, encoder: Encoder, tiny_model: Model
) -> None:
    soft = soft_labels_of(encoder, unseen, effort, 0.6, 0.8)
    again = encoder.doubtful(unseen.small, effort)
    assert (soft[~again] == unseen.small.kinds[~again]).all()
    np.testing.assert_allclose(soft.sum(axis=1), 1, atol=1e-4)
    corrected = scaled(unseen.small.kinds, read_again(encoder, unseen, effort).kinds, 0.6)
    expected = calibrate(corrected, tiny_model.kind_labels, scaling(0.8, len(tiny_model.labels)))[1]
    assert (soft[again] == expected[again]).all()


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
    found = read_by(encoder, left_out, documents, scores, tiny_model, 1.0).any(axis=1)
    folds = site_folds(documents, SHIPPED.folds)
    expected = [
        d.origin == PAGE or (d.origin == "trafilatura" and folds[d.site] in left_out)
        for d in documents for _ in d.paragraphs
    ]  # fmt: skip
    assert found.tolist() == expected
