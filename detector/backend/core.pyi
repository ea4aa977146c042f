"""The types of the compiled backend."""

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from detector.util.arrays import Bytes, Floats, Hashes, Offsets

Table: TypeAlias = tuple[NDArray[np.int8], int, int]  # its bytes, the width of a row, and the distance of two rows

# scoring.pxi
SOURCES: str
FEATURE_VERSION: int
PADDING: int

class CharacterTables:
    def __init__(
        self,
        classes: Bytes,
        lower: NDArray[np.int32],
        ascii_classes: Bytes,
        ascii_folded: Bytes,
        rest: Bytes,
    ) -> None: ...

class Model:
    def __init__(
        self,
        kind_labels: Offsets,
        scale: NDArray[np.float64],
        bias: Floats,
        idf: Bytes,
        calibration: Floats,
        mean: Floats,
        factor: Floats,
        linear: Table,
        vectors: tuple[Hashes, NDArray[np.uint32], Table],
        networks: Sequence[Mapping[str, Any]],
    ) -> None: ...

def levels() -> tuple[str, ...]: ...
def padded_width(width: int) -> int: ...
def copy_rows(values: NDArray[np.int8], out: NDArray[np.int8]) -> None: ...
def fill_ranks(buckets: NDArray[np.uint32], ranks: Hashes) -> None: ...
def count_line_ends(buffer: bytes) -> int: ...
def split_lines(
    level: str,
    buffer: bytes,
    origin: Offsets,
    tables: CharacterTables,
    classes: Bytes,
    folded: Bytes,
    columns: Offsets,
    after_blank: Bytes,
) -> int: ...
def score(
    level: str,
    model: Model,
    classes: Bytes,
    folded: Bytes,
    start: Offsets,
    end: Offsets,
    char_start: Offsets,
    char_end: Offsets,
    bounds: Offsets,
    labels: Floats,
    kinds: Floats,
    familiarity: Floats,
    intermediate: Mapping[str, Floats] | None = None,
    evidence: Floats | None = None,
) -> None: ...

# constants.pxi
def constants() -> dict[str, Any]: ...

# json_lines.pxi
def read_json_line(line: bytes, text_name: bytes, id_name: bytes) -> tuple[str | None, str | None, int, int] | None: ...
def write_json_line(line: bytes, start: int, stop: int, text: str) -> bytes | None: ...
def write_json_string(text: str, ascii: bool, slashes: bool, capitals: bool) -> str | None: ...
