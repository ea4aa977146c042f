"""A teacher's probabilities for the student: calibrated where it has read, and shared by lines that are the same."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from labelled import document, paragraph
from scoring import scores_of

from detector.encoder.model import Encoder
from detector.errors import DataError
from detector.evaluation.labelled import LabelledDocument, read_documents
from detector.fit.data import site_folds
from detector.fit.origins import AUGMENTED, PAGE
from detector.inference.calibration import calibrate
from detector.inference.model import Model
from detector.util.arrays import Floats
from training.teacher import predict
from training.teacher.held_out import HeldOut, held_out, read_again, scaled, scaling
from training.teacher.predict import shared_by_lines, soft_labels, teachers_of
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
    soft = soft_labels(encoder, unseen, effort, 0.6, 0.8)
    again = encoder.doubtful(unseen.small, effort)
    assert (soft[~again] == unseen.small.kinds[~again]).all()
    np.testing.assert_allclose(soft.sum(axis=1), 1, atol=1e-4)
    corrected = scaled(unseen.small.kinds, read_again(encoder, unseen, effort).kinds, 0.6)
    expected = calibrate(corrected, tiny_model.kind_labels, scaling(0.8, len(tiny_model.labels)))[1]
    assert (soft[again] == expected[again]).all()


def test_lines_share_what_the_teacher_says_of_them() -> None:
    documents = [
        document("page", paragraph("Read more"), paragraph("The council voted."), site="a.example"),
        document("extracted", paragraph("The council voted."), site="a.example"),
        document("augmented", paragraph("The council voted."), paragraph("Support us!"), site="a.example"),
        document("another", paragraph("The council voted."), site="b.example"),
    ]
    kinds = np.array([[0.2, 0.8], [0.6, 0.4], [1, 0], [0, 0], [0, 0], [0.5, 0.5]], dtype=np.float32)
    expected = [[0.2, 0.8], [0.7, 0.3], [0.9, 0.1], [0.8, 0.2], [0, 0], [0.5, 0.5]]
    np.testing.assert_allclose(shared_by_lines(documents, kinds), expected, atol=1e-3)


FOLDS = SHIPPED.folds


def pages_of_many_sites(model: Model) -> tuple[list[LabelledDocument], Floats]:
    """Documents of sites in all folds, a page and an extracted text of each, and the small model's probabilities."""
    documents = [
        document(
            f"{origin} {site}", paragraph(f"The council of {site} voted."), paragraph("Support us!", "appeal"),
            site=f"site-{site}.example", origin=origin,
        )
        for site in range(3 * FOLDS)
        for origin in (PAGE, "trafilatura", AUGMENTED)
    ]  # fmt: skip
    return documents, np.concatenate([scores_of(model, [d.text]).kinds for d in documents])


def test_the_student_of_a_fold_has_a_teacher_that_has_not_seen_it(
    encoder: Encoder, tiny_model: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    documents, scores = pages_of_many_sites(tiny_model)
    folds = site_folds(documents, FOLDS)
    other = replace(encoder, calibration=scaling(2.0, 3))
    marks = {id(encoder): 1.0, id(other): 2.0}

    def marked(teacher: Encoder, data: HeldOut, effort: float, share: float, factor: float) -> Floats:
        assert 0.3 <= share <= 1
        return np.full_like(data.small.kinds, marks[id(teacher)])

    monkeypatch.setattr(predict, "soft_labels", marked)
    fits = [(encoder, (0, 2)), (other, range(1, FOLDS, 2)), (other, [4])]
    found = teachers_of(fits, documents, scores, tiny_model, 1.0)
    assert found.shape == (FOLDS + 1, *scores.shape)
    fold = np.repeat([folds[d.site] for d in documents], [len(d.paragraphs) for d in documents])
    for number in range(FOLDS):
        assert (found[number] == (1 if number in (0, 2) else 2)).all()  # also what shares its lines with a page
    assert (found[-1][:, 0] == np.where(np.isin(fold, (0, 2)), 1, 2)).all()


def test_a_fold_without_a_teacher(encoder: Encoder, tiny_model: Model) -> None:
    documents, scores = pages_of_many_sites(tiny_model)
    with pytest.raises(DataError, match=r"no fit left out the folds \[1, 4\]"):
        teachers_of([(encoder, [0, 2, 3])], documents, scores, tiny_model, 0.2)
