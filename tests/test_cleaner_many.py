"""Many texts at once, lazily and in order; the same in threads and other processes."""

from __future__ import annotations

import itertools
import pickle
import re
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import FrozenInstanceError, replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from texts import text_lists

import detector
from detector import cleaner as cleaner_module
from detector.cleaner import Cleaned, Cleaner
from detector.errors import UsageError
from detector.inference.model import Model
from detector.policy import POLICIES, Policy
from detector.text.sections import LIMITS


@settings(max_examples=30)
@given(given_texts=text_lists)
def test_many_are_the_same_as_one_by_one(given_texts: list[str], tiny_model: Model) -> None:
    cleaner = Cleaner(tiny_model)
    many = list(cleaner.clean_many(given_texts))
    assert [cleaned.prediction.source for cleaned in many] == given_texts
    for text, cleaned in zip(given_texts, many, strict=True):
        one = cleaner.clean(text)
        assert (one.text, one.paragraphs) == (cleaned.text, cleaned.paragraphs)


@pytest.mark.parametrize("batch", [1, 100, 5000, 1 << 18])
def test_results_do_not_depend_on_the_batch_size(
    batch: int, tiny_model: Model, seed_texts: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    cleaner = Cleaner(tiny_model)
    expected = [p.paragraphs for p in cleaner.predict_many(seed_texts)]
    monkeypatch.setattr(cleaner_module, "BATCH_CHARACTERS", batch)
    assert [p.paragraphs for p in cleaner.predict_many(iter(seed_texts))] == expected


@pytest.mark.parametrize("text", ["A line of text.\nAnother one.\n", ""])
def test_an_endless_iterable_is_read_lazily_and_in_order(
    text: str, tiny_model: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cleaner_module, "BATCH_CHARACTERS", 1000)
    taken = 0

    def endless() -> Iterator[str]:
        nonlocal taken
        while True:
            taken += 1
            yield text + (str(taken) if text else "")

    found = Cleaner(tiny_model, 0.0).clean_many(endless())
    assert taken == 0
    first = list(itertools.islice(found, 3))
    assert [cleaned.text for cleaned in first] == [text + (str(n) if text else "") for n in (1, 2, 3)]
    assert taken <= 1001
    before = taken
    next(found)
    assert taken == before


def test_no_texts(tiny_model: Model) -> None:
    assert list(Cleaner(tiny_model).clean_many([])) == []


NO_TEXTS = [["one", None], ["one", b"two"], [1], [["one"]], b"bytes"]


@pytest.mark.parametrize("given_texts", NO_TEXTS)
def test_what_is_not_a_text_is_an_error(given_texts: Any, tiny_model: Model) -> None:
    with pytest.raises(UsageError, match="a text is a str, not a"):
        list(Cleaner(tiny_model).predict_many(given_texts))


@pytest.mark.parametrize("method", ["predict_many", "clean_many"])
def test_one_text_in_place_of_many_is_an_error(method: str, tiny_model: Model) -> None:
    with pytest.raises(UsageError, match="many texts, not one string"):
        list(getattr(Cleaner(tiny_model), method)("one text"))


@pytest.mark.parametrize("text", [None, b"bytes", 5])
def test_a_single_value_that_is_not_a_text_is_an_error(text: Any, tiny_model: Model) -> None:
    with pytest.raises(UsageError, match="a text is a str, not a"):
        Cleaner(tiny_model).clean(text)


# Several threads of a cleaner

threads_numbers = pytest.mark.parametrize("threads", [1, 2, 5])
LONG_TEXT = f"Before.\n{'Subscribe now! ' * 3000}\n" + "The council met on Tuesday.\n" * (2 * LIMITS.lines)


@pytest.fixture
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each text of some lines is a batch of its own."""
    monkeypatch.setattr(cleaner_module, "BATCH_CHARACTERS", 100)


@threads_numbers
@pytest.mark.usefixtures("small_batches")
def test_any_number_of_threads_has_the_same_results_in_order(
    threads: int, tiny_model: Model, seed_texts: list[str]
) -> None:
    cleaner, texts = Cleaner(tiny_model, 0.5), [*seed_texts, "", LONG_TEXT, "\n", *seed_texts[:5]]
    expected = [cleaner.clean(text) for text in texts]
    assert list(cleaner.predict_many(iter(texts), threads=threads)) == [cleaned.prediction for cleaned in expected]
    assert list(cleaner.clean_many(iter(texts), threads=threads)) == expected


@threads_numbers
def test_threads_with_large_batches_and_with_no_texts(threads: int, tiny_model: Model, seed_texts: list[str]) -> None:
    cleaner = Cleaner(tiny_model, 0.5)
    assert list(cleaner.predict_many(seed_texts, threads=threads)) == list(cleaner.predict_many(seed_texts))
    assert list(cleaner.predict_many([], threads=threads)) == []


@threads_numbers
@pytest.mark.usefixtures("small_batches")
def test_a_bounded_number_of_batches_is_read_ahead(threads: int, tiny_model: Model) -> None:
    text, taken = "A line of text that is a batch of its own.\n" * 3, 0

    def endless() -> Iterator[str]:
        nonlocal taken
        while True:
            taken += 1
            yield f"{text}{taken}"

    found = Cleaner(tiny_model, 0.0).clean_many(endless(), threads=threads)
    assert taken == 0
    for number in range(1, 20):
        assert next(found).text == f"{text}{number}"
        assert taken <= number + (2 * threads if threads > 1 else 0)


@threads_numbers
@pytest.mark.usefixtures("small_batches")
def test_an_error_in_a_thread_is_raised_in_its_place(
    threads: int, tiny_model: Model, seed_texts: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    cleaner, split = Cleaner(tiny_model, 0.5), cleaner_module.split
    expected = list(cleaner.predict_many(seed_texts[:6]))

    def failing(texts: list[str], *others: Any) -> Any:
        if seed_texts[6] in texts:
            raise MemoryError("no more memory")
        return split(texts, *others)

    monkeypatch.setattr(cleaner_module, "split", failing)
    found = cleaner.predict_many(seed_texts[:12], threads=threads)
    assert list(itertools.islice(found, 6)) == expected
    with pytest.raises(MemoryError, match="no more memory"):
        next(found)
    assert list(found) == []


@threads_numbers
@pytest.mark.usefixtures("small_batches")
def test_closing_the_results_ends_the_threads(threads: int, tiny_model: Model, seed_texts: list[str]) -> None:
    taken = []
    texts = (taken.append(text) or text for text in itertools.cycle(seed_texts))
    found = Cleaner(tiny_model).predict_many(texts, threads=threads)
    next(found)
    found.close()
    assert next(found, None) is None
    assert len(taken) <= 1 + 2 * threads
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("ThreadPoolExecutor")]


@pytest.mark.parametrize("method", ["predict_many", "clean_many"])
@pytest.mark.parametrize("threads", [0, -1, True, False, 1.5, 2.0, "2", None])
def test_a_wrong_number_of_threads_is_an_error_at_once(threads: Any, method: str, tiny_model: Model) -> None:
    with pytest.raises(UsageError, match=rf"threads {re.escape(repr(threads))}: give a whole number from 1 on"):
        getattr(Cleaner(tiny_model), method)(["text"], threads=threads)


@threads_numbers
@pytest.mark.parametrize("given_texts", NO_TEXTS[:4])
def test_what_is_not_a_text_is_an_error_in_threads_too(given_texts: Any, threads: int, tiny_model: Model) -> None:
    with pytest.raises(UsageError, match="a text is a str, not a"):
        list(Cleaner(tiny_model).predict_many(given_texts, threads=threads))


# Threads that share a cleaner, processes, results


def test_threads_share_a_cleaner(tiny_model_dir: Path, seed_texts: list[str]) -> None:
    expected = [cleaned.text for cleaned in detector.load(tiny_model_dir).clean_many(seed_texts)]
    fresh = detector.load(tiny_model_dir)  # before anything is computed
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda text: fresh.clean(text).text, seed_texts * 2))
    assert found == expected * 2


@pytest.mark.parametrize("used", [False, True])
def test_a_cleaner_can_be_pickled(used: bool, tiny_model: Model, seed_texts: list[str]) -> None:
    cleaner = Cleaner(tiny_model, "strict", POLICIES["text"] if "about" in tiny_model.kinds else Policy(), "blank")
    expected = cleaner.clean(seed_texts[0])
    cleaner = cleaner if used else replace(cleaner)
    copy = pickle.loads(pickle.dumps(cleaner))
    found = copy.clean(seed_texts[0])
    assert (copy.threshold, copy.policy, copy.paragraphs) == (cleaner.threshold, cleaner.policy, cleaner.paragraphs)
    assert (found.text, found.paragraphs) == (expected.text, expected.paragraphs)


def test_results_can_be_pickled(tiny_model: Model) -> None:
    cleaned = Cleaner(tiny_model).clean("A line.\nDonate now!")
    copy: Cleaned = pickle.loads(pickle.dumps(cleaned))
    assert (copy.text, copy.paragraphs, copy.removed_share) == (cleaned.text, cleaned.paragraphs, cleaned.removed_share)


def test_results_are_frozen(tiny_model: Model) -> None:
    cleaner = Cleaner(tiny_model)
    cleaned = cleaner.clean("A line.")
    for thing, field in ((cleaner, "threshold"), (cleaned, "text"), (cleaned.paragraphs[0], "keep")):
        with pytest.raises(FrozenInstanceError):
            setattr(thing, field, None)
