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
or another machine changes nothing.
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


@dataclass(frozen=True, slots=True)
class Block:
    """A code block of a Markdown file, and the line where its code begins."""

    language: str
    title: str
    code: str
    line: int

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
        yield Block(language, title or "", code, markdown.count("\n", 0, found.start()) + 2)


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


def follow(markdown: str, folder: Path) -> None:
    """Do what a page says in a folder, block after block, and compare what it shows with what comes out."""
    output = ""
    for block in blocks(markdown):
        where = f"line {block.line}"
        if block.title == OUTPUT:
            assert matches(block.code, output), f"{where}: printed was\n{output}"
        elif block.title and block.language not in ("console", "python"):
            written = (folder / block.title).read_text(encoding="utf-8")
            assert matches(block.code, written), f"{where}: {block.title} holds\n{written}"
        elif block.language == "console":
            output = "".join(run(command, folder) for command in block.commands)
        elif block.language == "python" and not block.for_an_engine:
            (folder / SCRIPT).write_text(block.code, encoding="utf-8")  # a file, for processes that import it
            output = run([sys.executable, SCRIPT], folder)


def matches(shown: str, actual: str) -> bool:
    """Whether a block shows an actual text, by the rules of this module.

    JSON may be formatted differently, and may be one of many lines.
    """
    try:
        value = json.loads(shown)
    except ValueError:
        return _matches_text(shown, actual)
    return any(_matches_json(value, json.loads(line)) for line in actual.splitlines() if line.startswith(("{", "[")))


def _matches_text(shown: str, actual: str) -> bool:
    lines = ["(?:.*\n)*?" if line.strip() == "…" else _pattern(line) + "\n" for line in _plain(shown).splitlines()]
    return re.fullmatch("".join(lines), _plain(actual)) is not None


def _pattern(shown: str) -> str:
    return ".*".join(map(re.escape, shown.split("…")))


def _plain(text: str) -> str:
    lines = [" ".join(_NUMBER.sub("0", line).split()) for line in text.strip().splitlines()]
    return "".join(f"{line}\n" for line in lines)


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
