"""Soft labels: lines by digest, means over their paragraphs, a teacher for each fold that has not seen it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from labelled import document, paragraph
from tiny import ROOT

from detector.errors import DataError, UsageError
from detector.evaluation.labelled import LabelledDocument
from detector.fit.data import site_folds
from detector.inference.storage import load_model
from detector.util.arrays import Floats
from training.soft_labels import SoftLabels, line_digests, read_soft_labels, soft_labels
from training.train import SHIPPED

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
    elsewhere = document("elsewhere", paragraph("Support them!", "appeal"), site=SITES[1])
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
    found = read_soft_labels(tmp_path / "soft.npz")
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
        read_soft_labels(file)


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no soft labels"):
        read_soft_labels(tmp_path / "none.npz")


def test_documents_with_other_kinds(made: SoftLabels) -> None:
    others = [document("a", paragraph("Support us!", "appeal", "donation"), paragraph("The council voted."))]
    with pytest.raises(DataError, match="and the documents have"):
        made(others)


def test_documents_of_one_more_site(made: SoftLabels) -> None:
    """The folds are others then, and a teacher may have seen the fold of its student."""
    with pytest.raises(DataError, match="made for other sites"):
        made([*documents(), document("new", paragraph("The council voted."), site="new.example")])


@pytest.mark.parametrize("folds", [[(0,)], [(0, 1), (1, 2)], [(0, 1, 2, 3)]])
def test_a_fold_without_a_teacher_or_with_two(folds: list[tuple[int, ...]]) -> None:
    with pytest.raises(UsageError, match=r"give fits that left out each of \[0, 1, 2\] once"):
        soft_labels(documents(), dict.fromkeys(folds, ONE), FOLDS)


@pytest.mark.parametrize(
    "fields",
    [
        {"lines": np.array([], dtype=np.uint64)}, {"lines": np.array([3, 2, 1], dtype=np.uint64)},
        {"teacher_of_fold": (0, 1, 2)}, {"teacher_of_fold": (0, 1, -1)}, {"kinds": ("body",)},
    ],
)  # fmt: skip
def test_a_file_with_arrays_that_do_not_fit(fields: dict[str, Any], made: SoftLabels, tmp_path: Path) -> None:
    replace(made, **fields).write(tmp_path / "soft.npz")
    with pytest.raises(DataError, match=r"soft\.npz: no soft labels"):
        read_soft_labels(tmp_path / "soft.npz")


def test_an_array_in_place_of_a_file(tmp_path: Path) -> None:
    np.save(tmp_path / "soft.npy", np.zeros(3))
    with pytest.raises(DataError, match="no soft labels"):
        read_soft_labels(tmp_path / "soft.npy")


def test_the_file_of_the_project() -> None:
    found = read_soft_labels(ROOT / "training" / "soft_labels.npz")
    assert len(found.teacher_of_fold) == SHIPPED.folds
    assert set(found.kinds) == set(load_model().kinds)
    sums = found.probabilities.sum(axis=2, dtype=np.int64)
    assert ((sums == 0) | (np.abs(sums - 255) <= len(found.kinds))).all()
    assert sums.any(axis=0).all()
