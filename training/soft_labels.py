"""Soft labels: a file of digests of lines, with the probabilities that teachers give the kinds.

The file holds no text: a line is named by a digest of its site and its text. What a teacher says of a line is the mean
over all texts of the site that have it, so it also holds in augmented documents.

Held-out figures of a student are too good if its teacher has seen the labels that it is held out from. So each fold of
the sites has a teacher that left it out, and the student of the fold learns from that one alone. (The small model's
out-of-fold scores, which the teacher reads, too, are not as clean: those of the other folds have seen this one.) The
student that ships learns from what each teacher says of the sites that it left out. `training.teacher.predict` writes
the file.
"""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from detector.errors import DataError, UsageError
from detector.evaluation.labelled import LabelledDocument
from detector.fit.data import label_names, site_folds
from detector.util.arrays import Floats
from detector.util.atomic import replacing

_BYTES = 8  # of a digest that are kept
_MOST = 255  # a probability of 1


@dataclass(frozen=True, eq=False)
class SoftLabels:
    """The soft labels of lines.

    ``lines`` are the digests, ascending, uint64. ``probabilities``, ``(teachers, lines, kinds)``, are in steps of
    1 / 255; those of a line that a teacher has not read are zeros. ``teacher_of_fold`` is the number of each fold's
    teacher, ``(folds,)``, and ``sites`` a digest of the sites and their folds.
    """

    kinds: tuple[str, ...]
    lines: NDArray[np.uint64]
    probabilities: NDArray[np.uint8]
    teacher_of_fold: tuple[int, ...]
    sites: str

    def __call__(self, documents: Sequence[LabelledDocument]) -> list[Floats]:
        """What `detector.fit.fit.fit` takes as teachers: one array for each fold and one for all sites.

        Each has the shape ``(paragraphs, kinds)``, with zeros where the line is unknown. Raises `DataError` for
        documents with other kinds or sites.
        """
        if (kinds := label_names(documents)[1]) != self.kinds:
            raise DataError(f"the soft labels are those of the kinds {self.kinds}, and the documents have {kinds}")
        folds = site_folds(documents, len(self.teacher_of_fold))
        if site_digest(folds) != self.sites:
            raise DataError(
                "the soft labels were made for other sites, so that a teacher may have seen what its student is held "
                "out from: make them again (training.teacher.predict)"
            )
        digests = line_digests(documents)
        place = np.minimum(np.searchsorted(self.lines, digests), len(self.lines) - 1)
        known = self.lines[place] == digests
        of_teachers = [self._rows(probabilities, place, known) for probabilities in self.probabilities]
        fold = np.repeat([folds[d.site] for d in documents], [len(d.paragraphs) for d in documents])
        last = np.zeros_like(of_teachers[0])
        for number, teacher in enumerate(self.teacher_of_fold):
            last[fold == number] = of_teachers[teacher][fold == number]
        return [*(of_teachers[teacher] for teacher in self.teacher_of_fold), last]

    @staticmethod
    def _rows(probabilities: NDArray[np.uint8], place: NDArray[np.int64], known: NDArray[np.bool_]) -> Floats:
        rows = np.where(known[:, None], probabilities[place], 0).astype(np.float32)
        rows /= np.maximum(rows.sum(axis=1, keepdims=True), 1)
        return rows

    def write(self, file: Path) -> None:
        """Write what `read_soft_labels` reads."""
        with replacing(file) as out:
            np.savez_compressed(
                out, kinds=self.kinds, lines=self.lines, probabilities=self.probabilities,
                teacher_of_fold=self.teacher_of_fold, sites=self.sites,
            )  # fmt: skip


def read_soft_labels(file: Path) -> SoftLabels:
    """Read soft labels. Raises `DataError` for a file that has none."""
    try:
        with open(file, "rb") as content, np.load(content) as saved:
            found = SoftLabels(
                tuple(saved["kinds"].tolist()), saved["lines"], saved["probabilities"],
                tuple(saved["teacher_of_fold"].tolist()), str(saved["sites"]),
            )  # fmt: skip
            _check(found)
    except (OSError, EOFError, ValueError, TypeError, KeyError, zipfile.BadZipFile) as error:
        raise DataError(f"{file}: no soft labels ({error}); training.teacher.predict writes such a file") from error
    return found


def _check(found: SoftLabels) -> None:
    teachers = max(found.teacher_of_fold) + 1
    if found.probabilities.shape != (teachers, len(found.lines), len(found.kinds)) or not len(found.lines):
        raise ValueError(f"{teachers} teachers, {len(found.lines)} lines, an array of {found.probabilities.shape}")
    if (found.lines[1:] <= found.lines[:-1]).any() or min(found.teacher_of_fold) < 0:
        raise ValueError("lines that are not in order, or a teacher below 0")


def site_digest(folds: Mapping[str, int]) -> str:
    """A digest of the fold of each site."""
    return hashlib.sha256(repr(sorted(folds.items())).encode("utf-8", "surrogatepass")).hexdigest()


def line_digests(documents: Sequence[LabelledDocument]) -> NDArray[np.uint64]:
    """The digest of each paragraph's site and text, ``(paragraphs,)``."""
    known: dict[tuple[str, str], int] = {}
    return np.array([_digest(known, d.site, p.text) for d in documents for p in d.paragraphs], dtype=np.uint64)


def _digest(known: dict[tuple[str, str], int], site: str, text: str) -> int:
    if (site, text) not in known:
        content = hashlib.sha256(f"{site}\n{text}".encode("utf-8", "surrogatepass")).digest()
        known[site, text] = int.from_bytes(content[:_BYTES], "big")
    return known[site, text]


def check_folds(left_out: Sequence[Collection[int]], folds: int) -> None:
    """Raise `UsageError` unless each fold was left out by exactly one teacher."""
    found = sorted(fold for each in left_out for fold in each)
    if found != list(range(folds)):
        raise UsageError(
            f"the fits left out the folds {found}: give fits that left out each of {list(range(folds))} once (--fit)"
        )


def soft_labels(
    documents: Sequence[LabelledDocument], teachers: Mapping[tuple[int, ...], Floats], folds: int
) -> SoftLabels:
    """The soft labels that teachers give; ``teachers`` are those of the folds that each left out.

    Each is given as probabilities of the kinds, ``(paragraphs, kinds)``, with zeros where it has not read. Raises
    `UsageError` as `check_folds` does.
    """
    check_folds(list(teachers), folds)
    of_fold = {fold: number for number, left_out in enumerate(teachers) for fold in left_out}
    read_by_any = np.any([kinds.any(axis=1) for kinds in teachers.values()], axis=0)
    lines, line = np.unique(line_digests(documents)[read_by_any], return_inverse=True)
    probabilities = np.stack([_means(kinds[read_by_any], line, len(lines)) for kinds in teachers.values()])
    return SoftLabels(
        label_names(documents)[1], lines, probabilities, tuple(of_fold[fold] for fold in range(folds)),
        site_digest(site_folds(documents, folds)),
    )  # fmt: skip


def _means(kinds: Floats, line: NDArray[np.int64], lines: int) -> NDArray[np.uint8]:
    """The means over the paragraphs that were read of each line, in steps."""
    rows = np.flatnonzero(kinds.any(axis=1))
    counts = np.maximum(np.bincount(line[rows], minlength=lines), 1)
    sums = np.stack([np.bincount(line[rows], column[rows], lines) for column in kinds.T], axis=1)
    return np.rint(_MOST * sums / counts[:, None]).astype(np.uint8)
