"""What measures the worth of counts, and the corpus with planted paragraphs."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from tiny import ROOT

from detector.evaluation.labelled import LabelledDocument, LabelledParagraph, read_documents
from detector.evidence.repeats import Repeats, amounts
from detector.inference.model import Model
from detector.repeats.counter import RepeatCounter
from training.repeats_corpus import REPEATED, Corpus, part_of, seed_part
from training.repeats_fit import RATES, fit_share, simple_form
from training.repeats_rows import (
    Counts,
    catch,
    keep_scores,
    labelled_rows,
    own_counts,
    simulated_counts,
    sites_with_pages,
)


def document(number: int, site: str, *paragraphs: tuple[str, str]) -> LabelledDocument:
    labelled = tuple(LabelledParagraph(text, label) for text, label in paragraphs)
    return LabelledDocument(str(number), site, "page", "en", None, labelled)


LETTER = ("Support us from 2 a month.", "appeal")
DOCUMENTS = [
    document(1, "a", ("The ferry sails again.", "reporting"), LETTER),
    document(2, "a", ("A mill burned down.", "reporting"), LETTER, ("12", "navigation")),
    document(3, "a", ("A mill burned down.", "reporting"), LETTER, ("13", "navigation")),  # the same to a count
    document(4, "b", ("The ferry sails again.", "reporting"), LETTER),
]


def test_own_counts_are_those_of_a_counter(tmp_path: Path) -> None:
    rows = labelled_rows(DOCUMENTS)
    counts = own_counts(rows)
    assert counts.documents.tolist() == [1, 2, 1, 2, 1, 1, 2, 1, 1, 1]
    assert counts.of.tolist() == [2] * 8 + [1] * 2
    with RepeatCounter() as counter:
        for each in DOCUMENTS:
            counter.add(each.site, each.text)
        repeats = counter.write(tmp_path / "x.repeats")
    assert dict(zip(repeats.keys.tolist(), repeats.documents.tolist(), strict=True)) == {int(rows.keys[1]): 2}


def test_scores_are_those_of_a_cleaner(tiny_model: Model, tmp_path: Path) -> None:
    from detector.cleaner import Cleaner

    one_site = DOCUMENTS[:3]
    rows = labelled_rows(one_site)
    scores = keep_scores(tiny_model, rows, own_counts(rows))
    with RepeatCounter() as counter:
        for each in one_site:
            counter.add(each.site, each.text)
        counter.write(tmp_path / "x.repeats")
    cleaner = Cleaner(tiny_model, evidence=(Repeats.read(tmp_path / "x.repeats"),))
    expected = np.concatenate([p.label_scores[:, 0] for p in cleaner.predict_many(d.text for d in one_site)])
    np.testing.assert_array_equal(scores, expected)
    assert (scores != keep_scores(tiny_model, rows, None)).any()


def test_simulated_counts() -> None:
    rows = labelled_rows(DOCUMENTS * 50)
    counts = simulated_counts(rows, RATES, 10)
    assert (counts.documents >= 1).all()
    assert (counts.documents <= counts.of).all()
    assert (
        len(set(counts.documents[(rows.label == 1) & (rows.group == 0)].tolist())) == 1
    )  # one share for one paragraph
    np.testing.assert_array_equal(counts.documents, simulated_counts(rows, RATES, 10).documents)


def test_catch() -> None:
    rows = labelled_rows(DOCUMENTS)
    scores = np.where(rows.label == 0, 0.9, 0.1).astype(np.float32)
    everything = np.ones(len(scores), dtype=np.bool_)
    assert catch(rows, scores, everything, 0.5) == {"lost": 0.0, "A@.5": 1.0, "N@.5": 1.0}
    figures = catch(rows, 1 - scores, everything, 0.5)
    assert figures["A@.5"] == 0
    assert figures["lost"] == 1


def test_sites_with_pages() -> None:
    assert {d.site for d in sites_with_pages(DOCUMENTS, 2)} == {"a"}


def test_fit_share_recovers_a_distribution() -> None:
    random = np.random.default_rng(0)
    shares = random.beta(0.5, 2, size=20_000)
    of = np.full(len(shares), 20)
    documents = 1 + random.binomial(of - 1, shares)
    assert fit_share(documents, of, np.ones(len(of))) == pytest.approx((0.5, 2), rel=0.1)


def test_the_amounts_are_those_that_were_fitted() -> None:
    base, with_halved, without_halved = simple_form((0.273, 0.414), (0.028, 1.249))
    assert (base, with_halved, without_halved) == pytest.approx((3.65, -0.36, 1.2), abs=0.03)
    half = amounts(np.array([512], np.uint32), np.array([1024], np.uint32))[0]
    assert half == pytest.approx(base + with_halved + without_halved, abs=0.05)


@pytest.fixture(scope="module")
def seeds() -> list[LabelledDocument]:
    return list(read_documents([ROOT / "seeds"]))


def test_the_corpus(seeds: list[LabelledDocument]) -> None:
    records = list(Corpus(seeds, publishers=3).records(200))
    assert json.dumps(records) == json.dumps(list(Corpus(seeds, publishers=3).records(200)))
    labels = {label for record in records for label in record["labels"]}
    assert labels >= {"reporting", "appeal", REPEATED}
    assert all(len(record["text"].split("\n")) == len(record["labels"]) for record in records)
    assert all(part_of(each.site) == 0 for each in seed_part(seeds))


def test_what_repeats_in_the_corpus_is_planted(seeds: list[LabelledDocument], tmp_path: Path) -> None:
    records = list(Corpus(seeds, publishers=3).records(300))
    with RepeatCounter() as counter:
        for record in records:
            counter.add(record["site"], record["text"])
        repeats = counter.write(tmp_path / "x.repeats")
    lines = [
        document(n, r["site"], *zip(r["text"].split("\n"), r["labels"], strict=True)) for n, r in enumerate(records)
    ]
    rows = labelled_rows(lines)
    repeating = np.isin(rows.keys, repeats.keys)
    planted = np.array([label == REPEATED for record in records for label in record["labels"]])
    assert repeating[rows.label == 1].mean() > 0.9
    assert repeating[(rows.label == 0) & ~planted].mean() < 0.1  # names are few
    assert repeating[planted].mean() > 0.5


def test_few_counts_are_no_evidence(tiny_model: Model) -> None:
    rows = labelled_rows(DOCUMENTS)
    once = Counts(np.ones(len(rows.label), dtype=int), np.full(len(rows.label), 9))
    np.testing.assert_array_equal(keep_scores(tiny_model, rows, once), keep_scores(tiny_model, rows, None))
