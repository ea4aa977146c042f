"""The layout that CONTRIBUTING describes: small modules, short functions, empty packages."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from tiny import ROOT

MODULES = sorted(path for folder in ("detector", "training") for path in (ROOT / folder).rglob("*.py"))
PACKAGES = sorted(path for path in (ROOT / "detector").rglob("__init__.py") if path.parent.name != "detector")
LONGEST_MODULE, LONGEST_BODY = 300, 40  # lines


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("path", MODULES, ids=name)
def test_a_module_and_its_functions_are_short(path: Path) -> None:
    source = path.read_text(encoding="utf-8")
    assert len(source.splitlines()) <= LONGEST_MODULE
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            body = node.body[1:] if ast.get_docstring(node) else node.body
            assert not body or (body[-1].end_lineno or 0) - body[0].lineno < LONGEST_BODY, node.name


@pytest.mark.parametrize("path", PACKAGES, ids=name)
def test_a_package_contains_only_its_docstring(path: Path) -> None:
    (statement,) = ast.parse(path.read_text(encoding="utf-8")).body
    assert isinstance(statement, ast.Expr)


def test_every_package_and_module_is_in_the_layers() -> None:
    """The layers of CONTRIBUTING; import-linter checks the direction of imports."""
    layers = (ROOT / "CONTRIBUTING.md").read_text("utf-8").split("```text")[1].split("```")[0]
    named = {word.strip(",/") for line in layers.splitlines() for word in line[:29].split() if word != "|"}
    tops = {
        path.stem for path in (ROOT / "detector").iterdir() if path.suffix == ".py" or (path / "__init__.py").exists()
    }
    assert tops - {"__init__", "__main__"} == named
