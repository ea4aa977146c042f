"""Which backend a process uses: the compiled one when it saves time or is requested."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from pathlib import Path

import pytest
from odd_texts import ODD_TEXTS

from detector.backend import switch
from detector.backend.reference import NUMPY_BACKEND
from detector.backend.switch import ENOUGH, VARIABLE, BackendSwitch
from detector.cleaner import Cleaner
from detector.errors import UsageError
from detector.inference.model import Model
from detector.text.paragraphs import ParagraphBreak
from detector.text.sections import LIMITS

needs_numba = pytest.mark.skipif(find_spec("numba") is None, reason="numba is not installed")


@pytest.fixture
def fresh(monkeypatch: pytest.MonkeyPatch) -> BackendSwitch:
    """The switch of a process that has read nothing yet, with no environment variable set."""
    monkeypatch.delenv(VARIABLE, raising=False)
    made = BackendSwitch()
    monkeypatch.setattr(switch, "PROCESS", made)
    return made


@pytest.fixture
def without_numba(fresh: BackendSwitch, monkeypatch: pytest.MonkeyPatch) -> BackendSwitch:
    monkeypatch.setitem(sys.modules, "numba", None)
    return fresh


def is_compiled(backend: object) -> bool:
    return type(backend).__name__ == "CompiledBackend"


# When enough is read


@needs_numba
def test_the_compiled_backend_is_used_after_enough_text(fresh: BackendSwitch) -> None:
    assert fresh.backend(ENOUGH - 1) is NUMPY_BACKEND
    compiled = fresh.backend(1)
    assert is_compiled(compiled)
    assert fresh.backend(0) is compiled


@needs_numba
def test_the_compiled_backend_is_used_from_the_start_if_enough_text_is_expected(fresh: BackendSwitch) -> None:
    fresh.expect(ENOUGH - 1)
    fresh.expect(ENOUGH - 1)  # the same text, expected twice
    assert fresh.backend(0) is NUMPY_BACKEND
    fresh.expect(ENOUGH)
    assert is_compiled(fresh.backend(0))


@needs_numba
def test_a_cleaner_counts_what_it_reads(
    tiny_model: Model, fresh: BackendSwitch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(switch, "ENOUGH", 1000)
    cleaner = Cleaner(tiny_model)
    list(cleaner.predict_many(["x" * 400, "y" * 400]))
    assert fresh.backend(0) is NUMPY_BACKEND
    cleaner.predict("z" * 400)
    assert is_compiled(fresh.backend(0))


# The environment variable


@pytest.mark.parametrize("setting", ["0", ""])
def test_the_environment_disables_numba(setting: str, fresh: BackendSwitch, monkeypatch: pytest.MonkeyPatch) -> None:
    """Always if it is 0; while little is read if it is empty."""
    monkeypatch.setenv(VARIABLE, setting)
    assert fresh.backend(2 * ENOUGH if setting else ENOUGH - 1) is NUMPY_BACKEND


@needs_numba
def test_the_environment_requests_numba(fresh: BackendSwitch, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "1")
    assert is_compiled(fresh.backend(0))
    monkeypatch.setenv(VARIABLE, "0")
    assert fresh.backend(2 * ENOUGH) is NUMPY_BACKEND


@pytest.mark.parametrize("setting", ["yes", "2", " 1", "true"])
def test_the_environment_has_an_invalid_value(
    setting: str, fresh: BackendSwitch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, setting)
    with pytest.raises(UsageError, match=f"{VARIABLE}={setting}: set it to 1"):
        fresh.backend(0)


# Without Numba


@pytest.mark.filterwarnings("error")
def test_without_numba_numpy_is_used(without_numba: BackendSwitch) -> None:
    assert without_numba.backend(ENOUGH) is NUMPY_BACKEND
    assert without_numba.backend(ENOUGH) is NUMPY_BACKEND


def test_requesting_numba_without_it_is_an_error(without_numba: BackendSwitch, monkeypatch: pytest.MonkeyPatch) -> None:
    without_numba.backend(ENOUGH)
    monkeypatch.setenv(VARIABLE, "1")
    for _ in range(2):
        with pytest.raises(UsageError, match=r"not installed.*boilerplate-detector\[speed\]"):
            without_numba.backend(0)


def test_a_small_input_does_not_import_numba(tiny_model_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    code = (
        "import sys, detector; "
        f"detector.load({str(tiny_model_dir)!r}).clean('Give now!'); "
        "sys.exit('numba' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


# Whole predictions


@needs_numba
@pytest.mark.parametrize("paragraph_break", ["line", "blank"])
def test_predictions_are_the_same(
    paragraph_break: ParagraphBreak, tiny_model: Model, seed_texts: list[str], fresh: BackendSwitch,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    texts = [*seed_texts, *ODD_TEXTS["more than is read"], "", "x " * (LIMITS.characters // 2 + 1)]
    cleaner = Cleaner(tiny_model, 0.5, paragraphs=paragraph_break)
    plain = list(cleaner.predict_many(texts))
    assert fresh.backend(0) is NUMPY_BACKEND
    monkeypatch.setenv(VARIABLE, "1")
    assert list(cleaner.predict_many(texts)) == plain


@needs_numba
@pytest.mark.parametrize("setting", ["0", "1"])
def test_threads_share_a_backend(
    setting: str, tiny_model: Model, seed_texts: list[str], fresh: BackendSwitch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, setting)
    cleaner = Cleaner(tiny_model, 0.5)
    expected = list(cleaner.predict_many(seed_texts))

    def again(_: int) -> bool:
        return list(cleaner.predict_many(seed_texts)) == expected

    with ThreadPoolExecutor(4) as pool:
        assert all(pool.map(again, range(8)))
    assert is_compiled(fresh.backend(0)) == (setting == "1")
