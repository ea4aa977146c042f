"""The binding refuses texts and scores that do not fit each other, before the kernels see them."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import pytest
from odd_texts import model_of
from wrong_arrays import REFUSED, WRONG, Change, at, read_only

from detector.text.paragraphs import BACK, FRONT, split

pytest.importorskip("detector.backend.core", reason="the compiled kernels were not built")

from detector.backend import compiled, core, packing
from detector.backend.compiled import CompiledBackend

LEVEL = core.levels()[-1]
TEXTS = ["One line.\nTwo Lines\n", "three", ""]
BATCH = split(TEXTS)
MODEL = model_of("two networks")
PACKED = packing.pack_model(MODEL)


# Scores


def scoring(**changed: Any) -> dict[str, Any]:
    """The arguments of `core.score`, some of them changed."""
    number = len(BATCH)
    arguments = {
        "level": LEVEL, "model": PACKED, "classes": BATCH.classes, "folded": BATCH.folded,
        "start": BATCH.start, "end": BATCH.end, "char_start": BATCH.char_start, "char_end": BATCH.char_end,
        "bounds": BATCH.bounds, "labels": np.empty((number, len(MODEL.labels)), dtype=np.float32),
        "kinds": np.empty((number, len(MODEL.kinds)), dtype=np.float32),
        "familiarity": np.empty((BATCH.documents, 1), dtype=np.float32), "intermediate": None,
        "evidence": np.zeros((number, len(MODEL.kinds)), dtype=np.float32),
    }  # fmt: skip
    return arguments | {name: change(arguments[name]) for name, change in changed.items()}


INPUT_ARRAYS = ("classes", "folded", "start", "end", "char_start", "char_end", "bounds", "evidence")
OUTPUT_ARRAYS = ("labels", "kinds", "familiarity")


def test_arrays_that_fit_are_scored() -> None:
    arguments = scoring()
    core.score(**arguments)
    assert np.isfinite(arguments["kinds"]).all()
    core.score(**scoring(**dict.fromkeys(INPUT_ARRAYS, read_only)))


NOT_FITTING = set(product([*INPUT_ARRAYS, *OUTPUT_ARRAYS], WRONG)) - {("evidence", "none")}  # there may be none


@pytest.mark.parametrize(("name", "wrong"), sorted(NOT_FITTING))
def test_arrays_of_scores_that_do_not_fit(name: str, wrong: str) -> None:
    with pytest.raises(REFUSED):
        core.score(**scoring(**{name: WRONG[wrong]}))


@pytest.mark.parametrize("name", OUTPUT_ARRAYS)
def test_scores_are_not_written_into_read_only_arrays(name: str) -> None:
    with pytest.raises(ValueError, match="read-only"):
        core.score(**scoring(**{name: read_only}))


SIZE = len(BATCH.classes)
PLACES = {
    "before the padding": {"start": at(0, FRONT - 1)},
    "below zero": {"start": at(0, -1)},
    "in the padding": {"end": at(-1, SIZE - BACK + 1)},
    "beyond the buffer": {"start": at(-1, SIZE), "end": at(-1, SIZE + 5)},
    "far away": {"start": at(-1, 1 << 62), "end": at(-1, 1 << 62)},
    "an end before its start": {"end": at(1, int(BATCH.start[1]) - 1)},
    "a buffer that is all padding": {"classes": lambda a: a[:BACK].copy(), "folded": lambda a: a[:BACK].copy()},
    "bounds out of order": {"bounds": at(1, len(BATCH) + 1)},
    "bounds that fall": {"bounds": at(1, -1)},
    "a first bound above zero": {"bounds": at(0, 1)},
    "a last bound before the end": {"bounds": at(-1, len(BATCH) - 1)},
    "a last bound behind the end": {"bounds": at(-1, len(BATCH) + 1)},
}


@pytest.mark.parametrize("places", PLACES)
def test_places_outside_of_the_arrays(places: str) -> None:
    with pytest.raises(ValueError, match=r"buffer|bounds"):
        core.score(**scoring(**PLACES[places]))


@pytest.mark.parametrize("name", ["logits", "shapes", "repeats", "known", "embeddings", "inputs", "network_logits"])
def test_intermediate_arrays_that_do_not_fit(name: str) -> None:
    for array in (np.empty((len(BATCH), 2000), np.float32), np.empty((1, 1)), read_only(np.empty((3, 1), np.float32))):
        with pytest.raises(REFUSED):
            core.score(**scoring(intermediate=lambda _, array=array: {name: array}))


@pytest.mark.parametrize("level", ["", "AVX2", "avx1024", None, 3])
def test_levels_that_there_are_not(level: Any) -> None:
    with pytest.raises((ValueError, TypeError)):
        core.score(**scoring(level=lambda _: level))
    if level is not None:
        with pytest.raises(ValueError, match="choose from baseline"):
            CompiledBackend(level)


@pytest.mark.parametrize("model", [None, MODEL, {}])
def test_what_is_no_packed_model(model: Any) -> None:
    with pytest.raises(TypeError):
        core.score(**scoring(model=lambda _: model))


# Lines


def splitting(**changed: Any) -> dict[str, Any]:
    """The arguments of `core.split_lines`, some of them changed."""
    buffer = b"\n" * FRONT + "abc\nÄ\n".encode() * 100 + b"\n" * BACK
    most = core.count_line_ends(buffer)
    arguments = {
        "level": LEVEL, "buffer": buffer, "origin": np.array([FRONT, len(buffer) - BACK]),
        "tables": compiled._character_tables(), "classes": np.empty(len(buffer), dtype=np.uint8),
        "folded": np.empty(len(buffer), dtype=np.uint8), "columns": np.empty((5, most), dtype=np.int64),
        "after_blank": np.empty(most, dtype=np.uint8),
    }  # fmt: skip
    return arguments | {name: change(arguments[name]) for name, change in changed.items()}


def test_lines_that_fit_are_split() -> None:
    assert core.split_lines(**splitting()) == 200


@pytest.mark.parametrize("wrong", WRONG)
@pytest.mark.parametrize("name", ["classes", "folded", "columns", "after_blank"])
def test_arrays_of_lines_that_do_not_fit(name: str, wrong: str) -> None:
    with pytest.raises(REFUSED):
        core.split_lines(**splitting(**{name: WRONG[wrong]}))


@pytest.mark.parametrize("name", ["classes", "folded", "columns", "after_blank"])
def test_lines_are_not_written_into_read_only_arrays(name: str) -> None:
    with pytest.raises(ValueError, match="read-only"):
        core.split_lines(**splitting(**{name: read_only}))


@pytest.mark.parametrize("most", [0, 1, BACK, 200])
def test_room_for_fewer_lines_than_there_are(most: int) -> None:
    fewer = {"columns": lambda _: np.empty((5, most), np.int64), "after_blank": lambda _: np.empty(most, np.uint8)}
    with pytest.raises(ValueError, match="lines"):
        core.split_lines(**splitting(**fewer))


@pytest.mark.parametrize("last", [b"\xf0", b"\xc3", b"a"])
def test_a_buffer_without_padding(last: bytes) -> None:
    def cut(buffer: bytes) -> bytes:
        return buffer[: -BACK // 2] + last * (BACK // 2)

    with pytest.raises(ValueError, match="padding"):
        core.split_lines(**splitting(buffer=cut))


@pytest.mark.parametrize("wrong", [lambda _: np.zeros(0, np.int64), lambda array: array.astype(np.int32)])
def test_origins_that_do_not_fit(wrong: Change) -> None:
    with pytest.raises(ValueError, match=r"lines|dtype"):
        core.split_lines(**splitting(origin=wrong))


def test_tables_that_do_not_fit() -> None:
    small = [np.zeros(9, dtype=dtype) for dtype in (np.uint8, np.int32, np.uint8, np.uint8, np.uint8)]
    with pytest.raises(ValueError, match="tables"):
        core.CharacterTables(*small)
    with pytest.raises(TypeError):
        core.split_lines(**splitting(tables=lambda _: None))
