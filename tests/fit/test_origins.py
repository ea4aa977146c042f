"""Origins and languages as tables of figures list them: a model's metadata stay small, whatever the data."""

from __future__ import annotations

import pytest

from detector.evaluation.labelled import LabelledDocument
from detector.fit import origins as module
from detector.fit.origins import CLEAN, OTHERS, PAGE, SEED, as_listed


def documents(**names: list[str | None]) -> list[LabelledDocument]:
    """A document for each name of one field, ``origin`` or ``lang``."""
    ((field, values),) = names.items()
    none = {"origin": None, "lang": None}
    return [
        LabelledDocument(str(n), "a.example", gold=None, paragraphs=(), **none | {field: value})
        for n, value in enumerate(values)
    ]


LONG = "x" * 101
ORIGINS: list[tuple[list[str | None], list[str | None]]] = [
    ([None, "b", "b", "c"], [None, "b", "b", "c"]),
    (["a", "b", "b", "c", "c", "d", None], [OTHERS, "b", "b", "c", "c", OTHERS, None]),
    (["d", "c", "b", "b"], [OTHERS, "c", "b", "b"]),  # of two with one document, the first by name
    (["b", "b", "c", "c", "d", PAGE, SEED, CLEAN], ["b", "b", "c", "c", OTHERS, PAGE, SEED, CLEAN]),
    ([LONG, LONG, "b"], [OTHERS, OTHERS, "b"]),
]


@pytest.mark.parametrize(("given", "listed"), ORIGINS, ids=range(len(ORIGINS)))
def test_the_commonest_origins_are_listed(
    given: list[str | None], listed: list[str | None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MAX_LISTED", 2)
    assert [each.origin for each in as_listed(documents(origin=given))] == listed
    assert [each.origin for each in as_listed(documents(origin=given)[::-1])] == listed[::-1]


def test_the_commonest_languages_are_listed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_LISTED", 2)
    given = ["de", "German", "Welsh", "en-GB", "en", None, LONG]
    assert [each.lang for each in as_listed(documents(lang=given))] == [
        "de", "German", OTHERS, "en-GB", "en", None, OTHERS,
    ]  # fmt: skip
