"""Reads plain calls of commands as Typer does, in a fraction of the time that importing Typer takes.

In a plain call, every word is an argument, names options that there are, or is the value of one, and every value is
valid. Any other call is left to Typer, which words the errors.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from enum import Enum
from pathlib import Path
from typing import Any

from detector.cli.parameters import REQUIRED, Argument, Command, Option, Parameter, parameters_of

_EXPANDED = frozenset("*?[]~$%")  # in words that Typer expands on Windows, where shells do not
_DIGITS = 15  # of numbers that are read here


class _NotPlainError(Exception):
    """The call is left to Typer."""


def plain_call(command: Command, words: Sequence[str]) -> dict[str, Any] | None:
    """The values of the parameters of a command in a plain call; None for any other call."""
    if os.name == "nt" and any(_EXPANDED.intersection(word) for word in words):
        return None
    parameters = parameters_of(command)
    values = {each.name: each.default for each in parameters}
    try:
        left = list(_read_options(parameters, iter(words), values))
        _read_arguments([each for each in parameters if isinstance(each.described, Argument)], left, values)
    except _NotPlainError:
        return None
    return None if REQUIRED in values.values() else values


def _read_options(parameters: Sequence[Parameter], words: Iterator[str], values: dict[str, Any]) -> Iterator[str]:
    """Put the values of options into ``values``, and yield the other words."""
    by_name = {name: each for each in parameters for name in _names(each)}
    given: dict[str, list[object]] = {}
    for word in words:
        if word == "--":
            yield from words
        elif word.startswith("-") and word != "-":
            for name, text in _split(word, by_name):
                if name not in by_name:
                    raise _NotPlainError
                given.setdefault(by_name[name].name, []).append(_value(by_name[name], text, words))
        else:
            yield word
    for each in parameters:
        if each.name in given:  # more than once, the last value counts
            values[each.name] = given[each.name] if _is_list(each.type) else given[each.name][-1]


def _names(parameter: Parameter) -> tuple[str, ...]:
    if isinstance(parameter.described, Argument):
        return ()
    return parameter.described.names or ("--" + parameter.name.replace("_", "-"),)


def _split(word: str, by_name: Mapping[str, Parameter]) -> Iterator[tuple[str, str | None]]:
    """The options that a word names, with the value that it has for them: ``--name=value``, or ``-qo`` and the like."""
    if word.startswith("--"):
        name, equals, value = word.partition("=")
        yield name, value if equals else None
        return
    for at, letter in enumerate(word[1:], 2):
        name = f"-{letter}"
        takes_value = name in by_name and by_name[name].type is not bool
        yield name, (word[at:] or None) if takes_value else None
        if takes_value:
            return


def _value(option: Parameter, text: str | None, words: Iterator[str]) -> object:
    """The value of an option: true for a flag, else the ``text`` that its word has, or the next word."""
    if option.type is bool and text is None:
        return True
    text = next(words, None) if text is None else text
    if option.type is bool or text is None:
        raise _NotPlainError
    return _converted(text, option)


def _read_arguments(arguments: Sequence[Parameter], words: list[str], values: dict[str, Any]) -> None:
    """Put the values of arguments into ``values``; the last argument may be a list."""
    for argument in arguments:
        if _is_list(argument.type):
            if words:
                values[argument.name] = [_converted(word, argument) for word in words]
            return
        if words:
            values[argument.name] = _converted(words.pop(0), argument)
    if words:
        raise _NotPlainError


def _is_list(annotation: Any) -> bool:  # noqa: ANN401 - a type
    return getattr(_without_none(annotation), "__origin__", None) is list


def _without_none(annotation: Any) -> Any:  # noqa: ANN401 - a type
    """The type of a value that is given: of ``str | None``, `str`."""
    some = [each for each in getattr(annotation, "__args__", ()) if each is not type(None)]
    return some[0] if type(None) in getattr(annotation, "__args__", ()) else annotation


def _converted(text: str, parameter: Parameter) -> object:
    """A word as a value of a parameter, or as an element of its list."""
    wanted = _without_none(parameter.type)
    wanted = wanted.__args__[0] if _is_list(wanted) else wanted
    if wanted is str:
        return text
    if wanted is Path and text:  # an empty path would be the current folder
        return Path(text)
    if wanted in (int, float):
        return _number(text, wanted, parameter.described)
    if issubclass(wanted, Enum) and text in list(wanted):
        return wanted(text)
    raise _NotPlainError


def _number(text: str, wanted: type[int | float], described: Argument | Option) -> int | float:
    """A number without sign or exponent, within the bounds of its option."""
    whole, point, fraction = text.partition(".")
    is_number = whole.isdecimal() and (fraction.isdecimal() if point else True) and (wanted is float or not point)
    if not is_number or not text.isascii() or len(text) > _DIGITS or isinstance(described, Argument):
        raise _NotPlainError
    number = wanted(text)
    if (described.min is not None and number < described.min) or (described.max is not None and number > described.max):
        raise _NotPlainError
    return number
