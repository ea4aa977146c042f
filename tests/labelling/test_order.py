"""The order in which documents teach most, and that it stays."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from labelling import TEXTS, document, documents_of

from detector.cleaner import Cleaner
from detector.errors import UsageError
from detector.labelling import order as module
from detector.labelling.events import Event
from detector.labelling.journal import Journal
from detector.labelling.order import SLOTS, Measures, doubts, order_of, top_mean, words_of
from detector.labelling.suggestions import Suggester
from detector.labelling.work import Work


def measures(rows: list[tuple[float, float, float, int]]) -> Measures:
    """Measures of documents: doubt, disagreement, familiarity, and the only slot of its words."""
    words = np.eye(SLOTS, dtype=np.float32)[[slot for *_, slot in rows]]
    doubt, disagreement, familiarity = np.array([row[:3] for row in rows], dtype=np.float32).T
    return Measures(doubt, disagreement, familiarity, words)


ORDERS = [
    ("doubt", [(0.1, 0, 1, 0), (0.9, 0, 1, 1), (0.5, 0, 1, 2)], (), [1, 2, 0]),
    ("disagreement", [(0, 0.1, 1, 0), (0, 0.2, 1, 1), (0, 0.9, 1, 2)], (), [2, 1, 0]),
    ("familiarity", [(0, 0, 1, 0), (0, 0, 0.1, 1), (0, 0, 0.5, 2)], (), [1, 2, 0]),
    ("unlike those before", [(0.5, 0, 1, 0), (0.5, 0, 1, 0), (0.4, 0, 1, 1)], (), [0, 2, 1]),
    ("ties go by the inputs", [(0.5, 0, 1, 0), (0.5, 0, 1, 1), (0.5, 0, 1, 2)], (), [0, 1, 2]),
    ("labelled ones come last, and are known", [(0.5, 0, 1, 0), (0.4, 0, 1, 1), (0.5, 0, 1, 0)], (0,), [1, 2, 0]),
    ("nothing teaches", [(0, 0, 1, 0), (0, 0, 1, 1)], (), [0, 1]),
]


@pytest.mark.parametrize(("name", "rows", "labelled", "expected"), ORDERS, ids=[name for name, *_ in ORDERS])
def test_what_comes_first(name: str, rows: list[tuple[float, float, float, int]], labelled: tuple[int, ...],
                          expected: list[int]) -> None:  # fmt: skip
    assert order_of(measures(rows), labelled) == expected


_shares = st.floats(0, 1, width=16)


@given(st.lists(st.tuples(_shares, _shares, _shares, st.integers(0, 3)), max_size=12), st.integers(0, 12))
def test_every_document_has_one_place_also_beyond_the_greedy_ones(
    rows: list[tuple[float, float, float, int]], greedy: int
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "GREEDY", greedy)
        found = order_of(measures(rows or [(0, 0, 0, 0)]))
    assert sorted(found) == list(range(max(len(rows), 1)))


def test_doubt_is_nearness_to_the_threshold() -> None:
    found = doubts(np.array([0.0, 0.03, 0.2, 0.5, 1.0], dtype=np.float32), 0.2).round(3)
    assert found.tolist() == [0, 0.392, 1, 0.64, 0]
    assert doubts(np.array([0.0, 1.0], dtype=np.float32), 0.0).tolist() == [1, 0]  # all of it is kept


def test_ten_paragraphs_speak_for_a_document() -> None:
    assert top_mean(np.array([1.0, 0.5])) == pytest.approx(0.15)
    assert top_mean(np.array([0.5] * 30 + [1.0] * 5)) == pytest.approx(0.75)
    assert top_mean(np.array([])) == 0


def test_words_have_the_length_one() -> None:
    found = words_of("Rain fell. Rain fell on the dam.")
    assert float((found * found).sum()) == pytest.approx(1, abs=1e-6)
    assert words_of("… !").sum() == 0


def texts_of(work: Work) -> list[str]:
    return [each.id for each in work.documents]


def test_the_order_stays_when_there_are_more_documents_or_another_model(
    tiny_cleaner: Cleaner, shipped: Cleaner, tmp_path: Path
) -> None:
    given_documents = [document(number, texts) for number, texts in enumerate(TEXTS)]
    journal = Journal(tmp_path / "labels.journal")
    first = Work(documents_of(given_documents[:3]), journal, Suggester(tiny_cleaner), "teach")
    again = Work(documents_of(given_documents[:3][::-1]), journal, Suggester(shipped), "teach")
    assert texts_of(again) == texts_of(first)
    assert again.token(journal) == first.token(journal)
    more = Work(documents_of(given_documents[::-1]), journal, Suggester(tiny_cleaner), "teach")
    assert texts_of(more) == [*texts_of(first), "d3"]
    plain = Work(documents_of(given_documents), journal, Suggester(tiny_cleaner), "plain")
    assert texts_of(plain) == ["d0", "d1", "d2", "d3"]
    assert len({first.token(journal), more.token(journal), plain.token(journal)}) == 3  # their numbers differ
    assert all(len(each.token(journal)) == 43 for each in (first, more))


def test_labels_of_other_documents_are_refused(tiny_cleaner: Cleaner, tmp_path: Path) -> None:
    journal = Journal(tmp_path / "labels.journal")
    documents = documents_of()
    work = Work(documents, journal, Suggester(tiny_cleaner), "plain")
    with journal.writing():
        journal.add(Event("window-0001", 1, "2031", None, work.documents[2].digest, "done"))
    Work(documents_of([document(9, TEXTS[2])]), journal, Suggester(tiny_cleaner), "plain")  # moved, and renamed
    with pytest.raises(UsageError, match=r"labels of 1 document that is not among these inputs \(d2\)"):
        Work(documents_of([document(0, TEXTS[0])]), journal, Suggester(tiny_cleaner), "plain")
