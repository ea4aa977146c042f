"""Arrow columns of text: which types hold text, and their values as strings.

Needs pyarrow; import it only where that is installed.
"""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa
from pyarrow import types

TEXT_TYPES = "string, large_string, string_view, or a dictionary of string or large_string"
_ON_ERROR = "surrogateescape"  # bytes that are not UTF-8 survive the way to strings and back


def is_text(kind: pa.DataType) -> bool:
    """Whether a column of this type holds text: one of `TEXT_TYPES`."""
    if types.is_dictionary(kind):
        return bool(types.is_string(kind.value_type) or types.is_large_string(kind.value_type))
    return bool(types.is_string(kind) or types.is_large_string(kind) or types.is_string_view(kind))


def to_texts(column: pa.Array) -> list[str | None]:
    """The values of a text column as strings; bytes that are not UTF-8 become lone surrogates."""
    blobs = column.cast(pa.large_binary()).to_pylist()
    return [None if blob is None else blob.decode("utf-8", _ON_ERROR) for blob in blobs]


def from_texts(texts: Sequence[str | None], kind: pa.DataType) -> pa.Array:
    """The inverse of `to_texts`: a column of the text type ``kind``."""
    blobs = [None if text is None else text.encode("utf-8", _ON_ERROR) for text in texts]
    values = pa.array(blobs, pa.large_binary())
    if types.is_dictionary(kind):
        return values.cast(kind.value_type, safe=False).dictionary_encode().cast(kind)
    return values.cast(kind, safe=False)  # a safe cast would refuse bytes that are not UTF-8
