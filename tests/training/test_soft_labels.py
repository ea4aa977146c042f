"""Soft labels: lines by digest, means over their paragraphs, a teacher for each fold that has not seen it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from labelled import document, paragraph

from detector.errors import DataError
from detector.evaluation.labelled import LabelledDocument
from detector.fit.data import site_folds
from detector.util.arrays import Floats
from training.soft_labels import SoftLabels, line_digests, read, soft_labels

FOLDS = 3
SITES = tuple(f"site-{number}.example" for number in range(2 * FOLDS))


def documents() -> list[LabelledDocument]:
    """A page and a shorter text of each site."""
    return [
        document(f"{site} {name}", *lines, site=site, origin=name)
        for site in SITES
        for name, lines in {
            "page": (paragraph("Read more", "navigation"), paragraph("The council voted.")),
            "justext": (paragraph("The council voted."), paragraph("Support us!", "appeal")),
        }.items()
    ]


def says(kinds: list[list[float]]) -> Floats:
    return np.array(kinds * len(SITES), dtype=np.float32)


ONE = says([[0.2, 0.0, 0.8], [0.6, 0.4, 0.0], [1.0, 0.0, 0.0], [0, 0, 0]])  # has not read the last line
TWO = says([[0, 0, 0], [0.0, 1.0, 0.0], [0, 0, 0], [0.0, 1.0, 0.0]])
OF_ONE = [[0.2, 0.0, 0.8], [0.8, 0.2, 0.0], [0.8, 0.2, 0.0], [0, 0, 0]]
OF_TWO = [[0, 0, 0], [0, 1, 0], [0, 1, 0], [0, 1, 0]]


@pytest.fixture
def made() -> SoftLabels:
    return soft_labels(documents(), {(0, 2): ONE, (1,): TWO}, FOLDS)


def test_the_student_of_a_fold_has_the_teacher_that_left_it_out(made: SoftLabels) -> None:
    found = made(documents())
    for rows, expected in zip(found[:FOLDS], (OF_ONE, OF_TWO, OF_ONE), strict=True):
        np.testing.assert_allclose(rows, expected * len(SITES), atol=0.003)


def test_the_last_student_has_for_each_site_a_teacher_that_left_it_out(made: SoftLabels) -> None:
    folds = site_folds(documents(), FOLDS)
    expected = np.concatenate([OF_TWO if folds[site] == 1 else OF_ONE for site in SITES])
    np.testing.assert_allclose(made(documents())[-1], expected, atol=0.003)


def test_other_documents_of_a_site_have_the_same_lines(made: SoftLabels) -> None:
    augmented = document("augmented", paragraph("The council voted."), paragraph("New.", "appeal"), site=SITES[0])
    elsewhere = document("elsewhere", paragraph("The council voted."), site="other.example")
    one, two, three = made([*documents(), augmented, elsewhere])[0][-3:]
    np.testing.assert_allclose(one, OF_ONE[1], atol=0.003)
    assert not two.any()
    assert not three.any()


def test_probabilities_sum_to_one(made: SoftLabels) -> None:
    for rows in made(documents()):
        read_rows = rows.any(axis=1)
        np.testing.assert_allclose(rows[read_rows].sum(axis=1), 1, atol=1e-6)


def test_a_file_returns_what_was_written(made: SoftLabels, tmp_path: Path) -> None:
    made.write(tmp_path / "soft.npz")
    found = read(tmp_path / "soft.npz")
    for one, other in zip(found(documents()), made(documents()), strict=True):
        assert (one == other).all()


def test_lines_have_the_same_digests_on_every_machine() -> None:
    found = line_digests([document("a", paragraph("Read more"), site="a.example"), document("b", paragraph("\ud800"))])
    assert found.tolist() == [4273234314995286334, 6424596372394234094]


@pytest.mark.parametrize("content", [b"", b"PK\x05\x06" + bytes(18), b"nothing"])
def test_a_file_without_soft_labels(content: bytes, tmp_path: Path) -> None:
    file = tmp_path / "soft.npz"
    file.write_bytes(content)
    with pytest.raises(DataError, match=r"soft\.npz: no soft labels"):
        read(file)


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no soft labels"):
        read(tmp_path / "none.npz")


def test_documents_with_other_kinds(made: SoftLabels) -> None:
    others = [document("a", paragraph("Support us!", "appeal", "donation"), paragraph("The council voted."))]
    with pytest.raises(DataError, match="and the documents have"):
        made(others)


def test_a_fold_without_a_teacher() -> None:
    with pytest.raises(DataError, match=r"no teacher left out the folds \[1, 2\]"):
        soft_labels(documents(), {(0,): ONE}, FOLDS)
