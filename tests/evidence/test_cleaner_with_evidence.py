"""A cleaner with evidence: what it is added to, in whole texts, long ones and many at once; and what it does."""

from __future__ import annotations

import pickle
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pytest

import detector
from detector.backend.reference import NUMPY_BACKEND
from detector.cleaner import Cleaned, Cleaner
from detector.errors import UsageError
from detector.evidence.base import Evidence, Found
from detector.evidence.phrase_file import Phrase
from detector.evidence.phrases import Phrases
from detector.inference.model import Model
from detector.text.reading import PART_BYTES, TINY_PARAGRAPHS
from detector.text.sections import LIMITS
from detector.util.arrays import Floats, Offsets

LINE = "The ferry left the harbour at noon on Monday."
MARK = "The lantern is lit."


def phrases(*lines: tuple[str, str, float]) -> tuple[Phrases]:
    return (Phrases(tuple(Phrase(*line) for line in lines)),)


@pytest.fixture(scope="module")
def marking(tiny_model: Model) -> Cleaner:
    """A cleaner that removes paragraphs with a mark, and of all others none."""
    linear = replace(tiny_model, networks=replace(tiny_model.networks, members=()))
    return Cleaner(linear, 1e-4, max_removed=1, evidence=phrases(("lantern", "appeal", 20), ("ferry", "reporting", 20)))


def removed(cleaned: Cleaned) -> list[str]:
    return [paragraph.text for paragraph in cleaned.removed]


def test_what_has_a_phrase_is_removed(marking: Cleaner) -> None:
    cleaned = marking.clean(f"{LINE}\n{MARK}\n\n{LINE}\n")
    assert removed(cleaned) == [MARK]
    assert cleaned.text.split() == f"{LINE} {LINE}".split()


def test_many_texts_alone_together_and_in_threads(marking: Cleaner) -> None:
    texts = ["\n".join([LINE] * (number % 5) + [MARK] * (number % 3)) for number in range(300)]
    alone = [marking.predict(text) for text in texts]
    for threads in (1, 3):
        assert list(marking.predict_many(texts, threads=threads)) == alone
    assert [len(prediction.removed) for prediction in alone] == [number % 3 for number in range(300)]


def test_every_part_of_a_long_paragraph_has_its_evidence(marking: Cleaner) -> None:
    long = "qzxv wkjq " * (3 * PART_BYTES // 10)  # words that the model does not know
    without, with_phrase, others = marking.predict(f"{long}\n{long}{MARK}\n{LINE}").keep_scores.tolist()
    assert with_phrase < without / 1000  # every part: the part with the highest score counts
    assert others > 0.99


def test_sections_of_a_long_text(marking: Cleaner) -> None:
    lines = [MARK if number % 1000 == 7 else LINE for number in range(2 * LIMITS.characters // len(LINE))]
    text = "\n".join(lines)
    assert len(text) > LIMITS.characters
    cleaned = marking.clean(text)
    assert removed(cleaned) == [MARK] * lines.count(MARK)
    assert cleaned.text.count(LINE) == lines.count(LINE)


def test_unread_texts_are_kept(marking: Cleaner) -> None:
    tiny = "\n".join(["lantern"] * TINY_PARAGRAPHS)
    assert next(marking.clean_many([tiny, MARK])).text == tiny
    assert marking.predict(tiny).keep_scores.tolist() == [1] * TINY_PARAGRAPHS


def test_no_evidence_and_evidence_that_finds_nothing_change_no_bit(shipped: Cleaner) -> None:
    texts = [f"{LINE}\nSubscribe to our newsletter!\n{MARK}"] * 3
    for evidence in ((), phrases(("nothing of this", "appeal", 20))):
        cleaner = replace(shipped, evidence=evidence)
        for one, other in zip(shipped.predict_many(texts), cleaner.predict_many(texts), strict=True):
            assert one.kind_scores.tobytes() == other.kind_scores.tobytes()


def test_both_backends(marking: Cleaner, monkeypatch: pytest.MonkeyPatch) -> None:
    text = f"{LINE}\n{MARK}"
    expected = marking.predict(text)
    monkeypatch.setattr("detector.cleaner.choose_backend", lambda: NUMPY_BACKEND)
    assert marking.predict(text) == expected


def test_equality_pickles_and_hashes(tiny_model: Model, marking: Cleaner) -> None:
    again = pickle.loads(pickle.dumps(marking))
    assert again == marking
    assert hash(again) == hash(marking)
    assert again.predict(MARK) == marking.predict(MARK)
    assert replace(marking, evidence=()) != marking
    assert Cleaner(tiny_model) == Cleaner(tiny_model, evidence=())


@dataclass(frozen=True)
class Twice:
    """Evidence that is its length in characters, for one kind."""

    kind: int
    digest: str = "twice"
    decides: bool = False

    def logits(self, model: Model, paragraphs: Sequence[str], bounds: Offsets | None = None) -> Floats | None:
        rows = np.zeros((len(paragraphs), len(model.kinds)), dtype=np.float32)
        rows[:, self.kind] = [len(paragraph) / 100 for paragraph in paragraphs]
        return rows

    def found(self, model: Model, paragraphs: Sequence[str]) -> list[list[Found]]:
        raise AssertionError


def test_several_kinds_of_evidence_add_up(marking: Cleaner) -> None:
    number = marking.model.kinds.index("body")
    one: tuple[Evidence, ...] = (Twice(number), Twice(number))
    text = "Some words of no meaning."
    base, both = (replace(marking, evidence=each).predict(text) for each in ((), one))
    assert both.kind_scores[0, number] > base.kind_scores[0, number]


def test_evidence_that_does_not_fit(tiny_model: Model) -> None:
    with pytest.raises(UsageError, match="neither a label nor a kind"):
        Cleaner(tiny_model, evidence=phrases(("a", "begging", 1)))
    with pytest.raises(UsageError, match="give a tuple"):
        Cleaner(tiny_model, evidence=phrases(("a", "appeal", 1))[0])  # type: ignore[arg-type]


# With the shipped model

ARTICLE = """\
The harbour council voted on Tuesday to close the old ferry pier in Quayton for eleven months.
Engineers found cracks in four of the nine pillars, according to a report that was published last week.
"We had hoped that two months would be enough," said Mara Lindqvist, who leads the works.
Commuters will take buses to the northern pier, where ferries leave every twenty minutes.
The repairs are expected to cost 4.2 million crowns, a third of which the region will pay."""
LETTER = """\
From the lantern room
A year of storms is behind us, and we are still here.
Thank you for staying with us through all of it."""
LETTER_OF_FOUR = """\
In the lantern room
The winter has been long for small papers like ours.
A year of storms is behind us.
Nine winters ago we began with two desks and a kettle."""


@pytest.mark.parametrize(
    ("text", "name", "lines"),
    [(f"{ARTICLE}\n{LETTER_OF_FOUR}", "appeal", 4), (f"{ARTICLE}\n{LETTER_OF_FOUR}", "donation", 4)],
    ids=["for a label", "for a kind"],
)
def test_a_recognised_first_line_pulls_its_neighbours_along(shipped: Cleaner, text: str, name: str, lines: int) -> None:
    cleaner = replace(shipped, evidence=phrases(("^In the lantern room$", name, 10)))
    assert shipped.clean(text).text == text  # all of the letter stays
    gone = removed(cleaner.clean(text))
    assert "In the lantern room" in gone
    assert len(gone) == lines
    assert not set(gone) & set(ARTICLE.splitlines())


def test_a_phrase_keeps_reporting(shipped: Cleaner) -> None:
    line = "Subscribe to the newsletter and support our work with a donation today."
    text = f"{ARTICLE}\n{line}"
    assert removed(shipped.clean(text)) == [line]
    keeping = replace(shipped, evidence=phrases(("support our work", "reporting", 15)))
    assert keeping.clean(text).text == text


@pytest.mark.parametrize("strength", [1, 2, 3])
def test_weak_evidence_does_not_remove_reporting(shipped: Cleaner, strength: float) -> None:
    found = phrases(("harbour council", "appeal", strength), ("ferries leave", "menu", strength))
    assert replace(shipped, evidence=found).clean(ARTICLE).text == ARTICLE


def test_load(tmp_path_factory: pytest.TempPathFactory, tiny_model_dir: object) -> None:
    path = tmp_path_factory.mktemp("phrases") / "phrases.tsv"
    path.write_text("lantern\tappeal\t20\n")
    model = str(tiny_model_dir)
    from_path, from_text = detector.load(model, phrases=path), detector.load(model, phrases=str(path))
    assert from_path == from_text == detector.load(model, phrases=Phrases.read(path))
    assert from_path.evidence == (Phrases((Phrase("lantern", "appeal", 20, 1),)),)
    assert detector.load(model).evidence == ()
    with pytest.raises(UsageError, match="cannot be read"):
        detector.load(model, phrases=path.parent / "none.tsv")
