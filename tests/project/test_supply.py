"""What the package depends on is declared, bounded and locked; workflows have no more rights than they need."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.version import Version
from tiny import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
OWN_NAME = PROJECT["name"]
EXTRAS = PROJECT["optional-dependencies"]
DISTRIBUTIONS = {  # names of modules that are not those of their packages
    "Cython": "cython", "langchain_core": "langchain-core", "nemo_curator": "nemo-curator",
    "prometheus_client": "prometheus-client", "sklearn": "scikit-learn",
}  # fmt: skip
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
LOCKED = {
    name: Version(version)
    for name, version in re.findall(
        r"^([\w.-]+)(?:\[.*\])?==([^\s;]+)", (ROOT / "requirements-dev.lock").read_text(encoding="utf-8"), re.MULTILINE
    )
}


def requirements(*extras: str) -> list[Requirement]:
    """The dependencies of the package, or of some extras, without those on its own extras."""
    lines = [line for extra in extras for line in EXTRAS[extra]] if extras else PROJECT["dependencies"]
    return [one for line in lines if (one := Requirement(line)).name != OWN_NAME]


def imported_libraries() -> set[str]:
    """The names of all packages that the modules of ``detector`` import, at any place."""
    names: set[str] = set()
    for path in (ROOT / "detector").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                names.update(alias.name.split(".")[0] for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                names.add(node.module.split(".")[0])
    return {DISTRIBUTIONS.get(name, name) for name in names - set(sys.stdlib_module_names) - {"detector", "_typeshed"}}


def test_every_library_that_is_imported_is_a_dependency() -> None:
    declared = {one.name for one in [*requirements(), *requirements(*EXTRAS)]}
    assert imported_libraries() <= declared


def test_no_dependency_is_unused() -> None:
    assert {one.name for one in requirements()} <= imported_libraries()


@pytest.mark.parametrize("one", [*requirements(), *requirements(*EXTRAS)], ids=str)
def test_every_dependency_has_a_lower_bound(one: Requirement) -> None:
    assert any(part.operator == ">=" for part in one.specifier)


@pytest.mark.parametrize("one", [*requirements(), *requirements("dev", "docs")], ids=str)
def test_the_locked_version_is_allowed(one: Requirement) -> None:
    assert one.specifier.contains(LOCKED[one.name])


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_a_workflow_has_few_rights(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert re.search(r"^permissions:\n  contents: read\n", text, re.MULTILINE)
    assert text.count("uses: actions/checkout@") == text.count("persist-credentials: false")
    assert text.count("runs-on:") == text.count("timeout-minutes:")
    for action in re.findall(r"uses: (\S+)", text):
        assert re.fullmatch(r"[\w-]+/[\w-]+@(v\d+|release/v\d+)|\./\.github/workflows/\w+\.yml", action)
