"""What a run did, counted."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from detector.cleaner import Prediction
from detector.formats import Rejected


@dataclass
class Summary:
    """Counts of a run. ``kept`` and ``removed`` are paragraphs and words by label."""

    documents: int = 0
    failed: list[str] = field(default_factory=list)  # files, with the reason
    rejected: int = 0
    kept: dict[str, list[int]] = field(default_factory=dict)
    removed: dict[str, list[int]] = field(default_factory=dict)

    def add(self, prediction: Prediction) -> None:
        """Count a document."""
        self.documents += 1
        for number, label in enumerate(prediction.labels):
            of_label = prediction.label_indices == number
            for counts, rows in ((self.kept, of_label & prediction.keep), (self.removed, of_label & ~prediction.keep)):
                count = counts.setdefault(label, [0, 0])
                count[0] += int(np.count_nonzero(rows))
                count[1] += int(prediction.words[rows].sum())

    def reject(self, rejected: Rejected) -> None:
        """Count a record that could not be read."""
        self.rejected += 1

    @property
    def ok(self) -> bool:
        """Whether everything could be read and written."""
        return not self.failed and not self.rejected

    def lines(self) -> list[str]:
        """The counts for a person."""
        out = [f"{self.documents:,} documents"]
        for name, counts in (("kept", self.kept), ("removed", self.removed)):
            paragraphs, words = (sum(c[n] for c in counts.values()) for n in (0, 1))
            by_label = ", ".join(f"{label} {c[0]:,}" for label, c in counts.items() if c[0])
            out.append(
                f"{name:<8}{paragraphs:>9,} paragraphs {words:>11,} words" + (f"  ({by_label})" if by_label else "")
            )
        if self.rejected:
            out.append(f"rejected{self.rejected:>9,} records")
        if self.failed:
            out.append(f"failed  {len(self.failed):>9,} files")
        return out
