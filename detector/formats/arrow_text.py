"""Arrow columns of text: where the text of a row is, which types hold text, and their values as strings.

Needs pyarrow; import it only where that is installed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pyarrow as pa
from pyarrow import types

from detector.errors import DataError
from detector.formats.column_names import shown

TEXT_TYPES = "text (string or binary of any kind, a dictionary of these, or null)"
_ON_ERROR = "surrogateescape"  # bytes that are not UTF-8 survive the way to strings and back
_PLAIN = frozenset({
    pa.string(), pa.large_string(), pa.string_view(), pa.binary(), pa.large_binary(), pa.binary_view(), pa.null()
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class TextColumn:
    """Where the texts of a schema are: a column, or a field of a struct in it.

    ``index`` is that of the column in the schema, ``path`` are the indices of the fields that lead into its structs,
    and ``type`` is the type of the texts.
    """

    index: int
    path: tuple[int, ...]
    type: pa.DataType

    def texts(self, column: pa.Array) -> pa.Array:
        """The array of the texts in the column; null also where a struct that should hold the text is null."""
        for at in self.path:
            column = column.flatten()[at]
        return column

    def replaced(self, column: pa.Array, texts: pa.Array) -> pa.Array:
        """The column with other texts, an array of ``type``. Null structs and all other fields are kept."""
        return _replaced(column, self.path, texts) if self.path else texts


def _replaced(column: pa.StructArray, path: Sequence[int], texts: pa.Array) -> pa.Array:
    fields = [column.type.field(at) for at in range(column.type.num_fields)]
    children = [column.field(at) for at in range(column.type.num_fields)]
    first, *rest = path
    if rest:
        texts = _replaced(children[first], rest, texts)
    elif not fields[first].nullable and texts.null_count:  # in structs that are null
        texts = from_texts([text or "" for text in to_texts(texts)], texts.type)
    children[first] = texts
    return pa.StructArray.from_arrays(children, fields=fields, mask=column.is_null())


def find_column(schema: pa.Schema, name: str) -> TextColumn:
    """The column of that name, of any type; if there is none, dots lead into structs: ``article.body``.

    Raises `DataError` if it is missing or not unique. Its message does not name the file.
    """
    whole = schema.names.count(name) > 0
    first, *rest = [name] if whole else name.split(".")
    if schema.names.count(first) != 1:
        found = f'{schema.names.count(first)} columns are named "{first}"' if first in schema.names else _missing(name)
        raise DataError(f"{found}; the columns: {shown(schema.names)}")
    index = schema.names.index(first)
    kind, path = schema.field(index).type, []
    for step in rest:
        names = [kind.field(at).name for at in range(kind.num_fields)] if types.is_struct(kind) else []
        if names.count(step) != 1:
            inside = f'the fields of "{first}": {shown(names)}' if names else f'"{first}" is {_kind(kind)}'
            raise DataError(f"{_missing(name)}; {inside}")
        path.append(names.index(step))
        kind, first = kind.field(path[-1]).type, f"{first}.{step}"
    return TextColumn(index, tuple(path), kind)


def find_text(schema: pa.Schema, name: str) -> TextColumn:
    """The column of texts that `find_column` finds.

    Raises `DataError`, without the name of a file, also for a column that does not hold one text per row.
    """
    found = find_column(schema, name)
    if not is_text(found.type):
        raise DataError(f'column "{name}" is {_kind(found.type)}, not {TEXT_TYPES}{_advice(found.type, name)}')
    return found


def is_text(kind: pa.DataType) -> bool:
    """Whether a column of this type holds texts: one of `TEXT_TYPES`, or an extension type that is stored as one."""
    if isinstance(kind, pa.BaseExtensionType):
        kind = kind.storage_type
    return (kind.value_type if types.is_dictionary(kind) else kind) in _PLAIN


def to_texts(column: pa.Array) -> list[str | None]:
    """The values of a text column as strings; bytes that are not UTF-8 become lone surrogates."""
    return decoded(to_blobs(column))


def from_texts(texts: Sequence[str | None], kind: pa.DataType) -> pa.Array:
    """The inverse of `to_texts`: a column of the text type ``kind``."""
    return from_blobs(encoded(texts), kind)


def to_blobs(column: pa.Array) -> pa.Array:
    """A text column as large_binary, or as a dictionary of it: types with which everything can be done."""
    if isinstance(column, pa.ExtensionArray):
        column = column.storage
    if isinstance(column, pa.DictionaryArray):
        return pa.DictionaryArray.from_arrays(column.indices, to_blobs(column.dictionary))
    return column.cast(pa.large_binary())


def from_blobs(blobs: pa.Array, kind: pa.DataType) -> pa.Array:
    """An array of the type large_binary as a column of the text type ``kind``."""
    if isinstance(kind, pa.BaseExtensionType):
        return pa.ExtensionArray.from_storage(kind, from_blobs(blobs, kind.storage_type))
    if types.is_dictionary(kind):
        values = blobs.dictionary_encode()
        indices = values.indices.cast(kind.index_type)
        return pa.DictionaryArray.from_arrays(
            indices, from_blobs(values.dictionary, kind.value_type), ordered=kind.ordered
        )
    if types.is_null(kind):
        return pa.nulls(len(blobs))
    return blobs.cast(kind, safe=False)  # a safe cast would refuse bytes that are not UTF-8


def encoded(texts: Sequence[str | None]) -> pa.Array:
    """Texts as an array of the type large_binary."""
    return pa.array([None if text is None else text.encode("utf-8", _ON_ERROR) for text in texts], pa.large_binary())


def decoded(blobs: pa.Array) -> list[str | None]:
    """The strings of an array that `to_blobs` returned, or of a slice of it."""
    if isinstance(blobs, pa.DictionaryArray):
        used = blobs.indices.unique()  # a slice has the whole dictionary
        texts = dict(zip(used.to_pylist(), decoded(blobs.dictionary.take(used)), strict=True))
        return [texts[index] for index in blobs.indices.to_pylist()]
    return [None if blob is None else blob.decode("utf-8", _ON_ERROR) for blob in blobs.to_pylist()]


def _missing(name: str) -> str:
    return f'no column "{name}"'


def _is_list(kind: pa.DataType) -> bool:
    return any(is_one(kind) for is_one in (types.is_list, types.is_large_list, types.is_fixed_size_list, _is_list_view))


def _is_list_view(kind: pa.DataType) -> bool:
    return bool(types.is_list_view(kind) or types.is_large_list_view(kind))


def _kind(kind: pa.DataType) -> str:
    """A type as a message names it, without the fields of a struct, which may be many."""
    if types.is_struct(kind):
        return "a struct"
    return f"a list of {_kind(kind.value_type).removeprefix('a ')}" if _is_list(kind) else str(kind)


def _advice(kind: pa.DataType, name: str) -> str:
    if types.is_struct(kind):
        fields = [f"{name}.{kind.field(at).name}" for at in range(kind.num_fields)]
        return f"; name a field of it with a dot: {shown(fields)}"
    if _is_list(kind) and is_text(kind.value_type):
        return r'; join each list into one text first, for example with pyarrow.compute.binary_join(column, "\n")'
    if _is_list(kind):
        return "; make each element a row of its own first"
    return ""
