"""Data augmentation: training documents made of other training documents."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from detector.evaluation.labelled import LabelledDocument
from detector.fit.artificial import artificial
from detector.fit.blocks import insert_blocks
from detector.fit.config import FitConfig
from detector.fit.cuts import cut
from detector.fit.origins import LINES
from detector.fit.single_lines import insert_lines


def augment(
    documents: Sequence[LabelledDocument], folds: Mapping[str, int], reporting: str, config: FitConfig
) -> list[LabelledDocument]:
    """Documents with inserted blocks, with inserted lines, cuts of all, and text that is no prose.

    ``folds`` is the fold of each site.
    """
    texts = [d for d in documents if d.origin != LINES]
    blocks = insert_blocks(texts, folds, int(config.augmentation * len(texts)), reporting, config.seed)
    lines = insert_lines(documents, folds, int(config.line_augmentation * len(texts)), reporting, config.seed)
    cuts = cut([*texts, *lines], int(config.cut_augmentation * len(texts)), reporting, config.seed)
    data = artificial(texts, int(config.artificial * len(texts)), reporting, config.seed)
    return [*blocks, *lines, *cuts, *data]
