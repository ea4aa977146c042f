"""How kernels are compiled, and when they are compiled again."""

from __future__ import annotations

import ast
import importlib
import shutil
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from odd_texts import KINDS, ODD_TEXTS, WITHOUT_NETWORKS, WITHOUT_VECTORS, model_of

from detector.inference.model import Model
from detector.inference.predict import predict
from detector.text.paragraphs import split

pytest.importorskip("numba", reason="numba is not installed: pip install 'boilerplate-detector[speed]'")

from detector.backend import kernels
from detector.backend.compiled import CompiledBackend
from detector.backend.kernels import common, constants
from detector.backend.kernels.constants import SOURCES, digest

FOLDER = Path(str(kernels.__file__)).parent
FILES = sorted(FOLDER.glob("*.py"))
MODULES = [importlib.import_module(f"{kernels.__name__}.{file.stem}") for file in FILES if file.stem != "__init__"]
ALL_FILES = [*FILES, *(Path(str(module.__file__)) for module in constants._MODULES)]


def kernels_of(module: ModuleType) -> dict[str, Any]:
    """The kernels that a module defines, without the functions inlined into them."""
    return {
        name: value
        for name, value in vars(module).items()
        if hasattr(value, "signatures")
        and value.py_func.__module__ == module.__name__
        and not value.targetoptions.get("forceinline")
    }


KERNELS = {f"{module.__name__}.{name}": kernel for module in MODULES for name, kernel in kernels_of(module).items()}


def test_there_are_kernels() -> None:
    assert len(KERNELS) > 5


# Types


@pytest.fixture(scope="module")
def used(tiny_model: Model, seed_texts: list[str]) -> None:
    """Kernels after calls with models loaded from files and in memory, and with texts of all sizes down to none."""
    for texts in ([], [""], ["Give now!"], seed_texts, ODD_TEXTS["more than is read"]):
        for model in (tiny_model, model_of(KINDS[0]), model_of(WITHOUT_NETWORKS), model_of(WITHOUT_VECTORS)):
            backend = CompiledBackend()
            predict(model, split(texts, "line", backend.split_lines), backend)


@pytest.mark.usefixtures("used")
@pytest.mark.parametrize("name", KERNELS)
def test_a_kernel_is_compiled_for_one_set_of_types(name: str) -> None:
    """Each further set would take seconds to compile."""
    assert len(KERNELS[name].signatures) == 1


# Sources


@pytest.mark.parametrize("name", KERNELS)
def test_the_name_of_a_kernel_carries_the_digest_of_its_sources(name: str) -> None:
    assert KERNELS[name].py_func.__qualname__ == f"{name.rsplit('.', 1)[1]}_{SOURCES[:16]}"


@pytest.mark.parametrize("changed", ALL_FILES, ids=lambda file: f"{file.parent.name}-{file.stem}")
def test_the_digest_changes_with_every_source(changed: Path, tmp_path: Path) -> None:
    copies = [Path(shutil.copy(file, tmp_path / str(number))) for number, file in enumerate(ALL_FILES)]
    assert digest(copies) == digest(copies[::-1]) == SOURCES
    copy = copies[ALL_FILES.index(changed)]
    content = bytearray(copy.read_bytes() or b"\0")
    content[len(content) // 2] ^= 1
    copy.write_bytes(content)
    assert digest(copies) != SOURCES


def imported(file: Path) -> set[str]:
    """The modules of the project that a file imports, or imports names of."""
    names = set()
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if isinstance(node, ast.ImportFrom) and str(node.module).startswith("detector."):
            for name in node.names:
                try:
                    names.add(importlib.import_module(f"{node.module}.{name.name}").__name__)
                except ModuleNotFoundError:
                    names.add(str(node.module))
    return names


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_the_digest_is_of_every_module_that_kernels_import(file: Path) -> None:
    known = {module.__name__ for module in (*constants._MODULES, *MODULES)}
    assert imported(file) <= known


# The cache


def test_a_kernel_without_a_writable_cache() -> None:
    """Numba does not cache a function that has no source file."""
    space: dict[str, Any] = {}
    exec("def double(value):\n    return 2 * value\n", space)
    kernel = common.compiled(space["double"])
    assert kernel(4) == 8
    assert kernel._cache.cache_path is None
