"""The binding refuses models whose arrays do not fit each other, before the kernels see them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from odd_texts import model_of
from wrong_arrays import REFUSED, WRONG, Change, at

pytest.importorskip("detector.backend.core", reason="the compiled kernels were not built")

from detector.backend import core, packing

MODEL = model_of("two networks")


@pytest.fixture(scope="module")
def arguments() -> list[Any]:
    """The arguments with which a model is packed."""
    seen: list[Any] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(packing.core, "Model", lambda *given: seen.extend(given))
        packing.pack_model(MODEL)
    return seen


@pytest.fixture
def packed(arguments: list[Any]) -> list[Any]:
    """The arguments, to be changed."""
    return list(arguments)


def test_arguments_that_fit(packed: list[Any]) -> None:
    assert isinstance(core.Model(*packed), core.Model)


@pytest.mark.parametrize("wrong", WRONG)
@pytest.mark.parametrize("place", range(7))
def test_arrays_of_a_model_that_do_not_fit(place: int, wrong: str, packed: list[Any]) -> None:
    packed[place] = WRONG[wrong](packed[place])
    with pytest.raises(REFUSED):
        core.Model(*packed)


@pytest.mark.parametrize("label", [-1, 2, 1 << 40])
def test_labels_that_a_model_does_not_have(label: int, packed: list[Any]) -> None:
    packed[0] = at(0, label)(packed[0])
    with pytest.raises(ValueError, match="labels"):
        core.Model(*packed)


TABLES: dict[str, Change] = {
    "fewer bytes": lambda table: (table[0][:-1], *table[1:]),
    "wider rows": lambda table: (table[0], table[1] + 1, table[2]),
    "rows that overlap": lambda table: (table[0], table[1], table[1] - 1),
    "rows that are far apart": lambda table: (table[0], table[1], 1 << 40),
    "other bytes": lambda table: (table[0].view(np.uint8), *table[1:]),
    "no table": lambda _: None,
}


@pytest.mark.parametrize("wrong", TABLES)
def test_tables_of_a_model_that_do_not_fit(wrong: str, packed: list[Any]) -> None:
    linear, vectors = packed[7:9]
    for changed in ((TABLES[wrong](linear), vectors), (linear, (*vectors[:2], TABLES[wrong](vectors[2])))):
        with pytest.raises(REFUSED):
            core.Model(*packed[:7], *changed, packed[9])


@pytest.mark.parametrize("wrong", WRONG)
@pytest.mark.parametrize("place", [0, 1])
def test_words_of_a_model_that_do_not_fit(place: int, wrong: str, packed: list[Any]) -> None:
    vectors = list(packed[8])
    vectors[place] = WRONG[wrong](vectors[place])
    with pytest.raises(REFUSED):
        core.Model(*packed[:8], vectors, packed[9])


MATRICES: dict[str, Change] = {
    "fewer weights": lambda matrix: (matrix[0][:-1], *matrix[1:]),
    "more weights": lambda matrix: (np.append(matrix[0], matrix[0][:2]), *matrix[1:]),
    "fewer factors": lambda matrix: (matrix[0], matrix[1][:-1], *matrix[2:]),
    "other weights": lambda matrix: (matrix[0].astype(np.int32), *matrix[1:]),
    "more inputs": lambda matrix: (*matrix[:2], matrix[2] + 1, matrix[3]),
    "fewer outputs": lambda matrix: (*matrix[:3], matrix[3] - 1),
    "no inputs": lambda matrix: (matrix[0][:0], matrix[1], 0, matrix[3]),
    "no matrix": lambda _: None,
}


def changed_network(packed: list[Any], name: str, change: Change) -> list[Any]:
    networks = [dict(network) for network in packed[9]]
    networks[-1][name] = change(networks[-1][name])
    return [*packed[:9], networks]


@pytest.mark.parametrize("wrong", MATRICES)
@pytest.mark.parametrize("name", ["input", "peaks", "means", "mix_hidden", "mix_pools", "output_hidden", "output_own"])
def test_matrices_that_do_not_fit(name: str, wrong: str, packed: list[Any]) -> None:
    with pytest.raises(REFUSED):
        core.Model(*changed_network(packed, name, MATRICES[wrong]))


@pytest.mark.parametrize("name", ["input_bias", "peaks_bias", "means_bias", "mix_bias", "output_bias"])
@pytest.mark.parametrize("wrong", WRONG)
def test_biases_that_do_not_fit(name: str, wrong: str, packed: list[Any]) -> None:
    with pytest.raises(REFUSED):
        core.Model(*changed_network(packed, name, WRONG[wrong]))


@pytest.mark.parametrize("name", ["hidden", "pool"])
@pytest.mark.parametrize("units", [-1, 0, 1, 8, 1 << 20, 1 << 40])
def test_numbers_of_units_that_do_not_fit(name: str, units: int, packed: list[Any]) -> None:
    with pytest.raises(REFUSED):
        core.Model(*changed_network(packed, name, lambda _: units))


CONVOLUTIONS: dict[str, Change] = {
    "one fewer": lambda convolutions: convolutions[:-1],
    "without a bias": lambda convolutions: [each[:-1] for each in convolutions],
    "other weights": lambda convolutions: [(MATRICES["fewer weights"](each[0]), *each[1:]) for each in convolutions],
    "a short bias": lambda convolutions: [(*each[:-1], each[-1][:-1]) for each in convolutions],
}


@pytest.mark.parametrize("wrong", CONVOLUTIONS)
def test_convolutions_that_do_not_fit(wrong: str, packed: list[Any]) -> None:
    with pytest.raises(REFUSED):
        core.Model(*changed_network(packed, "convolutions", CONVOLUTIONS[wrong]))
