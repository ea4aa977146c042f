"""Runs the networks of the encoder, ONNX graphs, with ONNX Runtime.

A window or a document is run by itself, on one thread: then its result does not depend on what else is read, and is
the same each time on one machine. Other processors may round otherwise in the last bits.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from detector.encoder.names import ACCURATE
from detector.errors import DetectorError, ModelError
from detector.util.arrays import Floats
from detector.util.libraries import load_library
from detector.util.pickling import PickledFields

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

EXTRA, NAME = ACCURATE, "the accurate model"
INPUT, OUTPUT = "hidden", "read"  # the names that the graph has for its input and its output
_LONGEST = 200  # characters of a message that is quoted


@dataclass(frozen=True, repr=False)
class Engine(PickledFields):
    """A graph, given as the ``content`` of its file. Threads may share it, and it can be pickled."""

    content: bytes

    def __call__(self, rows: Floats) -> Floats:
        """As many rows as are given: of the tokens of one window, or of the paragraphs of one document."""
        [read] = self._session.run([OUTPUT], {INPUT: rows})
        return np.asarray(read)

    def check(self, width: int, outputs: int) -> None:
        """Raise `ModelError` unless it is a graph from rows of ``width`` to as many of ``outputs`` finite numbers."""
        try:
            found = [self(np.zeros((rows, width), dtype=np.float32)) for rows in (1, 3)]
        except DetectorError:
            raise
        except Exception as error:
            raise ModelError(f"the graph cannot read rows of {width:,} numbers: {short(error)}") from error
        if [r.shape for r in found] != [(1, outputs), (3, outputs)] or not all(np.isfinite(r).all() for r in found):
            raise ModelError(
                f"the graph does not return finite rows of {outputs:,} numbers, one for each that it is given"
            )

    @cached_property
    def _session(self) -> InferenceSession:
        runtime = load_library("onnxruntime", NAME, EXTRA)
        options = runtime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 3
        try:
            return runtime.InferenceSession(self.content, options, providers=["CPUExecutionProvider"])
        except Exception as error:
            raise ModelError(
                f"ONNX Runtime cannot use the graph of {NAME}: {short(error)}; update onnxruntime"
            ) from error


def short(error: Exception) -> str:
    """The beginning of an error's message, on one line: some quote all that they could not read."""
    text = " ".join(str(error).split())
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
