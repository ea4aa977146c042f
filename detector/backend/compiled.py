"""The compiled backend: makes arrays and has the kernels of `detector.backend.core` fill them in.

Its methods return the arrays of the NumPy backend's, to the last bit. `detector.backend.choice` decides which backend
is used.
"""

from __future__ import annotations

import weakref
from functools import cache

import numpy as np

from detector.backend import core
from detector.backend.packing import pack_model
from detector.inference.model import Model
from detector.inference.scores import Scores, check_evidence
from detector.text import characters
from detector.text.paragraphs import Batch, Lines
from detector.util.arrays import Floats, Offsets
from detector.util.forking import ForkableLock


class CompiledBackend:
    """Computes with compiled kernels, for the best ``level`` of instructions that the processor has, or a given one.

    See `detector.inference.scores.Backend`. Raises `ValueError` for a level that it does not have (`core.levels`).
    """

    def __init__(self, level: str | None = None) -> None:
        levels = core.levels()
        self.level = levels[-1] if level is None else level
        if self.level not in levels:
            raise ValueError(f"level {level!r}: choose from {', '.join(levels)}")
        self._packed: dict[int, core.Model] = {}  # by the identity of the model: comparing two reads all their arrays
        self._packing = ForkableLock()

    @property
    def name(self) -> str:
        """What computes, for messages."""
        return f"compiled, {self.level}"

    def split_lines(self, buffer: bytes, origin: Offsets) -> Lines:
        """`detector.text.paragraphs.split_lines`."""
        most = core.count_line_ends(buffer)
        classes, folded = np.empty((2, len(buffer)), dtype=np.uint8)
        columns = np.empty((5, most), dtype=np.int64)
        after_blank = np.empty(most, dtype=np.uint8)
        number = core.split_lines(
            self.level, buffer, origin, _character_tables(), classes, folded, columns, after_blank
        )
        document, start, end, char_start, char_end = columns[:, :number]
        return Lines(classes, folded, document, start, end, char_start, char_end, after_blank[:number].view(np.bool_))

    def predict(
        self,
        model: Model,
        batch: Batch,
        evidence_logits: Floats | None = None,
        *,
        intermediate: dict[str, Floats] | None = None,
    ) -> Scores:
        """`detector.inference.predict.predict`; fills in the arrays in ``intermediate``, see `core.score`."""
        number = len(batch)
        evidence = check_evidence(evidence_logits, number, len(model.kinds))
        labels = np.empty((number, len(model.labels)), dtype=np.float32)
        kinds = np.empty((number, len(model.kinds)), dtype=np.float32)
        familiarity = np.empty((batch.documents, 1), dtype=np.float32)
        core.score(
            self.level, self._pack(model), batch.classes, batch.folded, batch.start, batch.end, batch.char_start,
            batch.char_end, batch.bounds, labels, kinds, familiarity, intermediate, evidence,
        )  # fmt: skip
        return Scores(labels, kinds, familiarity[:, 0])

    def linear_logits(self, model: Model, batch: Batch) -> Floats:
        """`detector.inference.predict.first_stage`."""
        logits = np.empty((len(batch), len(model.kinds)), dtype=np.float32)
        self.predict(model, batch, intermediate={"logits": logits})
        return logits

    def _pack(self, model: Model) -> core.Model:
        with self._packing.held():
            packed = self._packed.get(id(model))
            if packed is None:
                packed = pack_model(model)
                weakref.finalize(model, self._packed.pop, id(model), None).atexit = False
                self._packed[id(model)] = packed  # last, so that a forked child never has one that is not let go
            return packed


@cache
def _character_tables() -> core.CharacterTables:
    tables = characters.tables()
    classes, folded = (np.frombuffer(each, dtype=np.uint8) for each in (tables.ascii_classes, tables.ascii_folded))
    return core.CharacterTables(tables.classes, tables.lower, classes, folded, characters.REST)
