"""The compiled backend: threads that share it, the models that it keeps, and the sources that it was built from."""

from __future__ import annotations

import gc
import importlib.util
import sys
import threading
import weakref
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest
from forked import at_work, holds_in_child, needs_fork
from odd_texts import ODD_TEXTS, model_of
from prediction_steps import scores_by_name
from same import assert_same
from tiny import ROOT

from detector.text.paragraphs import BACK, Batch, split

pytest.importorskip("detector.backend.core", reason="the compiled kernels were not built")

from detector.backend import core
from detector.backend.compiled import CompiledBackend

LEVELS = core.levels()
BUILD = ROOT / "detector" / "backend" / "source" / "build.py"
MODEL = model_of("two networks")


@pytest.fixture(scope="module")
def batch() -> Batch:
    return split(ODD_TEXTS["many paragraphs"])


def test_the_levels_begin_with_the_one_of_every_processor() -> None:
    assert LEVELS[0] == "baseline"
    assert len(set(LEVELS)) == len(LEVELS)
    assert [CompiledBackend(level).level for level in LEVELS] == list(LEVELS)


def test_the_padding_is_that_of_the_buffer() -> None:
    assert core.PADDING == BACK


# Threads


@pytest.mark.parametrize("level", LEVELS)
def test_threads_share_a_backend(level: str, batch: Batch) -> None:
    """Also while the model is packed, which the first of them does."""
    expected = CompiledBackend(level).predict(MODEL, batch)
    shared, together = CompiledBackend(level), threading.Barrier(8)

    def again(_: int) -> bool:
        together.wait()
        for _ in range(5):
            assert_same(shared.predict(MODEL, batch), expected)
        return True

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(again, range(8))) == [True] * 8


def test_other_threads_run_while_one_predicts() -> None:
    """The kernels do not hold the interpreter's lock: with a switch interval of minutes, only that lets others run."""
    backend, big = CompiledBackend(LEVELS[0]), split(ODD_TEXTS["many paragraphs"] * 40)
    counted, done = 0, threading.Event()

    def count() -> None:
        nonlocal counted
        while not done.is_set():
            counted += 1
            done.wait(0.0001)

    interval = sys.getswitchinterval()
    sys.setswitchinterval(300)
    try:
        backend.predict(MODEL, big)  # packs the model
        other = threading.Thread(target=count)
        other.start()
        before = counted
        backend.predict(MODEL, big)
        after = counted
    finally:
        sys.setswitchinterval(interval)
        done.set()
    other.join()
    assert after > before


@needs_fork
def test_a_forked_child_predicts_while_a_thread_packs_the_model(batch: Batch, monkeypatch: pytest.MonkeyPatch) -> None:
    from detector.backend import compiled

    right, backend = compiled.pack_model, CompiledBackend()
    expected = CompiledBackend().predict(MODEL, batch)

    def first_use(wait: Callable[[], None]) -> None:
        monkeypatch.setattr(compiled, "pack_model", lambda model: wait() or right(model))
        assert_same(backend.predict(MODEL, batch), expected)

    def is_same() -> bool:
        compiled.pack_model = right
        return bool((backend.predict(MODEL, batch).kinds == expected.kinds).all())

    with at_work(first_use):
        assert holds_in_child(is_same)


# Models


def test_a_model_is_packed_once_and_is_not_kept(batch: Batch, monkeypatch: pytest.MonkeyPatch) -> None:
    backend, packs = CompiledBackend(), []
    from detector.backend import compiled

    right = compiled.pack_model
    monkeypatch.setattr(compiled, "pack_model", lambda model: packs.append(1) or right(model))
    model = replace(MODEL, metadata={"sha256": "another"})
    for _ in range(3):
        backend.predict(model, batch)
    assert len(packs) == 1
    gone = weakref.ref(model)
    del model
    gc.collect()
    assert gone() is None


def test_an_equal_model_is_not_compared_with_the_first(batch: Batch, monkeypatch: pytest.MonkeyPatch) -> None:
    """Comparing two reads all their arrays, for every batch."""
    backend = CompiledBackend()
    backend.predict(MODEL, batch)
    again = replace(MODEL)
    assert hash(again) == hash(MODEL)
    monkeypatch.setattr(type(MODEL), "__eq__", lambda *_: pytest.fail("compared"))
    backend.predict(again, batch)


def test_two_models_have_their_own_scores(batch: Batch) -> None:
    backend, models = CompiledBackend(), (MODEL, model_of("one label"), MODEL)
    first, other, again = (scores_by_name(backend.predict(model, batch)) for model in models)
    assert first["kinds"].shape != other["kinds"].shape
    assert all(np.array_equal(first[name], again[name]) for name in first)


# Sources


def test_the_module_was_built_from_the_sources_that_are_here() -> None:
    if not BUILD.is_file():
        pytest.skip("the sources of the kernels are not here")
    pytest.importorskip("hatchling")
    spec = importlib.util.spec_from_file_location("build_core", BUILD)
    assert spec is not None
    assert spec.loader is not None
    build = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(build)
    remedy = f"the module is of other sources: python {BUILD.relative_to(ROOT)}"
    assert build.sources_digest(BUILD.parent) == core.SOURCES, remedy
