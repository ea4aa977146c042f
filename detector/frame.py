r"""Cleaning of a column of texts in a data frame: pandas or polars, also lazy.

>>> import pandas as pd
>>> from detector.frame import clean
>>> articles = pd.DataFrame({"text": ["The bridge reopened on Monday.\nSubscribe to our newsletter!", None]})
>>> clean(articles, removed_paragraphs="removed")["clean_text"].tolist()
['The bridge reopened on Monday.\n', nan]

Neither library is imported here: a frame brings its own.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

from detector.cleaner import Cleaned, Cleaner
from detector.errors import UsageError
from detector.loading import default_cleaner

Frame = TypeVar("Frame")  # pandas.DataFrame, polars.DataFrame or polars.LazyFrame


def clean(
    frame: Frame,
    column: Hashable = "text",
    *,
    output: Hashable | None = None,
    removed_text: Hashable | None = None,
    removed_share: Hashable | None = None,
    removed_paragraphs: Hashable | None = None,
    kept_paragraphs: Hashable | None = None,
    kept_whole: Hashable | None = None,
    cleaner: Cleaner | None = None,
    threads: int = 1,
) -> Frame:
    """Clean the texts of a column, and return a frame with a column of clean texts.

    The new column is named ``output``, by default ``clean_`` and the name of the given one. If that is the given name,
    the column is replaced. Columns to add behind it have a name, too: ``removed_text`` for what was removed,
    ``removed_share`` for its share of the characters (from 0 to 1), ``removed_paragraphs`` and ``kept_paragraphs`` for
    their numbers, and ``kept_whole`` for whether the guard kept the text whole.

    Rows, index and all other columns stay, and the given frame is not changed. Missing texts stay missing and are
    missing in all new columns. Clean and removed texts have the type of the given ones: ``str``, ``string``,
    ``object``, ``category`` or an Arrow type of pandas; ``String`` or ``Categorical`` of polars (``String`` for an
    ``Enum``, which could not hold them). A column of missing values alone may have any type in pandas. A lazy frame
    stays lazy: texts are cleaned when it is collected, batch by batch, and only if one of the new columns is needed.

    ``cleaner`` is a cleaner that `detector.load` returned, by default one with the shipped model; ``threads`` is as in
    `Cleaner.clean_many`. Raises `UsageError` for a column that is missing or holds something else than texts, for a
    column to add that exists, and for anything but a frame.
    """
    cleaner = default_cleaner() if cleaner is None else cleaner
    if not isinstance(cleaner, Cleaner):
        raise UsageError(f"cleaner is a {type(cleaner).__name__}: give what detector.load returns")
    outputs = _outputs(column, output, removed_text, removed_share, removed_paragraphs, kept_paragraphs, kept_whole)
    make = partial(_values, cleaner=cleaner, outputs=outputs, threads=threads)
    return _cleaning_of(frame)(frame, column, outputs, make)  # type: ignore[no-any-return]


@dataclass(frozen=True, slots=True)
class _Output:
    """A column to make: its name, the type of its values, and the value of a row."""

    name: Hashable
    type: type
    value: Callable[[Cleaned], object]


_Values = Callable[[Sequence[str | None]], list[list[Any]]]


def _outputs(column: Hashable, output: Hashable | None, *others: Hashable | None) -> list[_Output]:
    """The columns to make. ``others`` are the names of those that were asked for, in the order of `_OTHERS`."""
    if output is None:
        if not isinstance(column, str):
            raise UsageError(f"column {column!r}: name the column of the clean texts, output=…")
        output = f"clean_{column}"
    named = [(name, *kind) for name, kind in zip(others, _OTHERS, strict=True) if name is not None]
    return [_Output(output, str, lambda cleaned: cleaned.text), *(_Output(*each) for each in named)]


_OTHERS: tuple[tuple[type, Callable[[Cleaned], object]], ...] = (
    (str, lambda cleaned: cleaned.prediction.removed_text()),
    (float, lambda cleaned: cleaned.removed_share),
    (int, lambda cleaned: len(cleaned.prediction) - int(cleaned.prediction.keep.sum())),
    (int, lambda cleaned: int(cleaned.prediction.keep.sum())),
    (bool, lambda cleaned: cleaned.kept_whole),
)


def _values(texts: Sequence[str | None], cleaner: Cleaner, outputs: Sequence[_Output], threads: int) -> list[list[Any]]:
    """The values of each output, None for a text that is None."""
    cleaned = cleaner.clean_many((text for text in texts if text is not None), threads=threads)
    columns: list[list[Any]] = [[] for _ in outputs]
    for text in texts:
        result = None if text is None else next(cleaned)
        for output, values in zip(outputs, columns, strict=True):
            values.append(None if result is None else output.value(result))
    return columns


def _check_names(names: Sequence[Hashable], column: Hashable, added: Sequence[Hashable]) -> None:
    """Raise `UsageError` if the column is not there once, or if one to add is there already."""
    if names.count(column) != 1:
        found = f"{names.count(column)} columns are" if column in names else "no column is"
        shown = ", ".join(map(repr, names[:20]))
        raise UsageError(f"{found} named {column!r}; the columns: {shown}{', …' if len(names) > 20 else ''}")
    replaced = [column] if added[0] == column else []
    for name in added:
        if (name in names and name not in replaced) or added.count(name) > 1:
            raise UsageError(f"column {name!r}, which would be added, already exists: give another name")


def _cleaning_of(frame: object) -> Callable[..., Any]:
    """The function for a type of frame; its library is loaded, or there could be no such frame."""
    pandas, polars = sys.modules.get("pandas"), sys.modules.get("polars")
    if pandas is not None and isinstance(frame, pandas.DataFrame):
        return _clean_pandas
    if polars is not None and isinstance(frame, polars.DataFrame):
        return _clean_polars
    if polars is not None and isinstance(frame, polars.LazyFrame):
        return _clean_lazy
    advice = "; for Arrow tables there is detector.arrow" if type(frame).__module__.startswith("pyarrow") else ""
    raise UsageError(f"a frame of pandas or polars is cleaned, not a {type(frame).__name__}{advice}")


# pandas


def _clean_pandas(frame: Any, column: Hashable, outputs: Sequence[_Output], make: _Values) -> Any:  # noqa: ANN401
    _check_names(list(frame.columns), column, [output.name for output in outputs])
    series = frame[column]
    given, missing = series.tolist(), series.isna().tolist()
    for row, (text, is_missing) in enumerate(zip(given, missing, strict=True)):
        if not is_missing and not isinstance(text, str):
            raise UsageError(f"column {column!r}, row {row} (from 0): a text is a str, not a {type(text).__name__}")
    columns = make([None if is_missing else text for text, is_missing in zip(given, missing, strict=True)])
    result = frame.copy(deep=False)
    for output, values in zip(outputs, columns, strict=True):
        if output.type is str:  # what is missing stays as it is: None, NaN or NA
            values = [old if new is None else new for old, new in zip(given, values, strict=True)]  # noqa: PLW2901
        result[output.name] = _pandas_series(values, output.type, series)
    return result


def _pandas_series(values: list[Any], of: type, like: Any) -> Any:  # noqa: ANN401
    """A series with the index of another one, and for texts with its type."""
    pandas = sys.modules["pandas"]
    nullable = {int: "Int64", float: "float64", bool: "boolean"}
    dtype = nullable.get(of, like.dtype)
    if isinstance(dtype, pandas.CategoricalDtype):
        texts = dict.fromkeys(text for text in values if isinstance(text, str))
        dtype = pandas.CategoricalDtype(pandas.Index(list(texts), dtype=dtype.categories.dtype))
    return pandas.Series(values, index=like.index, dtype=dtype)


# polars


def _clean_polars(frame: Any, column: str, outputs: Sequence[_Output], make: _Values) -> Any:  # noqa: ANN401
    types = _polars_types(frame.schema, column, outputs)
    return frame.with_columns(_polars_series(frame[column], types, make))


def _clean_lazy(frame: Any, column: str, outputs: Sequence[_Output], make: _Values) -> Any:  # noqa: ANN401
    """The lazy frame with an expression, so that polars can leave out columns and rows that are not needed."""
    polars = sys.modules["polars"]
    schema = frame.collect_schema()
    types = _polars_types(schema, column, outputs)
    held = "_" + max([*schema, *types], key=len)  # a name that no column has

    def cleaned(texts: Any) -> Any:  # noqa: ANN401
        return polars.DataFrame(_polars_series(texts, types, make)).to_struct(column)

    made = polars.col(column).map_batches(cleaned, return_dtype=polars.Struct(types), is_elementwise=True)
    # in two steps, because older versions would clean the texts once for each of the columns
    return frame.with_columns(made.alias(held)).with_columns(polars.col(held).struct.unnest()).drop(held)


def _polars_types(schema: Any, column: str, outputs: Sequence[_Output]) -> dict[str, Any]:  # noqa: ANN401
    """The types of the columns to make. Raises `UsageError` where the given column holds no texts."""
    polars = sys.modules["polars"]
    names = [str(output.name) for output in outputs]  # polars has no other names
    _check_names(list(schema), column, names)
    found = schema[column]
    if found not in (polars.String, polars.Categorical, polars.Enum, polars.Null):
        raise UsageError(f"column {column!r} is {found}, not String, Categorical, Enum or Null: cast it to String")
    of_texts = polars.String if found == polars.Enum else found
    types = {str: of_texts, int: polars.Int64, float: polars.Float64, bool: polars.Boolean}
    return {name: types[output.type] for name, output in zip(names, outputs, strict=True)}


def _polars_series(texts: Any, types: dict[str, Any], make: _Values) -> list[Any]:  # noqa: ANN401
    polars = sys.modules["polars"]
    return [
        polars.Series(name, values, dtype=of)
        for (name, of), values in zip(types.items(), make(texts.to_list()), strict=True)
    ]
