"""Which backend a process uses: the compiled kernels, or NumPy, with one warning, where they cannot be used."""

from __future__ import annotations

import os
import subprocess
import sys
import warnings
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType

import pytest
from tiny import ROOT

from detector import backend as package
from detector.backend import choice
from detector.backend.reference import NUMPY_BACKEND
from detector.cleaner import Cleaner
from detector.features.version import FEATURE_VERSION
from detector.inference.model import Model

CORE = "detector.backend.core"
needs_core = pytest.mark.skipif(find_spec(CORE) is None, reason="the compiled kernels were not built")


@pytest.fixture(autouse=True)
def _fresh() -> Iterator[None]:
    """A process that has chosen nothing yet."""
    choice._chosen.cache_clear()
    yield
    choice._chosen.cache_clear()


@pytest.fixture
def without_core(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, CORE, None)
    monkeypatch.delattr(package, "core", raising=False)


@pytest.fixture
def other_core(monkeypatch: pytest.MonkeyPatch) -> None:
    """Kernels of other features."""
    other = ModuleType(CORE)
    other.FEATURE_VERSION = FEATURE_VERSION + 1
    monkeypatch.setitem(sys.modules, CORE, other)
    monkeypatch.setattr(package, "core", other, raising=False)


def chosen_with_a_warning() -> str:
    """The warning of a process that uses NumPy; there is one, however often it is asked."""
    with pytest.warns(UserWarning, match="NumPy computes the same") as caught:
        assert [choice.backend() for _ in range(3)] == [NUMPY_BACKEND] * 3
    assert len(caught) == 1
    return str(caught[0].message)


@needs_core
@pytest.mark.filterwarnings("error")
def test_the_kernels_are_used_where_they_are() -> None:
    from detector.backend import core
    from detector.backend.compiled import CompiledBackend

    chosen = choice.backend()
    assert isinstance(chosen, CompiledBackend)
    assert chosen is choice.backend()
    assert chosen.level == core.levels()[-1]
    assert chosen.name == f"compiled, {chosen.level}"


@pytest.mark.usefixtures("without_core")
def test_without_kernels_there_is_one_warning_and_numpy() -> None:
    message = chosen_with_a_warning()
    assert "install" in message
    assert "\n" not in message


@needs_core
@pytest.mark.usefixtures("other_core")
def test_kernels_of_other_features_are_not_used() -> None:
    message = chosen_with_a_warning()
    assert f"features of version {FEATURE_VERSION + 1}, not {FEATURE_VERSION}" in message


@needs_core
@pytest.mark.parametrize("error", [ImportError("libstdc++.so.6: no such file\nmore"), OSError("damaged")], ids=repr)
def test_a_warning_has_one_line_and_other_errors_are_not_hidden(
    error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail() -> None:
        raise error

    monkeypatch.setattr(choice, "_compiled", fail)
    if isinstance(error, ImportError):
        assert "(libstdc++.so.6: no such file)" in chosen_with_a_warning()
        return
    with pytest.raises(OSError, match="damaged"):
        choice.backend()


@needs_core
def test_a_cleaner_has_the_same_results_with_both(
    tiny_model: Model, seed_texts: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    cleaner = Cleaner(tiny_model, 0.5)
    compiled = list(cleaner.predict_many(seed_texts))
    choice._chosen.cache_clear()
    monkeypatch.setitem(sys.modules, CORE, None)
    monkeypatch.delattr(package, "core")
    with warnings.catch_warnings(action="ignore"):
        assert list(cleaner.predict_many(seed_texts)) == compiled
        assert choice.backend() is NUMPY_BACKEND


SCRIPT = """
import sys
if sys.argv[1] == "without":
    sys.modules["detector.backend.core"] = None
import detector
cleaned = detector.load(sys.argv[2], threshold=0.5).clean(sys.stdin.buffer.read().decode())
sys.stdout.buffer.write(repr((cleaned.text, cleaned.paragraphs)).encode())
"""


@needs_core
def test_a_process_whose_kernels_cannot_be_imported_cleans_the_same(
    tiny_model_dir: Path, seed_texts: list[str]
) -> None:
    def run(how: str) -> subprocess.CompletedProcess[bytes]:
        command = [sys.executable, "-c", SCRIPT, how, str(tiny_model_dir)]
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        text = "\n".join(seed_texts[:3]).encode()
        return subprocess.run(command, input=text, capture_output=True, check=True, env=environment)

    compiled, plain = run("with"), run("without")
    assert compiled.stdout == plain.stdout
    assert len(plain.stdout) > 1000
    assert compiled.stderr == b""
    assert plain.stderr.count(b"NumPy computes the same") == 1
