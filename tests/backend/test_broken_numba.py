"""With a Numba that is broken, NumPy computes the same, and one warning says why."""

from __future__ import annotations

import errno
import os
import pickle
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tiny import ROOT

from detector.backend import switch
from detector.backend.reference import NUMPY_BACKEND, NumpyBackend
from detector.backend.self_test import self_test
from detector.backend.switch import ENOUGH, VARIABLE, BackendSwitch
from detector.errors import UsageError
from detector.inference.predict import Backend
from detector.util.arrays import Floats

pytest.importorskip("numba")


@pytest.fixture
def fresh(monkeypatch: pytest.MonkeyPatch) -> BackendSwitch:
    """The switch of a process that has read nothing yet, with no environment variable set."""
    monkeypatch.delenv(VARIABLE, raising=False)
    return BackendSwitch()


FAILURES: dict[str, Exception] = {
    "a cut cache": EOFError("Ran out of input"),
    "a damaged cache": pickle.UnpicklingError("invalid load key"),
    "a full disk": OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)),
    "a missing library": ImportError("libLLVM.so: cannot open shared object file"),
    "another numpy": SystemError("initialization of _internal failed"),
    "a compiler": RuntimeError("failed in nopython mode\nat line 5"),
    "no memory": MemoryError(),
}


@pytest.fixture(params=FAILURES)
def broken(request: pytest.FixtureRequest, fresh: BackendSwitch, monkeypatch: pytest.MonkeyPatch) -> BackendSwitch:
    """A switch whose kernels cannot be loaded."""

    def fail() -> None:
        raise FAILURES[request.param]

    monkeypatch.setattr(switch, "_compiled_backend", fail)
    return fresh


def test_kernels_that_cannot_be_loaded_are_one_warning_and_numpy(broken: BackendSwitch) -> None:
    with pytest.warns(UserWarning, match="numba is installed, but its compiled loops cannot be used") as caught:
        backends = [broken.backend(ENOUGH) for _ in range(2)]
    assert backends == [NUMPY_BACKEND, NUMPY_BACKEND]
    assert len(caught) == 1
    assert "delete Numba's cache" in str(caught[0].message)
    assert "\n" not in str(caught[0].message)


@pytest.mark.filterwarnings("error")
def test_requesting_kernels_that_cannot_be_loaded_is_an_error(
    broken: BackendSwitch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, "1")
    for _ in range(2):
        with pytest.raises(
            UsageError, match=f"{VARIABLE}=1: numba is installed, but its compiled loops cannot be used"
        ):
            broken.backend(0)


def test_a_keyboard_interrupt_while_kernels_are_loaded_is_none_of_these(
    fresh: BackendSwitch, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt() -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(switch, "_compiled_backend", interrupt)
    for _ in range(2):
        with pytest.raises(KeyboardInterrupt):
            fresh.backend(ENOUGH)


def test_a_thread_does_not_wait_for_another_that_loads_the_kernels(
    fresh: BackendSwitch, monkeypatch: pytest.MonkeyPatch
) -> None:
    loading, go_on = threading.Event(), threading.Event()
    compiled = NumpyBackend()

    def load() -> Backend:
        loading.set()
        assert go_on.wait(60)
        return compiled

    monkeypatch.setattr(switch, "_compiled_backend", load)
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(fresh.backend, ENOUGH)
        assert loading.wait(60)
        assert fresh.backend(1) is NUMPY_BACKEND
        fresh.expect(2 * ENOUGH)
        go_on.set()
        assert first.result() is compiled
    assert fresh.backend(1) is compiled


# The self-test


@pytest.mark.parametrize("method", ["softmax", "sigmoid", "rectify", "standardize"])
def test_kernels_that_compute_something_else_fail_the_self_test(method: str, monkeypatch: pytest.MonkeyPatch) -> None:
    right: Callable[..., Any] = getattr(NumpyBackend, method)

    def wrong(self: NumpyBackend, values: Floats, *others: Any) -> Any:
        result = right(self, values, *others)
        (values if result is None else result)[:] += np.float32(0.25)
        return result

    backend = NumpyBackend()
    self_test(backend)
    monkeypatch.setattr(backend, method, partial(wrong, backend), raising=False)
    with pytest.raises(RuntimeError, match="other scores than NumPy"):
        self_test(backend)


# Its cache


DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "empty": lambda _: b"",
    "cut": lambda content: content[: len(content) // 2],
    "other bytes": lambda content: b"\xff" * len(content),
}


@pytest.fixture(scope="module")
def numba_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache of Numba that holds all kernels."""
    folder = tmp_path_factory.mktemp("numba")
    assert run_with_cache(folder) == ("CompiledBackend", 0)
    return folder


def run_with_cache(folder: Path) -> tuple[str, int]:
    """The backend that a process uses after enough text with Numba's cache there, and how often it warns."""
    code = (
        "import warnings; from detector.backend import switch\n"
        "with warnings.catch_warnings(record=True) as caught:\n"
        "    backends = [switch.PROCESS.backend(switch.ENOUGH) for _ in range(2)]\n"
        "print(type(backends[1]).__name__, len(caught))"
    )
    plain = {name: value for name, value in os.environ.items() if name != VARIABLE}
    environment = {**plain, "NUMBA_CACHE_DIR": str(folder), "PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    name, warned = done.stdout.split()
    return name, int(warned)


@pytest.mark.slow
@pytest.mark.parametrize("ending", [".nbi", ".nbc"])
@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_cache_is_numpy_and_a_warning(damage: str, ending: str, numba_cache: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(numba_cache, tmp_path / "cache")
    files = sorted(folder.rglob(f"*{ending}"))
    assert files
    for file in files:
        file.write_bytes(DAMAGES[damage](file.read_bytes()))
    assert run_with_cache(folder) == ("NumpyBackend", 1)
