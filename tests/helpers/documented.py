"""Does what the documentation says: every command and every piece of Python is run, and outputs are compared.

What counts is the language of a code block and its title:

- ``console``: each line is a command, run in a shell; a backslash at the end continues it. What follows ``    #`` is a
  comment. Lines that begin with ``make``, ``pip`` or ``python -m pip`` set up the environment and are not run.
- ``python``: a script of its own, which has to succeed. Code for an engine is not run (`for_an_engine`); the tests in
  ``tests/engines`` run it.
- any language, with the title ``Output``: what the block of ``console`` or ``python`` before it prints.
- any other language, with another title: the content of the file of that name.

Blocks of other languages without a title (``text``, ``bash``, ``json``) are not run and not compared.

In a compared block, ``…`` matches any text within the line, or any lines if it is alone; in JSON, it matches a text
or, as the last of a list, all that follows. Numbers and the space between words are not compared, so that a new model
or another machine changes nothing. With ``REFRESH=1`` in the environment, the page gets the numbers that are printed:

    REFRESH=1 pytest tests/project tests/integrations/test_docs.py
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tiny import ROOT

ENGINES = ("ray", "pyspark", "datatrove", "nemo_curator")
OUTPUT = "Output"
SCRIPT = "documented_script.py"
_BLOCK = re.compile(r"^( *)```(\w+)(?: +title=\"([^\"]*)\")?\n(.*?)^\1```$", re.DOTALL | re.MULTILINE)
_SET_UP = re.compile(r"(make|pip|python -m pip)\b")
_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
_SPACE = r"[^\S\n]"  # but no end of a line
_IN_JSON = re.compile(r'"(?:[^"\\]|\\.)*"|-?\d[\d.eE+-]*')


@dataclass(frozen=True, slots=True)
class Block:
    """A code block of a Markdown file, and the line where its code begins."""

    language: str
    title: str
    code: str
    line: int
    indent: str

    @property
    def commands(self) -> list[str]:
        """The commands of a ``console`` block that are to be run."""
        lines = [line.split("    #")[0].strip() for line in self.code.replace("\\\n", "").splitlines()]
        return [line for line in lines if line and not _SET_UP.match(line)]

    @property
    def for_an_engine(self) -> bool:
        """Whether a ``python`` block imports an engine, which has a test environment of its own."""
        return any(re.search(rf"^(?:import|from) (?:detector\.)?{name}\b", self.code, re.MULTILINE) for name in ENGINES)


def blocks(markdown: str) -> Iterator[Block]:
    """The code blocks of a Markdown file, in order."""
    for found in _BLOCK.finditer(markdown):
        indent, language, title, code = found.groups()
        code = "".join(line.removeprefix(indent) for line in code.splitlines(keepends=True))
        yield Block(language, title or "", code, markdown.count("\n", 0, found.start()) + 2, indent)


def run(command: str | list[str], folder: Path) -> str:
    """What a command prints in a folder, on both streams; it has to succeed."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])
    environment = {**os.environ, "PATH": path, "PYTHONPATH": str(ROOT), "COLUMNS": "80", "PYTHONIOENCODING": "utf-8"}
    done = subprocess.run(
        command, cwd=folder, env=environment, shell=isinstance(command, str), check=False,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding="utf-8",
    )  # fmt: skip
    assert done.returncode == 0, f"{command}: exit code {done.returncode}\n{done.stdout}"
    assert "Traceback" not in done.stdout, f"{command}\n{done.stdout}"
    return done.stdout


def follow(markdown: str, folder: Path, page: Path) -> None:
    """Do what a page, or a part of it, says in a folder, and compare what it shows with what comes out."""
    output = ""
    for block in blocks(markdown):
        where = f"line {block.line}"
        if block.title == OUTPUT:
            assert matches(block.code, output), f"{where}: printed was\n{output}"
            _refresh(page, block, output)
        elif block.title and block.language not in ("console", "python"):
            written = (folder / block.title).read_text(encoding="utf-8")
            assert matches(block.code, written), f"{where}: {block.title} holds\n{written}"
            _refresh(page, block, written)
        elif block.language == "console":
            output = "".join(run(command, folder) for command in block.commands)
        elif block.language == "python" and not block.for_an_engine:
            (folder / SCRIPT).write_text(block.code, encoding="utf-8")  # a file, for processes that import it
            output = run([sys.executable, SCRIPT], folder)


def _refresh(page: Path, block: Block, actual: str) -> None:
    """Write the numbers of an output into its page, if the environment asks for it."""
    if os.environ.get("REFRESH"):
        old, new = (
            "".join(f"{block.indent}{line}" if line.strip() else line for line in code.splitlines(keepends=True))
            for code in (block.code, refreshed(block.code, actual))
        )
        text = page.read_text(encoding="utf-8")
        block_of = f'title="{block.title}"\n{{}}{block.indent}```\n'
        page.write_text(text.replace(block_of.format(old), block_of.format(new)), encoding="utf-8")


def refreshed(shown: str, actual: str) -> str:
    """A block with the numbers of the text that it matches."""
    try:
        value = json.loads(shown)
    except ValueError:
        return _refreshed_text(shown, actual)
    line = next(line for line in actual.splitlines() if matches(shown, line))
    numbers = _numbers(value, json.loads(line, parse_float=_Literal))
    return _IN_JSON.sub(lambda found: found[0] if found[0].startswith('"') else next(numbers), shown)


class _Literal(float):
    """A number of JSON that keeps its digits."""

    def __new__(cls, digits: str) -> _Literal:
        self = super().__new__(cls, digits)
        self.digits = digits
        return self

    digits: str


def _numbers(shown: Any, actual: Any) -> Iterator[str]:
    """The numbers of a value of JSON, in their order, where another one shows some."""
    if isinstance(shown, dict):
        for name, value in shown.items():
            yield from _numbers(value, actual[name])
    elif isinstance(shown, list):
        for value, own in zip(shown, actual, strict=False):
            yield from _numbers(value, own)
    elif isinstance(shown, int | float) and not isinstance(shown, bool):
        yield actual.digits if isinstance(actual, _Literal) else str(actual)


def _refreshed_text(shown: str, actual: str) -> str:
    """Lines of the actual text in place of those that show all of it; of others, the numbers."""
    found = _lines(shown, actual)
    assert found, f"{actual}\nis not like\n{shown}"
    new = [
        old if old.strip() == "…" else _with_numbers(old, own.rstrip()) if "…" in old else own.rstrip()
        for old, own in zip(_trimmed(shown).splitlines(), found.groups(), strict=True)
    ]
    return "".join(f"{line}\n" for line in new)


def _with_numbers(shown: str, actual: str) -> str:
    """A line with ellipses, with the numbers of the line that it matches."""
    found = re.fullmatch(_like(shown, f"({_NUMBER.pattern})"), actual)
    assert found, f"{actual} is not like {shown}"
    new = iter(found.groups())
    return _NUMBER.sub(lambda _: next(new), shown)


def _lines(shown: str, actual: str) -> re.Match[str] | None:
    """A match of a text by a block that shows it, with a group for each line of the block; None if it is another."""
    lines = _trimmed(shown).splitlines()
    pattern = ["((?:.*\n)*?)" if line.strip() == "…" else f"({_like(line)}\n)" for line in lines]
    return re.fullmatch("".join(pattern), _trimmed(actual) + "\n")


def _trimmed(text: str) -> str:
    """A text without blank lines at its ends."""
    return re.sub(r"\A(?:\s*\n)+", "", text.rstrip())


def _like(line: str, number: str = _NUMBER.pattern) -> str:
    """A pattern for a line, with any numbers and any space where it has some."""
    parts = (
        f"{_SPACE}+".join(number.join(map(re.escape, _NUMBER.split(word))) for word in re.split(r"\s+", part))
        for part in line.strip().split("…")
    )
    return f"{_SPACE}*{'.*'.join(parts)}{_SPACE}*"


def matches(shown: str, actual: str) -> bool:
    """Whether a block shows an actual text, by the rules of this module.

    JSON may be formatted differently, and may be one of many lines.
    """
    try:
        value = json.loads(shown)
    except ValueError:
        return _lines(shown, actual) is not None
    return any(_matches_json(value, json.loads(line)) for line in actual.splitlines() if line.startswith(("{", "[")))


def _pattern(shown: str) -> str:
    return ".*".join(map(re.escape, shown.split("…")))


def _matches_json(shown: Any, actual: Any) -> bool:
    if isinstance(shown, dict):
        both = isinstance(actual, dict) and list(shown) == list(actual)
        return both and all(_matches_json(value, actual[name]) for name, value in shown.items())
    if isinstance(shown, list):
        if shown[-1:] == ["…"]:
            shown, actual = shown[:-1], actual[: len(shown) - 1]
        return isinstance(actual, list) and len(shown) == len(actual) and all(map(_matches_json, shown, actual))
    if isinstance(shown, str):
        return isinstance(actual, str) and re.fullmatch(_pattern(shown), actual, re.DOTALL) is not None
    return type(shown) is type(actual) and (shown is actual if isinstance(shown, bool | None) else True)
