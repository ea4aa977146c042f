"""Training: what the data must have, any set of labels, and the same model from the same data in any order."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tiny import TINY_RECIPE

from detector.cleaner import Cleaner
from detector.errors import DataError, UsageError
from detector.fit import fit
from detector.fit_steps import threshold_for
from detector.labelled import LabelledDocument, LabelledParagraph, read_documents
from detector.recipe import Recipe
from detector.storage import ARRAYS_FILE, METADATA_FILE, load_model, save
from detector.train import train
from detector.training_data import site_folds

QUICK = Recipe(folds=2, linear_epochs=5, network_epochs=30, hidden=4, members=1, learning_rate=1e-2)
PLACES = ("harbour", "market", "school", "bridge", "library", "forest", "museum", "station", "tunnel", "garden")
Rule = dict[str, tuple[str, str | None]]  # what a label's paragraph says: its text, its kind


def document(number: int, site: str, labels: Rule) -> LabelledDocument:
    place = PLACES[number % len(PLACES)]
    story = [
        LabelledParagraph(f"The council said on day {number} that the {place} would reopen.", "reporting"),
        LabelledParagraph(f"Residents near the {place} had waited for {number + 2} years.", "reporting"),
    ]
    others = [LabelledParagraph(text, label, kind) for label, (text, kind) in labels.items()]
    return LabelledDocument(f"doc-{number:02}", site, None, None, None, (*story, *others))


SPAM: Rule = {"spam": ("Buy cheap tickets now, click here!", None)}
THREE: Rule = {**SPAM, "navigation": ("Home | Sport | Weather", "menu")}


def corpus(number: int = 16, sites: int = 8, labels: Rule = SPAM) -> list[LabelledDocument]:
    return [document(n, f"site-{n % sites}.example", labels) for n in range(number)]


# What the data must have


def relabelled(documents: list[LabelledDocument], label: str | None) -> list[LabelledDocument]:
    return [replace(d, paragraphs=tuple(replace(p, label=label) for p in d.paragraphs)) for d in documents]


TOO_LITTLE = [
    ([], 'no paragraph is labelled "reporting": the labels are []'),
    (relabelled(corpus(), None), 'no paragraph is labelled "reporting"'),
    (relabelled(corpus(), "spam"), "no paragraph is labelled \"reporting\": the labels are ['spam']"),
    (relabelled(corpus(), "reporting"), 'every label is "reporting": there is nothing to tell it from'),
    (corpus(sites=1), "1 site(s) for 2 folds: add documents of other sites, or set fewer folds"),
    (
        [*corpus(labels={}), document(90, "one.example", SPAM), document(91, "one.example", SPAM)],
        '"spam" stands on one site only (one.example)',
    ),
]


@pytest.mark.parametrize(("documents", "words"), TOO_LITTLE, ids=range(len(TOO_LITTLE)))
def test_too_little_data(documents: list[LabelledDocument], words: str) -> None:
    with pytest.raises(DataError) as caught:
        fit(documents, QUICK)
    assert words in str(caught.value)


def test_a_label_that_one_fold_has_alone() -> None:
    folds = site_folds(corpus(), 2)
    first = [site for site, fold in folds.items() if fold == 0]
    documents = [document(n, d.site, SPAM if d.site in first else {}) for n, d in enumerate(corpus())]
    with pytest.raises(DataError, match=r"only \['reporting'\]: add documents of more sites"):
        fit(documents, QUICK)


def test_fewer_sites_than_folds(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"8 site\(s\) for 9 folds"):
        fit(corpus(), replace(QUICK, folds=9))
    with pytest.raises(DataError, match=r"missing\.jsonl"):
        train([tmp_path / "missing.jsonl"], tmp_path / "model", QUICK)
    assert not (tmp_path / "model").exists()


@pytest.mark.parametrize(
    "wrong",
    [
        {"folds": 1},
        {"folds": -3},
        {"seed": -1},
        {"linear_epochs": 0},
        {"network_epochs": 0},
        {"looks": -1},
        {"splices": -0.5},
    ],
)
def test_recipes_out_of_range(wrong: dict[str, Any]) -> None:
    ((name, value),) = wrong.items()
    with pytest.raises(UsageError, match=f"{name} must be at least .*, not {value}"):
        Recipe(**wrong)


# Any set of labels


LABEL_SETS = [
    (SPAM, ("reporting", "spam"), ("reporting", "spam")),
    (THREE, ("reporting", "navigation", "spam"), ("reporting", "menu", "spam")),
    ({"zebra": ("Striped!", None), "appeal": ("Give now!", "donation")},
     ("reporting", "appeal", "zebra"), ("reporting", "donation", "zebra")),
    ({"a": ("Same kind here", "x"), "b": ("Other text there", "x")}, ("reporting", "a", "b"), ("reporting", "x", "x")),
]  # fmt: skip


@pytest.mark.parametrize(("rule", "labels", "kinds"), LABEL_SETS)
@pytest.mark.parametrize("looks", [0, 1, 2])
def test_other_labels_are_learned(
    looks: int, rule: Rule, labels: tuple[str, ...], kinds: tuple[str, ...], tmp_path: Path
) -> None:
    fitted = fit(corpus(labels=rule), replace(QUICK, looks=looks))
    assert (fitted.model.labels, fitted.model.kinds) == (labels, kinds)
    assert len(fitted.model.networks) == looks
    save(fitted.model, tmp_path, {})
    new = document(55, "new.example", rule)
    prediction = Cleaner(load_model(tmp_path), 0.5).predict(new.text)
    assert [p.label for p in prediction.paragraphs] == [p.label for p in new.paragraphs]
    assert [p.keep for p in prediction.paragraphs] == [p.label == "reporting" for p in new.paragraphs]


def test_paragraphs_without_a_label_are_read_and_not_learned_from() -> None:
    unknown = LabelledParagraph("Nobody knows what this is.", None)
    documents = [replace(d, paragraphs=(*d.paragraphs, unknown)) for d in corpus()]
    fitted = fit(documents, QUICK)
    assert fitted.model.labels == ("reporting", "spam")
    assert len(fitted.held_out) == sum(len(d.paragraphs) for d in documents)
    assert fitted.model.metadata["data"]["paragraphs"] == {"reporting": 32, "spam": 16}


def test_folds_by_id_where_there_are_no_sites(tmp_path: Path) -> None:
    path = tmp_path / "data.jsonl"
    with open(path, "w", encoding="utf-8") as file:
        for one in corpus():
            paragraphs = [{"text": p.text, "label": p.label} for p in one.paragraphs]
            file.write(json.dumps({"id": one.id, "paragraphs": paragraphs}) + "\n")
    metadata = train([path], tmp_path / "model", QUICK).metadata
    assert metadata["data"]["sites"] == 16
    assert load_model(tmp_path / "model").labels == ("reporting", "spam")


# The same model


def test_the_same_data_in_another_order_gives_the_same_bytes(
    tiny_data: Path, tiny_model_dir: Path, tmp_path: Path
) -> None:
    lines = tiny_data.read_text("utf-8").splitlines()
    halves = {"b.jsonl": lines[1::2][::-1], "a.jsonl": lines[::2]}
    (tmp_path / "data").mkdir()
    for name, part in halves.items():
        (tmp_path / "data" / name).write_text("\n".join(part), encoding="utf-8")
    train([tmp_path / "data" / name for name in halves], tmp_path / "model", TINY_RECIPE)
    for name in (ARRAYS_FILE, METADATA_FILE, "README.md"):
        assert (tmp_path / "model" / name).read_bytes() == (tiny_model_dir / name).read_bytes()


def test_another_seed_gives_another_model() -> None:
    first, second = (fit(corpus(labels=THREE), replace(QUICK, seed=seed)).held_out for seed in (0, 1))
    assert not np.array_equal(first, second)


def test_progress_is_told() -> None:
    said: list[str] = []
    fit(corpus(), QUICK, said.append)
    assert len(said) >= 3
    assert "16 documents" in said[0]


def test_held_out_scores_are_those_of_the_documents(tiny_data: Path) -> None:
    documents = list(read_documents([tiny_data]))
    fitted = fit(documents, TINY_RECIPE)
    assert sorted(d.id for d in fitted.documents) == sorted(d.id for d in documents)
    labels = [p.label for d in fitted.documents for p in d.paragraphs]
    assert fitted.held_out.shape == (len(labels), 3)
    assert fitted.held_out.sum(axis=1) == pytest.approx(1, abs=1e-5)
    index = np.array([fitted.model.labels.index(label or "") for label in labels])
    reporting = fitted.held_out[:, 0]
    assert reporting[index == 0].mean() > reporting[index != 0].mean() + 0.05


def test_measuring_on_other_documents(tiny_data: Path, tmp_path: Path) -> None:
    metadata = train([tiny_data], tmp_path / "model", TINY_RECIPE, dev=[tiny_data]).metadata
    assert set(metadata["figures"]) == {"held-out", "dev"}
    assert load_model(tmp_path / "model").metadata["figures"] == metadata["figures"]
    assert "## Figures: dev" in (tmp_path / "model" / "README.md").read_text("utf-8")


# Folds and thresholds

names = st.lists(st.text(st.characters(), max_size=6), min_size=1, max_size=30)


@given(names, st.integers(2, 7), st.randoms(use_true_random=False))
def test_folds_are_even_and_do_not_depend_on_the_order(sites: list[str], number: int, random: Any) -> None:
    documents = [LabelledDocument(str(n), site, None, None, None, ()) for n, site in enumerate(sites)]
    folds = site_folds(documents, number)
    assert set(folds) == set(sites)
    sizes = Counter(folds.values())
    assert set(sizes) <= set(range(number))
    assert max(sizes.values()) - min(sizes[fold] for fold in range(number)) <= 1
    random.shuffle(documents)
    assert site_folds(documents, number) == folds


THRESHOLDS = [
    ([0.1, 0.2, 0.9], [1, 1, 98], 0.01, 0.2),  # the first may go
    ([0.1, 0.2, 0.9], [1, 1, 98], 0.02, 0.9),
    ([0.1, 0.2, 0.9], [1, 1, 98], 0.009, 0.1),
    ([0.9, 0.1, 0.2], [98, 1, 1], 0.01, 0.2),
    ([0.5, 0.5, 0.9], [1, 1, 98], 0.01, 0.5),  # of equal scores all or none
    ([0.3], [5], 0.5, 0.3),
]


@pytest.mark.parametrize(("scores", "words", "loss", "expected"), THRESHOLDS)
def test_the_threshold_for_a_loss(scores: list[float], words: list[int], loss: float, expected: float) -> None:
    assert threshold_for(np.array(scores), np.array(words), loss) == expected


@given(
    st.lists(st.tuples(st.integers(0, 20), st.integers(1, 50)), min_size=1, max_size=30),
    st.sampled_from([0.0, 0.001, 0.005, 0.02, 0.3]),
)
def test_the_threshold_loses_at_most_that_and_no_higher_score_would(pairs: list[tuple[int, int]], loss: float) -> None:
    score = np.array([value / 20 for value, _ in pairs])
    words = np.array([number for _, number in pairs])

    def lost(threshold: float) -> int:
        return int(words[score < threshold].sum())

    found = threshold_for(score, words, loss)
    assert lost(found) <= loss * words.sum()
    assert all(lost(higher) > loss * words.sum() for higher in score if higher > found)
