"""Typer commands that start fast, because they convert plain arguments without pydantic.

Typer 0.29 and later convert every argument with pydantic, whose import takes as long as NumPy's. Strings, paths and
valid choices do not need it. All other arguments are left to Typer, which validates them and words the errors.
"""

from __future__ import annotations

import contextlib
from enum import Enum
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from typer import BadParameter
from typer.core import TyperCommand, TyperGroup

if TYPE_CHECKING:
    from collections.abc import Callable

_NOT_CONVERTED = object()  # the argument is left to Typer


class Command(TyperCommand):
    """A command whose plain arguments are converted without pydantic."""

    def get_params(self, ctx: Any) -> list[Any]:  # noqa: ANN401 - Typer's context
        """The parameters of the command, with their conversion replaced."""
        return _with_conversion(super().get_params(ctx))


class Group(TyperGroup):
    """A group of commands whose own plain arguments are converted without pydantic."""

    def get_params(self, ctx: Any) -> list[Any]:  # noqa: ANN401 - Typer's context
        """The parameters of the command, with their conversion replaced."""
        return _with_conversion(super().get_params(ctx))


def _with_conversion(parameters: list[Any]) -> list[Any]:
    """The parameters, each with `_process` in place of Typer's own conversion.

    A flag takes no value, though Typer 0.29 shows the type of one in the help.
    """
    for parameter in parameters:
        if getattr(parameter, "is_flag", False):
            parameter.metavar = ""
        if not isinstance(parameter.process_value, partial):
            parameter.process_value = partial(_process, parameter, parameter.process_value)
    return parameters


def _process(parameter: Any, typer_process: Callable[[Any, Any], Any], context: Any, value: Any) -> Any:  # noqa: ANN401
    descriptor = getattr(parameter, "type_descriptor", None)  # None before Typer 0.29, which converts without pydantic
    if _is_path(parameter, descriptor) and "" in (value if isinstance(value, (list, tuple)) else (value,)):
        # an empty path would be the current folder
        raise BadParameter("an empty path; name a file or a folder", ctx=context, param=parameter)
    converted = _NOT_CONVERTED if descriptor is None else _converted(descriptor.annotation, value)
    if converted is _NOT_CONVERTED or (parameter.required and parameter.value_is_missing(converted)):
        return typer_process(context, value)
    return parameter.callback(context, parameter, converted) if parameter.callback else converted


def _is_path(parameter: Any, descriptor: Any) -> bool:  # noqa: ANN401
    if descriptor is None:
        return getattr(parameter.type, "name", "") == "path"
    return descriptor.annotation in (Path, list[Path])


def _converted(annotation: Any, value: Any) -> Any:  # noqa: ANN401
    """The value, converted to a type that needs no validation; `_NOT_CONVERTED` for other types and invalid choices."""
    if value is None or annotation is str:
        return value
    if annotation == list[str]:
        return list(value) or None
    if isinstance(annotation, type):
        if isinstance(value, annotation):
            return value
        if annotation is Path:
            return Path(value)
        if issubclass(annotation, Enum):
            with contextlib.suppress(ValueError):
                return annotation(value)
    return _NOT_CONVERTED
